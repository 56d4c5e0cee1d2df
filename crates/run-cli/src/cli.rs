//! The command line.

mod parse;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::arguments::GlobalArguments;
use crate::commands::{about, catalog, demo, deploy, emulator, revisions, services, wait};
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
    Deploy(deploy::Arguments),
    /// List, show, delete services; change their traffic and access
    #[command(subcommand)]
    Services(services::ServicesCommand),
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
    /// Show each setting, and where it came from
    Config,
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
        let mut command = Self::command();
        command.build();
        let arguments = parse::arguments(&command, typed);
        let matches = Self::command().try_get_matches_from(&arguments);
        let read = matches.and_then(|matches| Self::from_arg_matches(&matches));
        read.map_err(|error| parse::refusal(error, &command, &arguments))
    }

    /// Runs the command.
    pub(crate) async fn run(self, printer: Printer) -> Result<(), Failure> {
        let is_endpoint_typed = self.global.endpoint.is_some();
        self.run_command(printer).await.map_err(|failure| {
            let emulator = std::env::var(env::EMULATOR_HOST).ok().filter(|host| !host.is_empty());
            match emulator {
                Some(host) if failure.is_no_connection() && !is_endpoint_typed => failure.advised(vec![format!(
                    "{}={host} leads there: start the emulator with `runctl emulator serve`, or unset the variable",
                    env::EMULATOR_HOST
                )]),
                _ => failure,
            }
        })
    }

    async fn run_command(self, printer: Printer) -> Result<(), Failure> {
        let global = self.global;
        let context = async || Context::new(&global, printer).await;
        match self.command {
            Command::Deploy(arguments) => deploy::run(&arguments, &context().await?).await,
            Command::Services(command) => services::run(command, &context().await?).await,
            Command::Revisions(command) => revisions::run(command, &context().await?).await,
            Command::Regions(command) => catalog::regions(command, &context().await?).await,
            Command::Configurations(command) => catalog::configurations(command, &context().await?).await,
            Command::Routes(command) => catalog::routes(command, &context().await?).await,
            Command::Wait(arguments) => wait::run(&arguments, &context().await?).await,
            Command::Demo(arguments) => demo::run(arguments, &global, printer).await,
            Command::Emulator(command) => emulator::run(command, &global, printer).await,
            Command::Config => about::config(&global, printer).await,
            Command::Completion(arguments) => about::completion(&arguments, Self::command(), printer),
            Command::Man(arguments) => about::man(&arguments, Self::command(), printer),
            Command::Version => about::version(&global, printer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::gcloud::{self, FLAGS, Standing};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    fn longs(command: &clap::Command, found: &mut BTreeSet<String>) {
        for argument in command.get_arguments() {
            let names = argument.get_long_and_visible_aliases().unwrap_or_default();
            found.extend(names.into_iter().map(|long| format!("--{long}")));
        }
        command.get_subcommands().for_each(|inner| longs(inner, found));
    }

    #[test]
    fn the_table_of_gclouds_flags_says_what_runctl_has() {
        let mut command = Cli::command();
        command.build();
        let mut have = BTreeSet::new();
        longs(&command, &mut have);
        for (name, standing) in FLAGS {
            assert_eq!(have.contains(*name), *standing == Standing::Taken, "{name} is {standing:?}");
        }
    }

    /// gcloud keeps the tree of its commands in a file for completion: each flag of `run` must be in our table.
    #[test]
    fn no_flag_of_the_installed_gcloud_is_unknown() {
        let Some(flags) = installed_flags() else {
            eprintln!("skipped: no gcloud with a tree of its commands is installed");
            return;
        };
        assert!(flags.len() > 100, "{flags:?}");
        let unknown: Vec<&String> = flags.iter().filter(|name| gcloud::flag(name).is_none()).collect();
        assert!(unknown.is_empty(), "gcloud has flags that gcloud/flags.rs lacks: {unknown:?}");
    }

    fn installed_flags() -> Option<BTreeSet<String>> {
        let path = std::env::var_os("PATH")?;
        let gcloud =
            std::env::split_paths(&path).map(|folder| folder.join("gcloud")).find(|file| file.exists())?;
        let root = gcloud.canonicalize().ok()?.parent()?.parent()?.to_owned();
        let script = "import runpy, sys\n\
            tree = runpy.run_path(sys.argv[1])['STATIC_COMPLETION_CLI_TREE']\n\
            def walk(node):\n    \
                print(*node.get('flags', {}), sep='\\n')\n    \
                [walk(inner) for inner in node.get('commands', {}).values()]\n\
            print(*tree['flags'], sep='\\n')\n\
            [walk(at['commands']['run']) for at in (tree, tree['commands']['beta'], tree['commands']['alpha'])]\n";
        let tree = root.join("data/cli/gcloud_completions.py");
        let output = std::process::Command::new("python3").arg("-c").arg(script).arg(tree).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let flags = text.lines().filter(|line| line.starts_with("--")).map(str::to_owned);
        Some(flags.collect()).filter(|_| output.status.success())
    }

    #[test]
    fn what_gcloud_has_is_refused_by_name() {
        for (line, message, hint) in [
            (
                "deploy app --source .",
                "`--source` is a flag of gcloud's that runctl has not",
                "does not build images",
            ),
            ("deploy app --tasks=5", "`--tasks` is a flag of gcloud's that runctl has not yet", "jobs"),
            ("services list --image x", "`runctl services list` has no flag `--image`", "`runctl deploy`"),
            ("jobs execute app --wait", "`jobs` is a command of gcloud's", "`gcloud run jobs`"),
            ("beta run services logs read app", "`services logs` is a command of gcloud's", "Cloud Logging"),
            ("services list --platform gke", "", ""),
        ] {
            let typed = std::iter::once("runctl").chain(line.split(' ')).map(OsString::from);
            match (Cli::read(typed), message) {
                (Err(Refusal::Usage(error)), "") => assert!(error.to_string().contains("kubectl"), "{error}"),
                (Err(Refusal::Gcloud(failure)), message) => {
                    assert!(failure.to_string().starts_with(message), "{line}: {failure}");
                    assert!(failure.hints()[0].contains(hint), "{line}: {:?}", failure.hints());
                }
                (Err(Refusal::Usage(error)), _) => panic!("{line}: {error}"),
                (Ok(_), _) => panic!("{line} was taken"),
            }
        }
    }

    #[test]
    fn tips_that_would_harm_are_left_out() {
        let told = |line: &str| match Cli::read(line.split(' ').map(OsString::from)) {
            Err(Refusal::Usage(error)) => error.to_string(),
            _ => panic!("{line}"),
        };
        assert!(!told("runctl deploy app --image i --env-vars=A=1").contains("set-env-vars"));
        assert!(told("runctl deploy app --imag i").contains("--image"));
        assert!(told("runctl services descripe app").contains("describe"));
        assert!(!told("runctl services repl app").contains("repair"));
    }
}
