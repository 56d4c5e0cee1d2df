//! The one error type of this crate.

use std::error::Error as StdError;
use std::fmt;

use run_api::ServiceRef;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation that did not succeed.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    service: Option<ServiceRef>,
    message: String,
    reason: Option<String>,
    last_seen: Option<String>,
    written: Option<String>,
    hint: Option<String>,
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
    /// What was asked for can not be done with this service, or makes no sense; nothing was sent.
    Invalid,
    /// The service is not ready and will not become so by itself: the server gave a reason.
    Failed,
    /// The deadline passed. The operation may still succeed; nothing was undone.
    Deadline,
    /// Somebody wrote a later generation, so the awaited one will never be ready.
    Superseded,
    /// The awaited service was deleted, or replaced by another of the same name.
    Gone,
    /// Every attempt at the write lost against another writer.
    Contended,
    /// The answer to a write was lost, and what became of it could not be found out; the message names the write.
    OutcomeUnknown,
    /// The new revision is ready, but has not the share of the traffic that was asked for.
    NotServing,
    /// The server's answer lacks something that the API promises.
    Unexpected,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            service: None,
            message: message.into(),
            reason: None,
            last_seen: None,
            written: None,
            hint: None,
            source: None,
        }))
    }

    /// An error for an edit closure to refuse with.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// The answer to a write was lost, and so was what became of it.
    pub(crate) fn outcome_unknown(what: &str, error: run_api::Error) -> Self {
        let message = format!(
            "the answer to {what} was lost, and whether it was carried out could not be found out: {error}"
        );
        Self::new(ErrorKind::OutcomeUnknown, message).with_api(error)
    }

    pub(crate) fn about(mut self, service: &ServiceRef) -> Self {
        self.0.service.get_or_insert_with(|| service.clone());
        self
    }

    /// Names what the message is about, if that is not the service.
    pub(crate) fn with_prefix(mut self, what: &str) -> Self {
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

    /// Says what was written before the operation failed.
    pub(crate) fn with_written(mut self, what: impl Into<String>) -> Self {
        self.0.written.get_or_insert_with(|| what.into());
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
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

    /// The service that the operation was about.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceRef> {
        self.0.service.as_ref()
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

    /// After a deadline: the state at the last look.
    #[must_use]
    pub fn last_seen(&self) -> Option<&str> {
        self.0.last_seen.as_deref()
    }

    /// What the operation had written before it failed, if it was something: the operation was carried out in part.
    #[must_use]
    pub fn written(&self) -> Option<&str> {
        self.0.written.as_deref()
    }

    /// What to do next, in a sentence for people.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        if let Some(hint) = &self.0.hint {
            return Some(hint.clone());
        }
        Some(match self.kind() {
            ErrorKind::Api => return self.api()?.hint(),
            ErrorKind::Deadline => "it may still become ready: look again, or wait longer".to_owned(),
            ErrorKind::Superseded => "wait for the later generation, or find out who wrote it".to_owned(),
            ErrorKind::Contended => "find out what else keeps writing to it, and try again".to_owned(),
            ErrorKind::Failed => {
                "look at the revision's logs; the previous revision keeps the traffic that it had".to_owned()
            }
            ErrorKind::OutcomeUnknown => {
                "look at the service before trying again: it may be as wanted".to_owned()
            }
            ErrorKind::NotServing => "assign the traffic by name, and find out who else writes it".to_owned(),
            ErrorKind::Gone | ErrorKind::Invalid | ErrorKind::Unexpected => return None,
        })
    }

    /// The service does not exist, in the API's own words, or no longer.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::Gone || self.api().is_some_and(run_api::Error::is_not_found)
    }

    /// The deadline passed.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.kind() == ErrorKind::Deadline
    }

    /// The service failed, and the server said why.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.kind() == ErrorKind::Failed
    }

    /// The caller may not do this, or is not known.
    #[must_use]
    pub fn is_not_allowed(&self) -> bool {
        self.api().is_some_and(|error| error.is_permission_denied() || error.is_unauthenticated())
    }

    /// A write's answer was lost, and so was what became of it: it may or may not have been applied.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.kind() == ErrorKind::OutcomeUnknown
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(service) = self.service() {
            write!(f, "{}: ", service.short())?;
        }
        f.write_str(self.message())?;
        if let Some(state) = self.last_seen() {
            write!(f, "; last seen: {state}")?;
        }
        if let Some(written) = self.written() {
            write!(f, "; written before: {written}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("service", &self.service().map(ToString::to_string))
            .field("message", &self.message())
            .field("reason", &self.reason())
            .field("last_seen", &self.last_seen())
            .field("written", &self.written())
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
        Self::new(ErrorKind::Api, error.to_string()).with_api(error)
    }
}

impl From<run_api::InvalidName> for Error {
    fn from(error: run_api::InvalidName) -> Self {
        Self::other(error)
    }
}

impl From<crate::InvalidTraffic> for Error {
    fn from(error: crate::InvalidTraffic) -> Self {
        Self::other(error)
    }
}

impl From<crate::InvalidMember> for Error {
    fn from(error: crate::InvalidMember) -> Self {
        Self::other(error)
    }
}

impl Error {
    fn other(error: impl StdError + Send + Sync + 'static) -> Self {
        let mut made = Self::new(ErrorKind::Invalid, error.to_string());
        made.0.source = Some(Source::Other(Box::new(error)));
        made
    }
}
