//! The flags that say what an emulator finds outside of itself and what goes wrong: faults from a file, and scenarios by
//! name.

use std::fs;

use clap::{Args, ValueEnum};
use run_emulator::{EmulatorBuilder, Environment, FailureStyle, Fault, Scenario};
use serde_json::json;

use crate::arguments::GlobalArguments;
use crate::output::{self, table};
use crate::terminal::{Failure, Printer};

/// What is not there, not allowed, or used up.
#[derive(Args, Debug)]
#[command(next_help_heading = "The world outside Cloud Run")]
pub(crate) struct EnvironmentArguments {
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

impl EnvironmentArguments {
    /// Makes the surroundings so.
    pub(crate) fn apply(self, builder: EmulatorBuilder) -> EmulatorBuilder {
        let mut environment = Environment::new();
        for name in self.missing_secrets {
            environment = environment.missing_secret(name);
        }
        for name in self.unreadable_secrets {
            environment = environment.unreadable_secret(name);
        }
        for email in self.unusable_accounts {
            environment = environment.unusable_account(email);
        }
        if let Some(cpus) = self.cpu_quota {
            environment = environment.cpu_quota(cpus.saturating_mul(1000));
        }
        if let Some(gib) = self.memory_quota {
            environment = environment.memory_quota(gib << 30);
        }
        if let Some(count) = self.gpu_quota {
            environment = environment.gpu_quota(count);
        }
        if self.any_registry {
            environment = environment.any_registry();
        }
        let style = match self.failure_style {
            Style::Of2022 => FailureStyle::Of2022,
            Style::Of2024 => FailureStyle::Of2024,
        };
        builder.environment(environment).failure_style(style)
    }
}

/// The flags that make things go wrong.
#[derive(Args, Debug)]
#[command(next_help_heading = "What goes wrong")]
pub(crate) struct FaultArguments {
    /// Faults from this file, a JSON object or a list of them; may be repeated
    ///
    /// For example [{"on": "replace_service", "times": 1, "fault": "reset-after"}]. The fields: `fault`; `on`, an
    /// operation or its beginning with a `*`; `collection`, for example jobs; `of`, an object's name; `after` and
    /// `times`, numbers of requests; `name`, for the log.
    #[arg(long = "faults", value_name = "FILE", value_parser = faults)]
    faults: Vec<FaultFile>,

    /// A situation that users have reported, by its name in `runctl emulator scenarios`; may be repeated
    #[arg(long = "scenario", value_name = "NAME", value_parser = scenario)]
    scenarios: Vec<&'static Scenario>,
}

#[derive(Clone, Debug)]
struct FaultFile(Vec<Fault>);

impl FaultArguments {
    /// Makes it so. Scenarios change the delays that are set by then.
    pub(crate) fn apply(self, mut builder: EmulatorBuilder) -> EmulatorBuilder {
        for fault in self.faults.into_iter().flat_map(|file| file.0) {
            builder = builder.fault(fault);
        }
        for scenario in self.scenarios {
            builder = builder.scenario(scenario);
        }
        builder
    }
}

fn faults(file: &str) -> Result<FaultFile, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    Fault::list_from_json(&text).map(FaultFile).map_err(|error| error.to_string())
}

fn scenario(name: &str) -> Result<&'static Scenario, String> {
    Scenario::by_name(name)
        .ok_or_else(|| "there is no such scenario; `runctl emulator scenarios` lists them".to_owned())
}

/// Lists the scenarios.
pub(super) fn list(global: &GlobalArguments, printer: Printer) -> Result<(), Failure> {
    let all = Scenario::all();
    let objects: Vec<_> = all
        .iter()
        .map(|one| json!({"name": one.name(), "about": one.about(), "thread": one.thread()}))
        .collect();
    output::show(&objects, global.format.as_ref(), printer, || {
        let rows: Vec<Vec<String>> =
            all.iter().map(|one| vec![one.name().to_owned(), one.about().to_owned()]).collect();
        table::render(["SCENARIO", "WHAT HAPPENS"], &rows)
    })
}
