#![doc = include_str!("../README.md")]

mod cli;
mod commands;
mod env;
mod exit;
mod failure;
mod interrupt;
mod printer;
mod steps;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, EmulatorCommand};
use crate::exit::ExitStatus;
use crate::printer::Printer;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // clap writes help to stdout and usage errors to stderr; a closed pipe is no reason to fail.
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Done }.into();
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env(env::LOG).unwrap_or_else(|_| EnvFilter::new("off")))
        .with_writer(std::io::stderr)
        .init();
    let printer = Printer::new();
    let result = match cli.command {
        Command::Demo(arguments) => commands::demo::run(arguments, printer).await,
        Command::Emulator(EmulatorCommand::Serve(arguments)) => {
            commands::emulator::serve(arguments, printer).await
        }
    };
    match result {
        Ok(()) => ExitStatus::Done.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.status().into()
        }
    }
}
