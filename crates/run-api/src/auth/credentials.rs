//! Which credential requests carry.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use google_cloud_auth::credentials::{self, CacheableResource, impersonated};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap, HeaderValue, header::AUTHORIZATION};

use super::file::CredentialFile;
use super::metadata;
use super::workforce::{self, Workforce};
use crate::endpoint::DEFAULT_UNIVERSE;
use crate::error::ErrorKind;
use crate::{Error, Result};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The longest wait for a token. google-cloud-auth sets itself no limit, and looking for a metadata server where
/// there is none takes until the network gives up: at once, or minutes if something swallows the packets.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Which credential requests carry.
///
/// The default is application default credentials for Google's hosts, and none for an emulator or an endpoint
/// on this machine. `Debug` shows the kind only.
#[derive(Clone, Default)]
pub struct Credentials(pub(super) Source);

#[derive(Clone, Default)]
pub(super) enum Source {
    #[default]
    Automatic,
    Anonymous,
    Token(HeaderValue),
    Google(credentials::Credentials, Origin),
}

/// Where a credential of google-cloud-auth's comes from, as far as it is known.
#[derive(Clone)]
pub(super) enum Origin {
    Given,
    ApplicationDefault,
    Impersonated(Arc<Impersonated>),
}

/// Acting as a service account.
pub(super) struct Impersonated {
    /// The credential of the caller.
    pub(super) source: credentials::Credentials,
    pub(super) target: String,
    /// Accounts between the two, each of which may act as the next.
    pub(super) delegates: Vec<String>,
}

impl Credentials {
    /// No credential at all.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(Source::Anonymous)
    }

    /// A ready access token, for example the output of `gcloud auth print-access-token`. It is never renewed.
    ///
    /// # Errors
    /// If the token is empty or has characters that no header may have.
    pub fn access_token(token: &str) -> Result<Self> {
        let token = token.trim();
        if token.is_empty() {
            return Err(Error::invalid_input("the access token is empty"));
        }
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Error::invalid_input("the access token has characters that a header cannot hold"))?;
        value.set_sensitive(true);
        Ok(Self(Source::Token(value)))
    }

    /// Application default credentials: `GOOGLE_APPLICATION_CREDENTIALS`, then the file that
    /// `gcloud auth application-default login` writes (for workforce users as well), then the metadata server.
    /// (Source: <https://cloud.google.com/docs/authentication/application-default-credentials>)
    ///
    /// The credential renews its token on the runtime in which it is made, so it must not be used after the end
    /// of that runtime.
    ///
    /// # Errors
    /// If a file is named or found that is not a credential, or outside of a tokio runtime. Without any file
    /// this succeeds and the first request asks the metadata server, unless a proxy is in between, which would see the
    /// token.
    pub fn application_default() -> Result<Self> {
        Ok(Self(Source::Google(application_default()?, Origin::ApplicationDefault)))
    }

    /// Acts as a service account, with tokens that application default credentials get for it. Each of the `delegates` may
    /// act as the next, and the last of them as `target`.
    /// (Source: <https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated>)
    ///
    /// # Errors
    /// As [`application_default`](Self::application_default). Whether the caller may act as the account shows with the
    /// first request.
    pub fn impersonate(
        target: impl Into<String>,
        delegates: impl IntoIterator<Item = String>,
    ) -> Result<Self> {
        let (target, delegates) = (target.into(), delegates.into_iter().collect::<Vec<_>>());
        if let Some(bad) = std::iter::once(&target).chain(&delegates).find(|account| !is_account(account)) {
            return Err(Error::invalid_input(format!("`{}` is no service account", bad.escape_debug())));
        }
        let source = application_default()?;
        let credentials = impersonated::Builder::from_source_credentials(source.clone())
            .with_target_principal(&target)
            .with_delegates(delegates.clone())
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Credentials, format!("cannot act as {target}: {error}"))
                    .with_source(error)
            })?;
        let origin = Origin::Impersonated(Arc::new(Impersonated { source, target, delegates }));
        Ok(Self(Source::Google(credentials, origin)))
    }

    /// Credentials made with google-cloud-auth: impersonation, workload identity, a key held elsewhere, ….
    #[must_use]
    pub fn google(credentials: credentials::Credentials) -> Self {
        Self(Source::Google(credentials, Origin::Given))
    }

    /// The choice for an endpoint: an automatic credential becomes a real one, or none.
    pub(crate) fn resolve(self, loopback: bool) -> Result<Self> {
        match self.0 {
            Source::Automatic if loopback => Ok(Self::anonymous()),
            Source::Automatic => Self::application_default(),
            given => Ok(Self(given)),
        }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self.0, Source::Anonymous)
    }

    /// The universe domain that the credential names. (A metadata server may have to be asked.)
    pub(crate) async fn universe(&self) -> String {
        let named = match &self.0 {
            Source::Google(credentials, _) => {
                tokio::time::timeout(LONGEST_WAIT, credentials.universe_domain()).await.ok().flatten()
            }
            _ => None,
        };
        named.unwrap_or_else(|| DEFAULT_UNIVERSE.to_owned())
    }

    /// The headers that authenticate a request, all marked as sensitive.
    pub(crate) async fn headers(&self) -> Result<HeaderMap> {
        let mut headers = match &self.0 {
            Source::Automatic | Source::Anonymous => HeaderMap::new(),
            Source::Token(value) => HeaderMap::from_iter([(AUTHORIZATION, value.clone())]),
            Source::Google(credentials, _) => fetch(credentials).await?,
        };
        headers.values_mut().for_each(|value| value.set_sensitive(true));
        Ok(headers)
    }
}

