//! Labels, annotations and the description.

use clap::Args;
use run_api::Workload;
use run_ops::edit::Edit;

use super::read::{list, or_none, pairs};
use crate::terminal::Failure;

/// The flags about what an object says of itself.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Labels and texts")]
pub(crate) struct MetadataFlags {
    /// These labels besides those that are there, on the object and its template
    #[arg(long, visible_alias = "update-labels", value_name = "KEY=VALUE,...")]
    labels: Vec<String>,

    /// Without these labels
    #[arg(long, value_name = "KEY,...", conflicts_with = "clear_labels")]
    remove_labels: Vec<String>,

    /// Without any label but those of the platform
    #[arg(long)]
    clear_labels: bool,

    /// These annotations of the object besides those that are there
    #[arg(long, value_name = "KEY=VALUE,...")]
    update_annotations: Vec<String>,

    /// A text for people; empty for none
    #[arg(long)]
    description: Option<String>,
}

impl MetadataFlags {
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        if self.clear_labels {
            edit = edit.clear_labels();
        }
        for key in list("--remove-labels", &self.remove_labels)? {
            edit = edit.remove_label(key);
        }
        for (key, value) in pairs("--labels", &self.labels)? {
            edit = edit.label(key, value);
        }
        for (key, value) in pairs("--update-annotations", &self.update_annotations)? {
            edit = edit.annotation(key, value);
        }
        if let Some(description) = &self.description {
            edit = edit.description(or_none(description));
        }
        Ok(edit)
    }
}
