//! Secrets: as environment variables and as files.

use clap::Args;
use run_api::Workload;
use run_ops::edit::{Edit, Secret};

use super::read::{list, pairs, wrong};
use crate::terminal::Failure;

/// The flags about secrets. A name that begins with `/` is the path of a file, any other one a variable.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Secrets of a container")]
pub(crate) struct SecretFlags {
    /// These secrets in place of all that were there: variables `NAME=SECRET:VERSION`, files `/DIRECTORY/FILE=SECRET:VERSION`
    #[arg(long, value_name = "NAME=SECRET:VERSION,...", conflicts_with_all = ["update_secrets", "remove_secrets", "clear_secrets"])]
    set_secrets: Vec<String>,

    /// These secrets besides those that are there
    #[arg(long, value_name = "NAME=SECRET:VERSION,...", conflicts_with = "clear_secrets")]
    update_secrets: Vec<String>,

    /// Without these variables and files
    #[arg(long, value_name = "NAME,...", conflicts_with = "clear_secrets")]
    remove_secrets: Vec<String>,

    /// Without any secret
    #[arg(long)]
    clear_secrets: bool,
}

impl SecretFlags {
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        if self.clear_secrets {
            edit = edit.clear_secrets();
        }
        if !self.set_secrets.is_empty() {
            edit = edit.set_secrets(secrets("--set-secrets", &self.set_secrets)?);
        }
        for name in list("--remove-secrets", &self.remove_secrets)? {
            edit = edit.remove_secret(name);
        }
        for (name, secret) in secrets("--update-secrets", &self.update_secrets)? {
            edit = match name.starts_with('/') {
                true => edit.secret_file(name, secret),
                false => edit.secret_env(name, secret),
            };
        }
        Ok(edit)
    }
}

fn secrets(flag: &str, typed: &[String]) -> Result<Vec<(String, Secret)>, Failure> {
    let read = |(name, secret): (String, String)| match secret.parse() {
        Ok(secret) => Ok((name, secret)),
        Err(error) => Err(wrong(flag, error)),
    };
    pairs(flag, typed)?.into_iter().map(read).collect()
}
