//! What becomes of the new revision: its name, its tag, its traffic.

use clap::Args;
use run_api::{RevisionName, ServiceName, Tag};
use run_ops::{DeployRequest, Percent, TrafficIntent};

use crate::terminal::Failure;

/// The flags about the new revision and its traffic.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "The new revision and its traffic")]
pub(crate) struct TrafficFlags {
    /// Give the new revision no traffic
    #[arg(long, conflicts_with = "promote")]
    no_traffic: bool,

    /// Give the new revision all traffic, also where the traffic was pinned to others, and those that follow it
    #[arg(long)]
    promote: bool,

    /// Put this tag on the new revision, which gives it an address of its own
    #[arg(long)]
    pub(crate) tag: Option<Tag>,

    /// Name the new revision SERVICE-SUFFIX
    #[arg(long, value_name = "SUFFIX")]
    revision_suffix: Option<String>,

    /// Fail if the new revision gets less than this much of the traffic
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with = "asynchronous")]
    require_traffic: Option<Percent>,
}

fn percent(text: &str) -> Result<Percent, String> {
    let number = text.trim_end_matches('%').parse().map_err(|_| format!("`{text}` is not a number"))?;
    Percent::new(number).map_err(|error| error.to_string())
}

impl TrafficFlags {
    /// Adds what the flags want to a deployment.
    pub(crate) fn apply(
        &self,
        mut request: DeployRequest,
        service: &ServiceName,
    ) -> Result<DeployRequest, Failure> {
        if self.no_traffic {
            request = request.traffic(TrafficIntent::NoTraffic);
        }
        if self.promote {
            request = request.traffic(TrafficIntent::FollowLatest);
        }
        if let Some(tag) = &self.tag {
            request = request.tag(tag.clone());
        }
        if let Some(suffix) = &self.revision_suffix {
            RevisionName::new(format!("{service}-{suffix}"))?;
            request = request.revision_suffix(suffix);
        }
        Ok(request)
    }

    /// Whether there is no flag.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { no_traffic, promote, tag, revision_suffix, require_traffic } = self;
        !no_traffic && !promote && tag.is_none() && revision_suffix.is_none() && require_traffic.is_none()
    }

    /// Fails if the new revision got less than was wanted.
    pub(crate) fn check(&self, revision: &str, share: Percent) -> Result<(), Failure> {
        match self.require_traffic {
            Some(wanted) if share.get() < wanted.get() => Err(Failure::new(
                crate::terminal::ExitStatus::Failed,
                format!(
                    "revision `{revision}` is ready, but gets {share} % of the traffic instead of {wanted} %"
                ),
            )
            .hint("pass --promote, or give it its share with `runctl services update-traffic`")),
            _ => Ok(()),
        }
    }
}
