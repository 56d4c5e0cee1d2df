//! Which step a service needs next, and what the step does: a level-triggered state machine without time.

use std::sync::Arc;

use run_api::Resource;
use run_api::types::{Condition, Service};

use super::driver::Machine;
use super::{revision, route};
use crate::conditions::{self, Is};
use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::{ACCESS_CHECK_FAILED, FailureStyle, Quirk, Surroundings};
use crate::serving::{Server, Trouble};
use crate::store::{Key, Owner, Store, Subject, touch};

/// One step of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Notice a new generation.
    Observe { generation: i32 },
    /// Move a revision on.
    Revision { revision: Key, stage: revision::Stage },
    /// Put the routes of a generation in place.
    Route { generation: i32 },
    /// Remove a deleted service.
    Remove,
}

impl Machine for Service {
    type Step = Step;

    fn next(store: &Store, service: &Key) -> Option<Step> {
        next(store, service)
    }

    fn delay(step: &Step, delays: &Delays) -> std::time::Duration {
        match step {
            Step::Observe { .. } => delays.observe,
            Step::Revision { stage, .. } => stage.delay(delays),
            Step::Route { .. } => delays.route,
            Step::Remove => delays.delete,
        }
    }

    /// A program becomes healthy in its own time.
    async fn due(engine: &Engine, service: &Key, step: &Step) {
        if matches!(step, Step::Revision { stage: revision::Stage::Health, .. }) {
            engine.with_store(|store| engine.servers.publish(store, &engine.config.images, service));
        }
        match server(engine, service, step) {
            Some(server) => server.prove().await,
            None => tokio::time::sleep(Self::delay(step, &engine.config.delays())).await,
        }
    }

    fn apply(engine: &Engine, store: &mut Store, service: &Key, step: &Step) {
        let proven = server(engine, service, step).and_then(|server| server.verdict()?.err());
        apply(store, &engine.config.surroundings(), service, step, proven.as_ref());
        engine.publish(store, &Subject::of::<Self>(service.clone()));
    }
}

/// The server whose health a step is about, if the revision is a program.
fn server(engine: &Engine, service: &Key, step: &Step) -> Option<Arc<Server>> {
    match step {
        Step::Revision { revision, stage: revision::Stage::Health } => {
            engine.servers.of(service, &revision.name)
        }
        _ => None,
    }
}

