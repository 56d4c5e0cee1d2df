//! Edits that only jobs have.

use std::time::Duration;

use run_api::types::{ExecutionSpec, Job, TaskSpec};

use super::error::{InvalidEdit, Problem};
use super::list::Edit;

impl Edit<Job> {
    /// How many tasks an execution has, or none for the default, one: `spec.template.spec.taskCount`. (gcloud:
    /// `--tasks`)
    #[must_use]
    pub fn tasks(self, count: impl Into<Option<u16>>) -> Self {
        let count = count.into().map(i32::from);
        self.execution(count, |spec| spec.task_count, |spec, count| spec.task_count = count)
    }

    /// How many tasks may run at the same time, or none for as many as possible: `spec.template.spec.parallelism`.
    /// (gcloud: `--parallelism`)
    #[must_use]
    pub fn parallelism(self, count: impl Into<Option<u16>>) -> Self {
        let count = count.into().map(i32::from);
        self.execution(count, |spec| spec.parallelism, |spec, count| spec.parallelism = count)
    }

    /// Whether an execution waits until there is capacity for it: `spec.template.spec.delayExecution`. (gcloud:
    /// `--delay-execution`)
    #[must_use]
    pub fn delay_execution(self, delay: impl Into<Option<bool>>) -> Self {
        self.execution(delay.into(), |spec| spec.delay_execution, |spec, delay| spec.delay_execution = delay)
    }

    /// How often a task that failed is tried again, or none for the default, three times:
    /// `spec.template.spec.template.spec.maxRetries`. (gcloud: `--max-retries`)
    #[must_use]
    pub fn max_retries(self, count: impl Into<Option<u8>>) -> Self {
        let count = count.into().map(i32::from);
        self.with(move |job| {
            if task(job).and_then(|spec| spec.max_retries) != count {
                task_mut(job).max_retries = count;
            }
            Ok(())
        })
    }

    /// How long one attempt at a task may take, in whole seconds, or none for the default, ten minutes:
    /// `spec.template.spec.template.spec.timeoutSeconds`. (gcloud: `--task-timeout`)
    #[must_use]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.with(move |job| {
            let whole = |timeout: Duration| {
                let seconds = i64::try_from(timeout.as_secs()).ok().filter(|_| timeout.subsec_nanos() == 0);
                let field = "spec.template.spec.template.spec.timeoutSeconds";
                seconds.ok_or_else(|| InvalidEdit::new(field, Problem::Seconds))
            };
            let seconds = timeout.map(whole).transpose()?;
            if task(job).and_then(|spec| spec.timeout_seconds) != seconds {
                task_mut(job).timeout_seconds = seconds;
            }
            Ok(())
        })
    }

    fn execution<T: PartialEq + Copy + Send + Sync + 'static>(
        self,
        value: Option<T>,
        get: fn(&ExecutionSpec) -> Option<T>,
        set: fn(&mut ExecutionSpec, Option<T>),
    ) -> Self {
        self.with(move |job| {
            let present = job.spec.as_ref().and_then(|spec| spec.template.as_ref()?.spec.as_ref());
            if present.and_then(get) != value {
                set(execution_mut(job), value);
            }
            Ok(())
        })
    }
}

fn task(job: &Job) -> Option<&TaskSpec> {
    job.spec.as_ref()?.template.as_ref()?.spec.as_ref()?.template.as_ref()?.spec.as_ref()
}

fn execution_mut(job: &mut Job) -> &mut ExecutionSpec {
    job.spec.get_or_insert_default().template.get_or_insert_default().spec.get_or_insert_default()
}

fn task_mut(job: &mut Job) -> &mut TaskSpec {
    execution_mut(job).template.get_or_insert_default().spec.get_or_insert_default()
}
