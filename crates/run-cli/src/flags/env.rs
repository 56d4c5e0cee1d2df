//! Environment variables.

use std::path::PathBuf;

use clap::Args;
use run_api::Workload;
use run_ops::edit::Edit;

use super::read::{file_of_pairs, list, pairs};
use crate::terminal::Failure;

/// The flags about environment variables with plain values.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Environment variables of a container")]
pub(crate) struct EnvFlags {
    /// These variables in place of all that were there; `^;^A=1;B=2` uses another separator
    #[arg(long, value_name = "KEY=VALUE,...", conflicts_with_all = ["update_env_vars", "remove_env_vars", "clear_env_vars", "env_vars_file"])]
    set_env_vars: Vec<String>,

    /// These variables besides those that are there
    #[arg(long, value_name = "KEY=VALUE,...", conflicts_with_all = ["clear_env_vars", "env_vars_file"])]
    update_env_vars: Vec<String>,

    /// Without these variables
    #[arg(long, value_name = "KEY,...", conflicts_with_all = ["clear_env_vars", "env_vars_file"])]
    remove_env_vars: Vec<String>,

    /// Without any variable; those from secrets stay
    #[arg(long, conflicts_with = "env_vars_file")]
    clear_env_vars: bool,

    /// The variables of this file in place of all that were there: a map in YAML, or lines KEY=VALUE
    #[arg(long, value_name = "FILE")]
    env_vars_file: Option<PathBuf>,
}

impl EnvFlags {
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        if self.clear_env_vars {
            edit = edit.clear_env();
        }
        if !self.set_env_vars.is_empty() {
            edit = edit.set_env(pairs("--set-env-vars", &self.set_env_vars)?);
        }
        if let Some(path) = &self.env_vars_file {
            edit = edit.set_env(file_of_pairs("--env-vars-file", path)?);
        }
        for name in list("--remove-env-vars", &self.remove_env_vars)? {
            edit = edit.remove_env(name);
        }
        for (name, value) in pairs("--update-env-vars", &self.update_env_vars)? {
            edit = edit.env(name, value);
        }
        Ok(edit)
    }
}
