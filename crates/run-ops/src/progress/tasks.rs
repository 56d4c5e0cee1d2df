//! What the tasks of an execution do, and how one of them failed.

use std::fmt;

use run_api::Resource;
use run_api::known::conditions;
use run_api::types::{Execution, Task};

/// How many tasks of an execution do what.
///
/// ```
/// use run_api::types::Execution;
/// use run_ops::TaskCounts;
///
/// let execution: Execution = serde_json::from_value(serde_json::json!({
///     "spec": {"taskCount": 20},
///     "status": {"succeededCount": 12, "runningCount": 5, "retriedCount": 1},
/// }))?;
/// assert_eq!(TaskCounts::of(&execution).to_string(), "12 of 20 succeeded, 5 running, 1 retried");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskCounts {
    /// All of them.
    pub total: u32,
    /// Those that run now.
    pub running: u32,
    /// Those that succeeded.
    pub succeeded: u32,
    /// Those that failed and are not tried again.
    pub failed: u32,
    /// Those that were cancelled, or given up since another one had failed.
    pub cancelled: u32,
    /// Those that were tried again at least once, whatever became of them.
    pub retried: u32,
}

impl TaskCounts {
    /// As the status of the execution has them.
    #[must_use]
    pub fn of(execution: &Execution) -> Self {
        let number = |count: Option<i32>| count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        let total = execution.spec.as_ref().and_then(|spec| spec.task_count);
        let status = execution.status.clone().unwrap_or_default();
        Self {
            // The API's default.
            total: total.map_or(1, |total| number(Some(total))),
            running: number(status.running_count),
            succeeded: number(status.succeeded_count),
            failed: number(status.failed_count),
            cancelled: number(status.cancelled_count),
            retried: number(status.retried_count),
        }
    }

    /// Those that have come to their end.
    #[must_use]
    pub fn ended(&self) -> u32 {
        self.succeeded.saturating_add(self.failed).saturating_add(self.cancelled)
    }
}

impl fmt::Display for TaskCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} succeeded", self.succeeded, self.total)?;
        for (count, what) in [
            (self.running, "running"),
            (self.failed, "failed"),
            (self.cancelled, "cancelled"),
            (self.retried, "retried"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// A task that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedTask {
    /// Which one of the execution's, from 0.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The exit code of the last attempt; none if it did not come to one.
    pub exit_code: Option<i32>,
    /// The signal that ended the last attempt, if one did.
    pub signal: Option<i32>,
    /// The server's reason, for example `NonZeroExitCode`.
    pub reason: Option<String>,
    /// What the server says of the last attempt; empty if it says nothing.
    pub message: String,
    /// Where its logs are in the Cloud console.
    pub log_url: Option<String>,
}

impl FailedTask {
    /// What a task says of its end; none if it did not fail. One that was cancelled, or given up since another one had
    /// failed, did not.
    #[must_use]
    pub fn of(task: &Task) -> Option<Self> {
        let completed = task.condition(conditions::COMPLETED)?;
        let is_false = completed.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("False"));
        if !is_false || matches!(completed.reason.as_deref(), Some("Cancelled" | "Abandoned")) {
            return None;
        }
        let status = task.status.as_ref()?;
        let number = |count: Option<i32>| count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        let result = status.last_attempt_result.as_ref();
        let told = result.and_then(|result| result.status.as_ref()?.message.clone());
        Some(Self {
            index: number(status.index),
            name: task.name().unwrap_or_default().to_owned(),
            attempts: number(status.retried).saturating_add(1),
            exit_code: result.and_then(|result| result.exit_code),
            signal: result.and_then(|result| result.term_signal),
            reason: completed.reason.clone().filter(|reason| !reason.is_empty()),
            message: completed.message.clone().or(told).unwrap_or_default(),
            log_url: status.log_uri.clone(),
        })
    }

    /// The exit code as a shell tells it: 128 and the number of the signal, if one ended the task.
    #[must_use]
    pub fn shell_code(&self) -> Option<i32> {
        self.exit_code.or_else(|| self.signal.map(|signal| signal.saturating_add(128)))
    }
}

impl fmt::Display for FailedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.index)?;
        match (self.exit_code, self.signal) {
            (Some(code), _) => write!(f, " failed with exit code {code}")?,
            (None, Some(signal)) => write!(f, " was ended by signal {signal}")?,
            (None, None) => f.write_str(" failed")?,
        }
        let times = if self.attempts == 1 { "attempt" } else { "attempts" };
        write!(f, " after {} {times}", self.attempts)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn task(reason: &str, retried: i32, result: Value) -> Task {
        serde_json::from_value(json!({
            "metadata": {"name": "x-task4"},
            "status": {
                "index": 4, "retried": retried, "lastAttemptResult": result,
                "conditions": [{"type": "Completed", "status": "False", "reason": reason, "message": "why."}],
            },
        }))
        .unwrap()
    }

    #[test]
    fn failed_tasks_say_how() {
        for (reason, retried, result, told, code) in [
            (
                "NonZeroExitCode",
                2,
                json!({"exitCode": 3, "status": {"code": 10}}),
                "task 4 failed with exit code 3 after 3 attempts: why.",
                Some(3),
            ),
            (
                "NonZeroExitCode",
                0,
                json!({"termSignal": 9}),
                "task 4 was ended by signal 9 after 1 attempt: why.",
                Some(137),
            ),
            (
                "DeadlineExceeded",
                0,
                json!({"status": {"code": 4}}),
                "task 4 failed after 1 attempt: why.",
                None,
            ),
        ] {
            let failed = FailedTask::of(&task(reason, retried, result)).unwrap();
            assert_eq!((failed.to_string().as_str(), failed.shell_code()), (told, code));
        }
        for other in ["Cancelled", "Abandoned"] {
            assert_eq!(
                FailedTask::of(&task(other, 0, json!({}))),
                None,
                "{other} is no failure of the task's"
            );
        }
        assert_eq!(FailedTask::of(&Task::default()), None);
    }

    #[test]
    fn counts_leave_out_what_is_zero() {
        let of = |status: Value| {
            let execution = json!({"spec": {"taskCount": 3}, "status": status});
            TaskCounts::of(&serde_json::from_value(execution).unwrap())
        };
        assert_eq!(of(json!({})).to_string(), "0 of 3 succeeded");
        let mixed =
            of(json!({"succeededCount": 1, "failedCount": 1, "cancelledCount": 1, "retriedCount": 1}));
        assert_eq!(mixed.to_string(), "1 of 3 succeeded, 1 failed, 1 cancelled, 1 retried");
        assert_eq!(mixed.ended(), 3);
        assert_eq!(TaskCounts::of(&Execution::default()).total, 1, "the default of the API");
    }
}
