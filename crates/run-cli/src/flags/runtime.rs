//! How instances run: environment, CPU, identity, encryption.

use clap::Args;
use run_api::Workload;
use run_ops::edit::Edit;

use super::read::{or_none, switch};

/// The flags about how instances run, of all that has a template.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "How instances run")]
pub(crate) struct RuntimeFlags {
    /// The service account that the containers act as
    #[arg(long, value_name = "EMAIL")]
    service_account: Option<String>,

    /// The first or the second generation of sandboxes
    #[arg(long, value_parser = ["gen1", "gen2"])]
    execution_environment: Option<String>,

    /// The type of GPUs, for example `nvidia-l4`
    #[arg(long, value_name = "TYPE")]
    gpu_type: Option<String>,

    /// GPUs in several zones (--no-gpu-zonal-redundancy: where there are some)
    #[arg(long, overrides_with = "no_gpu_zonal_redundancy")]
    gpu_zonal_redundancy: bool,

    #[arg(long, hide = true)]
    no_gpu_zonal_redundancy: bool,

    /// The key of Cloud KMS to encrypt the containers with
    #[arg(long, conflicts_with = "clear_key")]
    key: Option<String>,

    /// Encrypt with a key of Google's
    #[arg(long)]
    clear_key: bool,

    /// What happens when the key is revoked
    #[arg(long, value_parser = ["prevent-new", "shut-down"], conflicts_with = "clear_post_key_revocation_action_type")]
    post_key_revocation_action_type: Option<String>,

    /// The default when the key is revoked
    #[arg(long)]
    clear_post_key_revocation_action_type: bool,

    /// How many hours after that the instances are shut down
    #[arg(long, value_name = "HOURS", conflicts_with = "clear_encryption_key_shutdown_hours")]
    encryption_key_shutdown_hours: Option<u32>,

    /// Shut nothing down after that
    #[arg(long)]
    clear_encryption_key_shutdown_hours: bool,

    /// The policy of Binary Authorization
    #[arg(long, value_name = "POLICY", conflicts_with = "clear_binary_authorization")]
    binary_authorization: Option<String>,

    /// Without a policy of Binary Authorization
    #[arg(long)]
    clear_binary_authorization: bool,

    /// Deploy against that policy, for this reason, which is logged
    #[arg(long, value_name = "REASON")]
    breakglass: Option<String>,
}

impl RuntimeFlags {
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Edit<W> {
        if let Some(account) = &self.service_account {
            edit = edit.service_account(or_none(account));
        }
        if let Some(environment) = &self.execution_environment {
            edit = edit.execution_environment(environment.as_str());
        }
        if let Some(kind) = &self.gpu_type {
            edit = edit.gpu_type(or_none(kind));
        }
        if let Some(redundant) = switch(self.gpu_zonal_redundancy, self.no_gpu_zonal_redundancy) {
            edit = edit.gpu_zonal_redundancy(redundant);
        }
        if self.clear_key {
            edit = edit.encryption_key(None);
        }
        if let Some(key) = &self.key {
            edit = edit.encryption_key(or_none(key));
        }
        if self.clear_post_key_revocation_action_type {
            edit = edit.key_revocation_action(None);
        }
        if let Some(action) = &self.post_key_revocation_action_type {
            edit = edit.key_revocation_action(action.as_str());
        }
        if self.clear_encryption_key_shutdown_hours {
            edit = edit.key_shutdown_hours(None);
        }
        if let Some(hours) = self.encryption_key_shutdown_hours {
            edit = edit.key_shutdown_hours(hours);
        }
        if self.clear_binary_authorization {
            edit = edit.binary_authorization(None);
        }
        if let Some(policy) = &self.binary_authorization {
            edit = edit.binary_authorization(or_none(policy));
        }
        match &self.breakglass {
            Some(reason) => edit.breakglass(or_none(reason)),
            None => edit,
        }
    }
}
