//! What one execution has otherwise than its job.

use std::time::Duration;

use clap::Args;
use run_api::types::Overrides;
use run_ops::OverridesEdit;

use super::job::task_timeout;
use super::read::{list, pairs, switch};
use crate::terminal::Failure;

/// The flags about one execution.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "This execution alone")]
pub(crate) struct OverrideFlags {
    /// Other arguments, with commas between them; empty for none
    #[arg(long, value_name = "ARGUMENT,...", allow_hyphen_values = true)]
    args: Vec<String>,

    /// These variables besides the job's, or in place of those of the same name
    #[arg(long, value_name = "KEY=VALUE,...")]
    update_env_vars: Vec<String>,

    /// The container that arguments and variables are for, if the job has several
    #[arg(long, value_name = "NAME")]
    container: Option<String>,

    /// Another number of tasks
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    tasks: Option<u16>,

    /// How long one attempt at a task may take: seconds, or for example `5m`
    #[arg(long, value_name = "DURATION", value_parser = task_timeout)]
    task_timeout: Option<Duration>,

    /// Wait until there is capacity (--no-delay-execution: start at once)
    #[arg(long, overrides_with = "no_delay_execution")]
    delay_execution: bool,

    #[arg(long, hide = true)]
    no_delay_execution: bool,
}

impl OverrideFlags {
    /// What the flags ask for; none if they ask for nothing.
    pub(crate) fn overrides(&self) -> Result<Option<Overrides>, Failure> {
        let container = self.container.as_deref().unwrap_or_default();
        let mut overrides = Overrides::default();
        if !self.args.is_empty() {
            overrides = overrides.args_of(container, list("--args", &self.args)?);
        }
        for (name, value) in pairs("--update-env-vars", &self.update_env_vars)? {
            overrides = overrides.env_of(container, name, value);
        }
        if self.container.is_some() && overrides == Overrides::default() {
            return Err(Failure::usage("--container: say what is otherwise in it")
                .hint("--args and --update-env-vars can be"));
        }
        if let Some(tasks) = self.tasks {
            overrides = overrides.tasks(tasks);
        }
        if let Some(timeout) = self.task_timeout {
            overrides = overrides.timeout(timeout);
        }
        if let Some(delay) = switch(self.delay_execution, self.no_delay_execution) {
            overrides = overrides.delay(delay);
        }
        Ok(Some(overrides).filter(|overrides| *overrides != Overrides::default()))
    }
}
