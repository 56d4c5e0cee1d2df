//! What a revision can be used for.

use std::collections::BTreeMap;

use run_api::types::Revision;

use crate::FailedCondition;

/// Whether traffic can go to a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevisionState {
    /// It can serve; an idle one (reason `Retired`) can, too.
    Able,
    /// It is being deployed.
    Deploying,
    /// It failed.
    Failed {
        /// The server's reason, for example `HealthCheckContainerError`.
        reason: Option<String>,
    },
    /// There is no such revision of this service.
    Missing,
}

impl RevisionState {
    /// The state of a revision as it was read; none if the API says that there is none. Pure.
    ///
    /// ```
    /// use run_ops::RevisionState;
    ///
    /// let retired = serde_json::from_value(serde_json::json!({
    ///     "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Retired"}]},
    /// }))?;
    /// assert_eq!(RevisionState::of(Some(&retired)), RevisionState::Able);
    /// assert!(RevisionState::of(None).is_unable());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn of(revision: Option<&Revision>) -> Self {
        let Some(revision) = revision else { return Self::Missing };
        let conditions = revision.status.as_ref().map_or(&[][..], |status| &status.conditions);
        if let Some(failed) =
            FailedCondition::all(conditions).into_iter().find(|failed| failed.kind == "Ready")
        {
            return Self::Failed { reason: failed.reason };
        }
        let able = conditions.iter().any(|condition| {
            let is_true =
                condition.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("True"));
            is_true && condition.type_.as_deref() == Some("Ready")
        });
        if able { Self::Able } else { Self::Deploying }
    }

    /// Whether traffic must not be sent there: it failed, or there is none.
    #[must_use]
    pub fn is_unable(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Missing)
    }
}

/// Revisions by name, as far as they were looked at.
pub type RevisionStates = BTreeMap<String, RevisionState>;

/// Whether a revision is known to be unable to serve.
pub(crate) fn is_unable(states: &RevisionStates, revision: &str) -> bool {
    states.get(revision).is_some_and(RevisionState::is_unable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn states() {
        let state = |status: &str, reason: &str| {
            let conditions = json!([
                {"type": "Active", "status": "False", "severity": "Info"},
                {"type": "Ready", "status": status, "reason": reason},
            ]);
            let revision: Revision =
                serde_json::from_value(json!({"status": {"conditions": conditions}})).unwrap();
            RevisionState::of(Some(&revision))
        };
        assert_eq!(state("True", ""), RevisionState::Able);
        assert_eq!(state("True", "Retired"), RevisionState::Able);
        assert_eq!(state("Unknown", "Deploying"), RevisionState::Deploying);
        assert_eq!(state("False", "X"), RevisionState::Failed { reason: Some("X".to_owned()) });
        assert_eq!(RevisionState::of(Some(&Revision::default())), RevisionState::Deploying);
        assert_eq!(RevisionState::of(None), RevisionState::Missing);
    }
}
