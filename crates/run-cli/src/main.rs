#![doc = include_str!("../README.md")]

mod cli;
mod commands;
mod context;
mod env;
mod exit;
mod failure;
mod http_log;
mod interrupt;
mod metadata;
mod operation;
mod output;
mod printer;
mod report;
mod settings;
mod steps;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, EmulatorCommand};
use crate::context::Context;
use crate::exit::ExitStatus;
use crate::failure::Failure;
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
    let printer = Printer::new(cli.global.no_user_output_enabled);
    match run(cli, printer).await {
        Ok(()) => ExitStatus::Done.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.status().into()
        }
    }
}

async fn run(cli: Cli, printer: Printer) -> Result<(), Failure> {
    let global = cli.global;
    let context = async || Context::new(&global, printer).await;
    match cli.command {
        Command::Deploy(arguments) => commands::deploy::run(&arguments, &context().await?).await,
        Command::Services(command) => commands::services::run(command, &context().await?).await,
        Command::Revisions(command) => commands::revisions::run(command, &context().await?).await,
        Command::Wait(arguments) => commands::wait::run(&arguments, &context().await?).await,
        Command::Demo(arguments) => commands::demo::run(arguments, &global, printer).await,
        Command::Emulator(EmulatorCommand::Serve(arguments)) => {
            commands::emulator::serve(arguments, &global, printer).await
        }
        Command::Emulator(EmulatorCommand::Env(arguments)) => {
            commands::emulator::env::run(&arguments, &global, printer)
        }
        Command::Emulator(EmulatorCommand::Scenarios) => commands::emulator::trouble::list(&global, printer),
    }
}
