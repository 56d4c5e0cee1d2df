//! `cargo xtask soak`: load and sudden ends for `runctl emulator serve`, and long runs of what the tests sample.
//!
//! The work is done by the binary `soak` of `tests/`, which has the client: this crate must build without the code
//! that it generates.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{terminal, workspace};

/// How much, and for how long.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many clients write the same services at the same time
    #[arg(long, default_value_t = 200)]
    clients: u32,
    /// For how long they do
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// How often an emulator with `--state` is killed at a random moment
    #[arg(long, default_value_t = 30)]
    kills: u32,
    /// How many interleavings of writers and a deleter are tried
    #[arg(long, default_value_t = 3000)]
    schedules: u64,
    /// How many runs with one to three faults at once there are; their seeds begin with that of the whole
    #[arg(long, default_value_t = 5000)]
    runs: u64,
    /// How many processes of `runctl` run at the same time, through a proxy in bad weather
    #[arg(long, default_value_t = 200)]
    processes: u32,
    /// Of a thousand of their requests, how many the weather strikes
    #[arg(long, default_value_t = 50)]
    per_mille: u32,
    /// Do not strike a deployment by every pair of faults, which takes some minutes
    #[arg(long)]
    no_pairs: bool,
    /// What is drawn at random is drawn from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Build with optimisations
    #[arg(long)]
    release: bool,
}

/// Builds both binaries, runs the parts, and lets them print their figures.
///
/// # Errors
/// If one cannot be built, or finds anything lost.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = workspace::root();
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build
        .args(["build", "--quiet", "--locked", "-p", "run-cli", "-p", "run-tests", "--bins"])
        .current_dir(&root);
    if arguments.release {
        build.arg("--release");
    }
    checked(&mut build)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let bin = target.join(if arguments.release { "release" } else { "debug" });
    let soak = |part: &str, more: &[(&str, String)]| {
        let mut command = Command::new(bin.join("soak"));
        command.arg(part);
        for (name, value) in more {
            command.args([*name, value.as_str()]);
        }
        terminal::print(&format_args!("{part} …\n"))?;
        checked(&mut command)
    };
    let Arguments { clients, seconds, kills, schedules, runs, processes, per_mille, .. } = arguments;
    let runctl = ("--runctl", bin.join("runctl").display().to_string());
    let seed = ("--seed", arguments.seed.to_string());
    let load = [("--clients", clients.to_string()), ("--seconds", seconds.to_string())];
    soak("conflicts", &[&[runctl.clone(), seed.clone()], &load[..]].concat())?;
    let ends = [("--kills", kills.to_string()), ("--clients", 16.min(*clients).to_string())];
    soak("kills", &[&[runctl.clone(), seed.clone()], &ends[..]].concat())?;
    let crowd = [("--processes", processes.to_string()), ("--per-mille", per_mille.to_string())];
    soak("crowd", &[&[runctl, seed.clone()], &crowd[..]].concat())?;
    soak("interleavings", &[seed.clone(), ("--schedules", schedules.to_string())])?;
    soak("random", &[seed, ("--runs", runs.to_string())])?;
    if arguments.no_pairs { Ok(()) } else { soak("faults", &[]) }
}

fn checked(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
