//! The command line.

mod parse;

use std::ffi::OsString;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use run_ops::Deadline;

use crate::arguments::GlobalArguments;
use crate::commands::{about, catalog, deploy, doctor, jobs, preflight, revisions, services, wait};
#[cfg(feature = "emulator")]
use crate::commands::{demo, emulator};
use crate::flags::Scoped;
use crate::session::Context;
use crate::settings::env;
use crate::terminal::{Failure, Printer};

pub(crate) use parse::Refusal;

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
    Deploy(Box<deploy::Arguments>),
    /// List, show, delete services; change their traffic and access
    #[command(subcommand)]
    Services(services::ServicesCommand),
    /// Create, run, list, show and delete jobs; follow their executions
    #[command(subcommand)]
    Jobs(Box<jobs::JobsCommand>),
    /// List, show and delete revisions
    #[command(subcommand)]
    Revisions(revisions::RevisionsCommand),
    /// List the regions that Cloud Run is in
    #[command(subcommand)]
    Regions(catalog::RegionsCommand),
    /// List and show configurations
    #[command(subcommand)]
    Configurations(catalog::ConfigurationsCommand),
    /// List and show routes
    #[command(subcommand)]
    Routes(catalog::RoutesCommand),
    /// Look whether a deployment would succeed: permissions, names, traffic, limits; changes nothing
    ///
    /// gcloud has no such command. Secrets, images and the right to act as a service account cannot be asked for.
    Preflight(Box<preflight::Arguments>),
    /// Wait until a service is ready
    Wait(wait::Arguments),
    /// Walk through a service's life: check, create, wait, publish, release, split, measure, delete
    ///
    /// Runs on an embedded emulator unless a project is named. With --project and --region the same steps run
    /// on the real Cloud Run, after a confirmation.
    #[cfg(feature = "emulator")]
    Demo(demo::Arguments),
    /// Run a local Cloud Run Admin API v1
    #[cfg(feature = "emulator")]
    #[command(subcommand)]
    Emulator(emulator::EmulatorCommand),
    /// Show each setting, and where it came from
    Config,
    /// Look whether runctl can work here: its settings, the credential and whose it is, and what it may read
    ///
    /// gcloud has no such command. It asks the token endpoint about the token and the API for one service; it changes
    /// nothing, and writes no secret.
    Doctor,
    /// Write the completion of a shell
    Completion(about::CompletionArguments),
    /// Write the manual pages
    Man(about::ManArguments),
    /// Write the version
    Version,
}

impl Cli {
    /// Reads what was typed, with the name of the program first.
    pub(crate) fn read(typed: impl IntoIterator<Item = OsString>) -> Result<Self, Refusal> {
        // Only what was typed is built of it: all of it takes longer than many a command.
        let mut command = Self::command();
        let typed = parse::Typed::of(&command, typed)?;
        let matches = command.try_get_matches_from_mut(&typed.arguments);
        let read = matches.and_then(|matches| Self::from_arg_matches(&matches));
        // So does taking it apart, and the process ends soon anyway.
        std::mem::forget(command);
        let mut cli = read.map_err(|error| {
            if !error.use_stderr() {
                return Refusal::Usage(Box::new(error));
            }
            let mut whole = Self::command();
            whole.build();
            parse::refusal(error, &whole, &typed.arguments)
        })?;
        cli.global.launch_stage = typed.stage;
        if let Some(scoped) = cli.scoped_flags() {
            *scoped = typed.scoped()?;
        }
        if let Command::Jobs(command) = &mut cli.command
            && let Some(overrides) = command.overrides()
        {
            overrides.scoped = typed.scoped()?;
        }
        if !cli.global.flatten_into_format() {
            let failure = Failure::usage("--flatten goes with a --format for programs")
                .hint("as in --flatten='status.traffic[]' --format='value(status.traffic.tag)'");
            return Err(Refusal::Gcloud(failure));
        }
        Ok(cli)
    }

