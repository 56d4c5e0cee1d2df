//! The goals of services and revisions.

use std::collections::BTreeMap;

use run_api::Resource;
use run_api::types::{Revision, Service};

use super::goals::{Ready, missing, ready};
use super::readiness::{is, readiness};
use super::{Goal, Polled, Verdict};
use crate::ServiceView;

/// The revision that this generation made has started, whether or not it has traffic.
///
/// Looks at the service, not at the revision: one without traffic is retired once it has shown that it starts, and
/// a revision that is retired says that it is `Ready` without telling whether it ever was. The service says it with
/// `ConfigurationsReady` of the generation whose latest created revision it is; the reason `Retired` is fine then.
/// (Rule: seen; see <https://github.com/mishrasanjeev/agentic-org/issues/606>.) A failure may show in `Ready` only, so
/// that must have been decided, too.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use std::time::Duration;
/// use run_ops::{Deadline, DeployRequest, TrafficIntent, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// ops.wait_until_ready(&written, soon).await?;
/// let candidate = DeployRequest::new(hello.clone()).always_new_revision().revision_suffix("next");
/// let started = ops.start_deploy(&candidate.traffic(TrafficIntent::NoTraffic)).await?;
/// let goal = wait::configured(started.written().uid(), started.written().generation(), "hello-next");
/// ops.wait(&ops.watch_service(&hello), &goal, soon).await?;
/// # Ok(()) })
/// ```
pub fn configured(uid: impl Into<String>, generation: i32, revision: impl Into<String>) -> Configured {
    Configured { fresh: ready(uid, generation), revision: revision.into() }
}

/// See [`configured`].
#[derive(Clone, Debug)]
pub struct Configured {
    fresh: Ready<Service>,
    revision: String,
}

impl Goal<Service> for Configured {
    fn judge(&self, seen: Option<&Service>) -> Verdict {
        let Some(service) = seen else { return missing() };
        let of_service = match readiness(service, self.fresh.uid(), self.fresh.generation()) {
            end @ (Verdict::Superseded { .. } | Verdict::Gone { .. }) => return end,
            of_service => of_service,
        };
        if service.observed_generation() != Some(self.fresh.generation())
            || service.latest_created_revision() != Some(&self.revision)
        {
            return Verdict::NotYet;
        }
        match service.condition("ConfigurationsReady") {
            // Since 2024 it is True of a revision that failed, too: the failure shows in the routes, after it.
            Some(condition) if is(condition, "True") => match of_service {
                // The routes may fail for what they say of other revisions.
                Verdict::Never { .. } if service.latest_ready_revision() == Some(&self.revision) => {
                    Verdict::Met
                }
                of_service => of_service,
            },
            Some(condition) if is(condition, "False") => Verdict::Never {
                reason: condition.reason.clone(),
                message: condition.message.clone().unwrap_or_default(),
            },
            _ => Verdict::NotYet,
        }
    }

    fn unmet(&self) -> String {
        format!("the revision {} was not seen to start", self.revision)
    }
}

/// A revision says that it is ready and not retired.
///
/// One without traffic and tag is soon retired: join this with [`or`](Goal::or)`(`[`revision_idle`]`())` if that is
/// as good.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use std::time::Duration;
/// use run_ops::{Deadline, ServiceView, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// let service = ops.wait_until_ready(&written, soon).await?;
/// let revision = hello.location.revision(service.latest_ready_revision().unwrap_or_default())?;
/// ops.wait(&ops.watch_revision(&revision), &wait::revision_ready(), soon).await?;
/// # Ok(()) })
/// ```
#[must_use]
pub fn revision_ready() -> RevisionReady {
    RevisionReady
}

/// See [`revision_ready`].
#[derive(Clone, Copy, Debug)]
pub struct RevisionReady;

impl Goal<Revision> for RevisionReady {
    fn judge(&self, seen: Option<&Revision>) -> Verdict {
        let Some(revision) = seen else { return missing() };
        match revision.condition("Ready") {
            Some(ready) if is(ready, "True") && !is_idle(revision) => Verdict::Met,
            Some(ready) if is(ready, "False") => Verdict::Never {
                reason: ready.reason.clone(),
                message: ready.message.clone().unwrap_or_default(),
            },
            _ => Verdict::NotYet,
        }
    }

