//! What is looked at to tell what has changed.

use run_api::types::{Condition, ObjectMeta};

use super::{ConditionChange, ObjectChange};
use crate::api::scope::Scope;
use crate::reconcile::Subject;
use crate::store::{Key, Store};

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    collection: &'static str,
    key: Key,
}

impl Place {
    /// That of an object that changes over time.
    pub(crate) fn of(subject: &Subject) -> Self {
        let (collection, key) = match subject {
            Subject::Service(key) => ("services", key),
            Subject::Job(key) => ("jobs", key),
            Subject::Execution(key) => ("executions", key),
            Subject::WorkerPool(key) => ("workerpools", key),
            Subject::Instance(key) => ("instances", key),
            Subject::DomainMapping(key) => ("domainmappings", key),
        };
        Self { collection, key: key.clone() }
    }

    /// That of the object that a request is about, if the request says enough to tell.
    pub(crate) fn within(store: &Store, scope: &Scope, collection: &'static str, name: &str) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let at = |key: Key| Self { collection, key };
        match scope.region {
            Some(region) => Some(at(Key::new(scope.project, region, name))),
            None => scope.key(name, |key| State::of(store, &at(key.clone())).is_some()).map(at),
        }
    }
}

/// What there is to be told of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    generation: i32,
    conditions: Vec<Condition>,
}

impl State {
    /// The present state of an object; none if it is not there, or of a kind that does not change by itself.
    pub(crate) fn of(store: &Store, place: &Place) -> Option<Self> {
        macro_rules! state {
            ($object:expr) => {{
                let object = $object;
                let status = object.status.as_ref();
                Some(Self::new(object.metadata.as_ref(), status.map(|status| &status.conditions)))
            }};
        }
        let key = &place.key;
        match place.collection {
            "services" => state!(&store.services.get(key)?.object),
            "revisions" => state!(store.revisions.get(key)?),
            "jobs" => state!(&store.jobs.get(key)?.object),
            "executions" => state!(&store.executions.get(key)?.object),
            "workerpools" => state!(&store.worker_pools.get(key)?.object),
            "instances" => state!(&store.instances.get(key)?.object),
            "domainmappings" => state!(store.domain_mappings.get(key)?),
            _ => None,
        }
    }

    fn new(metadata: Option<&ObjectMeta>, conditions: Option<&Vec<Condition>>) -> Self {
        Self {
            generation: metadata.and_then(|metadata| metadata.generation).unwrap_or_default(),
            conditions: conditions.cloned().unwrap_or_default(),
        }
    }

    /// What has changed in an object between two looks at it; none if nothing has.
    pub(crate) fn change(place: &Place, before: Option<&Self>, after: Option<&Self>) -> Option<ObjectChange> {
        let generation = |state: Option<&Self>| state.map(|state| state.generation);
        let change = ObjectChange {
            resource: format!("{}/{}", place.collection, place.key.name),
            region: place.key.region().name,
            from_generation: generation(before),
            to_generation: generation(after),
            // Those of an object that is gone say nothing.
            conditions: after.map(|after| conditions(before, after)).unwrap_or_default(),
        };
        let changed = change.from_generation != change.to_generation || !change.conditions.is_empty();
        changed.then_some(change)
    }
}

fn conditions(before: Option<&State>, after: &State) -> Vec<ConditionChange> {
    let before = before.map_or(&[][..], |before| &before.conditions);
    let of = |all: &[Condition], kind: &Option<String>| all.iter().find(|one| one.type_ == *kind).cloned();
    let kept = after.conditions.iter().map(|now| (of(before, &now.type_), Some(now.clone())));
    let lost = before.iter().filter(|then| of(&after.conditions, &then.type_).is_none());
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
    use serde_json::{Value, json};

    fn state(generation: i32, conditions: Value) -> State {
        State { generation, conditions: serde_json::from_value(conditions).unwrap() }
    }

    fn said(before: Option<&State>, after: Option<&State>) -> Option<String> {
        let region = crate::regions::find("us-central1").unwrap();
        let place = Place { collection: "services", key: Key::new(1, region, "hello") };
        State::change(&place, before, after).map(|change| change.to_string())
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
