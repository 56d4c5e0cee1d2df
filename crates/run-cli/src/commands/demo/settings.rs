//! The arguments of the demo, and what they mean.

use std::time::Duration;

use clap::Args;
use run_api::{Endpoint, ServiceRef};
use run_ops::Percent;

use crate::arguments::GlobalArguments;
use crate::query::Format;
use crate::settings;
use crate::terminal::Failure;

const EMULATED_PROJECT: &str = "demo-project";
const EMULATED_REGION: &str = "us-central1";
const MOST_REQUESTS: u32 = 1_000_000;

/// What `runctl demo` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
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

/// The resolved settings of one run.
pub(super) struct Settings {
    pub(super) place: Where,
    pub(super) service: ServiceRef,
    pub(super) image: String,
    pub(super) canary: Percent,
    pub(super) requests: u32,
    pub(super) timeout: Duration,
    pub(super) assume_yes: bool,
    pub(super) format: Option<Format>,
    /// The flag that leads other commands to the same endpoint, with a space before it; or nothing.
    endpoint_flag: String,
}

/// Which API the run uses.
pub(super) enum Where {
    /// An emulator in this process.
    Embedded,
    /// The one at this endpoint.
    Endpoint(Endpoint),
    /// Google's, or whichever the environment names.
    Google,
}

impl Settings {
    /// Only what is typed counts: no variable of the surroundings makes the demo use a real project.
    pub(super) fn resolve(arguments: Arguments, global: &GlobalArguments) -> Result<Self, Failure> {
        if global.project.is_some() && global.region.is_none() {
            return Err(Failure::usage("--project needs --region, the region in which the service is made"));
        }
        let place = match (&global.endpoint, &global.project) {
            (Some(url), _) => Where::Endpoint(settings::endpoint(url)?),
            (None, Some(_)) => Where::Google,
            (None, None) => Where::Embedded,
        };
        let project = global.project.as_deref().unwrap_or(EMULATED_PROJECT);
        let region = global.region.as_deref().unwrap_or(EMULATED_REGION);
        if !(1..=MOST_REQUESTS).contains(&arguments.requests) {
            return Err(Failure::usage(format!("--requests must be from 1 to {MOST_REQUESTS}")));
        }
        Ok(Self {
            place,
            service: ServiceRef::new(project, region, &arguments.service)?,
            image: arguments.image,
            canary: Percent::new(arguments.canary)?,
            requests: arguments.requests,
            timeout: Duration::from_secs(arguments.timeout.max(1)),
            assume_yes: arguments.yes || global.quiet,
            format: global.format.clone(),
            endpoint_flag: global
                .endpoint
                .as_ref()
                .map(|url| format!(" --endpoint {url}"))
                .unwrap_or_default(),
        })
    }

    /// What to do if the service is left behind.
    pub(super) fn how_to_delete(&self) -> String {
        match self.place {
            Where::Embedded => "nothing is left: the emulator ends with this program".to_owned(),
            Where::Endpoint(_) | Where::Google => format!(
                "it may still be there: `runctl services delete {} --project {} --region {}{}`",
                self.service.name,
                self.service.project(),
                self.service.region(),
                self.endpoint_flag
            ),
        }
    }
}
