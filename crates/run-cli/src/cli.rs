//! The command line.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Manage Google Cloud Run services through the Admin API v1.
#[derive(Debug, Parser)]
#[command(name = "runctl", version, about, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    /// Use the real Cloud Run in this project
    #[arg(long, requires = "region")]
    pub(crate) project: Option<String>,

    /// The region in which the service is made
    #[arg(long)]
    pub(crate) region: Option<String>,

    /// Use the API at this URL instead of Google's or the embedded emulator
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

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
    #[arg(long, short, visible_alias = "quiet")]
    pub(crate) yes: bool,

    /// The form of the report on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// How data is written to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EmulatorCommand {
    /// Serve until interrupted; the address is printed to stdout once requests are answered
    Serve(ServeArguments),
}

/// What `runctl emulator serve` is given.
#[derive(Args, Debug)]
pub(crate) struct ServeArguments {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,

    /// The region of requests that name none
    #[arg(long, default_value = "us-central1")]
    pub(crate) region: String,

    /// How many milliseconds each stage of a deployment takes, instead of its own time
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) delay: Option<u64>,
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
