//! The one error type of this crate.

use std::error::Error as StdError;
use std::fmt;

use run_api::ResourceId;

use crate::Version;
use crate::remedy::Remedy;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation that did not succeed.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use std::time::Duration;
/// use run_ops::{Deadline, DeployRequest, ErrorKind, ServiceEdit};
///
/// let missing = ops.current(&ops.api().service("nothing")?).await.unwrap_err();
/// assert!(missing.is_not_found() && missing.api().is_some());
///
/// let broken = DeployRequest::new(hello.clone()).image("docker.io/run-emulator/exits");
/// let error = ops.deploy(&broken, Deadline::after(Duration::from_secs(60))).await.unwrap_err();
/// assert!(error.is_failed() && !error.is_deadline_exceeded() && !error.is_permission_denied() && !error.is_outcome_unknown());
/// assert_eq!((error.kind(), error.resource()), (ErrorKind::Failed, Some(&hello.id())));
/// assert_eq!(error.reason(), Some("HealthCheckContainerError"));
/// assert_eq!(error.written().map(|written| written.generation()), Some(2));
/// for remedy in error.remedies() {
///     println!("{remedy}");
/// }
///
/// let never = Deadline::after(Duration::ZERO);
/// let error = ops.wait_until_ready(&ops.current(&hello).await?, never).await.unwrap_err();
/// assert!(error.is_deadline_exceeded() && error.last_seen().is_some() && !error.message().is_empty());
/// # Ok(()) })
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    resource: Option<ResourceId>,
    message: String,
    reason: Option<String>,
    last_seen: Option<String>,
    remedy: Option<Remedy>,
    written: Option<Version>,
    source: Option<Source>,
}

enum Source {
    Api(run_api::Error),
    Other(Box<dyn StdError + Send + Sync>),
}

