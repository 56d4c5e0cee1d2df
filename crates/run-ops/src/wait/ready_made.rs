//! Conditions that deployments wait for.

use run_api::types::{Condition as ApiCondition, Policy, Revision, Service};

use super::{Condition, Verdict};
use crate::{Readiness, ServiceView, readiness};

/// The service is ready at this generation of the object with this uid; see [`readiness`].
#[must_use]
pub fn service_ready(uid: &str, generation: i32) -> Condition<Service> {
    let uid = uid.to_owned();
    Condition::new(format!("generation {generation} is ready"), move |service: Option<&Service>| {
        let Some(service) = service else { return gone_for_good() };
        match readiness(service, &uid, generation) {
            Readiness::Ready => Verdict::Met,
            Readiness::NotYet => Verdict::NotYet,
            Readiness::Failed { reason, message } => Verdict::Never { reason, message },
            Readiness::Superseded { generation } => Verdict::Superseded { generation },
            Readiness::Gone { why } => Verdict::Gone { why },
        }
    })
}

fn gone_for_good() -> Verdict {
    Verdict::Gone { why: "it is not found any more: it was deleted, or never came to be".to_owned() }
}

/// The revision has shown that it starts.
///
/// A revision that nothing leads to is retired: `Ready` is True then, with that reason, although it does not run. It
/// counts only if its containers were healthy before, which is what the fresh service's `ConfigurationsReady` says;
/// so wait for the service, too. (Seen; reported as <https://github.com/mishrasanjeev/agentic-org/issues/606>.)
#[must_use]
pub fn revision_ready() -> Condition<Revision> {
    Condition::new("the revision is ready", |revision: Option<&Revision>| {
        let Some(revision) = revision else { return Verdict::NotYet };
        let conditions = revision.status.as_ref().map_or(&[][..], |status| &status.conditions);
        match conditions.iter().find(|condition| condition.type_.as_deref() == Some("Ready")) {
            Some(ready) if has(ready, "True") => Verdict::Met,
            Some(ready) if has(ready, "False") => Verdict::Never {
                reason: ready.reason.clone(),
                message: ready.message.clone().unwrap_or_default(),
            },
            _ => Verdict::NotYet,
        }
    })
}

/// The traffic that is in force gives a revision this share, in percent, as the status of this generation of the
/// object with this uid says. Routes that failed end the wait.
#[must_use]
pub fn traffic_observed(uid: &str, generation: i32, revision: &str, percent: i32) -> Condition<Service> {
    let (uid, revision) = (uid.to_owned(), revision.to_owned());
    let name = format!("{revision} has {percent} % of the traffic");
    Condition::new(name, move |service: Option<&Service>| {
        let Some(service) = service else { return gone_for_good() };
        match readiness(service, &uid, generation) {
            Readiness::Ready if share(service, &revision) == percent => Verdict::Met,
            Readiness::Ready | Readiness::NotYet => Verdict::NotYet,
            Readiness::Failed { reason, message } => Verdict::Never { reason, message },
            Readiness::Superseded { generation } => Verdict::Superseded { generation },
            Readiness::Gone { why } => Verdict::Gone { why },
        }
    })
}

/// The share of a revision in the traffic that is in force, in percent.
pub(crate) fn share(service: &Service, revision: &str) -> i32 {
    let targets = service.observed_traffic().iter();
    targets
        .filter(|target| target.revision_name.as_deref() == Some(revision))
        .map(|target| target.percent.unwrap_or(0))
        .fold(0, i32::saturating_add)
}

/// The object with this uid is no more: there is none, or another one.
#[must_use]
pub fn gone(uid: &str) -> Condition<Service> {
    let uid = uid.to_owned();
    Condition::new("it is gone", move |service: Option<&Service>| {
        if service.is_some_and(|service| service.uid() == Some(&uid)) {
            Verdict::NotYet
        } else {
            Verdict::Met
        }
    })
}

/// There is such a service.
#[must_use]
pub fn exists() -> Condition<Service> {
    Condition::new(
        "it exists",
        |service: Option<&Service>| {
            if service.is_some() { Verdict::Met } else { Verdict::NotYet }
        },
    )
}

/// A condition of a service has this status (`True`, `False` or `Unknown`), in a status that speaks of the present
/// generation.
#[must_use]
pub fn condition(kind: &str, status: &str) -> Condition<Service> {
    let (kind, status) = (kind.to_owned(), status.to_owned());
    Condition::new(format!("{kind} is {status}"), move |service: Option<&Service>| {
        let Some(service) = service else { return Verdict::NotYet };
        let fresh = service.observed_generation() == service.generation();
        let met = fresh && service.condition(&kind).is_some_and(|condition| has(condition, &status));
        if met { Verdict::Met } else { Verdict::NotYet }
    })
}

