//! All flags that change a service object.

use std::time::Duration;

use clap::Args;
use run_api::Location;
use run_api::types::Service;
use run_ops::edit::{self, Edit};

use super::access::AccessFlags;
use super::read::{OrDefault, switch};
use super::scaling::ScalingFlags;
use super::workload::{ContainersFlags, SurroundingFlags};
use crate::terminal::Failure;
use crate::values;

/// The flags that change a service object.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServiceFlags {
    #[command(flatten)]
    pub(crate) containers: ContainersFlags,

    #[command(flatten)]
    requests: RequestFlags,

    #[command(flatten)]
    scaling: ScalingFlags,

    #[command(flatten)]
    access: AccessFlags,

    #[command(flatten)]
    surroundings: SurroundingFlags,
}

/// The flags about requests to instances.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Requests")]
struct RequestFlags {
    /// How many requests an instance serves at a time, or `default`
    #[arg(long, value_name = "REQUESTS")]
    concurrency: Option<OrDefault<u16>>,

    /// How long a request may take: seconds, or for example `5m`
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    timeout: Option<Duration>,

    /// Requests of one client go to one instance, if possible (--no-session-affinity: to any)
    #[arg(long, overrides_with = "no_session_affinity")]
    session_affinity: bool,

    #[arg(long, hide = true)]
    no_session_affinity: bool,

    /// CPU only while a request is served (--no-cpu-throttling: always)
    #[arg(long, overrides_with = "no_cpu_throttling")]
    cpu_throttling: bool,

    #[arg(long, hide = true)]
    no_cpu_throttling: bool,

    /// More CPU while an instance starts (--no-cpu-boost: not more)
    #[arg(long, overrides_with = "no_cpu_boost")]
    cpu_boost: bool,

    #[arg(long, hide = true)]
    no_cpu_boost: bool,

    /// Start an instance to see whether the revision works (--no-deploy-health-check: do not)
    #[arg(long, overrides_with = "no_deploy_health_check")]
    deploy_health_check: bool,

    #[arg(long, hide = true)]
    no_deploy_health_check: bool,
}

fn timeout(text: &str) -> Result<Duration, String> {
    match values::duration(text)? {
        Duration::ZERO => Err("a request must be given a second at least".to_owned()),
        timeout => Ok(timeout),
    }
}

impl ServiceFlags {
    /// The changes that the flags are. `location` completes short names.
    pub(crate) fn edit(&self, location: &Location) -> Result<Edit<Service>, Failure> {
        let mut edit = self.containers.edit(edit::service())?;
        edit = self.requests.edit(edit);
        edit = self.scaling.edit(edit);
        edit = self.access.edit(edit)?;
        self.surroundings.edit(edit, location)
    }

    /// Whether the flags say if instances start with more CPU.
    pub(crate) fn says_cpu_boost(&self) -> bool {
        switch(self.requests.cpu_boost, self.requests.no_cpu_boost).is_some()
    }

    /// Whether callers log in through Identity-Aware Proxy from now on; nothing was said if none.
    pub(crate) fn iap(&self) -> Option<bool> {
        self.access.iap()
    }

    /// Whether a flag names an image.
    pub(crate) fn names_image(&self) -> bool {
        self.containers.name_an_image()
    }
}

impl RequestFlags {
    fn edit(&self, mut edit: Edit<Service>) -> Edit<Service> {
        if let Some(concurrency) = self.concurrency {
            edit = edit.concurrency(concurrency.0);
        }
        if let Some(timeout) = self.timeout {
            edit = edit.timeout(timeout);
        }
        if let Some(affinity) = switch(self.session_affinity, self.no_session_affinity) {
            edit = edit.session_affinity(affinity);
        }
        if let Some(throttled) = switch(self.cpu_throttling, self.no_cpu_throttling) {
            edit = edit.cpu_throttling(throttled);
        }
        if let Some(boost) = switch(self.cpu_boost, self.no_cpu_boost) {
            edit = edit.startup_cpu_boost(boost);
        }
        if let Some(check) = switch(self.deploy_health_check, self.no_deploy_health_check) {
            edit = edit.deploy_health_check(check);
        }
        edit
    }
}
