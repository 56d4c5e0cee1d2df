//! One request: its operation, the host it needs, and its error told in this crate's terms.

use std::error::Error as StdError;
use std::fmt::Display;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use reqwest::{Request, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::debug;

use super::body;
use super::core::{Client, Shared};
use super::observe::{Exchange, buffered};
use super::options::{AnswerLimits, WriteOptions};
use crate::auth::QUOTA_PROJECT;
use crate::endpoint::Host;
use crate::error::ErrorKind;
use crate::methods::{Operation, Verb};
use crate::{Error, Location, Named, ProjectId, Resource, ResourceRef, Result};

/// The one value of `dryRun` that the API knows.
pub(super) const DRY_RUN: &str = "all";

/// Stands for all regions where a path has one.
const ALL_REGIONS: &str = "-";

/// Asks for the error shape that has a status and details.
const ERROR_FORMAT: HeaderName = HeaderName::from_static("x-goog-api-format-version");

/// A request that is going to be sent.
pub(super) struct Call<'a> {
    operation: Operation,
    host: Host<'a>,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    /// The resource that errors name.
    about: String,
    /// Why it must not be sent.
    refusal: Option<Error>,
}

impl<'a> Call<'a> {
    /// About one resource, at the host of its region.
    pub(super) fn on<K: Named>(operation: Operation, resource: &'a ResourceRef<K>) -> Self {
        let region = resource.region();
        let path = path(operation, resource.project(), region.as_str(), resource.name.as_ref());
        Self::new(operation, Host::Regional(region), path, resource.to_string())
    }

    /// About what is in one region.
    pub(super) fn within(operation: Operation, location: &'a Location) -> Self {
        let path = path(operation, &location.project, location.region.as_str(), "");
        Self::new(operation, Host::Regional(&location.region), path, location.to_string())
    }

    /// About what is in all regions, at the host without a region.
    pub(super) fn across(operation: Operation, project: &ProjectId) -> Self {
        let path = path(operation, project, ALL_REGIONS, "");
        Self::new(operation, Host::Global, path, format!("projects/{project}"))
    }

    /// About an object that there is not yet.
    pub(super) fn of_new<K: Resource>(operation: Operation, location: &'a Location, object: &K) -> Self {
        let mut call = Self::within(operation, location);
        if let Some(name) = object.name() {
            call.about = format!("{location}/{}/{name}", K::COLLECTION);
        }
        call
    }

    fn new(operation: Operation, host: Host<'a>, path: String, about: String) -> Self {
        Self { operation, host, path, query: Vec::new(), body: None, about, refusal: None }
    }

    /// At the host without a region.
    pub(super) fn globally(self) -> Self {
        Self { host: Host::Global, ..self }
    }

    pub(super) fn query(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(super) fn body(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body = Some(body),
            Err(error) => {
                let refusal = Error::invalid_input(format!("the object cannot be written as JSON: {error}"));
                self.refusal.get_or_insert(refusal.with_source(error));
            }
        }
        self
    }

    /// A write that the API has no dry run of must not be sent as if it had.
    pub(super) fn write(mut self, options: &WriteOptions) -> Self {
        if !options.dry_run {
            return self;
        }
        if !self.operation.method().query.contains(&"dryRun") {
            self.refusal.get_or_insert_with(|| Error::invalid_input("the API has no dry run of this"));
        }
        self.query("dryRun", Some(DRY_RUN))
    }
}

/// The path of an operation. Names need no encoding: what could not stand in a path is no name.
fn path(operation: Operation, project: &ProjectId, region: &str, name: &str) -> String {
    let mut path = String::new();
    for segment in operation.method().path.split('/').skip(1) {
        path.push('/');
        match segment.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            None => path.push_str(segment),
            Some((parameter, verb)) => {
                path.push_str(match parameter {
                    "namespace" | "project" => project.as_str(),
                    "location" => region,
                    _ => name,
                });
                path.push_str(verb);
            }
        }
    }
    path
}

/// A success whose body is still to be read. All bodies of successes pass through here.
pub(super) struct Answer {
    response: reqwest::Response,
    base: String,
    operation: Operation,
    about: String,
    limits: AnswerLimits,
}

