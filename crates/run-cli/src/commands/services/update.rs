//! `runctl services update`.

use clap::Args;

use crate::arguments::WaitArguments;
use crate::commands::release::{Pin, Release, expect};
use crate::flags::{ServiceFlags, TrafficFlags};
use crate::session::Context;
use crate::terminal::Failure;

/// What `runctl services update` is given; the flags are gcloud's.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    #[command(flatten)]
    pub(crate) flags: ServiceFlags,

    /// Keep the image that runs: a new revision gets its digest in place of the tag, which may name another image by now
    #[arg(long, conflicts_with = "image", help_heading = "A container")]
    keep_image: bool,

    #[command(flatten)]
    traffic: TrafficFlags,

    /// Ask the server what it would make of it, and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    pub(super) wait: WaitArguments,
}

/// Changes a service that is there. What does not touch the template makes no new revision.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let is_nothing = arguments.flags.edit(&context.settings.location()?)?.is_empty();
    if is_nothing && arguments.traffic.is_empty() {
        return Err(Failure::usage("no flag says what to change").hint(format!(
            "for example `runctl services update {} --memory 1Gi`; `runctl services update --help` has all flags",
            arguments.service
        )));
    }
    let present = expect(&context.service(&arguments.service)?, context).await?;
    if arguments.keep_image && arguments.flags.names_image() {
        return Err(Failure::usage("--keep-image and --image exclude each other"));
    }
    let pin = if arguments.keep_image { Some(Pin::of(&present, context).await?) } else { None };
    let release = Release {
        name: &arguments.service,
        flags: &arguments.flags,
        traffic: &arguments.traffic,
        public: None,
        wait: &arguments.wait,
        dry_run: arguments.dry_run,
        pin,
        always_new_revision: false,
    };
    release.run(context).await
}
