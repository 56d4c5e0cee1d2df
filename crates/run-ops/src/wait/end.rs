//! How a wait ended, and the error that this makes.

use run_api::ResourceId;

use super::Verdict;
use crate::{Deadline, Error, ErrorKind, Result};

/// How a wait ended.
pub(crate) enum End<T> {
    /// The goal is met, by this object or by its absence.
    Met(Option<T>),
    /// It will not be met, as this object shows, or the answer that there is none.
    Unmet(Verdict, Result<T, Option<run_api::Error>>),
    /// The time is over.
    Deadline {
        /// What the goal says of it.
        unmet: String,
        /// What was seen last.
        state: String,
        /// The fault of the last look, if it failed.
        fault: Option<run_api::Error>,
    },
    /// A look failed with a lasting fault.
    Failed(run_api::Error),
}

impl<T> End<T> {
    /// The object of a goal that was met, or the error.
    pub(crate) fn into_result(self, resource: Option<ResourceId>, deadline: Deadline) -> Result<Option<T>> {
        let error = match self {
            Self::Met(object) => return Ok(object),
            Self::Failed(error) => return Err(error.into()),
            Self::Unmet(verdict, seen) => match seen {
                Err(Some(missing)) => unmet(verdict).with_api(missing),
                _ => unmet(verdict),
            },
            Self::Deadline { unmet, state, fault } => {
                let message = format!("{unmet} within {:.1} s", deadline.allowed().as_secs_f64());
                let error = Error::new(ErrorKind::Deadline, message);
                match fault {
                    Some(fault) => {
                        error.with_last_seen(format!("{state}; then {}", fault.detail())).with_api(fault)
                    }
                    None => error.with_last_seen(state),
                }
            }
        };
        Err(match resource {
            Some(resource) => error.about(resource),
            None => error,
        })
    }
}

fn unmet(verdict: Verdict) -> Error {
    match verdict {
        Verdict::Never { reason, message } => failed(reason, &message),
        Verdict::Superseded { awaited, by } => Error::new(
            ErrorKind::Superseded,
            format!("generation {awaited} was superseded by generation {by} before it was ready"),
        ),
        Verdict::Cancelled { message } => Error::new(ErrorKind::Cancelled, cancelled(&message)),
        Verdict::Gone { why } => Error::new(ErrorKind::Gone, why),
        // No end of a wait; here for completeness.
        Verdict::Met | Verdict::NotYet => Error::new(ErrorKind::Unexpected, "the wait had no end"),
    }
}

fn cancelled(message: &str) -> String {
    match message {
        "" => "it was cancelled".to_owned(),
        message => format!("it was cancelled: {message}"),
    }
}

pub(crate) fn failed(reason: Option<String>, message: &str) -> Error {
    let text = match (&reason, message) {
        (Some(reason), "") => format!("it failed ({reason}), and the server gave no message"),
        (Some(reason), message) => format!("it failed ({reason}): {message}"),
        (None, "") => "it failed, and the server gave no message".to_owned(),
        (None, message) => format!("it failed: {message}"),
    };
    Error::new(ErrorKind::Failed, text).with_reason(reason)
}
