//! Running jobs, and cancelling executions.

use run_api::known::conditions;
use run_api::types::{Execution, Job, Overrides, Revision};
use run_api::{ExecutionRef, JobRef, ListOptions, Resource};

use crate::api::{CancelExecutionApi, ReadApi, RunJobApi};
use crate::remedy::Remedy;
use crate::request::call::Attempts;
use crate::wait::Verdict;
use crate::{Deadline, Error, ErrorKind, Ops, Result, Written, readiness};

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

impl<C: Send + Sync> Ops<C> {
    /// Starts an execution of a job. It goes on after this returns; wait for its end with
    /// [`wait_until_ready`](Ops::wait_until_ready), or use [`execute`](Ops::execute).
    ///
    /// A run leaves no mark by which it could be found again, and is never sent twice unless the first one cannot have
    /// arrived (no connection, or a refusal for want of quota).
    ///
    /// # Errors
    /// [`ErrorKind::OutcomeUnknown`] if the answer was lost: an execution may have begun. Else the request's error.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
    /// let started = ops.run_job(&nightly, None).await?;
    /// let execution = ops.wait_until_ready(&started, Deadline::after(Duration::from_secs(60))).await?;
    /// assert_eq!(execution.status.and_then(|status| status.succeeded_count), Some(1));
    /// # Ok(()) }
    /// ```
    pub async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Written<Execution>>
    where
        C: RunJobApi,
    {
        let mut attempts = Attempts::once_only();
        let _open = self.open_write();
        let run = || self.api().run_job(job, overrides.clone());
        let execution = match self.attempt("run_job", &mut attempts, run).await {
            Ok(execution) => execution,
            Err(error) if error.may_have_been_applied() => {
                let message = "the answer to run_job was lost: an execution may have begun";
                let unknown = Error::new(ErrorKind::OutcomeUnknown, message).with_api(error);
                return Err(unknown.with_remedy(Remedy::ListExecutions).about(job));
            }
            Err(error) => return Err(error.into()),
        };
        let reference = job.location.execution(execution.name().unwrap_or_default()).map_err(|_| {
            Error::new(ErrorKind::Unexpected, "the server's answer has no name of an execution").about(job)
        })?;
        Written::new(&reference, execution, true)
    }

    /// Runs a job and waits until the execution has succeeded.
    ///
    /// Dropping the future stops the wait and nothing else: the execution goes on.
    ///
    /// # Errors
    /// As [`run_job`](Self::run_job); [`ErrorKind::Failed`] with the server's reason, at once, if the execution fails;
    /// [`ErrorKind::Cancelled`] if somebody cancels it; [`ErrorKind::Deadline`], [`ErrorKind::Gone`], or the error of a
    /// look. [`Error::written`] names the execution.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("docker.io/run-emulator/exits").build(&nightly)?).await?;
    /// let failed = ops.execute(&nightly, None, Deadline::after(Duration::from_secs(60))).await.unwrap_err();
    /// assert!(failed.is_failed() && failed.reason().is_some(), "{failed}");
    /// # Ok(()) }
    /// ```
    pub async fn execute(
        &self,
        job: &JobRef,
        overrides: Option<Overrides>,
        deadline: Deadline,
    ) -> Result<Execution>
    where
        C: RunJobApi + ReadApi<Execution> + ReadApi<Revision>,
    {
        let started = self.run_job(job, overrides).await?;
        self.wait_until_ready(&started, deadline).await
    }

