//! Conditions, and how they change.

use run_api::types::Condition;

use crate::clock::Moment;

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    True,
    False,
    Unknown,
}

impl Is {
    fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// Sets a condition. Its time moves only if its status does, as in Kubernetes.
pub(crate) fn set(
    conditions: &mut Vec<Condition>,
    kind: &str,
    status: Is,
    reason: Option<&str>,
    message: Option<&str>,
    now: Moment,
) {
    let at = match conditions.iter().position(|condition| condition.type_.as_deref() == Some(kind)) {
        Some(at) => at,
        None => {
            conditions.push(Condition { type_: Some(kind.to_owned()), ..Condition::default() });
            conditions.len() - 1
        }
    };
    let condition = &mut conditions[at];
    if condition.status.as_deref() != Some(status.as_str()) {
        condition.status = Some(status.as_str().to_owned());
        condition.last_transition_time = Some(now.timestamp());
    }
    condition.reason = reason.map(str::to_owned);
    condition.message = message.map(str::to_owned);
    condition.severity = is_information(kind).then(|| "Info".to_owned());
}

/// Conditions that do not count towards `Ready`. (Seen.)
fn is_information(kind: &str) -> bool {
    matches!(kind, "Active" | "Retry")
}

/// Whether a condition has this status.
pub(crate) fn has(conditions: &[Condition], kind: &str, status: Is) -> bool {
    find(conditions, kind).is_some_and(|condition| condition.status.as_deref() == Some(status.as_str()))
}

/// The condition of this type.
pub(crate) fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_.as_deref() == Some(kind))
}

/// How long a condition has been what it is, as messages say it.
pub(crate) fn age(conditions: &[Condition], kind: &str, now: Moment) -> String {
    now.since(find(conditions, kind).and_then(|condition| condition.last_transition_time.as_deref()))
}

/// A condition under another name: what a service says of its parts is what they say of themselves.
pub(crate) fn renamed(conditions: &[Condition], kind: &str, name: &str) -> Vec<Condition> {
    let renamed = |condition: &Condition| Condition { type_: Some(name.to_owned()), ..condition.clone() };
    find(conditions, kind).map(renamed).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[tokio::test(start_paused = true)]
    async fn the_time_moves_with_the_status_only() {
        let mut clock = Clock::start();
        let mut conditions = Vec::new();
        let first = clock.tick();
        set(&mut conditions, "Ready", Is::Unknown, None, None, first);
        set(&mut conditions, "Ready", Is::Unknown, Some("R"), None, clock.tick());
        assert_eq!(conditions[0].last_transition_time, Some(first.timestamp()));
        assert_eq!(conditions[0].reason.as_deref(), Some("R"));
        set(&mut conditions, "Ready", Is::True, None, None, clock.tick());
        assert_ne!(conditions[0].last_transition_time, Some(first.timestamp()));
        assert_eq!((conditions.len(), has(&conditions, "Ready", Is::True)), (1, true));
    }
}
