//! What moves an execution until its tasks run, and what is said of it when they have. (Seen: conditions, order and
//! messages.)

use std::convert::Infallible;
use std::sync::Arc;

use run_api::types::{Execution, Task};

use super::driver::Machine;
use super::job::follow;
use super::{Delays, attempts};
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::engine::Engine;
use crate::images::ImageBehaviour;
use crate::store::{ExecutionRecord, Key, SERVING_LABEL, Store, Subject, Tables, touch};
use crate::tasks::{self, RunningState};
use crate::world::{ACCESS_CHECK_FAILED, Needs, Surroundings};

/// One step of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Import the images.
    Import,
    /// Find a place to run.
    Provision,
    /// Start the first tasks.
    Start,
    /// End the tasks, since somebody asked for it.
    Cancel,
    /// Remove a deleted execution.
    Remove,
}

impl Machine for Execution {
    type Step = Step;

    fn next(store: &Store, execution: &Key) -> Option<Step> {
        next(store.executions.get(execution)?)
    }

    fn delay(step: &Step, delays: &Delays) -> std::time::Duration {
        match step {
            Step::Import => delays.import,
            Step::Provision => delays.provision,
            Step::Start => delays.health,
            Step::Cancel | Step::Remove => delays.delete,
        }
    }

    fn apply(engine: &Engine, store: &mut Store, execution: &Key, step: &Step) {
        apply(store, &engine.config.surroundings(), execution, step);
    }

    /// The tasks run.
    fn then(engine: &Arc<Engine>, subject: &Subject, ticket: u64) -> impl Future<Output = ()> + Send {
        attempts::run(engine, subject, ticket)
    }

    fn is_unsettled(store: &Store, execution: &Key) -> bool {
        Self::next(store, execution).is_some()
            || store.executions.get(execution).is_some_and(|record| !record.is_over())
    }
}

/// Tasks are moved by their execution.
impl Machine for Task {
    type Step = Infallible;

    fn next(_: &Store, _: &Key) -> Option<Infallible> {
        None
    }

    fn delay(step: &Infallible, _: &Delays) -> std::time::Duration {
        match *step {}
    }

    fn apply(_: &Engine, _: &mut Store, _: &Key, step: &Infallible) {
        match *step {}
    }
}

/// The step that an execution needs next; none once it has started, or has come to its end.
fn next(record: &ExecutionRecord) -> Option<Step> {
    if record.object.metadata.as_ref()?.deletion_timestamp.is_some() {
        Some(Step::Remove)
    } else if record.is_over() {
        None
    } else if record.cancelling {
        Some(Step::Cancel)
    } else if !record.has("ContainerReady", Is::True) {
        Some(Step::Import)
    } else if !record.has("ResourcesAvailable", Is::True) {
        Some(Step::Provision)
    } else {
        (!record.has("Started", Is::True)).then_some(Step::Start)
    }
}

/// Takes a step.
fn apply(store: &mut Store, surroundings: &Surroundings, key: &Key, step: &Step) {
    if *step == Step::Remove {
        return store.remove_execution(key);
    }
    let now = store.clock.tick();
    if *step == Step::Cancel {
        give_up_tasks(store, key, RunningState::Cancelled, now);
        return complete(store, key);
    }
    let Some(record) = store.executions.get_mut(key) else { return };
    let execution = &mut record.object;
    match step {
        Step::Import => match import_failure(surroundings, &needs(execution, key)) {
            None => set(execution, "ContainerReady", Is::True, None, Some("Imported container image."), now),
            Some((reason, message)) => {
                let stage =
                    if reason == ACCESS_CHECK_FAILED { "ResourcesAvailable" } else { "ContainerReady" };
                set(execution, stage, Is::False, Some(reason), Some(&message), now);
                give_up_tasks(store, key, RunningState::Abandoned, now);
                return end(store, key, Is::False, Some(reason), &message);
            }
        },
        Step::Provision => {
            set(
                execution,
                "ResourcesAvailable",
                Is::True,
                None,
                Some("Provisioned imported containers."),
                now,
            );
        }
        _ => {
            let message = format!("Started deployed execution in {}.", age(execution, now));
            set(execution, "Started", Is::True, None, Some(&message), now);
            execution.status.get_or_insert_default().start_time = Some(now.timestamp());
        }
    }
    touch(&mut record.object.metadata, now);
    follow(store, key);
}

fn needs<'a>(execution: &'a Execution, key: &Key) -> Needs<'a> {
    let template = execution.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let task = template.and_then(|template| template.spec.as_ref());
    Needs::of_task(key.project, execution.metadata.as_ref(), task)
}

