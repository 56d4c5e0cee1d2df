//! What moves a worker pool: its revision, then the split of the instances.

use std::collections::BTreeSet;

use run_api::types::{InstanceSplit, WorkerPool};

use super::driver::Machine;
use super::revision;
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::Surroundings;
use crate::store::{Key, Store, touch};

/// One step of one worker pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Notice a new generation.
    Observe { generation: i32 },
    /// Move a revision on.
    Revision { revision: Key, stage: revision::Stage },
    /// Give the revisions of a generation their instances.
    Split { generation: i32 },
    /// Remove a deleted worker pool.
    Remove,
}

impl Machine for WorkerPool {
    type Step = Step;

    fn next(store: &Store, pool: &Key) -> Option<Step> {
        next(store, pool)
    }

    fn delay(step: &Step, delays: &Delays) -> std::time::Duration {
        match step {
            Step::Observe { .. } => delays.observe,
            Step::Revision { stage, .. } => stage.delay(delays),
            Step::Split { .. } => delays.route,
            Step::Remove => delays.delete,
        }
    }

    fn apply(engine: &Engine, store: &mut Store, pool: &Key, step: &Step) {
        apply(store, &engine.config.surroundings(), pool, step);
    }
}

/// The step that a worker pool needs next; none if its status says all there is to say.
fn next(store: &Store, pool: &Key) -> Option<Step> {
    let record = store.worker_pools.get(pool)?;
    let metadata = record.object.metadata.as_ref()?;
    if metadata.deletion_timestamp.is_some() {
        return Some(Step::Remove);
    }
    let generation = metadata.generation?;
    if record.object.status.as_ref().and_then(|status| status.observed_generation) != Some(generation) {
        return Some(Step::Observe { generation });
    }
    let unsettled = |name: &String| {
        let key = pool.sibling(name.clone());
        let stage = revision::stage(store.revisions.get(&key)?)?;
        Some(Step::Revision { revision: key, stage })
    };
    if let Some(step) = unsettled(&record.revisions.latest) {
        return Some(step);
    }
    if record.split_generation != Some(generation) {
        let named = |name: &&String| {
            let spec = record.object.spec.as_ref();
            spec.is_some_and(|spec| {
                spec.instance_splits.iter().any(|s| s.revision_name.as_ref() == Some(*name))
            })
        };
        let awaited = record.revisions.names.iter().filter(named).find_map(unsettled);
        return Some(awaited.unwrap_or(Step::Split { generation }));
    }
    record.revisions.names.iter().find_map(unsettled)
}

/// Takes a step.
fn apply(store: &mut Store, surroundings: &Surroundings, pool: &Key, step: &Step) {
    match step {
        Step::Observe { generation } => observe(store, pool, *generation),
        Step::Revision { revision, stage } => {
            revision::advance(store, surroundings, revision, *stage, None);
            settled(store, pool, revision);
        }
        Step::Split { generation } => split(store, pool, *generation),
        Step::Remove => store.remove_with_revisions::<WorkerPool>(pool),
    }
}

fn observe(store: &mut Store, pool: &Key, generation: i32) {
    let now = store.clock.tick();
    let Some(record) = store.worker_pools.get_mut(pool) else { return };
    let latest = pool.sibling(record.revisions.latest.clone());
    let status = record.object.status.get_or_insert_default();
    status.observed_generation = Some(generation);
    status.latest_created_revision_name = Some(latest.name.clone());
    conditions::set(&mut status.conditions, "Ready", Is::Unknown, None, Some("Deploying Revision."), now);
    touch(&mut record.object.metadata, now);
    if let Some(revision) = store.revisions.get_mut(&latest) {
        revision::begin(revision, now);
    }
    // A named revision that was there already has nothing to go through again.
    settled(store, pool, &latest);
}

