//! What moves an execution until its tasks run, and what is said of it when they have. (Seen: conditions, order and
//! messages.)

use std::convert::Infallible;
use std::sync::Arc;

use run_api::types::{Execution, Task};

use super::driver::Machine;
use super::outcome::{age, complete, end, follow, give_up_tasks};
use super::{attempts, containers};
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::{ACCESS_CHECK_FAILED, Needs, Surroundings};
use crate::store::{ExecutionRecord, Key, Store, Subject, touch};
use crate::tasks::RunningState;

/// One step of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Import the images.
    Import,
    /// Find a place to run.
    Provision,
    /// Start the first tasks; later, if the execution may be delayed.
    Start { delayed: bool },
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
            Step::Start { delayed: false } => delays.health,
            Step::Start { delayed: true } => delays.health.saturating_add(delays.delayed),
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
        let delayed = record.object.spec.as_ref().is_some_and(|spec| spec.delay_execution == Some(true));
        (!record.has("Started", Is::True)).then_some(Step::Start { delayed })
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
        Step::Import => match containers::trouble(surroundings, &needs(execution, key)) {
            None => {
                set(execution, "ContainerReady", Is::True, None, Some("Imported container image."), now);
                pin(store, key);
            }
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
    if let Some(record) = store.executions.get_mut(key) {
        touch(&mut record.object.metadata, now);
    }
    follow(store, key);
}

/// The images are those that were imported, by their digests. (Seen.)
fn pin(store: &mut Store, key: &Key) {
    let images: Vec<_> = store.executions.get(key).map_or(&[][..], ExecutionRecord::containers).to_vec();
    let images: Vec<String> =
        images.iter().map(|container| store.pin(container.image.as_deref().unwrap_or_default())).collect();
    let Some(record) = store.executions.get_mut(key) else { return };
    let template = record.object.spec.as_mut().and_then(|spec| spec.template.as_mut());
    let containers = template.and_then(|template| template.spec.as_mut()).map(|task| &mut task.containers);
    for (container, image) in containers.into_iter().flatten().zip(images) {
        container.image = Some(image);
    }
}

fn needs<'a>(execution: &'a Execution, key: &Key) -> Needs<'a> {
    let template = execution.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let task = template.and_then(|template| template.spec.as_ref());
    Needs::of_task(key.project, execution.metadata.as_ref(), task)
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
