//! Which authorities TLS trusts, read no more often than needed.

use rustls::{ClientConfig, RootCertStore};

use crate::endpoint::Endpoint;

/// Makes *ring* the cryptography of this process's TLS, unless the program has chosen another.
///
/// Building a [`Client`](crate::Client) does this, so that it cannot be forgotten. Call it yourself only if the program uses
/// rustls (or reqwest without a provider) before its first client.
pub fn install_crypto_provider() {
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The TLS of a client of this endpoint; none for that of the platform.
pub(crate) fn config(endpoint: &Endpoint) -> Option<ClientConfig> {
    let roots = if endpoint.is_plain_loopback() { Some(RootCertStore::empty()) } else { bundle() };
    let roots = roots?;
    Some(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// The system's bundle. The platform's own way reads it and, once more, each of its certificates from a directory.
#[cfg(all(unix, not(any(target_vendor = "apple", target_os = "android"))))]
fn bundle() -> Option<RootCertStore> {
    let chosen = |name| std::env::var_os(name).is_some();
    if chosen("SSL_CERT_FILE") || chosen("SSL_CERT_DIR") {
        return None;
    }
    let file = openssl_probe::probe().cert_file?;
    let mut roots = RootCertStore::empty();
    let (added, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_certs_from_paths(Some(&file), None).certs);
    (added > 0).then_some(roots)
}

#[cfg(not(all(unix, not(any(target_vendor = "apple", target_os = "android")))))]
fn bundle() -> Option<RootCertStore> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_needs_no_roots_and_google_gets_the_bundle() {
        install_crypto_provider();
        let at = |url: &str| Endpoint::fixed(url).unwrap();
        assert!(at("http://127.0.0.1:1").is_plain_loopback() && at("http://localhost:1").is_plain_loopback());
        assert!(!at("https://127.0.0.1:1").is_plain_loopback() && !at("http://10.0.0.1").is_plain_loopback());
        assert!(!Endpoint::google().is_plain_loopback());
        assert!(config(&at("http://127.0.0.1:1")).is_some());
    }
}
