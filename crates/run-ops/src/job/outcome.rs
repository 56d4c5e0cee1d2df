//! How an execution ended.

use run_api::Resource;
use run_api::types::{Execution, Job};

use crate::readiness;
use crate::wait::Verdict;

/// How an execution ended.
///
/// ```
/// use run_api::types::Execution;
/// use run_ops::Outcome;
///
/// let execution: Execution = serde_json::from_value(serde_json::json!({
///     "metadata": {"uid": "u", "generation": 1},
///     "status": {"conditions": [
///         {"type": "Completed", "status": "False", "reason": "NonZeroExitCode", "message": "Task t failed"},
///     ]},
/// }))?;
/// let failed = Outcome::Failed { reason: Some("NonZeroExitCode".to_owned()), message: "Task t failed".to_owned() };
/// assert_eq!(Outcome::of(&execution), Some(failed));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// All tasks succeeded.
    Succeeded,
    /// A task failed for good, or the execution could not start.
    Failed {
        /// The server's reason, for example `NonZeroExitCode`.
        reason: Option<String>,
        /// The server's message.
        message: String,
    },
    /// Somebody cancelled it: neither a success nor a failure of what it ran.
    Cancelled,
    /// The deadline passed while it went on: it may still come to any end. (Only a [`Run`](crate::Run) can say this.)
    Running,
    /// It was begun, and how it ended cannot be told: it was deleted meanwhile, or may not be read.
    Unknown,
}

impl Outcome {
    /// That of an execution; none as long as it goes on.
    #[must_use]
    pub fn of(execution: &Execution) -> Option<Self> {
        let uid = execution.uid().unwrap_or_default();
        let execution =
            &Execution { metadata: execution.metadata.clone().map(undeleted), ..execution.clone() };
        match readiness(execution, uid, execution.generation().unwrap_or_default()) {
            Verdict::Met => Some(Self::Succeeded),
            Verdict::Never { reason, message } => Some(Self::Failed { reason, message }),
            Verdict::Cancelled { .. } => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// That of a job's latest execution, as the job's status says it; none as long as it goes on, or if there is none.
    ///
    /// The job tells less than the execution: a failure has no reason and no message.
    ///
    /// ```
    /// use run_api::types::Job;
    /// use run_ops::Outcome;
    ///
    /// let job: Job = serde_json::from_value(serde_json::json!({
    ///     "status": {"latestCreatedExecution": {"name": "x", "completionStatus": "EXECUTION_CANCELLED"}},
    /// }))?;
    /// assert_eq!(Outcome::of_latest(&job), Some(Outcome::Cancelled));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn of_latest(job: &Job) -> Option<Self> {
        let latest = job.status.as_ref()?.latest_created_execution.as_ref()?;
        match latest.completion_status.as_deref()? {
            "EXECUTION_SUCCEEDED" => Some(Self::Succeeded),
            "EXECUTION_FAILED" => Some(Self::Failed { reason: None, message: String::new() }),
            "EXECUTION_CANCELLED" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// How an execution ended stays so while it is being deleted.
fn undeleted(metadata: run_api::types::ObjectMeta) -> run_api::types::ObjectMeta {
    run_api::types::ObjectMeta { deletion_timestamp: None, ..metadata }
}
