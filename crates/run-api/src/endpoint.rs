//! Where requests go: Google's regional and global hosts, an emulator, or any other endpoint.

use std::net::IpAddr;

use reqwest::Url;

use crate::{Error, Region, Result};

/// The domain of Google's public cloud.
pub const DEFAULT_UNIVERSE: &str = "googleapis.com";

/// Where requests go.
///
/// The API has one host for each region and one without a region ("global"); which of them an operation needs
/// is part of the API and this crate's business. An endpoint other than Google's stands for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Google's hosts: `{region}-run.{universe}` and `run.{universe}`.
    Google {
        /// The domain, [`DEFAULT_UNIVERSE`] for the public cloud.
        universe: String,
    },
    /// An emulator at this address. Requests carry the `Host` that they would have at Google, so that the
    /// emulator knows their region; no credential is sent.
    Emulator {
        /// The emulator's base URL, without a path.
        url: Url,
    },
    /// One base URL for all operations, used as it is.
    Fixed {
        /// The base URL.
        url: Url,
    },
    /// gcloud's override (`CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN`) with gcloud's rule: regional operations get
    /// `{region}-` before the host.
    GcloudOverride {
        /// The base URL.
        url: Url,
    },
}

/// Which of the API's hosts an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    /// The host of a region.
    Regional(&'a Region),
    /// The host without a region.
    Global,
}

impl Endpoint {
    /// Google's public cloud.
    #[must_use]
    pub fn google() -> Self {
        Self::Google { universe: DEFAULT_UNIVERSE.to_owned() }
    }

    /// An emulator, from `host:port` or a URL: what `RUN_EMULATOR_HOST` holds.
    ///
    /// # Errors
    /// If the text is not an address, or has a path, user information or a query.
    pub fn emulator(address: &str) -> Result<Self> {
        let url = if address.contains("://") {
            address.to_owned()
        } else {
            format!("http://{}", address.trim_end_matches('/'))
        };
        let url = base_url(&url)?;
        if url.path() != "/" {
            return Err(Error::invalid_input(format!(
                "the emulator's address `{address}` must not have a path"
            )));
        }
        Ok(Self::Emulator { url })
    }

    /// One base URL for all operations.
    ///
    /// # Errors
    /// If the text is not an `http` or `https` URL, or has user information or a query.
    pub fn fixed(url: &str) -> Result<Self> {
        Ok(Self::Fixed { url: base_url(url)? })
    }

    /// gcloud's override.
    ///
    /// # Errors
    /// If the text is not an `http` or `https` URL, or has user information or a query.
    pub fn gcloud_override(url: &str) -> Result<Self> {
        Ok(Self::GcloudOverride { url: base_url(url)? })
    }

    /// The base URL for requests to `host`, without a `/` at its end.
    #[must_use]
    pub fn base_url(&self, host: Host<'_>) -> String {
        let url = match self {
            Self::Google { universe } => return format!("https://{}", google_host(host, universe)),
            Self::Emulator { url } | Self::Fixed { url } => url.to_string(),
            Self::GcloudOverride { url } => match host {
                Host::Global => url.to_string(),
                Host::Regional(region) => {
                    // A plain prefix to the host, as gcloud does it.
                    url.as_str().replacen("://", &format!("://{region}-"), 1)
                }
            },
        };
        url.trim_end_matches('/').to_owned()
    }

    /// The `Host` header to send instead of the one that the URL implies.
    pub(crate) fn host_header(&self, host: Host<'_>) -> Option<String> {
        matches!(self, Self::Emulator { .. }).then(|| google_host(host, DEFAULT_UNIVERSE))
    }

    /// Whether every host of this endpoint is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Google { .. } => false,
            Self::Emulator { url } | Self::Fixed { url } | Self::GcloudOverride { url } => {
                url.host_str().is_some_and(is_loopback_host)
            }
        }
    }

    /// Whether no request to this endpoint needs TLS: it is this machine, over plain http.
    pub(crate) fn is_plain_loopback(&self) -> bool {
        match self {
            Self::Google { .. } => false,
            Self::Emulator { url } | Self::Fixed { url } | Self::GcloudOverride { url } => {
                url.scheme() == "http" && self.is_loopback()
            }
        }
    }

    /// Whether a credential may be sent there without the caller saying so: `https`, and a host of Google's in
    /// `universe`.
    pub(crate) fn is_google(&self, universe: &str) -> bool {
        match self {
            Self::Google { universe: ours } => ours == universe,
            Self::Emulator { .. } => false,
            Self::Fixed { url } | Self::GcloudOverride { url } => {
                url.scheme() == "https"
                    && url.host_str().is_some_and(|host| {
                        host.strip_suffix(universe).is_some_and(|front| front.ends_with('.'))
                    })
            }
        }
    }

    /// Whether nobody between here and there can read along.
    pub(crate) fn is_private(&self) -> bool {
        match self {
            Self::Google { .. } => true,
            Self::Emulator { url } | Self::Fixed { url } | Self::GcloudOverride { url } => {
                url.scheme() == "https" || self.is_loopback()
            }
        }
    }
}

