//! Probes.

use clap::Args;
use run_api::Workload;
use run_api::types::Probe;
use run_ops::edit::{Edit, probe};

use super::read::{pairs, wrong};
use crate::terminal::Failure;

/// The flags about probes; an empty value takes a probe away.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Probes of a container")]
pub(crate) struct ProbeFlags {
    /// How to find out that the container has started, for example `httpGet.path=/healthz,periodSeconds=5`; empty for the default
    #[arg(long, value_name = "KEY=VALUE,...")]
    startup_probe: Option<String>,

    /// How to find out that the container must be started again; empty for none
    #[arg(long, value_name = "KEY=VALUE,...")]
    liveness_probe: Option<String>,

    /// How to find out that the container can take requests; empty for none
    #[arg(long, value_name = "KEY=VALUE,...")]
    readiness_probe: Option<String>,
}

impl ProbeFlags {
    /// The first flag that only makes sense where requests are served.
    pub(super) fn of_requests(&self) -> Option<&'static str> {
        let flags =
            [(&self.liveness_probe, "--liveness-probe"), (&self.readiness_probe, "--readiness-probe")];
        flags.into_iter().find(|(typed, _)| typed.is_some()).map(|(_, flag)| flag)
    }

    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        if let Some(typed) = &self.startup_probe {
            edit = edit.startup_probe(read("--startup-probe", typed)?);
        }
        if let Some(typed) = &self.liveness_probe {
            edit = edit.liveness_probe(read("--liveness-probe", typed)?);
        }
        if let Some(typed) = &self.readiness_probe {
            edit = edit.readiness_probe(read("--readiness-probe", typed)?);
        }
        Ok(edit)
    }
}

fn read(flag: &str, typed: &str) -> Result<Option<Probe>, Failure> {
    if typed.is_empty() {
        return Ok(None);
    }
    let settings = pairs(flag, &[typed.to_owned()])?;
    let settings = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    probe::from_settings(settings).map(Some).map_err(|error| wrong(flag, error))
}
