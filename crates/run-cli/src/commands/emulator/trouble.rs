//! What goes wrong in an emulator: faults from a file, and scenarios by name.

use std::fs;

use clap::Args;
use run_emulator::{EmulatorBuilder, Fault, Scenario};
use serde_json::json;

use crate::cli::GlobalArguments;
use crate::failure::Failure;
use crate::output::{structured, table};
use crate::printer::Printer;

/// The flags that make things go wrong.
#[derive(Args, Debug)]
#[command(next_help_heading = "What goes wrong")]
pub(crate) struct TroubleArguments {
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

impl TroubleArguments {
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
pub(crate) fn list(global: &GlobalArguments, printer: Printer) -> Result<(), Failure> {
    let all = Scenario::all();
    let objects: Vec<_> = all
        .iter()
        .map(|one| json!({"name": one.name(), "about": one.about(), "thread": one.thread()}))
        .collect();
    if let Some(text) = structured(&objects, global.format)? {
        return printer.data(text);
    }
    let rows = all.iter().map(|one| table::row([one.name(), one.about()]));
    let heading = table::row(["SCENARIO", "WHAT HAPPENS"]);
    printer.data(table::render(&[heading].into_iter().chain(rows).collect::<Vec<_>>()))
}
