//! Tasks: the states that they go through, and what is counted of them. Pure functions on objects.

use run_api::Resource;
use run_api::known;
use run_api::types::{ExecutionStatus, RpcStatus, Task, TaskAttemptResult};

use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::store::{index, touch};

/// What a task is doing, as its label says. (Documented: the API's document lists these.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunningState {
    Pending,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Abandoned,
}

const LABEL: &str = known::labels::RUNNING_STATE;

const STATES: [(RunningState, &str); 6] = [
    (RunningState::Pending, "Pending"),
    (RunningState::Running, "Running"),
    (RunningState::Succeeded, "Succeeded"),
    (RunningState::Failed, "Failed"),
    (RunningState::Cancelled, "Cancelled"),
    (RunningState::Abandoned, "Abandoned"),
];

/// How one attempt at a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The container exited.
    Exited { code: i32 },
    /// A signal ended it.
    Killed { signal: i32 },
    /// It took longer than it may.
    TimedOut,
    /// It could not be started.
    NotStarted,
}

pub(crate) fn state(task: &Task) -> RunningState {
    let label = task.metadata.as_ref().and_then(|metadata| metadata.labels.get(LABEL));
    let found = STATES.iter().find(|(_, name)| label.is_some_and(|label| label == name));
    found.map_or(RunningState::Pending, |(state, _)| *state)
}

pub(crate) fn set_state(task: &mut Task, state: RunningState) {
    let name = STATES.iter().find(|(known, _)| *known == state).map_or("Pending", |(_, name)| name);
    task.metadata.get_or_insert_default().labels.insert(LABEL.to_owned(), name.to_owned());
}

/// Begins an attempt, the first or another one, and says which: the first is 0.
pub(crate) fn begin(task: &mut Task, now: Moment) -> i32 {
    set_state(task, RunningState::Running);
    let status = task.status.get_or_insert_default();
    status.start_time.get_or_insert_with(|| now.timestamp());
    conditions::set(&mut status.conditions, "Started", Is::True, None, None, now);
    let attempt = status.retried.unwrap_or(0);
    touch(&mut task.metadata, now);
    attempt
}

/// Ends an attempt: the task succeeds, waits for another attempt, or has failed for good.
///
/// (Seen: the message of a failed task. The execution names it.)
pub(crate) fn end(task: &mut Task, ended: Attempt, most: i32, now: Moment) {
    let status = task.status.get_or_insert_default();
    status.last_attempt_result = Some(result(ended));
    let next = match failure(ended) {
        None => {
            status.completion_time = Some(now.timestamp());
            conditions::set(&mut status.conditions, "Completed", Is::True, None, None, now);
            RunningState::Succeeded
        }
        Some((reason, message)) => {
            let retried = status.retried.unwrap_or(0);
            if retried < most {
                status.retried = Some(retried + 1);
                RunningState::Pending
            } else {
                status.completion_time = Some(now.timestamp());
                conditions::set(
                    &mut status.conditions,
                    "Completed",
                    Is::False,
                    Some(reason),
                    Some(message),
                    now,
                );
                RunningState::Failed
            }
        }
    };
    set_state(task, next);
    touch(&mut task.metadata, now);
}

/// Ends a task that has not come to its end by itself.
pub(crate) fn give_up(task: &mut Task, last: RunningState, now: Moment) {
    if !matches!(state(task), RunningState::Pending | RunningState::Running) {
        return;
    }
    set_state(task, last);
    let status = task.status.get_or_insert_default();
    status.completion_time = Some(now.timestamp());
    let (reason, message) = match last {
        RunningState::Cancelled => ("Cancelled", "The task was cancelled."),
        _ => ("Abandoned", "The task was abandoned, since another one failed."),
    };
    conditions::set(&mut status.conditions, "Completed", Is::False, Some(reason), Some(message), now);
    touch(&mut task.metadata, now);
}

