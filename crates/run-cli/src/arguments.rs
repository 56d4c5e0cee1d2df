//! The arguments that commands share.

use clap::{Args, ValueEnum};

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
