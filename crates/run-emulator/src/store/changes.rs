//! What a piece of work has changed in an object, as the tables have noted it.

use run_api::Resource;
use run_api::types::Condition;

use super::key::Key;
use super::kinds::{Kind, Stored, Tables, of_kind};
use crate::log::{ConditionChange, ObjectChange};

/// An object by its kind and place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
}

impl Subject {
    pub(crate) fn of<K: Stored>(key: Key) -> Self {
        Self { kind: K::NAME, key }
    }
}

impl Tables {
    /// What has become of an object since this piece of work began; none if nothing that is told of.
    pub(crate) fn change_of(&self, subject: &Subject) -> Option<ObjectChange> {
        of_kind!(subject.kind, K => {
            let table = K::table(self);
            let before = table.earlier(&subject.key)?.map(K::object);
            let after = table.get(&subject.key).map(K::object);
            change(&subject.key, before, after)
        })
    }
}

fn change<K: Resource>(key: &Key, before: Option<&K>, after: Option<&K>) -> Option<ObjectChange> {
    let generation = |object: Option<&K>| object.map(|object| object.generation().unwrap_or_default());
    let change = ObjectChange {
        resource: format!("{}/{}", K::COLLECTION, key.name),
        region: key.region().name,
        from_generation: generation(before),
        to_generation: generation(after),
        // Those of an object that is gone say nothing.
        conditions: after
            .map(|after| conditions(before.map_or(&[], K::conditions), after.conditions()))
            .unwrap_or_default(),
    };
    let changed = change.from_generation != change.to_generation || !change.conditions.is_empty();
    changed.then_some(change)
}

fn conditions(before: &[Condition], after: &[Condition]) -> Vec<ConditionChange> {
    let of = |all: &[Condition], kind: &Option<String>| all.iter().find(|one| one.type_ == *kind).cloned();
    let kept = after.iter().map(|now| (of(before, &now.type_), Some(now.clone())));
    let lost = before.iter().filter(|then| of(after, &then.type_).is_none());
    kept.chain(lost.map(|then| (Some(then.clone()), None)))
        .filter_map(|(then, now)| {
            let said = |one: &Option<Condition>| one.clone().map(|one| (one.status, one.reason));
            (said(&then) != said(&now)).then(|| {
                let from = then.as_ref().and_then(|then| then.status.clone());
                let kind = now.as_ref().or(then.as_ref()).and_then(|one| one.type_.clone());
                let now = now.unwrap_or_default();
                ConditionChange {
                    kind: kind.unwrap_or_default(),
                    from,
                    to: now.status,
                    reason: now.reason,
                    message: now.message,
                }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::types::Service;
    use serde_json::{Value, json};

    fn state(generation: i32, conditions: Value) -> Service {
        let object = json!({"metadata": {"generation": generation}, "status": {"conditions": conditions}});
        serde_json::from_value(object).unwrap()
    }

    fn said(before: Option<&Service>, after: Option<&Service>) -> Option<String> {
        let region = crate::regions::find("us-central1").unwrap();
        change(&Key::new(1, region, "hello"), before, after).map(|change| change.to_string())
    }

    #[test]
    fn changes() {
        let none = state(1, json!([]));
        let waits = state(1, json!([{"type": "Ready", "status": "Unknown"}]));
        let fine = state(1, json!([{"type": "Ready", "status": "True", "message": "m"}]));
        let bad = state(2, json!([{"type": "Ready", "status": "False", "reason": "RevisionFailed"}]));
        for (before, after, expected) in [
            (None, Some(&none), Some("made, generation 1")),
            (Some(&none), Some(&waits), Some("Ready none→Unknown")),
            (Some(&waits), Some(&fine), Some("Ready Unknown→True")),
            (Some(&fine), Some(&bad), Some("generation 1→2, Ready True→False (RevisionFailed)")),
            (Some(&fine), Some(&none), Some("Ready True→none")),
            (Some(&fine), None, Some("gone")),
            (Some(&fine), Some(&fine), None),
            (None, None, None),
        ] {
            let expected = expected.map(|what| format!("services/hello in us-central1: {what}"));
            assert_eq!(said(before, after), expected);
        }
    }
}