/// What kept an operation from succeeding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A request failed; see [`Error::api`].
    Api,
    /// What was asked for cannot be done with this object, or makes no sense; nothing was sent.
    Invalid,
    /// The object is not ready and will not become so by itself, or the execution failed: the server gave a reason.
    Failed,
    /// The execution was cancelled: it is neither a success nor a failure of what it ran.
    Cancelled,
    /// The deadline passed. The operation may still succeed; nothing was undone.
    Deadline,
    /// Somebody wrote a later generation, so the awaited one will never be ready.
    Superseded,
    /// The awaited object was deleted, or replaced by another of the same name.
    Gone,
    /// Somebody else created an object of this name while ours was to be created; ours was not.
    AlreadyExists,
    /// Every attempt at the write lost against another writer.
    Contended,
    /// A write's answer was lost, and whether it was applied cannot be told even after reading the object again;
    /// the message names what was sent.
    OutcomeUnknown,
    /// The server's answer lacks something that the API promises.
    Unexpected,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            resource: None,
            message: message.into(),
            reason: None,
            last_seen: None,
            remedy: None,
            written: None,
            source: None,
        }))
    }

    /// An error for an edit closure to refuse with.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use run_api::Resource;
    /// use run_ops::Error;
    ///
    /// let refuse = |service: &mut run_api::types::Service| match service.name() {
    ///     Some("hello") => Err(Error::invalid("not this one")),
    ///     _ => Ok(()),
    /// };
    /// assert!(ops.update_service(&hello, refuse).await.is_err());
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn about(mut self, resource: impl Into<ResourceId>) -> Self {
        self.0.resource.get_or_insert_with(|| resource.into());
        self
    }

    /// The same error, of what is under way.
    pub(crate) fn amid(mut self, what: &str) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    pub(crate) fn with_reason(mut self, reason: Option<String>) -> Self {
        self.0.reason = reason;
        self
    }

    pub(crate) fn with_last_seen(mut self, state: impl Into<String>) -> Self {
        self.0.last_seen = Some(state.into());
        self
    }

    /// Says what to do about it, where more is known than its cause.
    pub(crate) fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.0.remedy = Some(remedy);
        self
    }

    /// What was known where it failed.
    pub(crate) fn remedy(&self) -> Option<&Remedy> {
        self.0.remedy.as_ref()
    }

    /// Names what was written before it failed, if anything was.
    pub(crate) fn after(mut self, written: Option<Version>) -> Self {
        self.0.written = self.0.written.or(written);
        self
    }

    pub(crate) fn with_api(mut self, source: run_api::Error) -> Self {
        self.0.source = Some(Source::Api(source));
        self
    }

    /// What kept the operation from succeeding.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the operation was about, of whatever kind.
    #[must_use]
    pub fn resource(&self) -> Option<&ResourceId> {
        self.0.resource.as_ref()
    }

    /// The failed request, if there was one.
    #[must_use]
    pub fn api(&self) -> Option<&run_api::Error> {
        match &self.0.source {
            Some(Source::Api(error)) => Some(error),
            _ => None,
        }
    }

    /// What went wrong, in the server's words where it said something.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The server's reason for a failure, for example `HealthCheckContainerError`.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref().or_else(|| self.api()?.reason())
    }

    /// What the operation had written before it failed, and what is therefore in place; none if it wrote nothing.
    #[must_use]
    pub fn written(&self) -> Option<&Version> {
        self.0.written.as_ref()
    }

    /// After a deadline: the state at the last look.
    #[must_use]
    pub fn last_seen(&self) -> Option<&str> {
        self.0.last_seen.as_deref()
    }

    /// What it was about, as people say it: a resource, or all that was to be listed.
    fn subject(&self) -> Option<String> {
        if let Some(resource) = self.resource() {
            return Some(resource.short());
        }
        let path = self.api()?.resource()?;
        if let Ok(resource) = path.parse::<ResourceId>() {
            return Some(resource.short());
        }
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", project] => Some(format!("project {project}")),
            ["projects", project, "locations", "-"] => Some(format!("project {project}, all regions")),
            ["projects", project, "locations", region] => Some(format!("project {project}, region {region}")),
            _ => None,
        }
    }

    /// The refusal, if the operation ended with it. What an operation met on its way to another end is at
    /// [`api`](Self::api).
    fn refused(&self, is: impl Fn(&run_api::Error) -> bool) -> bool {
        self.kind() == ErrorKind::Api && self.api().is_some_and(is)
    }

    fn is(&self, kind: ErrorKind) -> bool {
        self.kind() == kind
    }

    /// The object does not exist: a 404 in which the API itself says so. One that was there before is
    /// [gone](Self::is_gone).
    ///
    /// *Troubleshooting:* check the name, the project and the region.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.refused(run_api::Error::is_not_found)
    }

    /// The object was there, and was deleted during the operation, or is being deleted, or was replaced by another of the
    /// same name.
    ///
    /// *Troubleshooting:* somebody else deletes it: find out who; create it again only if that is meant.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is(ErrorKind::Gone)
    }

    /// Others wrote at the same time, each time that it was tried.
    ///
    /// *Troubleshooting:* find out what keeps writing to the object, and try again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.is(ErrorKind::Contended) || self.refused(run_api::Error::is_conflict)
    }

    /// The name is taken: by another object, or by a revision with other content. A retry never helps.
    ///
    /// *Troubleshooting:* look whose it is, then update it or choose another name.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.is(ErrorKind::AlreadyExists) || self.refused(run_api::Error::is_already_exists)
    }

    /// The caller is known, and may not do this (403).
    ///
    /// *Troubleshooting:* the message names the missing permission. Without `run.services.get` a service that does not
    /// exist answers this, too.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        self.refused(run_api::Error::is_permission_denied)
    }

    /// The server did not accept the credential (401), or there was none to send.
    ///
    /// *Troubleshooting:* an expired login; `gcloud auth application-default login` makes a new one.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.refused(run_api::Error::is_unauthenticated)
    }

    /// What was asked for is not valid: the server refused it (400 `INVALID_ARGUMENT`), or it was refused here and nothing
    /// was sent.
    ///
    /// *Troubleshooting:* the message names what is wrong; the fields that the server refused are at
    /// [`field_violations`](run_api::Error::field_violations) of [`api`](Self::api).
    #[must_use]
    pub fn is_invalid_argument(&self) -> bool {
        self.is(ErrorKind::Invalid) || self.refused(run_api::Error::is_invalid_argument)
    }

    /// The request is valid, but not in the present state (400 `FAILED_PRECONDITION`).
    ///
    /// *Troubleshooting:* the message names the state that is in the way; change that first.
    #[must_use]
    pub fn is_failed_precondition(&self) -> bool {
        self.refused(run_api::Error::is_failed_precondition)
    }

    /// Too many requests (429), also after the retries that the policy allows.
    ///
    /// *Troubleshooting:* wait a minute, or keep below the quota with
    /// [`Ops::writes_per_minute`](crate::Ops::writes_per_minute).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.refused(run_api::Error::is_rate_limited)
    }

    /// The server has a passing fault, or no connection could be made, also after the retries that the policy allows.
    ///
    /// *Troubleshooting:* try again later; check the network, the proxy and the endpoint.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.refused(run_api::Error::is_unavailable)
    }

    /// Time ran out: the deadline passed ([`ErrorKind::Deadline`]; the operation may still succeed), or a request had no
    /// answer in time.
    ///
    /// *Troubleshooting:* look again later, or allow more time; [`last_seen`](Self::last_seen) is the state at the last
    /// look.
    #[must_use]
    pub fn is_deadline_exceeded(&self) -> bool {
        self.is(ErrorKind::Deadline) || self.refused(run_api::Error::is_deadline_exceeded)
    }

    /// The execution, or the request, was cancelled.
    ///
    /// *Troubleshooting:* somebody cancelled it; it says nothing of what was run.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.is(ErrorKind::Cancelled) || self.refused(run_api::Error::is_cancelled)
    }

    /// A write was sent, and whether it was applied cannot be told even after reading the object again. (A lost answer
    /// that reading settled is not this, although [`run_api::Error::is_outcome_unknown`] is true of the one at
    /// [`api`](Self::api).)
    ///
    /// *Troubleshooting:* read the object and compare before trying again.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.is(ErrorKind::OutcomeUnknown)
    }

    /// The object failed, and the server said why.
    ///
    /// *Troubleshooting:* [`reason`](Self::reason) and the message are the server's;
    /// [`Ops::failure_report`](crate::Ops::failure_report) tells more of a service.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.is(ErrorKind::Failed)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = self.subject() {
            write!(f, "{subject}: ")?;
        }
        f.write_str(self.message())?;
        if let Some(state) = self.last_seen() {
            write!(f, "; last seen: {state}")?;
        }
        if let Some(written) = self.written() {
            write!(f, " (generation {} was written)", written.generation())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("resource", &self.resource().map(ToString::to_string))
            .field("message", &self.message())
            .field("reason", &self.reason())
            .field("last_seen", &self.last_seen())
            .field("written", &self.written().map(Version::generation))
            .field("api", &self.api())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.source.as_ref()? {
            // The message is the API error's own: its cause comes next.
            Source::Api(error) if self.kind() == ErrorKind::Api => error.source(),
            Source::Api(error) => Some(error),
            Source::Other(error) => Some(error.as_ref()),
        }
    }
}