fn google_host(host: Host<'_>, universe: &str) -> String {
    match host {
        Host::Regional(region) => format!("{region}-run.{universe}"),
        Host::Global => format!("run.{universe}"),
    }
}

fn base_url(text: &str) -> Result<Url> {
    // What stands before an `@` may be a password, and is not repeated.
    let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let bad =
        |problem: &str| Error::invalid_input(format!("the endpoint `{shown}` is not usable: {problem}"));
    if !["http://", "https://"].iter().any(|start| text.to_ascii_lowercase().starts_with(start)) {
        return Err(bad("it must start with http:// or https://"));
    }
    let url = Url::parse(text).map_err(|error| bad(&why_no_url(error)))?;
    if !url.username().is_empty() || url.password().is_some() {
        // The text itself is not repeated: it holds a secret.
        return Err(Error::invalid_input(
            "the endpoint is not usable: it must not hold a user name or password",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("it must not have a query or fragment"));
    }
    Ok(url)
}

/// What is wrong with an address, in plain words.
fn why_no_url(error: url::ParseError) -> String {
    use url::ParseError::{EmptyHost, IdnaError, InvalidDomainCharacter, InvalidPort};
    match error {
        EmptyHost => "it names no host".to_owned(),
        IdnaError | InvalidDomainCharacter => {
            "there are characters in its host that no host name has".to_owned()
        }
        InvalidPort => "its port is not a number up to 65535".to_owned(),
        other => other.to_string(),
    }
}

/// `localhost` and what ends in it (RFC 6761, and gcloud's `{region}-localhost`), `127.0.0.0/8` and `::1`.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost") || host.ends_with("-localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> Region {
        Region::new("us-central1").unwrap()
    }

    #[test]
    fn what_is_wrong_with_an_address() {
        for (text, words) in [
            ("my emulator", "there are characters in its host that no host name has"),
            ("http://a<b>", "there are characters in its host that no host name has"),
            ("http://", "it names no host"),
            ("localhost:808080", "its port is not a number up to 65535"),
            ("localhost:http", "its port is not a number up to 65535"),
            ("http://[::1", "invalid IPv6 address"),
        ] {
            let error = Endpoint::emulator(text).unwrap_err().to_string();
            assert!(error.ends_with(&format!("is not usable: {words}")), "{error}");
        }
    }

    #[test]
    fn no_password_is_repeated() {
        for text in [
            "https://user:hunter2@host:808080",
            "ftp://user:hunter2@x",
            "https://user:hunter2@x",
            "user:hunter2@x/?a",
        ] {
            let error = Endpoint::fixed(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn hosts_by_endpoint() {
        let region = region();
        let table = [
            (Endpoint::google(), "https://us-central1-run.googleapis.com", "https://run.googleapis.com"),
            (Endpoint::emulator("127.0.0.1:8787").unwrap(), "http://127.0.0.1:8787", "http://127.0.0.1:8787"),
            (
                Endpoint::fixed("https://run.private.example/x/").unwrap(),
                "https://run.private.example/x",
                "https://run.private.example/x",
            ),
            (
                Endpoint::gcloud_override("http://localhost:8080/p/").unwrap(),
                "http://us-central1-localhost:8080/p",
                "http://localhost:8080/p",
            ),
        ];
        for (endpoint, regional, global) in table {
            assert_eq!(endpoint.base_url(Host::Regional(&region)), regional);
            assert_eq!(endpoint.base_url(Host::Global), global);
        }
    }

    #[test]
    fn an_emulator_is_told_the_real_host() {
        let emulator = Endpoint::emulator("localhost:1").unwrap();
        assert_eq!(
            emulator.host_header(Host::Regional(&region())).unwrap(),
            "us-central1-run.googleapis.com"
        );
        assert_eq!(emulator.host_header(Host::Global).unwrap(), "run.googleapis.com");
        assert_eq!(Endpoint::google().host_header(Host::Global), None);
    }

    #[test]
    fn who_may_get_a_credential() {
        for (url, google, private) in [
            ("https://run.googleapis.com", true, true),
            ("https://us-central1-run.googleapis.com/x", true, true),
            ("http://run.googleapis.com", false, false),
            ("https://evilgoogleapis.com", false, true),
            ("https://googleapis.com.evil.example", false, true),
            ("http://localhost:1", false, true),
            ("http://127.0.0.1:1", false, true),
            ("http://[::1]:1", false, true),
            ("http://10.0.0.1", false, false),
            ("http://notlocalhost", false, false),
        ] {
            let endpoint = Endpoint::fixed(url).unwrap();
            assert_eq!(
                (endpoint.is_google(DEFAULT_UNIVERSE), endpoint.is_private()),
                (google, private),
                "{url}"
            );
        }
    }

    #[test]
    fn unusable_endpoints_say_why_and_keep_secrets() {
        for bad in ["", "nonsense", "ftp://x", "http://", "http://x?y=1", "http://x#y"] {
            assert!(Endpoint::fixed(bad).is_err(), "{bad}");
        }
        let error = Endpoint::fixed("https://user:hunter2@x").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        assert!(Endpoint::emulator("localhost:1/path").is_err());
    }
}
