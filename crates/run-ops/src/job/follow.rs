//! Waiting for the end of an execution, and telling what its tasks do.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use run_api::types::{Execution, Task};
use run_api::{ExecutionRef, ResourceId};

use super::Run;
use super::run::is_over;
use crate::api::ReadApi;
use crate::wait::{End, ObjectSource, Source};
use crate::{Deadline, Error, ErrorKind, Event, FailedTask, Ops, Result, TaskCounts, Written};

/// An execution with what was told of its tasks so far.
struct Followed<'a, C> {
    ops: &'a Ops<C>,
    reference: &'a ExecutionRef,
    source: ObjectSource<'a, Execution, C>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    counts: Option<TaskCounts>,
    failed: Vec<FailedTask>,
    last: Option<Execution>,
}

#[async_trait]
impl<C: ReadApi<Execution> + ReadApi<Task>> Source for Followed<'_, C> {
    type Object = Execution;

    async fn look(&self) -> Result<Option<Execution>, run_api::Error> {
        let look = self.source.look().await?;
        if let Some(execution) = &look {
            self.tell(execution).await;
        }
        Ok(look)
    }

    fn resource(&self) -> Option<ResourceId> {
        self.source.resource()
    }
}

impl<C: ReadApi<Execution> + ReadApi<Task>> Followed<'_, C> {
    /// Tells what is new. Only for a task that failed it is asked which one.
    async fn tell(&self, execution: &Execution) {
        let counts = TaskCounts::of(execution);
        let (before, known) = {
            let mut seen = self.seen();
            seen.last = Some(execution.clone());
            (seen.counts.replace(counts), seen.failed.len())
        };
        let name = || self.reference.name.to_string();
        if before.unwrap_or_default() != counts {
            self.ops.tell(&Event::TasksChanged { execution: name(), tasks: counts });
        }
        let is_new = before.unwrap_or_default().failed < counts.failed;
        // At the end there is time to ask again, in `failed_of`.
        if !is_new || is_over(execution) || known >= counts.failed as usize {
            return;
        }
        if let Ok(failed) = self.ops.failed_tasks(self.reference).await {
            self.remember(failed);
        }
    }

    fn remember(&self, failed: Vec<FailedTask>) {
        let mut new = Vec::new();
        {
            let mut seen = self.seen();
            for task in failed {
                if !seen.failed.iter().any(|known| known.index == task.index) {
                    new.push(task.clone());
                    seen.failed.push(task);
                }
            }
            seen.failed.sort_by_key(|task| task.index);
        }
        for task in new {
            self.ops.tell(&Event::TaskFailed { execution: self.reference.name.to_string(), task });
        }
    }

    /// The failed tasks of an execution that is over. That they cannot be read does not change how it ended.
    async fn failed_of(&self, execution: &Execution, deadline: Deadline) -> Vec<FailedTask> {
        let counts = TaskCounts::of(execution);
        if self.seen().failed.len() < counts.failed as usize {
            let read = self.ops.failed_tasks(self.reference);
            if let Ok(Ok(failed)) = tokio::time::timeout(deadline.remaining(), read).await {
                self.remember(failed);
            }
        }
        self.seen().failed.clone()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Send + Sync> Ops<C> {
    /// Waits for the end of an execution and says how it ended, with the tasks that failed.
    ///
    /// On the way it tells the conditions as they change ([`Event::ConditionChanged`]), the counts of the tasks
    /// ([`Event::TasksChanged`]) and each task that fails for good ([`Event::TaskFailed`]). Looks are shared with other
    /// waits if [so wished](Ops::share_polls), and one that fails with a passing fault is made again, also the one after
    /// the end. Dropping the future stops the wait and nothing else: the execution goes on.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, Outcome, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("docker.io/run-emulator/exits").max_retries(1).build(&nightly)?).await?;
    /// let started = ops.run_job(&nightly, None).await?;
    /// let run = ops.finish_run(&started, Deadline::after(Duration::from_secs(60))).await;
    /// assert!(matches!(run.outcome, Outcome::Failed { .. }));
    /// let task = &run.failed_tasks[0];
    /// assert_eq!((task.index, task.exit_code, task.attempts), (0, Some(1), 2));
    /// # Ok(()) })
    /// ```
    pub async fn finish_run(&self, started: &Written<Execution>, deadline: Deadline) -> Run
    where
        C: ReadApi<Execution> + ReadApi<Task>,
    {
        let reference = started.reference();
        let followed =
            Followed { ops: self, reference, source: self.watch(reference), seen: Mutex::default() };
        let goal = crate::wait::ready(started.uid(), started.generation());
        let end = self.wait_from(&followed, None, &goal, deadline).await;
        if let End::Met(Some(execution)) | End::Unmet(_, Ok(execution)) = &end
            && is_over(execution)
        {
            let failed = followed.failed_of(execution, deadline).await;
            return Run::of(reference, execution.clone(), failed);
        }
        let error = end.into_result(Some(reference.id()), deadline).err();
        let error = error.unwrap_or_else(|| {
            Error::new(ErrorKind::Unexpected, "it is over, and not there").about(reference)
        });
        let (last, failed) = {
            let seen = followed.seen();
            (seen.last.clone(), seen.failed.clone())
        };
        let was_seen = last.is_some();
        let last = last.unwrap_or_else(|| started.object().clone());
        Run::of(reference, last, failed).cut_short(error.after(started.made()), was_seen)
    }

    /// How an execution stands now, with the tasks that failed.
    ///
    /// # Errors
    /// As every read; [`Error::is_not_found`] if there is none.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, Outcome, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// ops.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
    /// let started = ops.run_job(&nightly, None).await?;
    /// assert_eq!(ops.run_report(started.reference()).await?.outcome, Outcome::Running);
    /// # Ok(()) })
    /// ```
    pub async fn run_report(&self, execution: &ExecutionRef) -> Result<Run>
    where
        C: ReadApi<Execution> + ReadApi<Task>,
    {
        let object = self.read_object(execution).await?;
        let failed = match TaskCounts::of(&object).failed {
            0 => Vec::new(),
            _ => self.failed_tasks(execution).await?,
        };
        Ok(Run::of(execution, object, failed))
    }
}