/// (Seen: the code of the status for a container that exits with another code than zero, 10, and the message of the
/// execution.)
fn result(ended: Attempt) -> TaskAttemptResult {
    const ABORTED: i32 = 10;
    const DEADLINE_EXCEEDED: i32 = 4;
    let failed = |code, message: &str| {
        Some(RpcStatus { code: Some(code), message: Some(message.to_owned()), ..RpcStatus::default() })
    };
    match ended {
        Attempt::Exited { code: 0 } => {
            TaskAttemptResult { status: Some(RpcStatus::default()), ..TaskAttemptResult::default() }
        }
        Attempt::Exited { code } => TaskAttemptResult {
            exit_code: Some(code),
            status: failed(ABORTED, EXITED),
            ..TaskAttemptResult::default()
        },
        Attempt::Killed { signal } => TaskAttemptResult {
            term_signal: Some(signal),
            status: failed(ABORTED, "The container was terminated by a signal."),
            ..TaskAttemptResult::default()
        },
        Attempt::TimedOut => {
            TaskAttemptResult { status: failed(DEADLINE_EXCEEDED, TIMED_OUT), ..TaskAttemptResult::default() }
        }
        Attempt::NotStarted => {
            TaskAttemptResult { status: failed(ABORTED, NOT_STARTED), ..TaskAttemptResult::default() }
        }
    }
}

const EXITED: &str = "The container exited with an error.";
const TIMED_OUT: &str = "The configured timeout was reached.";
const NOT_STARTED: &str = "The container could not be started.";

/// Why a task failed: nothing if it did not. (Seen for an exit code; the others are inferred.)
fn failure(ended: Attempt) -> Option<(&'static str, &'static str)> {
    Some(match ended {
        Attempt::Exited { code: 0 } => return None,
        Attempt::Exited { .. } | Attempt::Killed { .. } => ("NonZeroExitCode", EXITED),
        Attempt::TimedOut => ("DeadlineExceeded", TIMED_OUT),
        Attempt::NotStarted => ("ContainerFailed", NOT_STARTED),
    })
}

/// What an execution says of a task of it that has failed: reason and message; nothing if it has not. (Seen.)
pub(crate) fn told_of(task: &Task) -> Option<(String, String)> {
    if state(task) != RunningState::Failed {
        return None;
    }
    let completed = task.condition("Completed")?;
    let (reason, why) = (completed.reason.clone().unwrap_or_default(), completed.message.as_deref()?);
    let result = task.status.as_ref()?.last_attempt_result.as_ref()?;
    let code = result.exit_code.or(result.term_signal.map(|signal| signal.saturating_add(128)));
    let with = code.map_or_else(String::new, |code| format!(" exit code: {code} and"));
    Some((reason, format!("Task {} failed with{with} message: {why}", task.name().unwrap_or_default())))
}

/// Counts tasks into the status of their execution. (Seen: what is zero is left out.)
pub(crate) fn count<'a>(tasks: impl Iterator<Item = &'a Task>, status: &mut ExecutionStatus) {
    let (mut running, mut succeeded, mut failed, mut cancelled, mut retried) = (0, 0, 0, 0, 0);
    for task in tasks {
        match state(task) {
            RunningState::Running => running += 1,
            RunningState::Succeeded => succeeded += 1,
            RunningState::Failed => failed += 1,
            // What never ran because another task has failed counts here, so that the counters add up.
            RunningState::Cancelled | RunningState::Abandoned => cancelled += 1,
            RunningState::Pending => {}
        }
        let again = task.status.as_ref().and_then(|status| status.retried).is_some_and(|count| count > 0);
        retried += i32::from(again);
    }
    let some = |count: i32| (count > 0).then_some(count);
    status.running_count = some(running);
    status.succeeded_count = some(succeeded);
    status.failed_count = some(failed);
    status.cancelled_count = some(cancelled);
    status.retried_count = some(retried);
}

/// Which of the tasks start next, if so many may run at a time; those that `runs` says of run already. Once a task
/// has failed for good, none does. (Inferred: the API has a state for tasks that were abandoned.)
pub(crate) fn to_start<'a>(
    tasks: impl Iterator<Item = &'a Task> + Clone,
    parallelism: usize,
    runs: impl Fn(i32) -> bool,
) -> Vec<i32> {
    if tasks.clone().any(|task| state(task) == RunningState::Failed) {
        return Vec::new();
    }
    let unsettled = tasks.filter(|task| matches!(state(task), RunningState::Pending | RunningState::Running));
    let (running, waiting): (Vec<i32>, Vec<i32>) = unsettled.map(index).partition(|index| runs(*index));
    waiting.into_iter().take(parallelism.saturating_sub(running.len())).collect()
}
