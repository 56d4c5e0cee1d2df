//! `runctl emulator`.

mod env;
mod environment;
mod serve;
mod values;

use clap::Subcommand;

use crate::arguments::GlobalArguments;
use crate::terminal::{Failure, Printer};

#[derive(Debug, Subcommand)]
pub(crate) enum EmulatorCommand {
    /// Serve until interrupted; the address is printed to stdout once requests are answered
    ///
    /// --project ID=NUMBER gives a project a number of your choice, --region says in which region requests are that name
    /// none.
    Serve(Box<serve::Arguments>),
    /// Print the variables that make a client talk to an emulator: eval "$(runctl emulator env)"
    Env(env::Arguments),
    /// List the situations that --scenario plays
    Scenarios,
}

/// Runs one of the commands.
pub(crate) async fn run(
    command: EmulatorCommand,
    global: &GlobalArguments,
    printer: Printer,
) -> Result<(), Failure> {
    match command {
        EmulatorCommand::Serve(arguments) => serve::run(arguments, global, printer).await,
        EmulatorCommand::Env(arguments) => env::run(&arguments, global, printer),
        EmulatorCommand::Scenarios => environment::list(global, printer),
    }
}