/// The IAM policy gives a member a role without a condition.
#[must_use]
pub fn binding_visible(role: &str, member: &str) -> Condition<Policy> {
    let (role, member) = (role.to_owned(), member.to_owned());
    Condition::new(format!("{member} has {role}"), move |policy: Option<&Policy>| {
        let bindings = policy.map_or(&[][..], |policy| &policy.bindings);
        let found = bindings.iter().any(|binding| {
            binding.role.as_deref() == Some(&role)
                && binding.condition.is_none()
                && binding.members.contains(&member)
        });
        if found { Verdict::Met } else { Verdict::NotYet }
    })
}

fn has(condition: &ApiCondition, status: &str) -> bool {
    condition.status.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn service(generation: i32, observed: i32, traffic: Value) -> Service {
        serde_json::from_value(json!({
            "metadata": {"uid": "u", "generation": generation},
            "status": {
                "observedGeneration": observed, "traffic": traffic,
                "conditions": [{"type": "Ready", "status": "True"}, {"type": "RoutesReady", "status": "Unknown"}],
            },
        }))
        .unwrap()
    }

    #[test]
    fn traffic() {
        let split = json!([
            {"revisionName": "a", "percent": 20}, {"revisionName": "b", "percent": 50},
            {"revisionName": "a", "percent": 30, "latestRevision": true}, {"revisionName": "c", "tag": "t"},
        ]);
        for (generation, observed, revision, percent, expected) in [
            (2, 2, "a", 50, Verdict::Met),
            (2, 2, "b", 50, Verdict::Met),
            (2, 2, "c", 0, Verdict::Met),
            (2, 2, "a", 20, Verdict::NotYet),
            (2, 1, "a", 50, Verdict::NotYet),
            (3, 3, "a", 50, Verdict::Superseded { generation: 3 }),
        ] {
            let seen = service(generation, observed, split.clone());
            let verdict = traffic_observed("u", 2, revision, percent).judge(Some(&seen));
            assert_eq!(verdict, expected, "{revision} {percent} at {generation}, {observed}");
        }
        assert!(matches!(traffic_observed("u", 2, "a", 50).judge(None), Verdict::Gone { .. }));
        let other = service(2, 2, split);
        assert!(matches!(traffic_observed("v", 2, "a", 50).judge(Some(&other)), Verdict::Gone { .. }));
    }

    #[test]
    fn named_conditions_of_a_fresh_status() {
        let fresh = service(2, 2, json!([]));
        assert!(condition("Ready", "true").judge(Some(&fresh)).is_met());
        assert!(condition("RoutesReady", "Unknown").judge(Some(&fresh)).is_met());
        assert!(!condition("RoutesReady", "True").judge(Some(&fresh)).is_met());
        assert!(!condition("Ready", "True").judge(Some(&service(2, 1, json!([])))).is_met());
        assert!(!condition("Ready", "True").judge(None).is_met());
    }

    #[test]
    fn there_and_gone() {
        let seen = service(1, 1, json!([]));
        assert!(!gone("u").judge(Some(&seen)).is_met());
        assert!(gone("v").judge(Some(&seen)).is_met(), "another one has its name");
        assert!(gone("u").judge(None).is_met());
        assert!(exists().judge(Some(&seen)).is_met() && !exists().judge(None).is_met());
    }

    #[test]
    fn bindings() {
        let policy: Policy = serde_json::from_value(json!({"bindings": [
            {"role": "r", "members": ["user:a"]},
            {"role": "r", "members": ["user:b"], "condition": {"expression": "x"}},
        ]}))
        .unwrap();
        assert!(binding_visible("r", "user:a").judge(Some(&policy)).is_met());
        for (role, member) in [("r", "user:b"), ("q", "user:a"), ("r", "user:c")] {
            assert_eq!(
                binding_visible(role, member).judge(Some(&policy)),
                Verdict::NotYet,
                "{role} {member}"
            );
        }
        assert_eq!(binding_visible("r", "user:a").judge(None), Verdict::NotYet);
    }

    // https://github.com/mishrasanjeev/agentic-org/issues/606
    #[test]
    fn retired_candidate() {
        let revision = |status: &str, reason: &str| -> Revision {
            serde_json::from_value(json!({"status": {"conditions": [
                {"type": "Active", "status": "False", "reason": reason},
                {"type": "Ready", "status": status, "reason": reason, "message": "m"},
            ]}}))
            .unwrap()
        };
        assert!(revision_ready().judge(Some(&revision("True", "Retired"))).is_met());
        assert_eq!(revision_ready().judge(Some(&revision("Unknown", ""))), Verdict::NotYet);
        let failed = revision_ready().judge(Some(&revision("False", "HealthCheckContainerError")));
        let expected =
            Verdict::Never { reason: Some("HealthCheckContainerError".to_owned()), message: "m".to_owned() };
        assert_eq!(failed, expected);
    }
}
