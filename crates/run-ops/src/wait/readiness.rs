//! The decision whether an object is as its kind wants to be, from one read of it. For all kinds, in one place.

use run_api::known::conditions;
use run_api::types::{Condition, Revision};

use super::Verdict;
use crate::api::Kind;

/// Judges an object by a fresh status only.
///
/// A status is fresh if `status.observedGeneration` is the awaited generation, which must also be the object's
/// own; until then whatever it says is about an earlier state. (What runs once never changes: the status of an execution
/// or a task is fresh without it.) Then the kind's
/// [`TERMINAL_CONDITION`](run_api::Resource::TERMINAL_CONDITION) decides: `Ready`; `Completed` of executions and tasks, where
/// `False` with the reason `Cancelled` is [`Verdict::Cancelled`]; `Running` of instances, which fail with `Ready`, too.
///
/// (Rule: Knative Serving API specification, "Error Signalling", the description of `observedGeneration` in the Cloud Run
/// API, and gcloud's source for the conditions and the reason.)
///
/// ```
/// use run_api::types::Service;
/// use run_ops::{readiness, wait::Verdict};
///
/// let service = |observed: i32| {
///     serde_json::from_value::<Service>(serde_json::json!({
///         "metadata": {"uid": "u", "generation": 2},
///         "status": {"observedGeneration": observed, "conditions": [{"type": "Ready", "status": "True"}]},
///     }))
/// };
/// assert_eq!(readiness(&service(1)?, "u", 2), Verdict::NotYet, "that is the generation before");
/// assert_eq!(readiness(&service(2)?, "u", 2), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn readiness<K: Kind>(object: &K, uid: &str, generation: i32) -> Verdict {
    if object.uid() != Some(uid) {
        return Verdict::Gone {
            why: "it was deleted, and another one of the same name was created".to_owned(),
        };
    }
    if object.is_being_deleted() {
        return Verdict::Gone { why: "it is being deleted".to_owned() };
    }
    match object.generation().unwrap_or_default() {
        now if now > generation => return Verdict::Superseded { awaited: generation, by: now },
        now if now == generation => {}
        // An answer from before the write: a stale read.
        _ => return Verdict::NotYet,
    }
    if is_fresh(object) { fresh(object) } else { Verdict::NotYet }
}

/// Whether the status speaks of the present generation.
pub(crate) fn is_fresh<K: Kind>(object: &K) -> bool {
    let runs_once = K::TERMINAL_CONDITION == conditions::COMPLETED;
    match object.observed_generation() {
        None if runs_once => true,
        observed => observed == object.generation(),
    }
}

fn fresh<K: Kind>(object: &K) -> Verdict {
    let terminal = object.terminal_condition();
    match terminal {
        Some(terminal) if is(terminal, "True") => return Verdict::Met,
        Some(terminal) if is(terminal, "False") => {
            let cancelled = terminal.reason.as_deref() == Some(CANCELLED);
            if K::TERMINAL_CONDITION == conditions::COMPLETED && cancelled {
                return Verdict::Cancelled { message: terminal.message.clone().unwrap_or_default() };
            }
            return never(terminal);
        }
        _ => {}
    }
    match object.condition(conditions::READY) {
        Some(ready) if is(ready, "False") => never(ready),
        _ => Verdict::NotYet,
    }
}

/// The reason of an execution, or a task, that was cancelled.
const CANCELLED: &str = "Cancelled";

pub(super) fn never(condition: &Condition) -> Verdict {
    Verdict::Never {
        reason: condition.reason.clone(),
        message: condition.message.clone().unwrap_or_else(|| "the server gave no message".to_owned()),
    }
}

/// Why a revision is not ready: the reason and message of its failed `Ready`, or of another failed condition.
pub(crate) fn revision_failure(revision: &Revision) -> Option<(Option<String>, String)> {
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
    use crate::wait::Watchable;
    use run_api::types::{DomainMapping, Execution, Instance, Job, Service, Task, WorkerPool};
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
            service(2, Some(1), Some(("Unknown", "Deploying"))).state(),
            "Ready is Unknown, Deploying, m (observed generation 1 of 2)"
        );
        assert_eq!(service(1, None, None).state(), "no Ready condition (observed generation none of 1)");
    }

    fn with<K: Kind>(observed: Option<i32>, conditions: serde_json::Value) -> K {
        let object = json!({
            "metadata": {"uid": "u1", "generation": 1},
            "status": {"observedGeneration": observed, "conditions": conditions},
        });
        serde_json::from_value(object).unwrap()
    }

    fn verdict<K: Kind>(kind: &str, status: &str, reason: &str) -> Verdict {
        let condition = json!([{"type": kind, "status": status, "reason": reason, "message": "m"}]);
        readiness(&with::<K>(Some(1), condition), "u1", 1)
    }

    /// An execution that failed is over, and one that was cancelled is neither a success nor a failure.
    #[test]
    fn each_kind_has_its_end() {
        let cancelled = Verdict::Cancelled { message: "m".to_owned() };
        for (name, seen, expected) in [
            ("completed", verdict::<Execution>("Completed", "True", ""), Verdict::Met),
            ("running", verdict::<Execution>("Completed", "Unknown", ""), Verdict::NotYet),
            (
                "failed",
                verdict::<Execution>("Completed", "False", "NonZeroExitCode"),
                failed("NonZeroExitCode"),
            ),
            ("cancelled", verdict::<Execution>("Completed", "False", "Cancelled"), cancelled.clone()),
            ("being cancelled", verdict::<Execution>("Completed", "Unknown", "Cancelling"), Verdict::NotYet),
            ("a task", verdict::<Task>("Completed", "False", "Cancelled"), cancelled),
            ("started only", verdict::<Execution>("Started", "True", ""), Verdict::NotYet),
            (
                "of services, it is a failure",
                verdict::<Service>("Ready", "False", "Cancelled"),
                failed("Cancelled"),
            ),
            ("a job", verdict::<Job>("Ready", "True", ""), Verdict::Met),
            ("a worker pool", verdict::<WorkerPool>("Ready", "False", "Bad"), failed("Bad")),
            (
                "a mapping",
                verdict::<DomainMapping>("Ready", "Unknown", "CertificatePending"),
                Verdict::NotYet,
            ),
            ("an instance", verdict::<Instance>("Running", "True", ""), Verdict::Met),
            ("an instance that is ready to run", verdict::<Instance>("Ready", "True", ""), Verdict::NotYet),
            ("an instance that cannot be", verdict::<Instance>("Ready", "False", "Bad"), failed("Bad")),
            ("a stopped instance", verdict::<Instance>("Running", "False", "Stopped"), failed("Stopped")),
        ] {
            assert_eq!(seen, expected, "{name}");
        }
    }

    #[test]
    fn what_runs_once_has_one_generation() {
        let done = json!([{"type": "Completed", "status": "True"}]);
        assert_eq!(readiness(&with::<Execution>(None, done.clone()), "u1", 1), Verdict::Met);
        assert_eq!(readiness(&with::<Execution>(Some(0), done), "u1", 1), Verdict::NotYet);
        let ready = json!([{"type": "Ready", "status": "True"}]);
        assert_eq!(readiness(&with::<Job>(None, ready), "u1", 1), Verdict::NotYet);
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