impl From<run_api::Error> for Error {
    fn from(error: run_api::Error) -> Self {
        Self::new(ErrorKind::Api, error.detail()).with_api(error)
    }
}

impl From<run_api::InvalidName> for Error {
    fn from(error: run_api::InvalidName) -> Self {
        Self::other(error)
    }
}

impl Error {
    /// Of a value that could not be one.
    pub(crate) fn other(error: impl StdError + Send + Sync + 'static) -> Self {
        let mut made = Self::new(ErrorKind::Invalid, error.to_string());
        made.0.source = Some(Source::Other(Box::new(error)));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A predicate of both error types.
    type Predicate = (&'static str, fn(&run_api::Error) -> bool, fn(&Error) -> bool);

    macro_rules! predicates {
        ($($name:ident),* $(,)?) => { [$((stringify!($name), run_api::Error::$name, Error::$name)),*] };
    }

    /// All that both have, but for the unknown outcome: here it is what is left after reading again.
    const BOTH: [Predicate; 11] = predicates![
        is_not_found,
        is_conflict,
        is_already_exists,
        is_permission_denied,
        is_unauthenticated,
        is_invalid_argument,
        is_failed_precondition,
        is_rate_limited,
        is_unavailable,
        is_deadline_exceeded,
        is_cancelled,
    ];

    fn of_request(error: &run_api::Error) -> Vec<&'static str> {
        BOTH.iter().filter(|(_, is, _)| is(error)).map(|(name, ..)| *name).collect()
    }

    fn of_operation(error: &Error) -> Vec<&'static str> {
        BOTH.iter().filter(|(_, _, is)| is(error)).map(|(name, ..)| *name).collect()
    }

