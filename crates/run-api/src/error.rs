//! The one error type of this crate.

mod envelope;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use envelope::Envelope;
pub use envelope::FieldViolation;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A request that did not succeed.
///
/// The predicates tell kinds apart, the accessors what the server said. Neither `Display` nor `Debug` ever shows a
/// credential.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: Option<&'static str>,
    resource: Option<String>,
    message: String,
    http: Option<HttpAnswer>,
    source: Option<BoxError>,
}

struct HttpAnswer {
    status: StatusCode,
    retry_after: Option<Duration>,
    envelope: Option<Envelope>,
    body: Bytes,
}

/// The broad class of an [`Error`]: how far the request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value given to this crate cannot be used (a name, an endpoint, a setting); nothing was sent.
    InvalidInput,
    /// No credential could be had; nothing was sent.
    Credentials,
    /// The endpoint may not be given the credential, since it is not one of the credential's universe: see
    /// [`ClientBuilder::trust_endpoint`](crate::ClientBuilder::trust_endpoint). Nothing was sent.
    Untrusted,
    /// No connection could be made, which may pass (nobody listens, a handshake that broke off, no answer of the
    /// name server); nothing was sent.
    Connect,
    /// No connection can be made until something is changed: there is no such host, its certificate is not trusted,
    /// or the other end speaks another protocol; nothing was applied.
    Unreachable,
    /// No answer came in time; the request may have been applied.
    Timeout,
    /// The connection broke before a whole answer was read; the request may have been applied.
    Transport,
    /// The server answered with a failure status.
    Server,
    /// The server answered with a success status and a body that is not what the API promises.
    Decode,
}

/// Why a body was not read to its end.
#[derive(Debug)]
struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body was not read to its end")
    }
}

impl StdError for TooLarge {}

impl Error {
    /// An error about a value given to this crate.
    #[must_use]
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// An error as the API would answer it: for tests, mocks and emulations.
    ///
    /// ```
    /// let error = run_api::Error::from_status(404, "NOT_FOUND", "Resource 'hello' of kind 'SERVICE' … does not exist.");
    /// assert!(error.is_not_found());
    /// ```
    #[must_use]
    pub fn from_status(code: u16, status: &str, message: &str) -> Self {
        let body = serde_json::json!({"error": {"code": code, "status": status, "message": message}});
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::from_answer(code, &HeaderMap::new(), Bytes::from(body.to_string()))
    }

    /// An answer that is not the API's, as a proxy gives it: for tests and mocks.
    ///
    /// ```
    /// let error = run_api::Error::from_foreign(404, "<title>Not Found</title>");
    /// assert!(error.is_foreign_answer() && !error.is_not_found());
    /// ```
    #[must_use]
    pub fn from_foreign(code: u16, body: &str) -> Self {
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::from_answer(code, &HeaderMap::new(), Bytes::copy_from_slice(body.as_bytes()))
    }

