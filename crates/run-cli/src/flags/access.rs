//! The way in: who may reach a service, and under which addresses.

use clap::Args;
use run_api::known;
use run_api::types::Service;
use run_ops::edit::Edit;

use super::read::{list, switch};
use crate::terminal::Failure;

/// The flags about who may reach a service.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Who may reach the service")]
pub(crate) struct AccessFlags {
    /// From where requests may come
    #[arg(long, value_parser = ["all", "internal", "internal-and-cloud-load-balancing"])]
    ingress: Option<String>,

    /// The address of its own (--no-default-url: without it)
    #[arg(long, overrides_with = "no_default_url")]
    default_url: bool,

    #[arg(long, hide = true)]
    no_default_url: bool,

    /// Only callers with the permission to invoke (--no-invoker-iam-check: everybody, whatever the policy says)
    #[arg(long, overrides_with = "no_invoker_iam_check")]
    invoker_iam_check: bool,

    #[arg(long, hide = true)]
    no_invoker_iam_check: bool,

    /// Callers log in through Identity-Aware Proxy (--no-iap: they do not)
    #[arg(long, overrides_with = "no_iap")]
    iap: bool,

    #[arg(long, hide = true)]
    no_iap: bool,

    /// These audiences of tokens besides those that are there
    #[arg(long, value_name = "AUDIENCE,...", conflicts_with_all = ["set_custom_audiences", "clear_custom_audiences"])]
    add_custom_audiences: Vec<String>,

    /// These audiences of tokens in place of all that were there
    #[arg(long, value_name = "AUDIENCE,...", conflicts_with_all = ["remove_custom_audiences", "clear_custom_audiences"])]
    set_custom_audiences: Vec<String>,

    /// Without these audiences
    #[arg(long, value_name = "AUDIENCE,...", conflicts_with = "clear_custom_audiences")]
    remove_custom_audiences: Vec<String>,

    /// Without any audience but the service's address
    #[arg(long)]
    clear_custom_audiences: bool,

    /// The Cloud Service Mesh that the service takes part in
    #[arg(long)]
    mesh: Option<String>,

    /// Allow shells in instances (--no-ssh: do not)
    #[arg(long, overrides_with = "no_ssh")]
    ssh: bool,

    #[arg(long, hide = true)]
    no_ssh: bool,
}

impl AccessFlags {
    /// Whether callers log in through Identity-Aware Proxy from now on; nothing was said if none.
    pub(super) fn iap(&self) -> Option<bool> {
        switch(self.iap, self.no_iap)
    }

    pub(super) fn edit(&self, mut edit: Edit<Service>) -> Result<Edit<Service>, Failure> {
        if let Some(ingress) = &self.ingress {
            edit = edit.ingress(ingress.as_str());
        }
        if let Some(has_url) = switch(self.default_url, self.no_default_url) {
            edit = edit.default_url(has_url);
        }
        if let Some(check) = switch(self.invoker_iam_check, self.no_invoker_iam_check) {
            edit = edit.invoker_iam_check(check);
        }
        if let Some(enabled) = self.iap() {
            edit = edit.iap(enabled);
        }
        if self.clear_custom_audiences {
            edit = edit.set_custom_audiences(Vec::<String>::new());
        }
        if !self.set_custom_audiences.is_empty() {
            edit = edit.set_custom_audiences(list("--set-custom-audiences", &self.set_custom_audiences)?);
        }
        if !self.remove_custom_audiences.is_empty() {
            edit = edit
                .remove_custom_audiences(list("--remove-custom-audiences", &self.remove_custom_audiences)?);
        }
        if !self.add_custom_audiences.is_empty() {
            edit = edit.add_custom_audiences(list("--add-custom-audiences", &self.add_custom_audiences)?);
        }
        if let Some(mesh) = &self.mesh {
            edit = match mesh.as_str() {
                "" => edit.remove_template_annotation(known::annotations::MESH),
                mesh => edit.template_annotation(known::annotations::MESH, mesh),
            };
        }
        match switch(self.ssh, self.no_ssh) {
            Some(true) => edit = edit.annotation(known::annotations::SSH_ENABLED, "true"),
            Some(false) => edit = edit.remove_annotation(known::annotations::SSH_ENABLED),
            None => {}
        }
        Ok(edit)
    }
}
