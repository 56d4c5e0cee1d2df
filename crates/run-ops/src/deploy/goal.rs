//! When a deployment is in force. Pure.

use run_api::types::Service;

use super::plan::DeployPlan;
use super::revision::PlannedRevision;
use crate::ready::{describe, is, readiness};
use crate::wait::{Goal, Verdict, observed_shares};
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
        let settled = service.condition("ConfigurationsReady").is_none_or(|condition| is(condition, "True"));
        if created.is_none() || (new && created != self.plan.revision().name()) || !settled {
            return Verdict::NotYet;
        }
        if self.share(service) == i32::from(self.plan.share().get()) {
            return Verdict::Met;
        }
        match (self.plan.revision(), service.latest_ready_revision()) {
            // What follows the latest revision follows the latest ready one, and nothing is going to change that.
            (PlannedRevision::Present(present), Some(ready)) if ready != present => Verdict::Never {
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
        let state = describe(seen);
        let (has, wants) = (self.share(seen), self.plan.share());
        Some(match has == i32::from(wants.get()) {
            true => state,
            false => format!("{state}, the revision has {has} % of the traffic instead of {wants} %"),
        })
    }
}