/// Why the secrets or the images of containers can not be had; nothing if they can.
pub(super) fn import_failure(
    surroundings: &Surroundings,
    needs: &Needs<'_>,
) -> Option<(&'static str, String)> {
    if let Some(message) = surroundings.world.secret_trouble(needs) {
        return Some((ACCESS_CHECK_FAILED, message));
    }
    needs.containers().iter().filter_map(|container| container.image.as_deref()).find_map(|image| {
        match surroundings.images.behaviour(image) {
            ImageBehaviour::Missing => Some(("ContainerMissing", format!("Image '{image}' not found."))),
            ImageBehaviour::Unauthorized => Some((
                "ContainerPermissionDenied",
                format!(
                    "Google Cloud Run Service Agent does not have permission to read the image '{image}'."
                ),
            )),
            _ => None,
        }
    })
}

/// Counts the tasks again, after one of them has changed.
pub(super) fn recount(store: &mut Store, key: &Key) {
    let now = store.clock.tick();
    let tasks = store.tasks_of(key);
    let tables: &mut Tables = store;
    let Some(record) = tables.executions.get_mut(key) else { return };
    let status = record.object.status.get_or_insert_default();
    tasks::count(tasks.iter().filter_map(|task| tables.tasks.get(task)), status);
    touch(&mut record.object.metadata, now);
}

/// Ends an execution whose tasks have all ended: it has failed if one of them has.
pub(super) fn complete(store: &mut Store, key: &Key) {
    let cancelled = store.executions.get(key).is_some_and(|record| record.cancelling);
    let failed = store.tasks_of(key).into_iter().find_map(|task| {
        let conditions = &store.tasks.get(&task)?.status.as_ref()?.conditions;
        let completed = conditions::find(conditions, "Completed")?;
        (conditions::has(conditions, "Completed", Is::False)
            && completed.reason.as_deref() != Some("Abandoned"))
        .then(|| completed.clone())
    });
    if cancelled {
        return end(store, key, Is::False, Some("Cancelled"), "The execution was cancelled.");
    }
    match failed {
        Some(failed) => {
            let message = failed.message.unwrap_or_default();
            end(store, key, Is::False, failed.reason.as_deref(), &message);
        }
        None => {
            let now = store.clock.tick();
            let Some(age) = store.executions.get(key).map(|record| age(&record.object, now)) else {
                return;
            };
            end(store, key, Is::True, None, &format!("Execution completed successfully in {age}."));
        }
    }
}

fn end(store: &mut Store, key: &Key, is: Is, reason: Option<&str>, message: &str) {
    recount(store, key);
    let now = store.clock.tick();
    let Some(record) = store.executions.get_mut(key) else { return };
    set(&mut record.object, "Completed", is, reason, Some(message), now);
    record.object.status.get_or_insert_default().completion_time = Some(now.timestamp());
    record.object.metadata.get_or_insert_default().labels.remove(SERVING_LABEL);
    touch(&mut record.object.metadata, now);
    let job = key.sibling(record.job.clone());
    follow(store, key);
    forget_oldest(store, &job);
}

/// (Documented: so many executions of a job stay that have come to their end.)
const MOST_COMPLETED: usize = 1000;

fn forget_oldest(store: &mut Store, job: &Key) {
    let names = store.jobs.get(job).map_or(&[][..], |record| &record.executions);
    let over: Vec<Key> = names
        .iter()
        .map(|name| job.sibling(name.as_str()))
        .filter(|key| store.executions.get(key).is_some_and(ExecutionRecord::is_over))
        .collect();
    for key in over.iter().take(over.len().saturating_sub(MOST_COMPLETED)) {
        store.remove_execution(key);
    }
}

fn give_up_tasks(store: &mut Store, key: &Key, last: RunningState, now: Moment) {
    for task in store.tasks_of(key) {
        if let Some(task) = store.tasks.get_mut(&task) {
            tasks::give_up(task, last, now);
        }
    }
}

/// The tasks that did not start because another one has failed for good.
pub(super) fn abandon_tasks(store: &mut Store, key: &Key) {
    let now = store.clock.tick();
    give_up_tasks(store, key, RunningState::Abandoned, now);
}

/// How long ago an execution was made.
fn age(execution: &Execution, now: Moment) -> String {
    now.since(execution.metadata.as_ref().and_then(|metadata| metadata.creation_timestamp.as_deref()))
}

fn set(
    execution: &mut Execution,
    kind: &str,
    is: Is,
    reason: Option<&str>,
    message: Option<&str>,
    now: Moment,
) {
    let conditions = &mut execution.status.get_or_insert_default().conditions;
    conditions::set(conditions, kind, is, reason, message, now);
}
