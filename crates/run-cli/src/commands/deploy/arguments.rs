//! The flags of `runctl deploy`; their names are gcloud's.

use clap::Args;

use crate::arguments::DEFAULT_TIMEOUT_SECONDS;

/// What `runctl deploy` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    pub(crate) service: String,

    /// The image to deploy
    #[arg(long)]
    pub(crate) image: String,

    /// The environment variables, in place of all that were there; `^;^A=1;B=2` uses another separator
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub(crate) set_env_vars: Option<String>,

    /// The CPU limit, for example `1`, `2` or `500m`
    #[arg(long)]
    pub(crate) cpu: Option<String>,

    /// The memory limit, for example `512Mi`
    #[arg(long)]
    pub(crate) memory: Option<String>,

    /// The port that the container listens on
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,

    /// How many requests an instance serves at a time, or `default`
    #[arg(long, value_name = "REQUESTS")]
    pub(crate) concurrency: Option<String>,

    /// How long a request may take: seconds, or for example `5m`
    #[arg(long, value_name = "DURATION")]
    pub(crate) timeout: Option<String>,

    /// The service account that the revision runs as
    #[arg(long, value_name = "EMAIL")]
    pub(crate) service_account: Option<String>,

    /// Labels to set on the service and the revision
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub(crate) labels: Option<String>,

    /// Give the new revision no traffic
    #[arg(long)]
    pub(crate) no_traffic: bool,

    /// Put this tag on the new revision, which gives it an address of its own
    #[arg(long)]
    pub(crate) tag: Option<String>,

    /// Name the new revision SERVICE-SUFFIX
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) revision_suffix: Option<String>,

    /// Let everybody invoke the service
    #[arg(long, conflicts_with = "no_allow_unauthenticated")]
    pub(crate) allow_unauthenticated: bool,

    /// Let nobody invoke the service without permission
    #[arg(long)]
    pub(crate) no_allow_unauthenticated: bool,

    /// Do not wait until the revision is ready
    #[arg(long = "async")]
    pub(crate) asynchronous: bool,

    /// How many seconds the wait may take
    #[arg(long, default_value_t = DEFAULT_TIMEOUT_SECONDS, value_name = "SECONDS")]
    pub(crate) wait_timeout: u64,
}

impl Arguments {
    /// Whether the service shall be public; none if nothing was said about it.
    pub(crate) fn access(&self) -> Option<bool> {
        match (self.allow_unauthenticated, self.no_allow_unauthenticated) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }
}
