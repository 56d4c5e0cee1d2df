//! The command line.

use clap::{Parser, Subcommand};

use crate::arguments::GlobalArguments;
use crate::commands::{demo, deploy, emulator, revisions, services, wait};
use crate::session::Context;
use crate::terminal::{Failure, Printer};

/// Manage Google Cloud Run services through the Admin API v1.
///
/// Commands, flags and output follow those of `gcloud run`.
#[derive(Debug, Parser)]
#[command(name = "runctl", version, about, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a service or release a new revision of it
    Deploy(deploy::Arguments),
    /// List, show, delete services; change their traffic and access
    #[command(subcommand)]
    Services(services::ServicesCommand),
    /// List and show revisions
    #[command(subcommand)]
    Revisions(revisions::RevisionsCommand),
    /// Wait until a service is ready
    Wait(wait::Arguments),
    /// Walk through a service's life: check, create, wait, publish, release, split, measure, delete
    ///
    /// Runs on an embedded emulator unless a project is named. With --project and --region the same steps run
    /// on the real Cloud Run, after a confirmation.
    Demo(demo::Arguments),
    /// Run a local Cloud Run Admin API v1
    #[command(subcommand)]
    Emulator(emulator::EmulatorCommand),
}

impl Cli {
    /// Runs the command.
    pub(crate) async fn run(self, printer: Printer) -> Result<(), Failure> {
        let global = self.global;
        let context = async || Context::new(&global, printer).await;
        match self.command {
            Command::Deploy(arguments) => deploy::run(&arguments, &context().await?).await,
            Command::Services(command) => services::run(command, &context().await?).await,
            Command::Revisions(command) => revisions::run(command, &context().await?).await,
            Command::Wait(arguments) => wait::run(&arguments, &context().await?).await,
            Command::Demo(arguments) => demo::run(arguments, &global, printer).await,
            Command::Emulator(command) => emulator::run(command, &global, printer).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
