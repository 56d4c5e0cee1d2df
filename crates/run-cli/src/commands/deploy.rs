//! `runctl deploy`.

use clap::Args;

use super::release::Release;
use crate::arguments::WaitArguments;
use crate::flags::{ServiceFlags, TrafficFlags};
use crate::session::Context;
use crate::terminal::Failure;

/// What `runctl deploy` is given; the flags are gcloud's.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    #[command(flatten)]
    pub(crate) flags: ServiceFlags,

    #[command(flatten)]
    traffic: TrafficFlags,

    /// Let everybody invoke the service
    #[arg(long, help_heading = "Who may reach the service", overrides_with = "no_allow_unauthenticated")]
    allow_unauthenticated: bool,

    /// Let nobody invoke the service without permission
    #[arg(long, help_heading = "Who may reach the service")]
    no_allow_unauthenticated: bool,

    /// Ask the server what it would make of it, and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    pub(crate) wait: WaitArguments,
}

/// Creates a service or releases a new revision of it, and waits until that is in force.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    if !arguments.flags.names_image() {
        return Err(Failure::usage("a deployment needs an image: --image").hint(format!(
            "`runctl services update {}` changes a service and keeps its image",
            arguments.service
        )));
    }
    let public = match (arguments.allow_unauthenticated, arguments.no_allow_unauthenticated) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let release = Release {
        name: &arguments.service,
        flags: &arguments.flags,
        traffic: &arguments.traffic,
        public,
        wait: &arguments.wait,
        dry_run: arguments.dry_run,
        pin: None,
        always_new_revision: true,
    };
    release.run(context).await
}