    /// Where the flags behind `--container` go, of a command that changes a service or a job.
    fn scoped_flags(&mut self) -> Option<&mut Vec<Scoped>> {
        match &mut self.command {
            Command::Deploy(arguments) => Some(&mut arguments.flags.containers.scoped),
            Command::Preflight(arguments) => Some(&mut arguments.flags.containers.scoped),
            Command::Services(services::ServicesCommand::Update(arguments)) => {
                Some(&mut arguments.flags.containers.scoped)
            }
            Command::Jobs(command) => command.job_flags().map(|flags| &mut flags.containers.scoped),
            _ => None,
        }
    }

    /// Whether the command does work for others, beside its own.
    #[cfg(feature = "emulator")]
    pub(crate) fn is_server(&self) -> bool {
        matches!(self.command, Command::Demo(_) | Command::Emulator(_))
    }

    /// Runs the command.
    pub(crate) async fn run(self, printer: Printer) -> Result<(), Failure> {
        let is_endpoint_typed = self.global.endpoint.is_some();
        self.run_command(printer).await.map_err(|failure| {
            let emulator = std::env::var(env::EMULATOR_HOST).ok().filter(|host| !host.is_empty());
            match emulator {
                Some(host) if failure.is_no_connection() && !is_endpoint_typed => {
                    failure.advised(vec![format!(
                        "{}={host} leads there: start the emulator{}, or unset the variable",
                        env::EMULATOR_HOST,
                        if cfg!(feature = "emulator") { " with `runctl emulator serve`" } else { "" }
                    )])
                }
                _ => failure,
            }
        })
    }

    async fn run_command(self, printer: Printer) -> Result<(), Failure> {
        let global = self.global;
        // The clock starts with the command.
        let limit = self.command.limit().into_iter().chain(global.deadline).min();
        let deadline = Deadline::after(limit.unwrap_or(Duration::MAX));
        let api = Api { global: &global, printer, deadline };
        match self.command {
            Command::Deploy(arguments) => api.run(async |api| deploy::run(&arguments, api).await).await,
            Command::Services(command) => api.run(async |api| services::run(command, api).await).await,
            Command::Jobs(command) => api.run(async |api| jobs::run(*command, api).await).await,
            Command::Revisions(command) => api.run(async |api| revisions::run(command, api).await).await,
            Command::Regions(command) => api.run(async |api| catalog::regions(command, api).await).await,
            Command::Configurations(command) => {
                api.run(async |api| catalog::configurations(command, api).await).await
            }
            Command::Routes(command) => api.run(async |api| catalog::routes(command, api).await).await,
            Command::Preflight(arguments) => api.run(async |api| preflight::run(&arguments, api).await).await,
            Command::Wait(arguments) => api.run(async |api| wait::run(&arguments, api).await).await,
            #[cfg(feature = "emulator")]
            Command::Demo(arguments) => demo::run(arguments, &global, printer).await,
            #[cfg(feature = "emulator")]
            Command::Emulator(command) => emulator::run(command, &global, printer).await,
            Command::Doctor => doctor::run(&global, deadline, printer).await,
            Command::Config => about::config(&global, printer).await,
            Command::Completion(arguments) => about::completion(&arguments, Self::command(), printer),
            Command::Man(arguments) => about::man(&arguments, Self::command(), printer),
            Command::Version => about::version(&global, printer),
        }
    }
}

/// How commands that call the API are run.
struct Api<'a> {
    global: &'a GlobalArguments,
    printer: Printer,
    deadline: Deadline,
}

impl Api<'_> {
    async fn run(self, command: impl AsyncFnOnce(&Context) -> Result<(), Failure>) -> Result<(), Failure> {
        let context = Context::new(self.global, self.printer, self.deadline).await?;
        // On the heap: the futures of all commands are larger than a stack likes.
        Box::pin(context.bounded(Box::pin(command(&context)))).await
    }
}

impl Command {
    /// How long the command says that it may take.
    fn limit(&self) -> Option<Duration> {
        match self {
            Self::Deploy(arguments) => Some(arguments.wait.wait_timeout),
            Self::Services(command) => command.limit(),
            Self::Jobs(command) => command.limit(),
            Self::Wait(arguments) => Some(arguments.timeout),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
