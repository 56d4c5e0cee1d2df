//! What a long operation tells while it runs.

use std::time::Duration;

/// Something that happened during an operation; see [`Ops::on_event`](crate::Ops::on_event).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A deployment knows what it writes, and has written it if it is anything.
    Planned {
        /// The plan, in lines for people.
        plan: String,
    },
    /// A condition of the awaited object is not what it was at the last look.
    ConditionChanged {
        /// The condition's type, for example `RoutesReady`.
        condition: String,
        /// `True`, `False` or `Unknown`.
        status: String,
        /// The server's reason, a CamelCase word.
        reason: Option<String>,
        /// The server's message.
        message: Option<String>,
    },
    /// A look failed with a passing fault; the wait goes on.
    LookFailed {
        /// The error.
        error: String,
    },
    /// A request failed with a passing fault, and is tried again, or what became of it is looked at.
    Retrying {
        /// The error.
        error: String,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// The time until the next attempt.
        next: Duration,
    },
    /// The answer to a write was lost, and it was found that the server had carried it out.
    Settled,
    /// Somebody else changed the object between our read and our write; it is read and edited again.
    Conflict {
        /// Which attempt at the write this was, from 1.
        attempt: u32,
        /// The time until the next attempt.
        next: Duration,
    },
}
