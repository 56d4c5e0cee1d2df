//! Development tasks of this workspace: `cargo xtask spec import`, `codegen`, `conformance` and `soak`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a development tool talks to the terminal directly"
)]

mod codegen;
#[cfg(unix)]
mod conformance;
#[cfg(test)]
mod scratch;
mod soak;
mod spec;

use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Put `runctl emulator serve` under load, and kill it at random moments
    Soak(soak::Arguments),
}

#[derive(Subcommand)]
enum SpecCommand {
    /// Convert a Google discovery document into `specs/run-v1.json` and `specs/methods.txt`
    ///
    /// Descriptions of the committed specification are kept; what is new, changed, gone or
    /// without a description is reported.
    Import {
        /// The discovery document: a file or an http(s) address
        source: String,
        /// Fill what has no description with the texts of the discovery document
        #[arg(long)]
        with_google_descriptions: bool,
        /// Write the specification here, and `methods.txt` beside it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Spec(SpecCommand::Import { source, with_google_descriptions, out }) => {
            spec::import::run(&source, with_google_descriptions, out).map(|report| {
                print!("{report}");
                true
            })
        }
        Command::Codegen { check } => codegen::run(check).map(|outcome| {
            print!("{outcome}");
            outcome.is_success()
        }),
        #[cfg(unix)]
        Command::Conformance { client } => conformance::run(client).map(|summary| {
            print!("{summary}");
            summary.is_success()
        }),
        Command::Soak(arguments) => soak::run(&arguments).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace, whatever the current directory is.
fn workspace_root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}