/// The latest revision has become ready; or one that nobody needs any more, which retires.
fn settled(store: &mut Store, pool: &Key, revision: &Key) {
    if revision::outcome(store, revision) != Some(None) {
        return;
    }
    let now = store.clock.tick();
    let Some(record) = store.worker_pools.get_mut(pool) else { return };
    let status = record.object.status.get_or_insert_default();
    if record.revisions.latest == revision.name {
        status.latest_ready_revision_name = Some(revision.name.clone());
        touch(&mut record.object.metadata, now);
    } else if !status.instance_splits.iter().any(|s| s.revision_name.as_deref() == Some(&revision.name))
        && record.split_generation == status.observed_generation
        && let Some(revision) = store.revisions.get_mut(revision)
    {
        revision::retire(revision, now);
    }
}

/// Makes `status.instanceSplits` what the spec asks for, or says why it cannot be.
fn split(store: &mut Store, pool: &Key, generation: i32) {
    let now = store.clock.tick();
    let planned = plan(store, pool);
    let Some(record) = store.worker_pools.get_mut(pool) else { return };
    record.split_generation = Some(generation);
    let status = record.object.status.get_or_insert_default();
    match planned {
        Err((reason, message)) => {
            conditions::set(&mut status.conditions, "Ready", Is::False, Some(&reason), Some(&message), now);
        }
        Ok(splits) => {
            status.instance_splits = splits;
            conditions::set(&mut status.conditions, "Ready", Is::True, None, None, now);
        }
    }
    touch(&mut record.object.metadata, now);
    retire_others(store, pool, now);
    forget_oldest(store, pool, MOST_REVISIONS);
}

/// The instances in force: always with the revision's name, no percentage of zero. (Documented; the rest after
/// traffic.)
fn plan(store: &Store, pool: &Key) -> Result<Vec<InstanceSplit>, (String, String)> {
    let Some(record) = store.worker_pools.get(pool) else { return Ok(Vec::new()) };
    let wanted = record.object.spec.as_ref().map_or(&[][..], |spec| &spec.instance_splits);
    let check = |name: &str| match revision::outcome(store, &pool.sibling(name)) {
        Some(None) => Ok(()),
        Some(Some(failed)) => {
            let reason = failed.reason.unwrap_or_else(|| "RevisionFailed".to_owned());
            Err((reason, failed.message.unwrap_or_default()))
        }
        None => {
            Err(("RevisionMissing".to_owned(), format!("Revision '{name}' does not exist or is deleted.")))
        }
    };
    let mut splits = Vec::new();
    for split in wanted {
        let name = split.revision_name.as_ref().unwrap_or(&record.revisions.latest);
        let percent = split.percent.filter(|percent| *percent > 0);
        if percent.is_some() {
            check(name)?;
        }
        splits.push(InstanceSplit {
            revision_name: Some(name.clone()),
            latest_revision: split.revision_name.is_none().then_some(true),
            percent,
            ..InstanceSplit::default()
        });
    }
    // A new revision that does not start is a failed deployment, whoever has the instances. A later generation,
    // which only moves instances, is not held back by it.
    let generation = record.object.metadata.as_ref().and_then(|metadata| metadata.generation);
    if record.latest_made_by == generation {
        check(&record.revisions.latest)?;
    }
    Ok(splits)
}

fn retire_others(store: &mut Store, pool: &Key, now: Moment) {
    let Some(record) = store.worker_pools.get(pool) else { return };
    let splits = record.object.status.iter().flat_map(|status| &status.instance_splits);
    let working: BTreeSet<&String> = splits.filter_map(|split| split.revision_name.as_ref()).collect();
    let (working, others): (Vec<&String>, Vec<&String>) =
        record.revisions.names.iter().partition(|name| working.contains(name));
    let keys =
        |names: Vec<&String>| names.into_iter().map(|name| pool.sibling(name.clone())).collect::<Vec<_>>();
    let (working, others) = (keys(working), keys(others));
    for key in working {
        if let Some(revision) = store.revisions.get_mut(&key) {
            revision::activate(revision, None, now);
        }
    }
    for key in others {
        if let Some(revision) = store.revisions.get_mut(&key) {
            revision::retire(revision, now);
        }
    }
}