    /// Starts the cancellation of an execution. It goes on after this returns.
    ///
    /// After a lost answer it is sent again: to cancel twice is to cancel once.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none; the server refuses to cancel what has ended otherwise.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
    /// let started = ops.run_job(&nightly, None).await?;
    /// ops.start_cancellation(started.reference()).await?;
    /// let waited = ops.wait_until_ready(&started, Deadline::after(Duration::from_secs(60))).await;
    /// assert!(waited.unwrap_err().is_cancelled(), "it is no success");
    /// # Ok(()) }
    /// ```
    pub async fn start_cancellation(&self, execution: &ExecutionRef) -> Result<Written<Execution>>
    where
        C: CancelExecutionApi + ReadApi<Execution>,
    {
        let cancel = || self.api().cancel_execution(execution);
        match self.converge("cancel_execution", execution, cancel).await {
            Ok(object) => Written::new(execution, object, true),
            Err(error) if error.api().is_some_and(run_api::Error::is_failed_precondition) => {
                // It has ended: by an earlier attempt of ours or of somebody else, which is as good, or by itself.
                let now = self.read_object(execution).await?;
                let reason =
                    now.condition(conditions::COMPLETED).and_then(|completed| completed.reason.as_deref());
                match matches!(reason, Some("Cancelled" | "Cancelling")) {
                    true => Written::new(execution, now, false),
                    false => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Cancels an execution and waits until it has ended so.
    ///
    /// Dropping the future after the cancellation has started stops the wait and nothing else.
    ///
    /// # Errors
    /// As [`start_cancellation`](Self::start_cancellation); [`ErrorKind::Failed`] if it ended by itself before, also if it
    /// succeeded; [`ErrorKind::Deadline`] or the error of a look.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, Outcome, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
    /// let started = ops.run_job(&nightly, None).await?;
    /// let soon = Deadline::after(Duration::from_secs(60));
    /// let execution = ops.cancel(started.reference(), soon).await?;
    /// assert_eq!(Outcome::of(&execution), Some(Outcome::Cancelled));
    /// # Ok(()) }
    /// ```
    pub async fn cancel(&self, execution: &ExecutionRef, deadline: Deadline) -> Result<Execution>
    where
        C: CancelExecutionApi + ReadApi<Execution>,
    {
        let cancelled = self.start_cancellation(execution).await?;
        let goal = crate::wait::cancelled(cancelled.uid());
        self.wait(&self.watch(execution), &goal, deadline).await?.ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "it was cancelled, and is not there").about(execution)
        })
    }

    /// The executions of a job in its region, the newest first.
    ///
    /// # Errors
    /// As [`list`](Ops::list).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_ops::{Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
    /// ops.run_job(&nightly, None).await?;
    /// assert_eq!(ops.executions_of(&nightly).await?.len(), 1);
    /// # Ok(()) }
    /// ```
    pub async fn executions_of(&self, job: &JobRef) -> Result<Vec<Execution>>
    where
        C: ReadApi<Execution>,
    {
        let label = format!("{}={}", run_api::known::labels::JOB, job.name);
        self.list(&job.location, &ListOptions::labelled(label)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MockCloudRun;
    use serde_json::json;

    fn nightly() -> JobRef {
        JobRef::new("p", "us-central1", "nightly").unwrap()
    }

    fn execution(reason: &str) -> Execution {
        serde_json::from_value(json!({
            "metadata": {"name": "nightly-x", "uid": "u", "generation": 1},
            "status": {"conditions": [{"type": "Completed", "status": "False", "reason": reason}]},
        }))
        .unwrap()
    }

    /// A run cannot be told from another: it is repeated only if the first one cannot have arrived.
    #[tokio::test(start_paused = true)]
    async fn a_run_is_never_sent_twice_in_doubt() {
        let status = |code, status| run_api::Error::from_status(code, status, "m");
        for (fault, times, unknown) in [
            (run_api::Error::from_kind(run_api::ErrorKind::Connect, "refused"), 2, false),
            (status(429, "RESOURCE_EXHAUSTED"), 2, false),
            (run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"), 1, true),
            (status(503, "UNAVAILABLE"), 1, true),
            (status(409, "ABORTED"), 1, false),
        ] {
            let refused = times == 1;
            let mut api = MockCloudRun::new();
            let mut fault = Some(fault);
            api.verbs.expect_run_job().times(times).returning(move |_, _| match fault.take() {
                Some(fault) => Err(fault),
                None => Ok(execution("")),
            });
            let result = Ops::new(api).run_job(&nightly(), None).await;
            assert_eq!(result.is_err(), refused);
            assert_eq!(result.is_err_and(|error| error.is_outcome_unknown()), unknown);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn to_cancel_what_was_cancelled_is_fine() {
        for (reason, fine) in
            [("Cancelled", true), ("Cancelling", true), ("NonZeroExitCode", false), ("", false)]
        {
            let mut api = MockCloudRun::new();
            api.verbs.expect_cancel_execution().once().returning(|_| {
                Err(run_api::Error::from_status(400, "FAILED_PRECONDITION", "It has already completed."))
            });
            api.executions.expect_get().returning(move |_| Ok(execution(reason)));
            let reference = nightly().location.execution("nightly-x").unwrap();
            let result = Ops::new(api).start_cancellation(&reference).await;
            assert_eq!(result.is_ok(), fine, "{reason}: {result:?}");
        }
    }

    #[test]
    fn outcomes() {
        assert_eq!(Outcome::of(&execution("Cancelled")), Some(Outcome::Cancelled));
        assert!(matches!(Outcome::of(&execution("Bad")), Some(Outcome::Failed { .. })));
        let mut deleted = execution("Cancelled");
        deleted.metadata.as_mut().unwrap().deletion_timestamp = Some("2026-01-01T00:00:00Z".to_owned());
        assert_eq!(Outcome::of(&deleted), Some(Outcome::Cancelled), "it stays so");
        assert_eq!(Outcome::of(&Execution::default()), None);
        for (status, expected) in [
            ("EXECUTION_SUCCEEDED", Some(Outcome::Succeeded)),
            ("EXECUTION_FAILED", Some(Outcome::Failed { reason: None, message: String::new() })),
            ("EXECUTION_CANCELLED", Some(Outcome::Cancelled)),
            ("EXECUTION_RUNNING", None),
            ("EXECUTION_PENDING", None),
            ("something new", None),
        ] {
            let job = json!({"status": {"latestCreatedExecution": {"completionStatus": status}}});
            assert_eq!(Outcome::of_latest(&serde_json::from_value(job).unwrap()), expected, "{status}");
        }
    }
}
