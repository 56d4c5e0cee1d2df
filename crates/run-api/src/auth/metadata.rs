//! The metadata server, whose tokens must not pass through a proxy.

use std::path::PathBuf;

use hyper_util::client::proxy::matcher::Matcher;

use crate::error::ErrorKind;
use crate::{Error, Result};

/// Names another metadata server than the one of the machine.
/// (Source: <https://cloud.google.com/compute/docs/metadata/querying-metadata>)
const HOST_VARIABLE: &str = "GCE_METADATA_HOST";

/// Where it is on a machine of Google's.
const HOST: &str = "metadata.google.internal";

/// Refuses to ask the metadata server through a proxy, as google-cloud-auth would if the environment names one: the token
/// goes over plain http, and the proxy would see it.
///
/// # Errors
/// If there is no credentials file, so that the metadata server is asked, and a proxy is in between.
pub(super) fn keep_off_proxies() -> Result<()> {
    let host = std::env::var(HOST_VARIABLE).ok().filter(|host| !host.is_empty());
    let host = host.as_deref().unwrap_or(HOST);
    if has_file() || !is_proxied(&Matcher::from_system(), host) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Credentials,
        format!(
            "there is no credentials file, and the metadata server {host} would be asked through the proxy of HTTP_PROXY or \
             ALL_PROXY, which would see the token: add the host to NO_PROXY, or log in with \
             `gcloud auth application-default login`"
        ),
    ))
}

fn is_proxied(proxies: &Matcher, host: &str) -> bool {
    format!("http://{host}/").parse().is_ok_and(|uri| proxies.intercept(&uri).is_some())
}

/// Whether a file is named, or is where `gcloud auth application-default login` writes it.
/// (Source: <https://google.aip.dev/auth/4113>)
fn has_file() -> bool {
    let written = match cfg!(windows) {
        true => std::env::var_os("APPDATA").map(|root| PathBuf::from(root).join("gcloud")),
        false => std::env::var_os("HOME").map(|root| PathBuf::from(root).join(".config/gcloud")),
    };
    std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS").is_some()
        || written.is_some_and(|folder| folder.join("application_default_credentials.json").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_hosts_are_behind_a_proxy() {
        let proxy = || Matcher::builder().http("http://proxy.example:3128");
        assert!(is_proxied(&proxy().build(), HOST));
        assert!(is_proxied(&Matcher::builder().all("http://proxy.example:3128").build(), HOST));
        assert!(!is_proxied(&proxy().no("metadata.google.internal").build(), HOST));
        assert!(!is_proxied(&proxy().no("*").build(), HOST));
        assert!(!is_proxied(&Matcher::builder().https("http://proxy.example:3128").build(), HOST));
        assert!(!is_proxied(&Matcher::builder().build(), HOST));
    }
}
