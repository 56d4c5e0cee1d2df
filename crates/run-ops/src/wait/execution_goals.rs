//! What can be waited for in an execution, besides its success.

use run_api::Resource;
use run_api::known::conditions;
use run_api::types::Execution;

use super::goals::in_any_generation;
use super::{Goal, Verdict, is};

/// The execution with this uid has started its tasks, or has succeeded. If it fails or is cancelled before, that is the end
/// of the wait.
///
/// ```
/// use run_api::types::Execution;
/// use run_ops::wait::{Goal, Verdict, started};
///
/// let execution = |status: &str| {
///     serde_json::from_value::<Execution>(serde_json::json!({
///         "metadata": {"uid": "u", "generation": 1},
///         "status": {"conditions": [{"type": "Started", "status": status}]},
///     }))
/// };
/// assert_eq!(started("u").judge(Some(&execution("Unknown")?)), Verdict::NotYet);
/// assert_eq!(started("u").judge(Some(&execution("True")?)), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn started(uid: impl Into<String>) -> Started {
    Started { uid: uid.into() }
}

/// See [`started`].
#[derive(Clone, Debug)]
pub struct Started {
    uid: String,
}

impl Goal<Execution> for Started {
    fn judge(&self, seen: Option<&Execution>) -> Verdict {
        match in_any_generation(seen, &self.uid) {
            Verdict::NotYet if seen.is_some_and(has_started) => Verdict::Met,
            other => other,
        }
    }

    fn unmet(&self) -> String {
        "the execution did not start".to_owned()
    }
}

fn has_started(execution: &Execution) -> bool {
    execution.condition(conditions::STARTED).is_some_and(|started| is(started, "True"))
}

/// The execution with this uid was cancelled. If it ends by itself before, that is the end of the wait: with
/// [`ErrorKind::Failed`](crate::ErrorKind::Failed), also if it succeeded.
///
/// ```
/// use run_api::types::Execution;
/// use run_ops::wait::{Goal, Verdict, cancelled};
///
/// let execution: Execution = serde_json::from_value(serde_json::json!({
///     "metadata": {"uid": "u"},
///     "status": {"conditions": [{"type": "Completed", "status": "False", "reason": "Cancelled"}]},
/// }))?;
/// assert_eq!(cancelled("u").judge(Some(&execution)), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn cancelled(uid: impl Into<String>) -> Cancelled {
    Cancelled { uid: uid.into() }
}

/// See [`cancelled`].
#[derive(Clone, Debug)]
pub struct Cancelled {
    uid: String,
}

impl Goal<Execution> for Cancelled {
    fn judge(&self, seen: Option<&Execution>) -> Verdict {
        match in_any_generation(seen, &self.uid) {
            Verdict::Cancelled { .. } => Verdict::Met,
            Verdict::Met => Verdict::Never {
                reason: None,
                message: "it completed successfully before it could be cancelled".to_owned(),
            },
            other => other,
        }
    }

    fn unmet(&self) -> String {
        "the execution was not cancelled".to_owned()
    }
}
