//! The command line.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use run_emulator::{CommandError, ImageBehaviour, LocalCommand};

use crate::commands::{deploy, emulator, revisions, services, wait};

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

/// The flags of every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Flags of every command")]
pub(crate) struct GlobalArguments {
    /// The project, by id or number
    #[arg(long, global = true)]
    pub(crate) project: Option<String>,

    /// The region
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,

    /// Use the API at this URL instead of Google's
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// Send the credential to that endpoint, although it is not Google's
    #[arg(long, global = true)]
    pub(crate) trust_endpoint: bool,

    /// The form of what is written to stdout
    #[arg(long, global = true, value_enum)]
    pub(crate) format: Option<Format>,

    /// Answer every question with yes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Show requests and answers on stderr, without credentials and the values of environment variables
    #[arg(long, global = true)]
    pub(crate) log_http: bool,

    /// Write nothing to stderr but errors
    #[arg(long, global = true)]
    pub(crate) no_user_output_enabled: bool,
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
    Demo(DemoArguments),
    /// Run a local Cloud Run Admin API v1
    #[command(subcommand)]
    Emulator(EmulatorCommand),
}

/// What `runctl demo` is given.
#[derive(Args, Debug)]
pub(crate) struct DemoArguments {
    /// The name of the service; it must not exist yet
    #[arg(long, default_value = "runctl-demo")]
    pub(crate) service: String,

    /// The image of both revisions; it must answer with the name of its revision
    #[arg(long, default_value = "us-docker.pkg.dev/cloudrun/container/hello")]
    pub(crate) image: String,

    /// The percentage of the traffic that the second revision gets
    #[arg(long, default_value_t = 10, value_name = "PERCENT")]
    pub(crate) canary: i32,

    /// How many requests measure the split
    #[arg(long, default_value_t = 5000)]
    pub(crate) requests: u32,

    /// How many seconds each wait may take
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub(crate) timeout: u64,

    /// Do not ask before using the real Cloud Run
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// How data is written to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For programs and people
    Yaml,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EmulatorCommand {
    /// Serve until interrupted; the address is printed to stdout once requests are answered
    ///
    /// --project ID=NUMBER gives a project a number of your choice, --region says in which region requests are that name
    /// none.
    Serve(Box<ServeArguments>),
    /// Print the variables that make a client talk to an emulator: eval "$(runctl emulator env)"
    Env(emulator::env::Arguments),
    /// List the situations that --scenario plays
    Scenarios,
}

/// How the emulator's work is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// A line for each entry, on stderr
    Text,
    /// An object in a line for each entry, on stdout after the address
    Json,
}

/// What `runctl emulator serve` is given.
#[derive(Args, Debug)]
pub(crate) struct ServeArguments {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,

    /// The port to listen on, on loopback
    #[arg(long, conflicts_with = "listen")]
    pub(crate) port: Option<u16>,

    /// How many milliseconds each stage of a deployment takes, instead of its own time
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) delay: Option<u64>,

    /// How long single stages take: observe, import, provision, health, route, task, delete
    #[arg(long, value_name = "STAGE=MILLISECONDS,...", value_delimiter = ',', value_parser = emulator::values::delay)]
    pub(crate) delays: Vec<(String, u64)>,

    /// How an image behaves: hello, missing, unauthorized, never-listens, exits:CODE, fails-at-first:ATTEMPTS:CODE; may be
    /// repeated
    ///
    /// An image is named by the whole reference, without tag and digest, or by a beginning with a `*`. Numbers can be left
    /// out, and are 1 then.
    #[arg(long = "image", value_name = "IMAGE=BEHAVIOUR", value_parser = emulator::values::image)]
    pub(crate) images: Vec<(String, ImageBehaviour)>,

    /// Show requests and what changes: as text on stderr, or as lines of JSON on stdout
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) log: Option<LogForm>,

    /// Keep the state in this file, and go on with what is there
    ///
    /// Every acknowledged write survives the end of the process, however sudden. The file is made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<std::path::PathBuf>,

    /// A domain that may be mapped to services, with its subdomains, instead of example.com; may be repeated
    #[arg(long = "authorized-domain", value_name = "DOMAIN")]
    pub(crate) authorized_domains: Vec<String>,

    /// Run a program in place of an image: `docker.io/me/app=python3 app.py`, with quotes as in a shell; may be
    /// given several times. An image without tag and digest stands for all of them
    #[arg(long, value_name = "IMAGE=COMMAND", value_parser = named_command)]
    pub(crate) run: Vec<(String, LocalCommand)>,

    /// The value of a secret, for the environment of programs; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = named_value)]
    pub(crate) secret: Vec<(String, String)>,

    /// After how many seconds without requests a program is stopped, instead of 15 minutes
    #[arg(long, value_name = "SECONDS")]
    pub(crate) idle_timeout: Option<u64>,

    /// Split the traffic by this seed, so that the same requests go to the same revisions
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    #[command(flatten)]
    pub(crate) world: emulator::world::WorldArguments,

    #[command(flatten)]
    pub(crate) trouble: emulator::trouble::TroubleArguments,
}

fn named_value(text: &str) -> Result<(String, String), String> {
    let named = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = named.ok_or("a name, `=` and a value are needed")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn named_command(text: &str) -> Result<(String, LocalCommand), String> {
    let (image, command) = named_value(text)?;
    Ok((image, command.parse().map_err(|error: CommandError| error.to_string())?))
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