    fn unmet(&self) -> String {
        "the revision was not ready".to_owned()
    }
}

/// A revision is retired: nothing leads to it, and no instance of it runs. It says that it is ready all the same,
/// which proves nothing about its start; see [`configured`].
///
/// ```
/// use run_ops::wait::{Goal, Verdict, revision_idle, revision_ready};
///
/// let retired = serde_json::from_value(serde_json::json!({
///     "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Retired"}]},
/// }))?;
/// assert_eq!(revision_idle().judge(Some(&retired)), Verdict::Met);
/// assert_eq!(revision_ready().or(revision_idle()).judge(Some(&retired)), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn revision_idle() -> RevisionIdle {
    RevisionIdle
}

/// See [`revision_idle`].
#[derive(Clone, Copy, Debug)]
pub struct RevisionIdle;

impl Goal<Revision> for RevisionIdle {
    fn judge(&self, seen: Option<&Revision>) -> Verdict {
        match seen {
            Some(revision) if is_idle(revision) => Verdict::Met,
            // One that failed is not going to be retired as ready.
            Some(_) => match revision_ready().judge(seen) {
                never @ Verdict::Never { .. } => never,
                _ => Verdict::NotYet,
            },
            None => missing(),
        }
    }

    fn unmet(&self) -> String {
        "the revision was not retired".to_owned()
    }
}

fn is_idle(revision: &Revision) -> bool {
    revision
        .condition("Ready")
        .is_some_and(|condition| is(condition, "True") && condition.reason.as_deref() == Some("Retired"))
}

/// The traffic in force at this generation, by revision name, is exactly this, as far as it is more than 0 %.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use std::time::Duration;
/// use run_ops::{Deadline, ServiceView, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// let service = ops.wait_until_ready(&written, soon).await?;
/// let shares = [(service.latest_ready_revision().unwrap_or_default().to_owned(), 100)];
/// let goal = wait::traffic_observed(written.uid(), written.generation(), shares);
/// ops.wait(&ops.watch_service(&hello), &goal, soon).await?;
/// # Ok(()) })
/// ```
pub fn traffic_observed(
    uid: impl Into<String>,
    generation: i32,
    shares: impl IntoIterator<Item = (String, i32)>,
) -> TrafficObserved {
    let shares = shares.into_iter().filter(|(_, percent)| *percent > 0).collect();
    TrafficObserved { fresh: ready(uid, generation), shares }
}

/// See [`traffic_observed`].
#[derive(Clone, Debug)]
pub struct TrafficObserved {
    fresh: Ready<Service>,
    shares: BTreeMap<String, i32>,
}

impl Goal<Service> for TrafficObserved {
    fn judge(&self, seen: Option<&Service>) -> Verdict {
        let Some(service) = seen else { return missing() };
        match readiness(service, self.fresh.uid(), self.fresh.generation()) {
            Verdict::Met if observed_shares(service) == self.shares => Verdict::Met,
            Verdict::Met => Verdict::NotYet,
            other => other,
        }
    }

    fn unmet(&self) -> String {
        let shares: Vec<String> =
            self.shares.iter().map(|(name, percent)| format!("{name}={percent}")).collect();
        format!("the traffic was not {} at generation {}", shares.join(","), self.fresh.generation())
    }

    fn state(&self, seen: &Service) -> Option<String> {
        let shares: Vec<String> =
            observed_shares(seen).iter().map(|(name, percent)| format!("{name}={percent}")).collect();
        Some(format!("{}, traffic {}", seen.state(), shares.join(",")))
    }
}

