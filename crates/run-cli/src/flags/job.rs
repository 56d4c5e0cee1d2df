//! All flags that change a job.

use std::time::Duration;

use clap::Args;
use run_api::Location;
use run_api::types::Job;
use run_ops::edit::{self, Edit};

use super::read::{OrDefault, switch};
use super::workload::{ContainersFlags, SurroundingFlags};
use crate::terminal::Failure;
use crate::values::duration;

/// The flags that change a job. What serves requests is hidden, and refused by name.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct JobFlags {
    #[command(flatten)]
    pub(crate) containers: ContainersFlags,

    #[command(flatten)]
    tasks: TaskFlags,

    #[command(flatten)]
    surroundings: SurroundingFlags,
}

/// The flags about the tasks of an execution.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Tasks")]
struct TaskFlags {
    /// How many tasks an execution has
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    tasks: Option<u16>,

    /// How many tasks may run at the same time; 0 or `default` for as many as possible
    #[arg(long, value_name = "COUNT")]
    parallelism: Option<OrDefault<u16>>,

    /// How often a task that failed is tried again
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(0..=10))]
    max_retries: Option<u8>,

    /// How long one attempt at a task may take: seconds, or for example `5m`
    #[arg(long, value_name = "DURATION", value_parser = task_timeout)]
    task_timeout: Option<Duration>,

    /// Let executions wait until there is capacity for them (--no-delay-execution: start at once)
    #[arg(long, overrides_with = "no_delay_execution")]
    delay_execution: bool,

    #[arg(long, hide = true)]
    no_delay_execution: bool,
}

/// A task's timeout, which is one second at least.
pub(super) fn task_timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("a task must be given a second at least".to_owned()),
        timeout => Ok(timeout),
    }
}

impl JobFlags {
    /// The changes that the flags are. `location` completes short names.
    pub(crate) fn edit(&self, location: &Location) -> Result<Edit<Job>, Failure> {
        if let Some(flag) = self.containers.of_requests() {
            return Err(Failure::usage(format!("{flag}: the tasks of a job serve no requests"))
                .hint("what serves requests is a service: `runctl deploy`"));
        }
        let edit = self.tasks.edit(self.containers.edit(edit::job())?);
        self.surroundings.edit(edit, location)
    }

    /// Whether a flag names an image.
    pub(crate) fn names_image(&self) -> bool {
        self.containers.name_an_image()
    }
}

impl TaskFlags {
    fn edit(&self, mut edit: Edit<Job>) -> Edit<Job> {
        if let Some(tasks) = self.tasks {
            edit = edit.tasks(tasks);
        }
        if let Some(parallelism) = self.parallelism {
            edit = edit.parallelism(parallelism.0);
        }
        if let Some(retries) = self.max_retries {
            edit = edit.max_retries(retries);
        }
        if let Some(timeout) = self.task_timeout {
            edit = edit.timeout(timeout);
        }
        if let Some(delay) = switch(self.delay_execution, self.no_delay_execution) {
            edit = edit.delay_execution(delay);
        }
        edit
    }
}
