//! The one error type of this crate.

use std::error::Error as StdError;
use std::fmt;

use run_api::ResourceId;

use crate::api::Kind;
use crate::{Version, Written};

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation that did not succeed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let emulator = run_emulator::Emulator::builder().start().await?;
/// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
/// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
/// # let hello = client.service("hello")?;
/// # let ops = run_ops::Ops::new(client);
/// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
/// # let written = ops.create_service(&hello, object).await?;
/// use std::time::Duration;
/// use run_ops::{Deadline, DeployRequest, ErrorKind, ServiceEdit};
///
/// let missing = ops.current(&ops.api().service("nothing")?).await.unwrap_err();
/// assert!(missing.is_not_found() && missing.api().is_some());
///
/// let broken = DeployRequest::new(hello.clone()).image("docker.io/run-emulator/exits");
/// let error = ops.deploy(&broken, Deadline::after(Duration::from_secs(60))).await.unwrap_err();
/// assert!(error.is_failed() && !error.is_deadline() && !error.is_not_allowed() && !error.is_outcome_unknown());
/// assert_eq!((error.kind(), error.resource()), (ErrorKind::Failed, Some(&hello.id())));
/// assert_eq!(error.reason(), Some("HealthCheckContainerError"));
/// assert_eq!(error.written().map(|written| written.generation()), Some(2));
/// println!("{error} ({})", error.hint().unwrap_or_default());
///
/// let never = Deadline::after(Duration::ZERO);
/// let error = ops.wait_until_ready(&ops.current(&hello).await?, never).await.unwrap_err();
/// assert!(error.is_deadline() && error.last_seen().is_some() && !error.message().is_empty());
/// # Ok(()) }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    resource: Option<ResourceId>,
    message: String,
    reason: Option<String>,
    last_seen: Option<String>,
    hint: Option<String>,
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
    /// Every attempt at the write lost against another writer.
    Contended,
    /// A write's answer was lost, and whether it was applied can not be told even after reading the object again;
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
            hint: None,
            written: None,
            source: None,
        }))
    }

    /// An error for an edit closure to refuse with.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// use run_api::Resource;
    /// use run_ops::Error;
    ///
    /// let refuse = |service: &mut run_api::types::Service| match service.name() {
    ///     Some("hello") => Err(Error::invalid("not this one")),
    ///     _ => Ok(()),
    /// };
    /// assert!(ops.update_service(&hello, refuse).await.is_err());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn about(mut self, resource: impl Into<ResourceId>) -> Self {
        self.0.resource.get_or_insert_with(|| resource.into());
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

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Names what was written before it failed, if anything was.
    pub(crate) fn after<K: Kind>(mut self, written: &Written<K>) -> Self {
        if written.changed() {
            self.0.written.get_or_insert_with(|| written.version());
        }
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
            ErrorKind::OutcomeUnknown => {
                "read it and compare before you try again: the write may be in place, or still arrive"
                    .to_owned()
            }
            ErrorKind::Contended => "find out what else keeps writing to it, and try again".to_owned(),
            ErrorKind::Failed => {
                "look at the revision's logs; the previous revision keeps the traffic that it had".to_owned()
            }
            ErrorKind::Gone | ErrorKind::Cancelled | ErrorKind::Invalid | ErrorKind::Unexpected => {
                return None;
            }
        })
    }

    /// The object does not exist, in the API's own words, or no longer.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::Gone || self.api().is_some_and(run_api::Error::is_not_found)
    }

    /// The deadline passed.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.kind() == ErrorKind::Deadline
    }

    /// The object failed, and the server said why.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.kind() == ErrorKind::Failed
    }

    /// The execution was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.kind() == ErrorKind::Cancelled
    }

    /// The caller may not do this, or is not known.
    #[must_use]
    pub fn is_not_allowed(&self) -> bool {
        self.api().is_some_and(|error| error.is_permission_denied() || error.is_unauthenticated())
    }

    /// A write's answer was lost, and whether it was applied can not be told: read before trying again.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.kind() == ErrorKind::OutcomeUnknown
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(resource) = self.resource() {
            write!(f, "{}: ", resource.short())?;
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
        Self::new(ErrorKind::Api, error.to_string()).with_api(error)
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