/// The step that a service needs next; none if its status says all there is to say.
fn next(store: &Store, service: &Key) -> Option<Step> {
    let record = store.services.get(service)?;
    if record.object.is_being_deleted() {
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
    let revisions = store.revisions_of::<Service>(service);
    let latest = service.sibling(&record.revisions.latest);
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

/// Takes a step. `trouble` is what the program of a revision has come to.
fn apply(
    store: &mut Store,
    surroundings: &Surroundings,
    service: &Key,
    step: &Step,
    trouble: Option<&Trouble>,
) {
    let style = surroundings.failures;
    match step {
        Step::Observe { generation } => observe(store, surroundings, service, *generation),
        Step::Revision { revision, stage } => {
            revision::advance(store, surroundings, revision, *stage, trouble);
            if let Some(failed) = revision::outcome(store, revision) {
                configured(store, surroundings, service, revision, failed);
                route::retire_unless_needed(store, service, revision);
            }
        }
        Step::Route { generation } => route::put_in_place(store, style, service, *generation),
        Step::Remove => store.remove_with_revisions::<Service>(service),
    }
}

/// The status begins to speak of the new generation. `RoutesReady` keeps what it says until the configuration is
/// ready, unless there is nothing to configure. (Seen.)
fn observe(store: &mut Store, surroundings: &Surroundings, service: &Key, generation: i32) {
    let now = store.clock.tick();
    for key in store.revisions_of::<Service>(service) {
        if let Some(revision) = store.revisions.get_mut(&key) {
            revision::begin(revision, now);
        }
    }
    let Some(latest) = store.services.get(service).map(|record| service.sibling(&record.revisions.latest))
    else {
        return;
    };
    let settled = revision::outcome(store, &latest);
    let foreign = foreign_name(store, service);
    let Some(record) = store.services.get_mut(service) else { return };
    let status = record.object.status.get_or_insert_default();
    let another = status.latest_created_revision_name.as_deref() != Some(&latest.name);
    let first = status.observed_generation.is_none();
    status.observed_generation = Some(generation);
    if let Some(name) = foreign {
        let message = format!(
            "Revision creation failed with message: revisions.serving.knative.dev \"{name}\" already exists."
        );
        for kind in ["ConfigurationsReady", "Ready"] {
            conditions::set(
                &mut status.conditions,
                kind,
                Is::False,
                Some("RevisionFailed"),
                Some(&message),
                now,
            );
        }
        record.routed_generation = Some(generation);
        return touch(&mut record.object.metadata, now);
    }
    status.latest_created_revision_name = Some(latest.name.clone());
    let deploying = Some("Deploying Revision.");
    conditions::set(&mut status.conditions, "Ready", Is::Unknown, None, deploying, now);
    if another && settled.is_none() {
        conditions::set(&mut status.conditions, "ConfigurationsReady", Is::Unknown, None, deploying, now);
    }
    if first || conditions::has(&status.conditions, "ConfigurationsReady", Is::True) {
        conditions::set(&mut status.conditions, "RoutesReady", Is::Unknown, None, None, now);
    }
    touch(&mut record.object.metadata, now);
    // A named revision that was there already has nothing to go through again.
    if let Some(failed) = settled.filter(|_| another) {
        configured(store, surroundings, service, &latest, failed);
    }
}

/// The name that a template gives its revision, if one of another service has it. (Only with
/// [`Quirk::LateNameConflict`] is such a template accepted.)
fn foreign_name(store: &Store, service: &Key) -> Option<String> {
    let template = store.services.get(service)?.object.template()?;
    let name = template.metadata.as_ref()?.name.clone()?;
    store.is_of_another::<Service>(service, &name).then_some(name)
}

/// The latest revision has settled: the configuration is ready, or has failed with it; see [`FailureStyle`].
fn configured(
    store: &mut Store,
    surroundings: &Surroundings,
    service: &Key,
    revision: &Key,
    failed: Option<Condition>,
) {
    let now = store.clock.tick();
    let Some(record) = store.services.get_mut(service) else { return };
    if record.revisions.latest != revision.name {
        return;
    }
    let status = record.object.status.get_or_insert_default();
    let shown = failed.as_ref().filter(|failed| {
        surroundings.failures == FailureStyle::Of2022 || failed.reason.as_deref() == Some(ACCESS_CHECK_FAILED)
    });
    let (is, reason, message) = match shown {
        Some(failed) => (Is::False, failed.reason.as_deref(), failed.message.as_deref()),
        None => (Is::True, None, None),
    };
    conditions::set(&mut status.conditions, "ConfigurationsReady", is, reason, message, now);
    // (Seen in 2022.)
    let assigning = surroundings.failures == FailureStyle::Of2022 && failed.is_none();
    let (reason, message) = if assigning {
        (Some("AssigningTraffic"), Some("Assigning traffic to latest specified targets."))
    } else {
        (None, None)
    };
    conditions::set(&mut status.conditions, "RoutesReady", Is::Unknown, reason, message, now);
    if assigning {
        conditions::set(&mut status.conditions, "Ready", Is::Unknown, reason, message, now);
    }
    let first = status.latest_ready_revision_name.is_none();
    if failed.is_none() || (first && surroundings.environment.has(Quirk::FailingLatestReady)) {
        status.latest_ready_revision_name = Some(revision.name.clone());
    }
    touch(&mut record.object.metadata, now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::objects;
    use crate::project::Projects;
    use crate::regions;
    use crate::store::Scope;
    use serde_json::{Value, json};

    const SCOPE: fn() -> Scope = || Scope::new(1, "p".to_owned(), regions::find("us-central1"));

    fn service(value: usize) -> run_api::types::Service {
        let env = json!([{"name": "VALUE", "value": value.to_string()}]);
        serde_json::from_value(json!({
            "metadata": {"name": "hello"},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b", "env": env}]}}},
        }))
        .unwrap()
    }

    fn run(store: &mut Store, key: &Key) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some(step) = next(store, key) {
            apply(store, &Surroundings::default(), key, &step, None);
            steps.push(step);
        }
        steps
    }

    fn created() -> (Store, Key) {
        let mut store = Store::new(Projects::default(), 1);
        let created = objects::create(&mut store, &Surroundings::default(), &SCOPE(), service(0), false);
        let key = created.unwrap_or_else(|error| panic!("{error:?}")).subject.key;
        (store, key)
    }

    #[tokio::test]
    async fn the_steps_of_a_new_service() {
        let (mut store, key) = created();
        let revision = store.revisions_of::<Service>(&key).remove(0);
        let of = |stage| Step::Revision { revision: revision.clone(), stage };
        assert_eq!(
            run(&mut store, &key),
            [
                Step::Observe { generation: 1 },
                of(revision::Stage::Import),
                of(revision::Stage::Provision),
                of(revision::Stage::Health),
                Step::Route { generation: 1 },
            ]
        );
        assert!(objects::delete::<Service>(&mut store, &SCOPE(), "hello", false).is_ok());
        assert_eq!(run(&mut store, &key), [Step::Remove]);
        assert_eq!(run(&mut store, &key), []);
    }

    /// (Documented: beyond a thousand, the oldest revisions go that nothing leads to.)
    #[tokio::test]
    async fn the_oldest_idle_revisions_are_forgotten() {
        let (mut store, key) = created();
        run(&mut store, &key);
        let first = store.revisions_of::<Service>(&key).remove(0);
        for value in 1..=20 {
            let mut object = service(value);
            let traffic: Value = json!([
                {"latestRevision": true, "percent": 100}, {"revisionName": first.name, "tag": "first"},
            ]);
            object.spec.as_mut().unwrap().traffic = serde_json::from_value(traffic).unwrap();
            let replaced =
                objects::replace(&mut store, &Surroundings::default(), &SCOPE(), "hello", object, false);
            assert!(replaced.is_ok_and(|written| !written.drive.is_empty()));
            run(&mut store, &key);
        }
        assert_eq!(store.revisions.len(), 21);
        route::forget_oldest(&mut store, &key, 10);
        let left = store.revisions_of::<Service>(&key);
        assert_eq!(left.len(), 12, "ten, the latest, and the tagged one");
        assert_eq!(left.len(), store.revisions.len());
        assert_eq!(left[0], first, "the oldest has a tag");
        assert!(left[1].name.starts_with("hello-00011-"), "{:?}", left[1]);
    }
}