    #[test]
    fn a_predicate_means_the_same_in_both_crates() {
        use run_api::{Error as Api, ErrorKind as Kind};
        for (error, is) in [
            (Api::from_status(404, "NOT_FOUND", ""), Some("is_not_found")),
            (Api::from_status(409, "ABORTED", ""), Some("is_conflict")),
            (Api::from_status(409, "ALREADY_EXISTS", ""), Some("is_already_exists")),
            (Api::from_status(403, "PERMISSION_DENIED", ""), Some("is_permission_denied")),
            (Api::from_status(401, "UNAUTHENTICATED", ""), Some("is_unauthenticated")),
            (Api::from_kind(Kind::Credentials, ""), Some("is_unauthenticated")),
            (Api::from_status(400, "INVALID_ARGUMENT", ""), Some("is_invalid_argument")),
            (Api::invalid_input(""), Some("is_invalid_argument")),
            (Api::from_status(400, "FAILED_PRECONDITION", ""), Some("is_failed_precondition")),
            (Api::from_status(429, "RESOURCE_EXHAUSTED", ""), Some("is_rate_limited")),
            (Api::from_status(503, "UNAVAILABLE", ""), Some("is_unavailable")),
            (Api::from_kind(Kind::Connect, ""), Some("is_unavailable")),
            (Api::from_kind(Kind::Timeout, ""), Some("is_deadline_exceeded")),
            (Api::from_status(408, "DEADLINE_EXCEEDED", ""), Some("is_deadline_exceeded")),
            (Api::from_status(499, "CANCELLED", ""), Some("is_cancelled")),
            (Api::from_kind(Kind::Unreachable, ""), None),
            (Api::from_kind(Kind::Transport, ""), None),
            (Api::from_kind(Kind::Decode, ""), None),
        ] {
            let expected: Vec<_> = is.into_iter().collect();
            assert_eq!(of_request(&error), expected, "{error:?}");
            assert_eq!(of_operation(&Error::from(error)), expected);
        }
    }

    /// Resources are named as people know them and once, and no call is.
    #[test]
    fn a_failed_request_in_words() {
        for (resource, subject) in [
            ("projects/p/locations/us-central1/services/s", "service `s` (project p, region us-central1): "),
            (
                "projects/p/locations/us-central1/workerpools/w",
                "worker pool `w` (project p, region us-central1): ",
            ),
            ("projects/p/locations/-", "project p, all regions: "),
            ("projects/p/locations/us-central1", "project p, region us-central1: "),
            ("projects/p", "project p: "),
            ("", ""),
        ] {
            let error = run_api::Error::from_status(404, "NOT_FOUND", "gone")
                .with_operation("get_service")
                .with_resource(resource);
            assert_eq!(Error::from(error).to_string(), format!("{subject}NOT_FOUND (404): gone"));
        }
    }

    /// What an operation met on its way is not what it ended with.
    #[test]
    fn the_end_of_an_operation_decides() {
        let met = || run_api::Error::from_status(404, "NOT_FOUND", "");
        for (kind, is) in [
            (ErrorKind::Invalid, Some("is_invalid_argument")),
            (ErrorKind::AlreadyExists, Some("is_already_exists")),
            (ErrorKind::Contended, Some("is_conflict")),
            (ErrorKind::Deadline, Some("is_deadline_exceeded")),
            (ErrorKind::Cancelled, Some("is_cancelled")),
            (ErrorKind::Gone, None),
            (ErrorKind::Failed, None),
            (ErrorKind::Superseded, None),
            (ErrorKind::OutcomeUnknown, None),
            (ErrorKind::Unexpected, None),
        ] {
            let error = Error::new(kind, "").with_api(met());
            assert_eq!(of_operation(&error), is.into_iter().collect::<Vec<_>>(), "{kind:?}");
            assert_eq!(error.is_gone(), kind == ErrorKind::Gone);
            assert_eq!(error.is_failed(), kind == ErrorKind::Failed);
            assert_eq!(error.is_outcome_unknown(), kind == ErrorKind::OutcomeUnknown);
        }
    }
}