impl Answer {
    /// The next piece of the body; none at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.response.chunk().await.map_err(|error| self.told(transport(error, &self.base)))
    }

    /// The whole body, decoded.
    async fn decode<T: DeserializeOwned>(self, doubt: impl FnOnce(&T) -> Option<String>) -> Result<T> {
        let Self { mut response, base, operation, about, limits } = self;
        let status = response.status();
        let limit = limits.of(operation);
        let told = |error: Error| error.about(operation.as_str(), &about);
        let body = body::read(&mut response, limit).await.map_err(|error| told(transport(error, &base)))?;
        if body.len() > limit {
            return Err(told(Error::too_large(status, limit)));
        }
        // What an operation came to may be an error, and to say so is a success.
        let tells = matches!(operation, Operation::GetOperation | Operation::WaitOperation);
        if !tells && body.len() <= limits.failure && Error::is_told_in(&body) {
            return Err(told(Error::unpromised(status, body, "")));
        }
        let value = match serde_json::from_slice(&body) {
            Ok(value) => value,
            Err(error) => return Err(told(Error::from_undecodable(status, body, error))),
        };
        match doubt(&value) {
            None => Ok(value),
            Some(what) => Err(told(Error::unpromised(status, body, &what))),
        }
    }

    /// A body that is not what was promised. What there was of it is not kept.
    pub(super) fn undecodable(&self, error: serde_json::Error) -> Error {
        self.told(Error::from_undecodable(self.response.status(), Bytes::new(), error))
    }

    /// How much of the body may wait for the rest of an item.
    pub(super) fn item_limit(&self) -> usize {
        self.limits.object
    }

    /// The error for an item that is larger.
    pub(super) fn too_large(&self) -> Error {
        self.told(Error::too_large(self.response.status(), self.limits.object))
    }

    /// A body that can be read and is not what was asked for. What there was of it is not kept.
    pub(super) fn unpromised(&self, what: &str) -> Error {
        self.told(Error::unpromised(self.response.status(), Bytes::new(), what))
    }

    fn told(&self, error: Error) -> Error {
        error.about(self.operation.as_str(), &self.about)
    }
}

impl Client {
    /// Sends a request and decodes the answer.
    pub(super) async fn send<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        self.open(call).await?.decode(|_| None).await
    }

    /// The same for an answer that is not believed if there is a doubt about it.
    pub(super) async fn send_doubting<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        doubt: impl FnOnce(&T) -> Option<String> + Send,
    ) -> Result<T> {
        self.open(call).await?.decode(doubt).await
    }

    /// Sends a request, and returns once it is known to have succeeded.
    pub(super) async fn open(&self, call: Call<'_>) -> Result<Answer> {
        let base = self.0.endpoint.base_url(call.host);
        let Call { operation, about, .. } = &call;
        let (operation, about) = (*operation, about.clone());
        match self.exchange(call, &base).await {
            Ok(response) => Ok(Answer { response, base, operation, about, limits: self.0.limits }),
            Err(error) => Err(error.about(operation.as_str(), about)),
        }
    }

    async fn exchange(&self, call: Call<'_>, base: &str) -> Result<reqwest::Response> {
        let operation = call.operation;
        let host = self.0.endpoint.host_header(call.host);
        let mut request = request(call, base)?;
        self.0.prepare(&mut request, host).await?;
        let mut answer = self.0.execute(request, operation).await.map_err(|error| transport(error, base))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status.is_success() {
            return Ok(answer);
        }
        Err(match body::read(&mut answer, self.0.limits.failure).await {
            Ok(body) => Error::from_answer(status, &headers, body),
            Err(error) if needs_body(status) => transport(error, base),
            Err(_) => Error::from_answer(status, &headers, Bytes::new()),
        })
    }
}

impl AnswerLimits {
    fn of(&self, operation: Operation) -> usize {
        match operation.as_str().starts_with("list_") {
            true => self.list,
            false => self.object,
        }
    }
}

