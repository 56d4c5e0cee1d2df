//! Which step a service needs next, and what the step does: a level-triggered state machine without time.

use run_api::types::Condition;

use super::{Delays, revision, route};
use crate::api::services::deleting;
use crate::conditions::{self, Is};
use crate::images::Catalogue;
use crate::store::{Key, Store, touch};

/// One step of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Notice a new generation.
    Observe { generation: i32 },
    /// Move a revision on.
    Revision { revision: Key, stage: revision::Stage },
    /// Put the routes of a generation in place.
    Route { generation: i32 },
    /// Remove a deleted service.
    Remove,
}

impl Step {
    pub(crate) fn delay(&self, delays: &Delays) -> std::time::Duration {
        match self {
            Self::Observe { .. } => delays.observe,
            Self::Revision { stage, .. } => match stage {
                revision::Stage::Import => delays.import,
                revision::Stage::Provision => delays.provision,
                revision::Stage::Health => delays.health,
            },
            Self::Route { .. } => delays.route,
            Self::Remove => delays.delete,
        }
    }
}

/// The step that a service needs next; none if its status says all there is to say.
pub(crate) fn next(store: &Store, service: &Key) -> Option<Step> {
    let record = store.services.get(service)?;
    if deleting(&record.object) {
        return Some(Step::Remove);
    }
    let generation = record.object.metadata.as_ref()?.generation?;
    let observed = record.object.status.as_ref().and_then(|status| status.observed_generation);
    if observed != Some(generation) {
        return Some(Step::Observe { generation });
    }
    let unsettled = |key: &Key| {
        let stage = revision::stage(store.revisions.get(key)?)?;
        Some(Step::Revision { revision: key.clone(), stage })
    };
    let revisions = store.revisions_of(service);
    let latest = service.sibling(&record.latest_revision);
    if let Some(step) = unsettled(&latest) {
        return Some(step);
    }
    if record.routed_generation != Some(generation) {
        // A revision that is to get traffic settles before the routes do.
        let awaited =
            revisions.iter().filter(|key| route::names(&record.object, &key.name)).find_map(unsettled);
        return Some(awaited.unwrap_or(Step::Route { generation }));
    }
    revisions.iter().find_map(unsettled)
}

/// Takes a step.
pub(crate) fn apply(store: &mut Store, images: &Catalogue, service: &Key, step: &Step) {
    match step {
        Step::Observe { generation } => observe(store, service, *generation),
        Step::Revision { revision, stage } => {
            revision::advance(store, images, revision, *stage);
            if let Some(failed) = revision::outcome(store, revision) {
                configured(store, service, revision, failed);
            }
        }
        Step::Route { generation } => route::put_in_place(store, service, *generation),
        Step::Remove => {
            for revision in store.revisions_of(service) {
                store.revisions.remove(&revision);
            }
            store.services.remove(service);
        }
    }
}

/// The status begins to speak of the new generation. `RoutesReady` keeps what it says until the configuration is
/// ready, unless there is nothing to configure. (Seen.)
fn observe(store: &mut Store, service: &Key, generation: i32) {
    let now = store.clock.tick();
    let Some(record) = store.services.get_mut(service) else { return };
    let latest = record.latest_revision.clone();
    let status = record.object.status.get_or_insert_default();
    let new_revision = status.latest_created_revision_name.as_deref() != Some(&latest);
    let first = status.observed_generation.is_none();
    status.observed_generation = Some(generation);
    status.latest_created_revision_name = Some(latest);
    let deploying = Some("Deploying Revision.");
    conditions::set(&mut status.conditions, "Ready", Is::Unknown, None, deploying, now);
    if new_revision {
        conditions::set(&mut status.conditions, "ConfigurationsReady", Is::Unknown, None, deploying, now);
    }
    if first || !new_revision {
        conditions::set(&mut status.conditions, "RoutesReady", Is::Unknown, None, None, now);
    }
    touch(&mut record.object.metadata, now);
}

/// The latest revision has settled: the configuration is ready. What failed shows in the routes. (Seen in 2024;
/// in 2022 a missing image failed the configuration.)
fn configured(store: &mut Store, service: &Key, revision: &Key, failed: Option<Condition>) {
    let now = store.clock.tick();
    let Some(record) = store.services.get_mut(service) else { return };
    if record.latest_revision != revision.name {
        return;
    }
    let status = record.object.status.get_or_insert_default();
    conditions::set(&mut status.conditions, "ConfigurationsReady", Is::True, None, None, now);
    conditions::set(&mut status.conditions, "RoutesReady", Is::Unknown, None, None, now);
    if failed.is_none() {
        status.latest_ready_revision_name = Some(revision.name.clone());
    }
    touch(&mut record.object.metadata, now);
}
