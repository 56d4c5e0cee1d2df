//! What moves a job: its image is looked for, and then it is ready to be run.

use run_api::types::Job;

use super::containers;
use super::driver::Machine;
use crate::conditions::{self, Is};
use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::{Needs, Surroundings};
use crate::store::{JobRecord, Key, Store, touch};

/// One step of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Notice a new generation.
    Observe { generation: i32 },
    /// Look for the images.
    Import,
    /// Remove a deleted job.
    Remove,
}

impl Machine for Job {
    type Step = Step;

    fn next(store: &Store, job: &Key) -> Option<Step> {
        next(store.jobs.get(job)?)
    }

    fn delay(step: &Step, delays: &Delays) -> std::time::Duration {
        match step {
            Step::Observe { .. } => delays.observe,
            Step::Import => delays.import,
            Step::Remove => delays.delete,
        }
    }

    fn apply(engine: &Engine, store: &mut Store, job: &Key, step: &Step) {
        apply(store, &engine.config.surroundings(), job, step);
    }
}

/// The step that a job needs next; none if its status says all there is to say, or an execution decides.
fn next(record: &JobRecord) -> Option<Step> {
    let metadata = record.object.metadata.as_ref()?;
    if metadata.deletion_timestamp.is_some() {
        return Some(Step::Remove);
    }
    let generation = metadata.generation?;
    let status = record.object.status.as_ref();
    if status.and_then(|status| status.observed_generation) != Some(generation) {
        return Some(Step::Observe { generation });
    }
    let conditions = status.map_or(&[][..], |status| &status.conditions);
    (conditions::has(conditions, "Ready", Is::Unknown) && record.awaited.is_none()).then_some(Step::Import)
}

/// Takes a step.
fn apply(store: &mut Store, surroundings: &Surroundings, job: &Key, step: &Step) {
    if *step == Step::Remove {
        return store.remove_job(job);
    }
    let now = store.clock.tick();
    let Some(record) = store.jobs.get_mut(job) else { return };
    // (Seen for v2: a job is checked for its secrets. Inferred: and for its images, like an execution.)
    let failure = containers::trouble(surroundings, &Needs::of_job(job.project, &record.object));
    let status = record.object.status.get_or_insert_default();
    match step {
        Step::Observe { generation } => {
            status.observed_generation = Some(*generation);
            conditions::set(&mut status.conditions, "Ready", Is::Unknown, None, None, now);
        }
        _ => match failure {
            None => conditions::set(&mut status.conditions, "Ready", Is::True, None, None, now),
            Some((reason, message)) => {
                conditions::set(
                    &mut status.conditions,
                    "Ready",
                    Is::False,
                    Some(reason),
                    Some(&message),
                    now,
                );
            }
        },
    }
    touch(&mut record.object.metadata, now);
}