fn request(call: Call<'_>, base: &str) -> Result<Request> {
    if let Some(refusal) = call.refusal {
        return Err(refusal);
    }
    let invalid = |error: &dyn Display| Error::invalid_input(format!("the request cannot be made: {error}"));
    let mut url = Url::parse(&format!("{base}{}", call.path)).map_err(|error| invalid(&error))?;
    if !call.query.is_empty() {
        url.query_pairs_mut().extend_pairs(call.query);
    }
    let verb = match call.operation.method().verb {
        Verb::Get => reqwest::Method::GET,
        Verb::Post => reqwest::Method::POST,
        Verb::Put => reqwest::Method::PUT,
        Verb::Delete => reqwest::Method::DELETE,
    };
    let mut request = Request::new(verb, url);
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(body) = call.body {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
    }
    Ok(request)
}

impl Shared {
    async fn prepare(&self, request: &mut Request, host: Option<String>) -> Result<()> {
        let credentials = self.credentials.headers().await?;
        if !credentials.is_empty() {
            self.check_universe().await?;
        }
        let headers = request.headers_mut();
        headers.insert(ERROR_FORMAT, HeaderValue::from_static("2"));
        if let Some(host) = host {
            let host =
                HeaderValue::try_from(host).map_err(|_| Error::invalid_input("the region is not valid"))?;
            headers.insert(header::HOST, host);
        }
        let quota_project = self.quota_project.clone().filter(|_| !credentials.is_empty());
        headers.extend(credentials);
        if let Some(project) = quota_project {
            headers.insert(QUOTA_PROJECT, project);
        }
        Ok(())
    }

    /// A credential of another universe must not be sent to this one.
    async fn check_universe(&self) -> Result<()> {
        let universe = self.universe.get_or_init(|| self.credentials.universe()).await;
        if self.trusted || self.endpoint.is_google(universe) {
            return Ok(());
        }
        let to = self.endpoint.base_url(Host::Global);
        Err(Error::new(
            ErrorKind::Untrusted,
            format!("the credential belongs to the universe {universe}, and {to} is not in it"),
        ))
    }

    /// Sends what is prepared, and tells of it.
    async fn execute(&self, request: Request, operation: Operation) -> reqwest::Result<reqwest::Response> {
        let (verb, url) = (request.method().clone(), request.url().clone());
        let sent = self.observer.as_ref().and_then(|_| request.body()?.as_bytes().map(<[u8]>::to_vec));
        let start = Instant::now();
        let mut result = self.http.execute(request).await;
        if let Some(observer) = &self.observer {
            let (buffered, body) = match result {
                Ok(answer) => match buffered(answer, self.limits.of(operation)).await {
                    Ok((answer, body)) => (Ok(answer), body),
                    Err(error) => (Err(error), Bytes::new()),
                },
                Err(error) => (Err(error), Bytes::new()),
            };
            observer(&Exchange {
                operation: operation.as_str(),
                method: verb.as_str(),
                url: url.as_str(),
                request_body: sent.as_deref(),
                answer: match &buffered {
                    Ok(answer) => Ok((answer.status().as_u16(), &body)),
                    Err(error) => Err(error.to_string()),
                },
                elapsed: start.elapsed(),
            });
            result = buffered;
        }
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &result {
            Ok(answer) => {
                let status = answer.status().as_u16();
                debug!(%operation, %verb, %url, status, elapsed_ms, "answered");
            }
            Err(error) => debug!(%operation, %verb, %url, %error, elapsed_ms, "not answered"),
        }
        result
    }
}

