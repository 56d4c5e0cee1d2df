//! `cargo xtask bench`: what runctl costs, beside gcloud, Google's Python client and a small Go program.

mod clients;
mod measure;
mod report;
mod server;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use clients::{Client, Task};
use measure::{Cost, cost};
use report::Report;
use server::{Emulator, Plain};

/// What `cargo xtask bench` is given.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many services there are
    #[arg(long, default_value_t = 1000)]
    services: usize,
    /// How often each quick program runs; gcloud runs a tenth as often
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Measure this runctl, instead of one built with `--release`
    #[arg(long, value_name = "FILE")]
    runctl: Option<PathBuf>,
    /// Run this, and say what it took
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true)]
    measure: Vec<OsString>,
}

/// The process in between, if this is one: what it says.
///
/// # Errors
/// If its program fails.
pub(crate) fn measure(arguments: &Arguments) -> Result<Option<String>> {
    if arguments.measure.is_empty() { Ok(None) } else { measure::figures(&arguments.measure).map(Some) }
}

/// Runs everything, and tells what it took.
///
/// # Errors
/// If runctl cannot be built or fails.
pub(crate) fn run(arguments: &Arguments) -> Result<Report> {
    let root = crate::workspace::root();
    let runctl = match &arguments.runctl {
        Some(file) => file.clone(),
        None => build(&root)?,
    };
    let scratch = root.join("target/bench");
    std::fs::create_dir_all(&scratch)?;
    let emulator = Emulator::start(&runctl, &scratch.join("emulator.log"))?;
    let body = emulator.fill(arguments.services)?;
    let plain = Plain::start(body.clone())?;
    let mut report = Report::new(&runctl, arguments.services, body.len())?;

    let (clients, missing) = clients::prepare(&runctl, &root, &scratch)?;
    missing.into_iter().for_each(|line| report.skip(line));
    let places = clients::Places { plain: plain.url(), emulator: emulator.url() };
    let mut measured: Vec<(Client, Task, Vec<Cost>)> = Vec::new();
    for client in &clients {
        for task in client.tasks() {
            // The first time warms caches, and shows that it works.
            cost(&client.command(task, &places))
                .with_context(|| format!("{} {}", client.name(), task.name()))?;
            measured.push((client.clone(), task, Vec::new()));
        }
    }
    // In turn, so that what else the machine does meets all of them.
    for round in 0..arguments.rounds {
        for (client, task, costs) in &mut measured {
            if round % client.every() == 0 {
                costs.push(cost(&client.command(*task, &places))?);
            }
        }
    }
    for (client, task, costs) in measured {
        report.add(client.name(), task, costs);
    }
    Ok(report)
}

fn build(root: &std::path::Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--locked", "--package", "run-cli", "--bin", "runctl"]);
    let status = command.current_dir(root).status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("runctl does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/runctl"))
}
