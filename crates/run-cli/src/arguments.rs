//! The arguments that commands share.

use std::time::Duration;

use clap::Args;

use crate::query::{Filter, Flatten, Format, Kind, SortKey};
use crate::values::duration;

/// How long a command that waits may take if nothing else is said; gcloud's limit as well.
pub(crate) const DEFAULT_TIMEOUT: &str = "30m";

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

    /// Read the access token from this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) access_token_file: Option<String>,

    /// Act as this service account, with a token that the caller's credential gets for it
    #[arg(long, global = true, value_name = "EMAIL")]
    pub(crate) impersonate_service_account: Option<String>,

    /// The project that pays for requests and whose quotas count, instead of the one that the credential names
    #[arg(long, global = true, value_name = "PROJECT")]
    pub(crate) billing_project: Option<String>,

    /// Read the settings from this configuration of gcloud, instead of the active one
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) configuration: Option<String>,

    /// How to write to stdout: json, yaml, export, value(KEY,...), csv(KEY,...), table(KEY,...), flattened, none, text
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// With --format: an object for each item of these lists, as in `status.traffic[]`, in the place of the list
    #[arg(long, global = true, value_name = "KEY,...", value_delimiter = ',')]
    pub(crate) flatten: Vec<Flatten>,

    /// How long the command may take, all in all; commands that wait have a --wait-timeout or a --timeout of their own besides
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,

    /// Answer every question with yes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Show requests and answers on stderr, without credentials and the values of environment variables
    #[arg(long, global = true)]
    pub(crate) log_http: bool,

    /// Write nothing to stderr but errors
    #[arg(long, global = true, overrides_with = "user_output_enabled")]
    pub(crate) no_user_output_enabled: bool,

    /// Write to stderr what happens (this is so anyway; `=false` as --no-user-output-enabled)
    #[arg(long, global = true, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) user_output_enabled: Option<bool>,

    /// Only `managed` Cloud Run is there
    #[arg(long, global = true, hide = true, value_parser = platform)]
    pub(crate) platform: Option<String>,

    /// How much to tell: debug, info, warning, error, critical, none
    #[arg(long, global = true, hide = true, value_parser = ["debug", "info", "warning", "error", "critical", "none"])]
    pub(crate) verbosity: Option<String>,

    /// What `beta` or `alpha` before the command stands for; the command line fills it in.
    #[arg(skip)]
    pub(crate) launch_stage: Option<&'static str>,
}

impl GlobalArguments {
    /// Hands `--flatten` over to the format; false if there is none, without which it means nothing.
    pub(crate) fn flatten_into_format(&mut self) -> bool {
        if self.flatten.is_empty() {
            return true;
        }
        match self.format.as_mut().filter(|format| format.kind != Kind::Text) {
            Some(format) => {
                format.flatten = std::mem::take(&mut self.flatten);
                true
            }
            None => false,
        }
    }

    /// Whether only data and errors are to be written.
    pub(crate) fn is_silent(&self) -> bool {
        self.no_user_output_enabled || self.user_output_enabled == Some(false)
    }
}

fn platform(name: &str) -> Result<String, String> {
    match name {
        "managed" => Ok(name.to_owned()),
        "gke" | "kubernetes" => {
            Err("runctl manages Cloud Run (`managed`); for Knative elsewhere use kubectl".to_owned())
        }
        _ => Err("the platform is `managed`".to_owned()),
    }
}

/// The flags of every list.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Flags of lists")]
pub(crate) struct ListArguments {
    /// Only what fulfils this, for example `metadata.labels.env=prod AND NOT metadata.name:test*`
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<Filter>,

    /// Sort by these keys or columns; `~` in front turns the order around
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub(crate) sort_by: Vec<SortKey>,

    /// Write at most so many
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,

    /// Ask the API for so many at a time
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page_size: Option<u32>,

    /// Write the addresses of the objects in the API
    #[arg(long)]
    pub(crate) uri: bool,
}

/// Whether a command waits for the end of what it has begun.
#[derive(Args, Clone, Debug)]
pub(crate) struct WaitArguments {
    /// Do not wait for the end
    #[arg(long = "async", overrides_with = "no_async")]
    pub(crate) asynchronous: bool,

    /// Wait for the end, as without the flag
    #[arg(long, hide = true)]
    pub(crate) no_async: bool,

    /// How long the command may take, all in all
    #[arg(long, default_value = DEFAULT_TIMEOUT, value_name = "DURATION", value_parser = duration)]
    pub(crate) wait_timeout: Duration,
}

/// The same for commands whose `--timeout` means nothing else.
#[derive(Args, Clone, Debug)]
pub(crate) struct TimeoutArguments {
    /// Do not wait for the end
    #[arg(long = "async", overrides_with = "no_async")]
    pub(crate) asynchronous: bool,

    /// Wait for the end, as without the flag
    #[arg(long, hide = true)]
    pub(crate) no_async: bool,

    /// How long the command may take, all in all
    #[arg(long, alias = "wait-timeout", default_value = DEFAULT_TIMEOUT, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Duration,
}