/// Whether only the body tells the failure: a 404 or a 409 may be the API's word or a proxy's.
fn needs_body(status: StatusCode) -> bool {
    status.is_client_error()
        && !matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

fn transport(error: reqwest::Error, base: &str) -> Error {
    let error = error.without_url();
    let (kind, what) = if error.is_timeout() && !error.is_connect() {
        (ErrorKind::Timeout, format!("no answer from {base} in time"))
    } else if error.is_builder() {
        (ErrorKind::InvalidInput, "the request cannot be made".to_owned())
    } else if error.is_connect() && causes(&error).any(|cause| cause.downcast_ref().is_some_and(is_mismatch))
    {
        let why = causes(&error)
            .find_map(handshake)
            .map_or_else(|| "it does not speak TLS as we do".to_owned(), why_no_handshake);
        let what = format!("no connection to {base}: {why}");
        return Error::new(ErrorKind::Unreachable, what).with_source(error);
    } else if has_no_host(&error) {
        (ErrorKind::Unreachable, format!("no connection to {base}"))
    } else if error.is_connect() {
        (ErrorKind::Connect, format!("no connection to {base}"))
    } else {
        (ErrorKind::Transport, format!("the connection to {base} broke before the answer was complete"))
    };
    let message = match root_cause(&error) {
        Some(cause) => format!("{what}: {cause}"),
        None => what,
    };
    Error::new(kind, message).with_source(error)
}

/// What name servers and the standard library say of a host that does not exist, on Linux (glibc, musl), macOS and
/// Windows. A temporary failure has other words.
const NO_SUCH_HOST: [&str; 5] = [
    "Name or service not known",
    "Name does not resolve",
    "No address associated with hostname",
    "nodename nor servname provided",
    "No such host is known",
];

/// Whether a connection fails again since there is no such host.
fn has_no_host(error: &reqwest::Error) -> bool {
    error.is_connect() && causes(error).any(|cause| is_no_such_host(&cause.to_string()))
}

/// TLS tells of certificates and protocols in this way: what was read is not what was expected. (One such error may be
/// inside another, which `source` passes over. A handshake that broke off or was reset is no such thing.)
fn is_mismatch(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
        || error.get_ref().and_then(|inner| inner.downcast_ref()).is_some_and(is_mismatch)
}

/// The error of a handshake, however deep it stands in this cause.
fn handshake<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(error) = cause.downcast_ref() {
        return Some(error);
    }
    let inner = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
    handshake(inner)
}

/// What keeps two ends from an encrypted connection, in plain words.
fn why_no_handshake(error: &rustls::Error) -> String {
    use rustls::{CertificateError, Error};
    match error {
        Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => {
                "its certificate is not trusted: no authority that this system trusts has signed it"
                    .to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate is not trusted: it has expired, or this system's clock is wrong".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not trusted: it is not valid yet, or this system's clock is wrong"
                    .to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is not trusted: it is that of another host".to_owned()
            }
            CertificateError::Revoked => "its certificate is not trusted: it was revoked".to_owned(),
            other => format!("its certificate is not trusted: {other}"),
        },
        // The first bytes are no message of TLS at all.
        Error::InvalidMessage(_) => "it does not speak TLS (http:// instead of https://?)".to_owned(),
        other => format!("it does not speak TLS as we do: {other}"),
    }
}

fn is_no_such_host(text: &str) -> bool {
    NO_SUCH_HOST.iter().any(|words| text.contains(words))
}

fn causes(error: &dyn StdError) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

fn root_cause(error: &dyn StdError) -> Option<String> {
    causes(error).last().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_that_fail_in_words() {
        use rustls::{CertificateError as Problem, Error as Tls, InvalidMessage};
        for (error, words) in [
            (
                Tls::InvalidCertificate(Problem::UnknownIssuer),
                "no authority that this system trusts has signed it",
            ),
            (Tls::InvalidCertificate(Problem::Expired), "it has expired"),
            (Tls::InvalidCertificate(Problem::NotValidYet), "it is not valid yet"),
            (Tls::InvalidCertificate(Problem::NotValidForName), "it is that of another host"),
            (Tls::InvalidMessage(InvalidMessage::InvalidContentType), "it does not speak TLS (http://"),
            (Tls::HandshakeNotComplete, "it does not speak TLS as we do: "),
        ] {
            let nested = std::io::Error::other(std::io::Error::other(error));
            let found = handshake(&nested).map(why_no_handshake).unwrap();
            assert!(found.contains(words), "{found}");
        }
    }

    #[test]
    fn a_name_server_that_does_not_answer_is_no_unknown_host() {
        let resolver = "failed to lookup address information: ";
        for (text, unknown) in [
            ("Name or service not known", true),
            ("Name does not resolve", true),
            ("No address associated with hostname", true),
            ("nodename nor servname provided, or not known", true),
            ("No such host is known. (os error 11001)", true),
            ("Temporary failure in name resolution", false),
            ("Try again", false),
            ("Non-recoverable failure in name resolution", false),
        ] {
            assert_eq!(is_no_such_host(&format!("{resolver}{text}")), unknown, "{text}");
        }
    }
}
