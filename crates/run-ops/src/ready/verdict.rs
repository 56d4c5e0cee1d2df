//! The decision whether a service is ready, from one read of it.

use run_api::Resource;
use run_api::types::{Condition, Revision, Service};

use crate::wait::{Verdict, Watchable};

/// Judges a service by a fresh status only.
///
/// A status is fresh if `status.observedGeneration` is the awaited generation, which must also be the object's
/// own; until then whatever it says is about an earlier state. Then `Ready` decides. (Rule: Knative Serving API
/// specification, "Error Signalling", and the description of `observedGeneration` in the Cloud Run API.)
///
/// ```
/// use run_ops::{readiness, wait::Verdict};
///
/// let service = |observed: i32| {
///     serde_json::from_value(serde_json::json!({
///         "metadata": {"uid": "u", "generation": 2},
///         "status": {"observedGeneration": observed, "conditions": [{"type": "Ready", "status": "True"}]},
///     }))
/// };
/// assert_eq!(readiness(&service(1)?, "u", 2), Verdict::NotYet, "that is the generation before");
/// assert_eq!(readiness(&service(2)?, "u", 2), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn readiness(service: &Service, uid: &str, generation: i32) -> Verdict {
    if service.uid() != Some(uid) {
        return Verdict::Gone {
            why: "it was deleted, and another one of the same name was created".to_owned(),
        };
    }
    if service.deletion_timestamp().is_some() {
        return Verdict::Gone { why: "it is being deleted".to_owned() };
    }
    match service.generation() {
        Some(now) if now > generation => return Verdict::Superseded { awaited: generation, by: now },
        Some(now) if now == generation => {}
        // An answer from before the write: a stale read.
        _ => return Verdict::NotYet,
    }
    if service.observed_generation() != Some(generation) {
        return Verdict::NotYet;
    }
    match service.condition("Ready") {
        Some(ready) if is(ready, "True") => Verdict::Met,
        Some(ready) if is(ready, "False") => Verdict::Never {
            reason: ready.reason.clone(),
            message: ready.message.clone().unwrap_or_else(|| "the server gave no message".to_owned()),
        },
        _ => Verdict::NotYet,
    }
}

/// The state in a few words, for the error of a deadline.
pub(crate) fn describe(service: &Service) -> String {
    service.state()
}

/// Why a revision is not ready: the reason and message of its failed `Ready`, or of another failed condition.
pub(super) fn revision_failure(revision: &Revision) -> Option<(Option<String>, String)> {
    let conditions = &revision.status.as_ref()?.conditions;
    let failed = |condition: &&Condition| is(condition, "False") && counts(condition);
    let ready =
        conditions.iter().filter(failed).find(|condition| condition.type_.as_deref() == Some("Ready"));
    let condition = ready.or_else(|| conditions.iter().find(failed))?;
    Some((condition.reason.clone(), condition.message.clone()?))
}

/// Conditions with a severity other than `Error` are for information. (Rule: the API's description of
/// `severity`.)
fn counts(condition: &Condition) -> bool {
    matches!(condition.severity.as_deref(), None | Some("" | "Error"))
}

/// Whether a condition has this status, in whatever case.
pub(crate) fn is(condition: &Condition, status: &str) -> bool {
    condition.status.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(generation: i32, observed: Option<i32>, ready: Option<(&str, &str)>) -> Service {
        let conditions: Vec<_> = ready
            .iter()
            .map(|(status, reason)| json!({"type": "Ready", "status": status, "reason": reason, "message": "m"}))
            .collect();
        serde_json::from_value(json!({
            "metadata": {"uid": "u1", "generation": generation},
            "status": {"observedGeneration": observed, "conditions": conditions},
        }))
        .unwrap()
    }

    fn failed(reason: &str) -> Verdict {
        Verdict::Never { reason: Some(reason.to_owned()), message: "m".to_owned() }
    }

    #[test]
    fn table() {
        for (name, service, expected) in [
            ("just created", service(1, None, None), Verdict::NotYet),
            // https://github.com/hashicorp/terraform-provider-google/issues/8172
            ("stale ready", service(2, Some(1), Some(("True", ""))), Verdict::NotYet),
            ("stale failure", service(2, Some(1), Some(("False", "Old"))), Verdict::NotYet),
            ("fresh ready", service(2, Some(2), Some(("True", ""))), Verdict::Met),
            ("any case", service(2, Some(2), Some(("true", ""))), Verdict::Met),
            ("fresh unknown", service(2, Some(2), Some(("Unknown", "Deploying"))), Verdict::NotYet),
            ("fresh without Ready", service(2, Some(2), None), Verdict::NotYet),
            ("fresh failure", service(2, Some(2), Some(("False", "Bad"))), failed("Bad")),
            ("stale read", service(1, Some(1), Some(("True", ""))), Verdict::NotYet),
            (
                "superseded",
                service(3, Some(3), Some(("True", ""))),
                Verdict::Superseded { awaited: 2, by: 3 },
            ),
        ] {
            assert_eq!(readiness(&service, "u1", 2), expected, "{name}");
        }
    }

    #[test]
    fn another_object_of_the_same_name_is_not_ours() {
        let service = service(2, Some(2), Some(("True", "")));
        assert!(matches!(readiness(&service, "u0", 2), Verdict::Gone { .. }));
    }

    #[test]
    fn a_service_being_deleted_never_gets_ready() {
        let mut service = service(2, Some(2), Some(("True", "")));
        service.metadata.as_mut().unwrap().deletion_timestamp = Some("2026-01-01T00:00:00Z".to_owned());
        assert!(matches!(readiness(&service, "u1", 2), Verdict::Gone { .. }));
    }

    #[test]
    fn descriptions_say_what_was_seen() {
        assert_eq!(
            describe(&service(2, Some(1), Some(("Unknown", "Deploying")))),
            "Ready is Unknown, Deploying, m (observed generation 1 of 2)"
        );
        assert_eq!(describe(&service(1, None, None)), "no Ready condition (observed generation none of 1)");
    }

    #[test]
    fn information_is_no_failure() {
        let revision: Revision = serde_json::from_value(json!({"status": {"conditions": [
            {"type": "Active", "status": "False", "severity": "Info", "message": "idle"},
            {"type": "ContainerHealthy", "status": "False", "reason": "HealthCheckContainerError", "message": "exited"},
        ]}}))
        .unwrap();
        assert_eq!(
            revision_failure(&revision),
            Some((Some("HealthCheckContainerError".to_owned()), "exited".to_owned()))
        );
    }
}