    /// An error of the given kind without an answer: for tests and mocks.
    #[must_use]
    pub fn from_kind(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message)
    }

    /// This answer with a `Retry-After` of the given time: for tests and mocks. An error without an answer stays
    /// as it is.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        if let Some(answer) = &mut self.0.http {
            answer.retry_after = Some(pause);
        }
        self
    }

    /// Names the operation that failed, unless that was done already: for tests, mocks, and callers with a limit of time
    /// of their own.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the resource that the request was about, unless that was done already, in the form of
    /// [`resource`](Self::resource): for tests and mocks.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.0.resource.get_or_insert_with(|| resource.into());
        self
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            resource: None,
            message: message.into(),
            http: None,
            source: None,
        }))
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the operation and the resource, unless that was done already.
    pub(crate) fn about(mut self, operation: &'static str, resource: impl fmt::Display) -> Self {
        self.0.operation.get_or_insert(operation);
        self.0.resource.get_or_insert_with(|| resource.to_string());
        self
    }

    /// An answer with a failure status, in either of the API's two shapes or in none.
    pub(crate) fn from_answer(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        let envelope = Envelope::parse(&body);
        let message = match &envelope {
            Some(envelope) => envelope.message.clone(),
            None => format!("the answer is not one of the API: {}", envelope::excerpt(&body)),
        };
        let mut error = Self::new(ErrorKind::Server, message);
        let retry_after = envelope::retry_after(headers);
        error.0.http = Some(HttpAnswer { status, retry_after, envelope, body });
        error
    }

    /// A success status whose body is not what was promised.
    pub(crate) fn from_undecodable(status: StatusCode, body: Bytes, source: serde_json::Error) -> Self {
        let mut message = format!("the answer's body cannot be read: {source}");
        // JSON of another shape may hold what does not belong into a message (variables of a container).
        if !source.is_data() {
            message = format!("{message}: {}", envelope::excerpt(&body));
        }
        let mut error = Self::new(ErrorKind::Decode, message).with_source(source);
        error.0.http = Some(HttpAnswer { status, retry_after: None, envelope: None, body });
        error
    }

    /// A success whose body can be read and is not what was asked for, or is an error itself.
    pub(crate) fn unpromised(status: StatusCode, body: Bytes, what: &str) -> Self {
        let message = match Envelope::parse(&body) {
            Some(envelope) => format!("the answer is a success and holds an error: {}", envelope.message),
            None => format!("the answer is not what was asked for: {what}"),
        };
        let mut error = Self::new(ErrorKind::Decode, message);
        error.0.http = Some(HttpAnswer { status, retry_after: None, envelope: None, body });
        error
    }

    /// Whether a body is the API's word for a failure, whatever its status.
    pub(crate) fn is_told_in(body: &[u8]) -> bool {
        const KEY: &[u8] = b"\"error\"";
        body.windows(KEY.len()).any(|window| window == KEY) && Envelope::parse(body).is_some()
    }

    /// A success whose body is larger than it may be; what was read of it is not kept.
    pub(crate) fn too_large(status: StatusCode, limit: usize) -> Self {
        let message =
            format!("the answer is larger than {limit} bytes, which is the limit for one of this kind");
        let mut error = Self::new(ErrorKind::Decode, message).with_source(TooLarge);
        error.0.http = Some(HttpAnswer { status, retry_after: None, envelope: None, body: Bytes::new() });
        error
    }

    /// How far the request came.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation, for example `get_service`; none if no request was meant yet.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The resource that the request was about, for example `projects/p/locations/r/services/s`.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.0.resource.as_deref()
    }

    /// What went wrong, in the server's words where it said something.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The error as `Display` writes it, without the operation and the resource, for those who name both in words of
    /// their own: status, the server's reason, and the refused fields.
    ///
    /// ```
    /// let error = run_api::Error::from_status(409, "ABORTED", "Conflict").with_operation("replace_service");
    /// assert_eq!(error.to_string(), "replace_service: ABORTED (409): Conflict");
    /// assert_eq!(error.detail(), "ABORTED (409): Conflict");
    /// ```
    #[must_use]
    pub fn detail(&self) -> String {
        Detail(self).to_string()
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http.as_ref().map(|answer| answer.status.as_u16())
    }

    /// The canonical status of the answer, for example `ABORTED`.
    ///
    /// The older error shape has none; then it is worked out from the answer's reason words.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.envelope()?.status.as_deref()
    }

    /// The reason of the answer's `google.rpc.ErrorInfo`, or the older shape's reason word.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.envelope()?.reason.as_deref()
    }

    /// The fields that the server refused, each with its description.
    #[must_use]
    pub fn field_violations(&self) -> &[FieldViolation] {
        self.envelope().map_or(&[], |envelope| &envelope.violations)
    }

    /// How long the server asks to wait before another try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.http.as_ref()?.retry_after
    }

    /// The body of the answer as it came.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.http.as_ref().map(|answer| answer.body.as_ref())
    }

    /// The resource does not exist: a 404 in which the API itself says so.
    ///
    /// *Troubleshooting:* check the name, the project and the region. A 404 that is not from the API (a proxy,
    /// a wrong host, a region that does not exist) is not this: see [`is_foreign_answer`](Self::is_foreign_answer).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is(404, "NOT_FOUND")
    }

    /// The object changed since it was read, so the write was refused: read again, edit again, write again.
    ///
    /// This is the one meaning of 409 that is worth a retry.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.is(409, "ABORTED")
    }

    /// The name is taken: by another object, or by a revision with other content. A retry never helps.
    ///
    /// *Troubleshooting:* when an update fails with "Revision named … with different configuration already
    /// exists", the template kept the name of the previous revision: drop or change it.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.is(409, "ALREADY_EXISTS")
    }

    /// The caller is known, and may not do this: a 403 in which the API itself says so.
    ///
    /// *Troubleshooting:* the message names the missing permission. Without `run.services.get` a service that
    /// does not exist answers this, too.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        self.http_status() == Some(403) && !self.is_foreign_answer()
    }

    /// The server did not accept the credential (401), or there was none to send.
    ///
    /// *Troubleshooting:* an expired login; `gcloud auth application-default login` makes a new one.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.http_status() == Some(401) || self.kind() == ErrorKind::Credentials
    }

    /// The request is not valid: the server refused it (400 `INVALID_ARGUMENT`), or a value given to this crate cannot be
    /// used and nothing was sent.
    ///
    /// *Troubleshooting:* [`field_violations`](Self::field_violations) names the refused fields; capacity quota of a
    /// deployment is among them.
    #[must_use]
    pub fn is_invalid_argument(&self) -> bool {
        matches!(self.kind(), ErrorKind::InvalidInput | ErrorKind::Untrusted)
            || self.is(400, "INVALID_ARGUMENT")
    }

    /// The request is valid, but not in the present state (400 `FAILED_PRECONDITION`), for example deleting a
    /// revision that serves, or a policy member that the organisation forbids.
    ///
    /// *Troubleshooting:* the message names the state that is in the way; change that first.
    #[must_use]
    pub fn is_failed_precondition(&self) -> bool {
        self.is(400, "FAILED_PRECONDITION")
    }

    /// Too many requests (429): wait and try again.
    ///
    /// *Troubleshooting:* the quota counts requests per minute and region; writes have the smallest. Capacity quota on a
    /// deployment is not this but an invalid argument.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.http_status() == Some(429)
    }

    /// The server, or what stands before it, has a passing fault (500, 502, 503, 504), or none is there at the moment.
    ///
    /// *Troubleshooting:* try again after a pause. If no connection can be made for long, check the network, the proxy and
    /// the endpoint.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind() == ErrorKind::Connect || matches!(self.http_status(), Some(500 | 502 | 503 | 504))
    }

    /// No answer came in time (or the server says 408).
    ///
    /// *Troubleshooting:* a slow network, or a limit that is too short: see
    /// [`ClientBuilder::request_timeout`](crate::ClientBuilder::request_timeout). A write may have been applied.
    #[must_use]
    pub fn is_deadline_exceeded(&self) -> bool {
        self.kind() == ErrorKind::Timeout || self.http_status() == Some(408)
    }

    /// The operation was cancelled (`CANCELLED`, 499).
    ///
    /// *Troubleshooting:* somebody else, or what stands between, gave it up; the API itself was not seen to answer this.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.http_status() == Some(499) || self.status() == Some("CANCELLED")
    }

    /// A write was sent, and this error does not tell whether it was applied. Never true of a read; a request whose
    /// [`operation`](Self::operation) is not known counts as a write.
    ///
    /// *Troubleshooting:* read the object and compare before trying again.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.may_have_been_applied() && !self.operation().is_some_and(is_read)
    }

    /// The answer did not come from the Cloud Run API: a failure without the API's error envelope (an HTML page
    /// of a proxy, a wrong host, a region that does not exist) or a success whose body is something else.
    #[must_use]
    pub fn is_foreign_answer(&self) -> bool {
        match self.kind() {
            ErrorKind::Decode => true,
            _ => self.0.http.as_ref().is_some_and(|answer| answer.envelope.is_none()),
        }
    }

    /// The same request may succeed later without anything being changed. For a write, ask
    /// [`may_have_been_applied`](Self::may_have_been_applied) first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Transport => true,
            // What was too large would be so again.
            ErrorKind::Decode => !self.0.source.as_ref().is_some_and(|source| source.is::<TooLarge>()),
            ErrorKind::Server => {
                self.is_rate_limited() || self.is_unavailable() || self.is_deadline_exceeded()
            }
            ErrorKind::InvalidInput
            | ErrorKind::Credentials
            | ErrorKind::Untrusted
            | ErrorKind::Unreachable => false,
        }
    }

    /// If the request was a write, whether it may have taken effect although it is reported as failed: the
    /// answer was lost, broken, a fault of the server's, or not the API's. (What stands before the API may answer
    /// for a write that the API has taken; only the API's own words say that it has not.)
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        match self.kind() {
            ErrorKind::Timeout | ErrorKind::Transport | ErrorKind::Decode => true,
            ErrorKind::Server => {
                let refused =
                    self.http_status().is_some_and(|status| matches!(status, 400..500) && status != 408);
                !refused || self.is_foreign_answer()
            }
            ErrorKind::InvalidInput
            | ErrorKind::Credentials
            | ErrorKind::Untrusted
            | ErrorKind::Connect
            | ErrorKind::Unreachable => false,
        }
    }

    fn envelope(&self) -> Option<&Envelope> {
        self.0.http.as_ref()?.envelope.as_ref()
    }

    fn is(&self, code: u16, status: &str) -> bool {
        self.http_status() == Some(code) && self.status() == Some(status)
    }
}

/// Whether an operation changes nothing.
fn is_read(operation: &str) -> bool {
    ["get_", "list_", "test_"].iter().any(|read| operation.starts_with(read))
}

impl fmt::Display for Error {
    /// One line: operation, resource, status, the server's reason, and the refused fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation() {
            write!(f, "{operation}")?;
            if let Some(resource) = self.resource() {
                write!(f, " {resource}")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", Detail(self))
    }
}

struct Detail<'a>(&'a Error);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = self.0.http_status() {
            match self.0.status() {
                Some(status) => write!(f, "{status} ({code}): ")?,
                None => write!(f, "HTTP {code}: ")?,
            }
        }
        f.write_str(self.0.message())?;
        for violation in self.0.field_violations() {
            write!(f, "; {violation}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("operation", &self.operation())
            .field("resource", &self.resource())
            .field("http_status", &self.http_status())
            .field("status", &self.status())
            .field("message", &self.message())
            .field("field_violations", &self.field_violations())
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<crate::InvalidName> for Error {
    fn from(invalid: crate::InvalidName) -> Self {
        Self::new(ErrorKind::InvalidInput, invalid.to_string()).with_source(invalid)
    }
}

#[cfg(test)]
mod tests;
