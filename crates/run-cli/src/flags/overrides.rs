//! What one execution has otherwise than its job.

use std::time::Duration;

use clap::Args;
use run_api::types::Overrides;
use run_ops::OverridesEdit;

use super::container::Scoped;
use super::job::task_timeout;
use super::read::{list, pairs, switch};
use crate::terminal::Failure;

/// The flags about one container of one execution.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "This execution alone")]
pub(crate) struct ContainerOverrideFlags {
    /// Other arguments, with commas between them; empty for none
    #[arg(long, value_name = "ARGUMENT,...", allow_hyphen_values = true)]
    args: Vec<String>,

    /// These variables besides the job's, or in place of those of the same name
    #[arg(long, value_name = "KEY=VALUE,...")]
    update_env_vars: Vec<String>,
}

/// The flags about one execution.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "This execution alone")]
pub(crate) struct OverrideFlags {
    #[command(flatten)]
    only: ContainerOverrideFlags,

    /// The container that the arguments and variables behind it are for; may be repeated
    #[arg(long = "container", value_name = "NAME")]
    containers: Vec<String>,

    /// What stands behind each `--container`; the command line fills it in.
    #[arg(skip)]
    pub(crate) scoped: Vec<Scoped<ContainerOverrideFlags>>,

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

impl ContainerOverrideFlags {
    /// What the flags ask for of a container; the empty name is that of the only one.
    fn of(&self, mut overrides: Overrides, container: &str) -> Result<Overrides, Failure> {
        if !self.args.is_empty() {
            overrides = overrides.args_of(container, list("--args", &self.args)?);
        }
        for (name, value) in pairs("--update-env-vars", &self.update_env_vars)? {
            overrides = overrides.env_of(container, name, value);
        }
        Ok(overrides)
    }
}

impl OverrideFlags {
    /// What the flags ask for; none if they ask for nothing.
    pub(crate) fn overrides(&self) -> Result<Option<Overrides>, Failure> {
        let mut overrides = self.only.of(Overrides::default(), "")?;
        for scoped in &self.scoped {
            let before = overrides.clone();
            overrides = scoped.flags.of(overrides, &scoped.name)?;
            if overrides == before {
                let name = &scoped.name;
                return Err(Failure::usage(format!("--container {name}: say what is otherwise in it"))
                    .hint("--args and --update-env-vars can be, behind --container"));
            }
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
