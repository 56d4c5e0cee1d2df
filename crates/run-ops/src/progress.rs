//! What a long operation tells while it runs.

mod tasks;

use std::time::Duration;

pub use tasks::{FailedTask, TaskCounts};

/// Something that happened during an operation; see [`Ops::on_event`](crate::Ops::on_event).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A stage of a deployment has begun.
    StageStarted {
        /// Which one.
        stage: Stage,
        /// What it is going to do, for people.
        what: String,
    },
    /// A stage of a deployment has ended well.
    StageDone {
        /// Which one.
        stage: Stage,
        /// What came of it, for people: a generation, or the name of a revision.
        outcome: String,
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
    /// The tasks of an awaited execution are not as they were at the last look.
    TasksChanged {
        /// The execution's name.
        execution: String,
        /// How many of them do what.
        tasks: TaskCounts,
    },
    /// A task of an awaited execution has failed, and is not going to be tried again.
    TaskFailed {
        /// The execution's name.
        execution: String,
        /// The task, and how it ended.
        task: FailedTask,
    },
    /// A poll failed with a passing fault; the wait goes on.
    PollFailed {
        /// The error.
        error: String,
    },
    /// A request failed with a passing fault and is going to be tried again.
    Retrying {
        /// The request, for example `get_service`.
        operation: &'static str,
        /// How often it was tried so far.
        attempt: u32,
        /// The time until the next attempt.
        next: Duration,
        /// The error.
        error: String,
    },
    /// A write waits until the rate limit allows it; see [`Ops::writes_per_minute`](crate::Ops::writes_per_minute).
    RateLimited {
        /// The write.
        operation: &'static str,
        /// The time until it is sent.
        next: Duration,
    },
    /// The answer to a write was lost: the object is read again to find out what became of it.
    Unacknowledged {
        /// The write, for example `replace_service`.
        operation: &'static str,
        /// How the answer was lost.
        error: String,
    },
    /// It is known what became of the write.
    OutcomeKnown {
        /// The write.
        operation: &'static str,
        /// Whether it was applied; if not, it is tried again.
        applied: bool,
    },
    /// Somebody else changed the object between our read and our write; it is read and edited again.
    Conflict {
        /// Which attempt at the write this was, from 1.
        attempt: u32,
        /// The time until the next attempt.
        next: Duration,
    },
}

/// The stages of a [deployment](crate::Ops::deploy), in their order; not every deployment has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The service is created.
    Create,
    /// The service is updated, or found to be as wanted.
    Update,
    /// It is set who may invoke it.
    Access,
    /// What was written is waited for.
    Verify,
}
