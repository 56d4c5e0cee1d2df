//! When a deployment is in force. Pure.

use run_api::Resource;
use run_api::types::{Revision, Service};

use super::plan::DeployPlan;
use super::revision::PlannedRevision;
use crate::wait::{Goal, Verdict, observed_shares};
use crate::wait::{Watchable, is, readiness};
use crate::{ServiceView, Written};

/// The revision of a deployment is ready and has its share, as seen at the written generation.
pub(super) struct InForce<'a> {
    pub(super) written: &'a Written,
    pub(super) plan: &'a DeployPlan,
}

impl InForce<'_> {
    /// The revision that the written generation made or kept: what it was called by us, or else the latest created
    /// one of a status that speaks of that very generation.
    pub(super) fn revision<'s>(&'s self, service: &'s Service) -> Option<&'s str> {
        self.plan.revision().name().or_else(|| service.latest_created_revision())
    }

    /// Whether the tag leads to the revision. (Documented: beyond 2000 tags, those without traffic are dropped.)
    fn is_tagged(&self, service: &Service) -> bool {
        let revision = self.revision(service);
        self.plan.tag().is_none_or(|tag| {
            service.observed_traffic().iter().any(|target| {
                target.tag.as_deref() == Some(tag.as_str()) && target.revision_name.as_deref() == revision
            })
        })
    }

    fn share(&self, service: &Service) -> i32 {
        let name = self.revision(service);
        name.and_then(|name| observed_shares(service).get(name).copied()).unwrap_or(0)
    }
}

impl Goal<Service> for InForce<'_> {
    fn judge(&self, seen: Option<&Service>) -> Verdict {
        let Some(service) = seen else {
            return Verdict::Gone { why: "it is not found any more: somebody deleted it".to_owned() };
        };
        match readiness(service, self.written.uid(), self.written.generation()) {
            Verdict::Met => {}
            other => return other,
        }
        let new = matches!(self.plan.revision(), PlannedRevision::Named(_));
        let created = service.latest_created_revision();
        // What has no traffic shows nowhere else that it started.
        let settled = match service.condition("ConfigurationsReady") {
            Some(condition) => is(condition, "True"),
            None => !self.plan.share().is_zero(),
        };
        if created.is_none() || (new && created != self.plan.revision().name()) || !settled {
            return Verdict::NotYet;
        }
        if self.share(service) == i32::from(self.plan.share().get()) {
            return if self.is_tagged(service) { Verdict::Met } else { Verdict::NotYet };
        }
        let present = matches!(self.plan.revision(), PlannedRevision::Present(_) | PlannedRevision::Coming);
        match (self.revision(service).filter(|_| present), service.latest_ready_revision()) {
            // What follows the latest revision follows the latest ready one, and nothing is going to change that.
            (Some(present), Some(ready)) if ready != present => Verdict::Never {
                reason: Some("RevisionNotReady".to_owned()),
                message: format!("the revision {present} is not ready, and the traffic goes to {ready}"),
            },
            _ => Verdict::NotYet,
        }
    }

    fn unmet(&self) -> String {
        format!("generation {} was not ready", self.written.generation())
    }

    fn state(&self, seen: &Service) -> Option<String> {
        let state = seen.state();
        let (has, wants) = (self.share(seen), self.plan.share());
        Some(match (has == i32::from(wants.get()), self.plan.tag()) {
            (false, _) => format!("{state}, the revision has {has} % of the traffic instead of {wants} %"),
            (true, Some(tag)) if !self.is_tagged(seen) => format!("{state}, the revision has no tag {tag}"),
            _ => state,
        })
    }
}

/// A revision without traffic has started, as it says itself.
///
/// Its service does not always say so: traffic that leads past a failed revision makes the service ready again with
/// the next generation. That the revision is retired does not matter here; [`InForce`] has seen that it started.
pub(super) struct Started<'a>(pub(super) &'a str);

impl Goal<Revision> for Started<'_> {
    fn judge(&self, seen: Option<&Revision>) -> Verdict {
        let Some(revision) = seen else {
            return Verdict::Gone { why: format!("its revision {} is not found", self.0) };
        };
        match revision.condition("Ready") {
            Some(ready) if is(ready, "True") => Verdict::Met,
            Some(ready) if is(ready, "False") => Verdict::Never {
                reason: ready.reason.clone(),
                message: ready.message.clone().unwrap_or_default(),
            },
            _ => Verdict::NotYet,
        }
    }

    fn unmet(&self) -> String {
        format!("the revision {} was not ready", self.0)
    }
}
