//! Building a client: settings, environment, and the rule where credentials may go.

use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Client, Shared};
use super::loopback::LoopbackResolver;
use super::observe::{Exchange, Observer};
use super::options::AnswerLimits;
use crate::auth::Credentials;
use crate::endpoint::Endpoint;
use crate::error::ErrorKind;
use crate::tls::{self, install_crypto_provider};
use crate::{Error, ProjectId, Region, Result};

/// `host:port` of an emulator to use instead of Google, read when no endpoint is given.
const EMULATOR_HOST: &str = "RUN_EMULATOR_HOST";
/// gcloud's override of the endpoint, read when no endpoint is given.
const GCLOUD_OVERRIDE: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN";

/// The settings of a [`Client`].
///
/// ```no_run
/// # fn main() -> Result<(), run_api::Error> {
/// let client = run_api::Client::builder().project("my-project").region("us-central1").build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    project: Option<String>,
    region: Option<String>,
    endpoint: Option<Endpoint>,
    trusted: bool,
    credentials: Credentials,
    user_agent: Option<String>,
    connect_timeout: Duration,
    request_timeout: Duration,
    environment: bool,
    observer: Option<Observer>,
    limits: AnswerLimits,
    #[cfg(feature = "gzip")]
    gzip: Option<bool>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("project", &self.project)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("trusted", &self.trusted)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            project: None,
            region: None,
            endpoint: None,
            trusted: false,
            credentials: Credentials::default(),
            user_agent: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            environment: true,
            observer: None,
            limits: AnswerLimits::default(),
            #[cfg(feature = "gzip")]
            gzip: None,
        }
    }
}

impl Client {
    /// Starts a client with the default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

impl ClientBuilder {
    /// The project, by id or number, that [`Client::location`] and [`Client::service`] use.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// The region that [`Client::location`] and [`Client::service`] use.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Where requests go. Without this: `RUN_EMULATOR_HOST`, then `CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN`, then
    /// Google.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Allows sending the credential to an endpoint that is not Google's. Over plain `http` to another machine
    /// none is ever sent.
    pub fn trust_endpoint(mut self) -> Self {
        self.trusted = true;
        self
    }