/// What application default credentials are here.
fn application_default() -> Result<credentials::Credentials> {
    // google-cloud-auth spawns a task right away, which panics elsewhere.
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(Error::invalid_input(
            "application default credentials renew themselves and so need a tokio runtime: build the client inside \
             of one",
        ));
    }
    metadata::keep_off_proxies()?;
    crate::install_crypto_provider();
    // What is wrong with a file is told by google-cloud-auth.
    if let Ok(Some(file)) = CredentialFile::find()
        && file.kind() == workforce::KIND
    {
        return Ok(Workforce::of(&file)?.into());
    }
    credentials::Builder::default().with_scopes([SCOPE]).build().map_err(|error| {
        Error::new(ErrorKind::Credentials, format!("no usable application default credentials: {error}"))
            .with_source(error)
    })
}

pub(super) async fn fetch(credentials: &credentials::Credentials) -> Result<HeaderMap> {
    let answer =
        tokio::time::timeout(LONGEST_WAIT, credentials.headers(Extensions::new())).await.map_err(|_| {
            Error::new(
                ErrorKind::Credentials,
                format!("no access token could be had within {} s: nothing answered", LONGEST_WAIT.as_secs()),
            )
        })?;
    match answer {
        Ok(CacheableResource::New { data, .. }) => Ok(data),
        // Only answered to a request that names a cached entry, which ours does not.
        Ok(CacheableResource::NotModified) => Ok(HeaderMap::new()),
        Err(error) => {
            let message = format!("no access token could be had: {}", told(&error));
            Err(Error::new(ErrorKind::Credentials, message).with_source(error))
        }
    }
}

/// What went wrong, from where and why, in one line. google-cloud-auth nests its errors; the outer ones say no more
/// than whether another try may succeed.
fn told(error: &CredentialsError) -> String {
    let chain = || std::iter::successors(Some(error as &dyn StdError), |&error| error.source());
    let what = chain()
        .filter_map(|error| error.downcast_ref::<CredentialsError>())
        .last()
        .unwrap_or(error)
        .to_string();
    let mut parts = vec![
        what.trim_end_matches(" but future attempts may succeed")
            .trim_end_matches(" and future attempts will not succeed")
            .to_owned(),
    ];
    let host = chain().find_map(|error| error.downcast_ref::<reqwest::Error>()?.url()?.host_str());
    parts.extend(host.map(str::to_owned));
    let root = chain().last().filter(|root| !root.is::<CredentialsError>());
    parts.extend(root.map(ToString::to_string));
    parts.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Automatic => "Credentials(automatic)",
            Source::Anonymous => "Credentials(none)",
            Source::Token(_) => "Credentials(access token)",
            Source::Google(_, Origin::Impersonated(_)) => "Credentials(impersonation)",
            Source::Google(..) => "Credentials(google-cloud-auth)",
        })
    }
}

/// Whether a text can be the address or the id of a service account, and nothing else within a URL.
fn is_account(name: &str) -> bool {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "@.-_".contains(letter);
    let name = name.strip_prefix("projects/-/serviceAccounts/").unwrap_or(name);
    !name.is_empty() && name.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use google_cloud_auth::credentials::{CredentialsProvider, EntityTag};
    use http::HeaderName;

    use super::*;

    #[derive(Debug)]
    struct Plain;

    impl CredentialsProvider for Plain {
        async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
            let pairs = [("authorization", "Bearer t"), ("x-goog-user-project", "p")];
            let data = HeaderMap::from_iter(
                pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
            );
            Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
        }

        async fn universe_domain(&self) -> Option<String> {
            None
        }
    }

    #[tokio::test]
    async fn whatever_authenticates_is_marked_as_sensitive() {
        for (credentials, count) in
            [(Credentials::access_token("t").unwrap(), 1), (Credentials::google(Plain.into()), 2)]
        {
            let headers = credentials.headers().await.unwrap();
            assert_eq!(headers.len(), count);
            assert!(headers.values().all(HeaderValue::is_sensitive), "{credentials:?}");
            assert_eq!(credentials.universe().await, DEFAULT_UNIVERSE);
        }
        assert!(Credentials::anonymous().headers().await.unwrap().is_empty());
    }

    #[test]
    fn nested_errors_are_told_in_one_line() {
        let cause = std::io::Error::other("Token has been\n expired");
        let inner = CredentialsError::new(false, "failed to refresh user access token", cause);
        let outer = CredentialsError::new(true, "Fetching the token resulted in errors.", inner);
        assert_eq!(told(&outer), "failed to refresh user access token: Token has been expired");
        assert_eq!(told(&CredentialsError::from_msg(true, "no such key")), "no such key");
    }

    #[test]
    fn tokens_are_never_shown() {
        let credentials = Credentials::access_token(" ya29.secret\n").unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(access token)");
        for bad in ["", "  ", "a\nb"] {
            let error = Credentials::access_token(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn outside_of_a_runtime_application_default_credentials_are_an_error() {
        let error = Credentials::application_default().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("tokio runtime"), "{error}");
    }

    #[test]
    fn a_loopback_endpoint_needs_no_credential() {
        assert!(Credentials::default().resolve(true).unwrap().is_anonymous());
        assert!(!Credentials::access_token("t").unwrap().resolve(true).unwrap().is_anonymous());
    }
}