/// (Documented for services; inferred for worker pools.)
const MOST_REVISIONS: usize = 1000;

fn forget_oldest(store: &mut Store, pool: &Key, most: usize) {
    store.forget_oldest::<WorkerPool>(pool, most, |record, name| {
        let spec = record.object.spec.iter().flat_map(|spec| &spec.instance_splits);
        let status = record.object.status.iter().flat_map(|status| &status.instance_splits);
        let ready =
            record.object.status.iter().filter_map(|status| status.latest_ready_revision_name.as_ref());
        let split = spec.chain(status).filter_map(|split| split.revision_name.as_ref());
        record.revisions.latest == name || split.chain(ready).any(|needed| needed == name)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::objects;
    use crate::project::Projects;
    use crate::regions;
    use crate::store::Scope;
    use serde_json::json;

    fn scope() -> Scope {
        Scope::new(1, "p".to_owned(), regions::find("us-central1"))
    }

    fn pool(value: usize) -> run_api::types::WorkerPool {
        let container = json!({"image": "docker.io/a/b", "args": [value.to_string()]});
        serde_json::from_value(json!({
            "metadata": {"name": "pool"}, "spec": {"template": {"spec": {"containers": [container]}}},
        }))
        .unwrap()
    }

    fn run(store: &mut Store, key: &Key) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some(step) = next(store, key) {
            apply(store, &Surroundings::default(), key, &step);
            steps.push(step);
        }
        steps
    }

    fn created() -> (Store, Key) {
        let mut store = Store::new(Projects::default(), 1);
        let created = objects::create(&mut store, &Surroundings::default(), &scope(), pool(0), false);
        let key = created.unwrap_or_else(|error| panic!("{error:?}")).subject.key;
        (store, key)
    }

    fn replace(store: &mut Store, value: usize) {
        let replaced =
            objects::replace(store, &Surroundings::default(), &scope(), "pool", pool(value), false);
        assert!(replaced.is_ok_and(|written| !written.drive.is_empty()));
    }

    #[tokio::test]
    async fn the_steps_of_a_new_worker_pool() {
        let (mut store, key) = created();
        let revision = key.sibling(store.worker_pools[&key].revisions.latest.clone());
        let of = |stage| Step::Revision { revision: revision.clone(), stage };
        let expected = [
            Step::Observe { generation: 1 },
            of(revision::Stage::Import),
            of(revision::Stage::Provision),
            of(revision::Stage::Health),
            Step::Split { generation: 1 },
        ];
        assert_eq!(run(&mut store, &key), expected);
        assert!(objects::delete::<WorkerPool>(&mut store, &scope(), "pool", false).is_ok());
        assert_eq!(run(&mut store, &key), [Step::Remove]);
        assert!(store.worker_pools.is_empty() && store.revisions.is_empty() && store.has_no_references());
    }

    #[tokio::test]
    async fn a_revision_that_was_superseded_on_its_way_settles_and_retires() {
        let (mut store, key) = created();
        let first = key.sibling(store.worker_pools[&key].revisions.latest.clone());
        for _ in 0..2 {
            let step = next(&store, &key).unwrap();
            apply(&mut store, &Surroundings::default(), &key, &step);
        }
        replace(&mut store, 1);
        run(&mut store, &key);
        assert!(revision::is_idle(&store.revisions[&first]), "{:?}", store.revisions[&first].status);
    }

    #[tokio::test]
    async fn the_oldest_idle_revisions_are_forgotten() {
        let (mut store, key) = created();
        run(&mut store, &key);
        for value in 1..=20 {
            replace(&mut store, value);
            run(&mut store, &key);
        }
        assert_eq!(store.revisions.len(), 21);
        forget_oldest(&mut store, &key, 10);
        let left = &store.worker_pools[&key].revisions.names;
        assert_eq!((left.len(), store.revisions.len()), (11, 11), "ten, and the latest");
        assert!(left[0].starts_with("pool-00011-"), "{left:?}");
    }
}
