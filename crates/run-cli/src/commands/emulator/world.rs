//! The flags that say what Cloud Run finds outside of itself.

use clap::{Args, ValueEnum};
use run_emulator::{EmulatorBuilder, FailureStyle, World};

/// What is not there, not allowed, or used up.
#[derive(Args, Debug)]
#[command(next_help_heading = "The world outside Cloud Run")]
pub(crate) struct WorldArguments {
    /// A secret that does not exist; may be repeated, as the next two
    #[arg(long = "missing-secret", value_name = "NAME[:VERSION]")]
    missing_secrets: Vec<String>,

    /// A secret that the service accounts of services may not read
    #[arg(long = "unreadable-secret", value_name = "NAME[:VERSION]")]
    unreadable_secrets: Vec<String>,

    /// A service account that callers may not act as
    #[arg(long = "unusable-account", value_name = "EMAIL")]
    unusable_accounts: Vec<String>,

    /// How many CPUs the instances of a revision may have together
    #[arg(long, value_name = "CPUS", value_parser = clap::value_parser!(u64).range(..=MOST))]
    cpu_quota: Option<u64>,

    /// The same for memory
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u64).range(..=MOST))]
    memory_quota: Option<u64>,

    /// The same for GPUs
    #[arg(long, value_name = "COUNT")]
    gpu_quota: Option<u64>,

    /// Accept images from any registry, not just from Google's and Docker Hub
    #[arg(long)]
    any_registry: bool,

    /// Where the failure of a revision shows, as Cloud Run did it in that year
    #[arg(long, value_enum, value_name = "YEAR", default_value_t = Style::Of2024)]
    failure_style: Style,
}

/// Quotas are counted in smaller units.
const MOST: u64 = 1 << 30;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Style {
    /// In ConfigurationsReady, with the revision's own reason
    #[value(name = "2022")]
    Of2022,
    /// In RoutesReady
    #[value(name = "2024")]
    Of2024,
}

impl WorldArguments {
    /// Makes the world so.
    pub(crate) fn apply(self, builder: EmulatorBuilder) -> EmulatorBuilder {
        let mut world = World::new();
        for name in self.missing_secrets {
            world = world.missing_secret(name);
        }
        for name in self.unreadable_secrets {
            world = world.unreadable_secret(name);
        }
        for email in self.unusable_accounts {
            world = world.unusable_account(email);
        }
        if let Some(cpus) = self.cpu_quota {
            world = world.cpu_quota(cpus.saturating_mul(1000));
        }
        if let Some(gib) = self.memory_quota {
            world = world.memory_quota(gib << 30);
        }
        if let Some(count) = self.gpu_quota {
            world = world.gpu_quota(count);
        }
        if self.any_registry {
            world = world.any_registry();
        }
        let style = match self.failure_style {
            Style::Of2022 => FailureStyle::Of2022,
            Style::Of2024 => FailureStyle::Of2024,
        };
        builder.world(world).failure_style(style)
    }
}
