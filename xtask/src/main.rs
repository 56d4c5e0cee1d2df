//! Development tasks of this workspace: `cargo xtask spec import`, `codegen`, `conformance`, `parity`, `bench`,
//! `build-times` and `soak`.

#[cfg(unix)]
mod bench;
mod build_times;
mod codegen;
#[cfg(unix)]
mod conformance;
#[cfg(unix)]
mod parity;
#[cfg(unix)]
mod program;
#[cfg(test)]
mod scratch;
mod soak;
mod spec;
mod terminal;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Work with the API specification in `specs/`
    #[command(subcommand)]
    Spec(SpecCommand),
    /// Write `crates/run-api/src/generated/` from the specification
    Codegen {
        /// Write nothing; print what would change and fail if anything would
        #[arg(long)]
        check: bool,
    },
    /// Run Google's own clients, and a browser, against `runctl emulator serve`
    ///
    /// A client that is not installed is skipped, unless it is asked for by name. The scripts are in `tests/clients`.
    #[cfg(unix)]
    Conformance {
        /// Run only this client
        #[arg(long, value_enum)]
        client: Option<conformance::Client>,
    },
    /// Run the same command lines by the installed gcloud and by runctl, and compare what both made of it
    ///
    /// The lines, what is there before them, and the differences that are meant are in `tests/parity`. Without gcloud, nothing
    /// is compared.
    #[cfg(unix)]
    Parity(parity::Arguments),
    /// Measure what runctl costs beside gcloud, Google's Python client and a small Go program
    ///
    /// A program that is not installed is skipped with a line.
    #[cfg(unix)]
    Bench(bench::Arguments),
    /// Build run-api and a crate of Google's from clean, one after the other, and compare the times
    BuildTimes(build_times::Arguments),
    /// Put `runctl emulator serve` under load, and kill it at random moments
    Soak(soak::Arguments),
}

#[derive(Subcommand)]
enum SpecCommand {
    /// Convert the discovery document of the Cloud Run Admin API v1 into `specs/run-v1.json` and `specs/methods.txt`
    ///
    /// Descriptions of the committed specification are kept, also under a new name. What is new, renamed, changed,
    /// gone or without a description is reported. The document of another API or version is refused.
    Import {
        /// The discovery document: a file or an http(s) address
        source: String,
        /// Fill what has no description with the texts of the discovery document
        #[arg(long)]
        with_google_descriptions: bool,
        /// Write even if something of the committed specification is gone or has another name
        #[arg(long)]
        allow_removals: bool,
        /// Write the specification here, and `methods.txt` beside it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked for, and tells whether all is as it should be.
fn run(command: Command) -> Result<bool> {
    match command {
        Command::Spec(SpecCommand::Import { source, with_google_descriptions, allow_removals, out }) => {
            let wishes = spec::import::Wishes { google_texts: with_google_descriptions, allow_removals };
            let outcome = spec::import::run(&source, wishes, out)?;
            terminal::print(&outcome)?;
            Ok(outcome.is_success())
        }
        Command::Codegen { check } => {
            let outcome = codegen::run(check)?;
            terminal::print(&outcome)?;
            Ok(outcome.is_success())
        }
        #[cfg(unix)]
        Command::Conformance { client } => {
            let summary = conformance::run(client)?;
            terminal::print(&summary)?;
            Ok(summary.is_success())
        }
        #[cfg(unix)]
        Command::Parity(arguments) => {
            let summary = parity::run(&arguments)?;
            terminal::print(&summary)?;
            Ok(summary.is_success())
        }
        #[cfg(unix)]
        Command::Bench(arguments) => {
            match bench::measure(&arguments)? {
                Some(figures) => terminal::print(&figures)?,
                None => terminal::print(&bench::run(&arguments)?)?,
            }
            Ok(true)
        }
        Command::BuildTimes(arguments) => {
            terminal::print(&build_times::run(&arguments)?)?;
            Ok(true)
        }
        Command::Soak(arguments) => soak::run(&arguments).map(|()| true),
    }
}
