//! Jobs: running them, following their executions to the end, cancelling.
//!
//! A run is no write like the others: it leaves no mark by which it could be told from another one. So it is never sent
//! twice in doubt. After a lost answer the job's executions are read: one that is newer than what was read before, and
//! equal in what the run asked for, is ours; none, or several, and the outcome is unknown.

mod cancel;
mod deploy;
mod follow;
mod lost;
mod outcome;
mod overrides;
mod run;

use run_api::types::{Execution, Job, Overrides, Task};
use run_api::{JobRef, Resource};
use tokio::time::Instant;

pub use outcome::Outcome;
pub use overrides::OverridesEdit;
pub use run::Run;

use crate::api::{ReadApi, RunJobApi};
use crate::remedy::Remedy;
use crate::request::call::{Answer, Attempts};
use crate::{Deadline, Error, ErrorKind, Event, Ops, Result, Written};
use lost::{Found, Wanted};

const RUN: &str = "run_job";

/// How often the executions are read after a lost answer: reads may be older than the run.
const LOOKS: u32 = 4;

/// How long it is looked for at most.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

impl<C: Send + Sync> Ops<C> {
    /// Starts an execution of a job. It goes on after this returns; wait for its end with
    /// [`finish_run`](Ops::finish_run), or use [`execute`](Ops::execute).
    ///
    /// A run is never sent twice unless the first one cannot have arrived (no connection, or a refusal for want of
    /// quota). If its answer was lost, it is looked for among the job's executions that are newer than the job was when
    /// it was read, and equal to what was asked for. For this the job is read first; a caller who may run it and not read
    /// it can do without.
    ///
    /// # Errors
    /// [`ErrorKind::OutcomeUnknown`] if the answer was lost and not exactly one execution can be it: one may have begun.
    /// Else the request's error.
    ///
    /// # Caveats
    /// An equal run that somebody else starts at the same moment cannot be told from a lost one.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_api::types::Overrides;
    /// use run_ops::{Deadline, Ops, Outcome, OverridesEdit, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
    /// let started = ops.run_job(&nightly, Some(Overrides::default().tasks(3).env("DAY", "monday"))).await?;
    /// let run = ops.finish_run(&started, Deadline::after(Duration::from_secs(60))).await;
    /// assert_eq!((run.outcome, run.tasks.succeeded), (Outcome::Succeeded, 3));
    /// # Ok(()) })
    /// ```
    pub async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Written<Execution>>
    where
        C: RunJobApi + ReadApi<Job> + ReadApi<Execution>,
    {
        self.hold_back(RUN, &job.location).await;
        let before = match self.read_object(job).await {
            Ok(before) => Some(before),
            // The right to run a job does not include that to read it.
            Err(error) if error.is_permission_denied() => None,
            Err(error) => return Err(error.into()),
        };
        let mut attempts = Attempts::once_only();
        // Open while it is on its way, and not while it waits for another try.
        let run = || -> Answer<'_, Execution> {
            let (open, overrides) = (self.open_write(), overrides.clone());
            Box::pin(async move {
                let _open = open;
                self.api().run_job(job, overrides).await
            })
        };
        match self.attempt(RUN, &mut attempts, run).await {
            Ok(execution) => started(job, execution),
            Err(error) if error.may_have_been_applied() => {
                let wanted = before.map(|before| Wanted::of(&before, overrides.as_ref()));
                self.settle_run(job, wanted, error).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Finds out which execution a run has made whose answer was lost.
    async fn settle_run(
        &self,
        job: &JobRef,
        wanted: Option<Wanted>,
        error: run_api::Error,
    ) -> Result<Written<Execution>>
    where
        C: ReadApi<Execution>,
    {
        let _open = self.open_write();
        self.tell(&Event::Unacknowledged { operation: RUN, error: error.detail() });
        let (start, patience) = (Instant::now(), Deadline::after(PATIENCE));
        let mut why = "an execution may have begun".to_owned();
        for look in 0..LOOKS {
            let Some(wanted) = &wanted else { break };
            if look > 0 && !self.pause(start, patience, None).await {
                break;
            }
            let Ok(executions) = self.executions_of(job).await else { break };
            match wanted.find(&executions) {
                Found::None => "none is to be seen, and one may still begin".clone_into(&mut why),
                Found::One(found) => {
                    self.tell(&Event::OutcomeKnown { operation: RUN, applied: true });
                    return started(job, *found);
                }
                Found::Several(names) => {
                    why = format!("it may be any of {}", names.join(", "));
                    break;
                }
            }
        }
        let message = format!("the answer was lost: {why}");
        let unknown = Error::new(ErrorKind::OutcomeUnknown, message).with_api(error);
        Err(unknown.with_remedy(Remedy::ListExecutions).about(job))
    }

    /// Runs a job and waits until the execution has succeeded.
    ///
    /// Dropping the future stops the wait and nothing else: the execution goes on.
    ///
    /// # Errors
    /// As [`run_job`](Self::run_job); [`ErrorKind::Failed`] with the server's reason, at once, if the execution fails;
    /// [`ErrorKind::Cancelled`] if somebody cancels it; [`ErrorKind::Deadline`] if it goes on;
    /// [`ErrorKind::OutcomeUnknown`] if its end could not be seen. [`Error::written`] names the execution.
    /// [`finish_run`](Self::finish_run) tells more: the tasks that failed, and their exit codes.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("docker.io/run-emulator/exits").build(&nightly)?).await?;
    /// let failed = ops.execute(&nightly, None, Deadline::after(Duration::from_secs(60))).await.unwrap_err();
    /// assert!(failed.is_failed() && failed.reason().is_some(), "{failed}");
    /// # Ok(()) })
    /// ```
    pub async fn execute(
        &self,
        job: &JobRef,
        overrides: Option<Overrides>,
        deadline: Deadline,
    ) -> Result<Execution>
    where
        C: RunJobApi + ReadApi<Job> + ReadApi<Execution> + ReadApi<Task>,
    {
        let started = self.run_job(job, overrides).await?;
        let run = self.finish_run(&started, deadline).await;
        run.success().map_err(|error| error.after(started.made()))
    }
}

fn started(job: &JobRef, execution: Execution) -> Result<Written<Execution>> {
    let reference = job.location.execution(execution.name().unwrap_or_default()).map_err(|_| {
        Error::new(ErrorKind::Unexpected, "the server's answer has no name of an execution").about(job)
    })?;
    Written::new(&reference, execution, true)
}

#[cfg(test)]
mod tests;
