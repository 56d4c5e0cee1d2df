//! How many instances there are.

use clap::Args;
use run_api::known;
use run_api::types::Service;
use run_ops::edit::Edit;

use super::read::OrDefault;

/// The flags about the number of a service's instances.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Scaling")]
pub(crate) struct ScalingFlags {
    /// At least so many instances of the service, whatever the revisions are, or `default`
    #[arg(long, value_name = "COUNT")]
    min: Option<OrDefault<u32>>,

    /// At most so many instances of the service, or `default`
    #[arg(long, value_name = "COUNT")]
    max: Option<OrDefault<u32>>,

    /// At least so many instances of the new revision, or `default`
    #[arg(long, value_name = "COUNT")]
    min_instances: Option<OrDefault<u32>>,

    /// At most so many instances of the new revision, or `default`
    #[arg(long, value_name = "COUNT")]
    max_instances: Option<OrDefault<u32>>,

    /// A fixed number of instances, or `auto`
    #[arg(long, value_name = "COUNT")]
    scaling: Option<Scaling>,

    /// Add instances when they use this much of their CPU, from 0.1 to 0.9
    #[arg(long, value_name = "FRACTION")]
    scaling_cpu_target: Option<String>,

    /// Add instances when they serve this much of their concurrency
    #[arg(long, value_name = "FRACTION")]
    scaling_concurrency_target: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Scaling {
    Auto,
    Manual(u32),
}

impl std::str::FromStr for Scaling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            number => number
                .parse()
                .map(Self::Manual)
                .map_err(|_| format!("`{number}` is neither a number nor `auto`")),
        }
    }
}

impl ScalingFlags {
    pub(super) fn edit(&self, mut edit: Edit<Service>) -> Edit<Service> {
        match self.scaling {
            Some(Scaling::Auto) => edit = edit.automatic_scaling(),
            Some(Scaling::Manual(count)) => edit = edit.manual_scaling(count),
            None => {}
        }
        if let Some(min) = self.min {
            edit = edit.service_min_instances(min.0.filter(|count| *count > 0));
        }
        if let Some(max) = self.max {
            edit = edit.service_max_instances(max.0);
        }
        if let Some(min) = self.min_instances {
            edit = edit.min_instances(min.0.filter(|count| *count > 0));
        }
        if let Some(max) = self.max_instances {
            edit = edit.max_instances(max.0);
        }
        let targets = [
            (known::annotations::SCALING_CPU_TARGET, &self.scaling_cpu_target),
            (known::annotations::SCALING_CONCURRENCY_TARGET, &self.scaling_concurrency_target),
        ];
        for (key, target) in targets {
            edit = match target.as_deref() {
                None => edit,
                Some("" | "default") => edit.remove_template_annotation(key),
                Some(target) => edit.template_annotation(key, target),
            };
        }
        edit
    }
}
