#![doc = include_str!("../README.md")]

mod arguments;
mod cli;
mod commands;
mod output;
mod session;
mod settings;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::Cli;
use crate::terminal::{ExitStatus, Printer};

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
        .with_env_filter(
            EnvFilter::try_from_env(settings::env::LOG).unwrap_or_else(|_| EnvFilter::new("off")),
        )
        .with_writer(std::io::stderr)
        .init();
    let printer = Printer::new(cli.global.no_user_output_enabled);
    match cli.run(printer).await {
        Ok(()) => ExitStatus::Done.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.status().into()
        }
    }
}