/// The shares in force by revision name; a revision that stands several times has the sum.
pub(crate) fn observed_shares(service: &Service) -> BTreeMap<String, i32> {
    let mut shares = BTreeMap::new();
    for target in service.observed_traffic() {
        if let (Some(name), Some(percent)) = (&target.revision_name, target.percent)
            && percent > 0
        {
            let share: &mut i32 = shares.entry(name.clone()).or_default();
            *share = share.saturating_add(percent);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(observed: i32, configurations: &str, reason: &str) -> Service {
        serde_json::from_value(json!({
            "metadata": {"uid": "u", "generation": 2},
            "status": {
                "observedGeneration": observed, "latestCreatedRevisionName": "r2",
                "conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "ConfigurationsReady", "status": configurations, "reason": reason, "message": "m"},
                ],
                "traffic": [
                    {"revisionName": "r1", "percent": 60},
                    {"revisionName": "r2", "percent": 30, "latestRevision": true},
                    {"revisionName": "r2", "percent": 10},
                    {"revisionName": "r0", "tag": "old"},
                ],
            },
        }))
        .unwrap()
    }

    /// (Seen in 2024: the configuration is ready, and the failure of the revision is one of the routes.)
    #[test]
    fn a_failure_of_the_routes_is_one_of_the_candidate() {
        let of_service = |ready: &str| {
            let mut seen = service(2, "True", "");
            let condition = &mut seen.status.as_mut().unwrap().conditions[0];
            condition.status = Some(ready.to_owned());
            condition.reason = Some("HealthCheckContainerError".to_owned());
            condition.message = Some("Revision 'r2' is not ready and cannot serve traffic.".to_owned());
            seen
        };
        let goal = configured("u", 2, "r2");
        assert_eq!(goal.judge(Some(&of_service("Unknown"))), Verdict::NotYet, "the routes have not spoken");
        assert!(matches!(goal.judge(Some(&of_service("False"))), Verdict::Never { .. }));
        let mut other = of_service("False");
        other.status.as_mut().unwrap().latest_ready_revision_name = Some("r2".to_owned());
        assert_eq!(goal.judge(Some(&other)), Verdict::Met, "the routes fail for another revision");
    }

    // https://github.com/mishrasanjeev/agentic-org/issues/606
    #[test]
    fn retired_candidate() {
        let never = Verdict::Never { reason: Some("Bad".to_owned()), message: "m".to_owned() };
        for (name, seen, revision, expected) in [
            ("retired after its start", service(2, "True", "Retired"), "r2", Verdict::Met),
            ("started", service(2, "True", ""), "r2", Verdict::Met),
            ("of the generation before", service(1, "True", "Retired"), "r2", Verdict::NotYet),
            ("another revision", service(2, "True", "Retired"), "r1", Verdict::NotYet),
            ("starting", service(2, "Unknown", ""), "r2", Verdict::NotYet),
            ("failed", service(2, "False", "Bad"), "r2", never),
        ] {
            assert_eq!(configured("u", 2, revision).judge(Some(&seen)), expected, "{name}");
        }
        let retired = |reason: &str, status: &str| -> Revision {
            let ready = json!({"type": "Ready", "status": status, "reason": reason});
            serde_json::from_value(json!({"status": {"conditions": [ready]}})).unwrap()
        };
        for (reason, status, ready, either) in [
            ("", "True", Verdict::Met, Verdict::Met),
            ("Retired", "True", Verdict::NotYet, Verdict::Met),
            ("", "Unknown", Verdict::NotYet, Verdict::NotYet),
        ] {
            let seen = retired(reason, status);
            assert_eq!(revision_ready().judge(Some(&seen)), ready, "{reason} {status}");
            assert_eq!(revision_ready().or(revision_idle()).judge(Some(&seen)), either, "{reason} {status}");
        }
        let failed = retired("Bad", "False");
        assert!(matches!(revision_ready().judge(Some(&failed)), Verdict::Never { .. }));
        assert!(matches!(revision_ready().or(revision_idle()).judge(Some(&failed)), Verdict::Never { .. }));
    }

    #[test]
    fn traffic_counts_by_revision() {
        let shares = |shares: &[(&str, i32)]| {
            let shares = shares.iter().map(|(name, percent)| ((*name).to_owned(), *percent));
            traffic_observed("u", 2, shares.collect::<Vec<_>>())
        };
        let seen = service(2, "True", "");
        assert_eq!(shares(&[("r1", 60), ("r2", 40), ("r3", 0)]).judge(Some(&seen)), Verdict::Met);
        assert_eq!(shares(&[("r1", 100)]).judge(Some(&seen)), Verdict::NotYet);
        assert!(shares(&[]).state(&seen).unwrap().ends_with("traffic r1=60,r2=40"));
    }
}
