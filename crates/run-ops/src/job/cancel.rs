//! Cancelling executions, and listing what a job has run.

use run_api::known::{conditions, labels};
use run_api::types::{Execution, Task};
use run_api::{ExecutionRef, JobRef, ListOptions, Resource};

use super::lost::Moment;
use crate::api::{CancelExecutionApi, ReadApi};
use crate::{Deadline, Error, ErrorKind, FailedTask, Ops, Outcome, Result, Written};

impl<C: Send + Sync> Ops<C> {
    /// Starts the cancellation of an execution. It goes on after this returns.
    ///
    /// After a lost answer it is sent again: to cancel twice is to cancel once.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none; the server refuses to cancel what has ended otherwise.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
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
    /// # Ok(()) })
    /// ```
    pub async fn start_cancellation(&self, execution: &ExecutionRef) -> Result<Written<Execution>>
    where
        C: CancelExecutionApi + ReadApi<Execution>,
    {
        let cancel = || self.api().cancel_execution(execution);
        match self.converge("cancel_execution", execution, cancel).await {
            // A lost answer, and then a refusal: it had ended by itself.
            Ok(object)
                if matches!(Outcome::of(&object), Some(Outcome::Succeeded | Outcome::Failed { .. })) =>
            {
                Err(Error::new(ErrorKind::Failed, "it ended by itself before it could be cancelled")
                    .about(execution))
            }
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
    /// # fixture::emulated(async |client| {
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
    /// # Ok(()) })
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
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
    /// ops.run_job(&nightly, None).await?;
    /// assert_eq!(ops.executions_of(&nightly).await?.len(), 1);
    /// # Ok(()) })
    /// ```
    pub async fn executions_of(&self, job: &JobRef) -> Result<Vec<Execution>>
    where
        C: ReadApi<Execution>,
    {
        let label = format!("{}={}", labels::JOB, job.name);
        let mut executions: Vec<Execution> = self.list(&job.location, &ListOptions::labelled(label)).await?;
        executions.sort_by_cached_key(|execution| {
            std::cmp::Reverse(Moment::of(
                execution.metadata().and_then(|metadata| metadata.creation_timestamp.as_deref()),
            ))
        });
        Ok(executions)
    }

    /// The tasks of an execution, by their index.
    ///
    /// # Errors
    /// As [`list`](Ops::list).
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// let job = edit::job().image("us-docker.pkg.dev/cloudrun/container/job").tasks(3).build(&nightly)?;
    /// ops.create(&nightly, job).await?;
    /// let started = ops.run_job(&nightly, None).await?;
    /// assert_eq!(ops.tasks_of(started.reference()).await?.len(), 3);
    /// # Ok(()) })
    /// ```
    pub async fn tasks_of(&self, execution: &ExecutionRef) -> Result<Vec<Task>>
    where
        C: ReadApi<Task>,
    {
        let label = format!("{}={}", labels::EXECUTION, execution.name);
        let mut tasks = self.list::<Task>(&execution.location, &ListOptions::labelled(label)).await?;
        tasks.sort_by_key(index);
        Ok(tasks)
    }

    /// The tasks of an execution that failed for good, by their index.
    pub(super) async fn failed_tasks(&self, execution: &ExecutionRef) -> Result<Vec<FailedTask>>
    where
        C: ReadApi<Task>,
    {
        let label = format!("{}={},{}=Failed", labels::EXECUTION, execution.name, labels::RUNNING_STATE);
        let mut tasks = self.list::<Task>(&execution.location, &ListOptions::labelled(label)).await?;
        tasks.sort_by_key(index);
        Ok(tasks.iter().filter_map(FailedTask::of).collect())
    }
}

/// (The API leaves a zero out.)
fn index(task: &Task) -> i32 {
    task.status.as_ref().and_then(|status| status.index).unwrap_or(0)
}