    /// Which credential requests carry; by default application default credentials, or none for an emulator
    /// and for an endpoint on this machine.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// The program's own product token, put before this crate's in `User-Agent`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// How long a connection may take to be made; 10 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one request may take, from its first byte to the last of the answer; 60 s by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Tells somebody of every request and its answer; they must be quick about it. An observed client reads
    /// answers into memory before they are decoded.
    pub fn observe(mut self, observer: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// How large the bodies of answers may be; see [`AnswerLimits`].
    pub fn answer_limits(mut self, limits: AnswerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Ignores the environment variables that would change the endpoint.
    pub fn ignore_environment(mut self) -> Self {
        self.environment = false;
        self
    }

    /// Whether answers may come compressed; by default they may, but not from this machine, where it costs more than it
    /// saves. With the feature `gzip` only.
    #[cfg(feature = "gzip")]
    pub fn gzip(mut self, accepted: bool) -> Self {
        self.gzip = Some(accepted);
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// If the project, the region, the endpoint or a variable is not valid, if the endpoint may not be given
    /// the credential, or if no application default credential can be loaded
    /// ([`Credentials::application_default`]: this needs a tokio runtime).
    pub fn build(self) -> Result<Client> {
        install_crypto_provider();
        let project = self.project.map(ProjectId::new).transpose()?;
        let region = self.region.map(Region::new).transpose()?;
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None if self.environment => Endpoint::from_environment()?,
            None => Endpoint::google(),
        };
        let credentials = self.credentials.resolve(endpoint.is_loopback())?;
        allow(&endpoint, &credentials, self.trusted)?;

        let ours = concat!("run-api/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| ours.to_owned(), |product| format!("{product} {ours}"));
        #[cfg(feature = "gzip")]
        let gzip = self.gzip.unwrap_or(!endpoint.is_loopback());
        // Without the word some of Google's servers compress nothing.
        // (Source: <https://developers.google.com/drive/api/guides/performance>)
        #[cfg(feature = "gzip")]
        let agent = if gzip { format!("{agent} (gzip)") } else { agent };
        let mut http = reqwest::Client::builder()
            .user_agent(agent)
            .connect_timeout(self.connect_timeout)
            .timeout(self.request_timeout)
            // The API never redirects; a credential must not follow one elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(LoopbackResolver);
        #[cfg(feature = "gzip")]
        {
            http = http.gzip(gzip);
        }
        if endpoint.is_loopback() {
            http = http.no_proxy();
        }
        if let Some(tls) = tls::config(&endpoint) {
            http = http.tls_backend_preconfigured(tls);
        }
        let http = http.build().map_err(|error| {
            Error::new(ErrorKind::InvalidInput, format!("no HTTP client with these settings: {error}"))
                .with_source(error)
        })?;
        let (trusted, observer, limits) = (self.trusted, self.observer, self.limits);
        let universe = tokio::sync::OnceCell::new();
        Ok(Client(Arc::new(Shared {
            http,
            endpoint,
            credentials,
            trusted,
            universe,
            project,
            region,
            observer,
            limits,
        })))
    }
}

impl Endpoint {
    /// The endpoint that the environment names: `RUN_EMULATOR_HOST`, then gcloud's
    /// `CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN`, or Google's. It is what a client uses that was given none.
    ///
    /// # Errors
    /// If a variable is set to something that is no endpoint.
    pub fn from_environment() -> Result<Self> {
        from_environment(|name| env::var(name).ok())
    }
}

fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Endpoint> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let named = |name: &str, error: Error| Error::invalid_input(format!("{name}: {}", error.message()));
    if let Some(address) = set(EMULATOR_HOST) {
        return Endpoint::emulator(&address).map_err(|error| named(EMULATOR_HOST, error));
    }
    if let Some(url) = set(GCLOUD_OVERRIDE) {
        return Endpoint::gcloud_override(&url).map_err(|error| named(GCLOUD_OVERRIDE, error));
    }
    Ok(Endpoint::google())
}

/// Whether this credential may go to this endpoint. The universe is looked at when the credential names it,
/// with the first request; here only what is wrong in any universe.
fn allow(endpoint: &Endpoint, credentials: &Credentials, trusted: bool) -> Result<()> {
    if credentials.is_anonymous() {
        return Ok(());
    }
    let to = endpoint.base_url(crate::endpoint::Host::Global);
    if !endpoint.is_private() {
        return Err(Error::invalid_input(format!(
            "no credential is sent over plain http to another machine ({to}): use https, or send \
             no credential"
        )));
    }
    if !trusted
        && !matches!(endpoint, Endpoint::Google { .. })
        && !endpoint.is_google(crate::endpoint::DEFAULT_UNIVERSE)
    {
        let message = format!("{to} is not a host of Google's, so no credential is sent there");
        return Err(Error::new(ErrorKind::Untrusted, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_order() {
        let endpoint = |emulator: &'static str, gcloud: &'static str| {
            from_environment(move |name| {
                Some(if name == EMULATOR_HOST { emulator } else { gcloud }.to_owned())
            })
        };
        assert_eq!(endpoint("", "").unwrap(), Endpoint::google());
        assert_eq!(endpoint("localhost:1", "http://x/").unwrap(), Endpoint::emulator("localhost:1").unwrap());
        assert_eq!(endpoint("", "http://x/").unwrap(), Endpoint::gcloud_override("http://x/").unwrap());
        let error = endpoint("", "x").unwrap_err();
        assert!(error.to_string().starts_with("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: "), "{error}");
    }

    #[test]
    fn credentials_go_only_where_they_may() {
        let token = Credentials::access_token("t").unwrap();
        let none = Credentials::anonymous();
        for (url, without_trust, with_trust) in [
            ("https://run.googleapis.com", true, true),
            ("https://run.private.example", false, true),
            ("http://localhost:1", false, true),
            ("http://run.googleapis.com", false, false),
            ("http://10.1.2.3", false, false),
        ] {
            let endpoint = Endpoint::fixed(url).unwrap();
            assert_eq!(allow(&endpoint, &token, false).is_ok(), without_trust, "{url}");
            assert_eq!(allow(&endpoint, &token, true).is_ok(), with_trust, "{url}");
            assert!(allow(&endpoint, &none, false).is_ok(), "{url}");
        }
    }

    #[test]
    fn names_are_checked_before_anything_else() {
        let error = Client::builder().project("My-Project").build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with("project `My-Project` is not valid"), "{error}");
    }
}
