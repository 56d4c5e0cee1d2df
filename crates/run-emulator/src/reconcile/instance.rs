//! What moves an instance: it starts, runs, ends, and stops when it is told to.
//!
//! (From gcloud's source: `Running` is the condition that ends a wait. Documented: `Ready`. Everything else is
//! inferred from what revisions go through.)

use run_api::types::{Condition, Instance};

use super::containers;
use super::driver::Machine;
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::{ACCESS_CHECK_FAILED, Needs, Surroundings};
use crate::images::ImageBehaviour;
use crate::store::{InstanceRecord, Key, Store, touch};

/// One step of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Notice a new generation.
    Observe { generation: i32 },
    /// Import the images.
    Import,
    /// Find a place to run.
    Provision,
    /// Run the containers.
    Start,
    /// End the containers.
    Stop,
    /// Remove a deleted instance.
    Remove,
}

impl Machine for Instance {
    type Step = Step;

    fn next(store: &Store, instance: &Key) -> Option<Step> {
        next(store.instances.get(instance)?)
    }

    fn delay(step: &Step, delays: &Delays) -> std::time::Duration {
        match step {
            Step::Observe { .. } => delays.observe,
            Step::Import => delays.import,
            Step::Provision => delays.provision,
            Step::Start | Step::Stop => delays.health,
            Step::Remove => delays.delete,
        }
    }

    fn apply(engine: &Engine, store: &mut Store, instance: &Key, step: &Step) {
        apply(store, &engine.config.surroundings(), instance, step);
    }
}

/// The condition that says whether the containers run.
pub(crate) const RUNNING: &str = "Running";
const STOPPED: &str = "Stopped";

/// The step that an instance needs next; none if its status says all there is to say.
fn next(record: &InstanceRecord) -> Option<Step> {
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
    let is = |kind, value| conditions::has(conditions, kind, value);
    if is("Ready", Is::False) {
        None
    } else if !is("ContainerReady", Is::True) {
        Some(Step::Import)
    } else if !is("ResourcesAvailable", Is::True) {
        Some(Step::Provision)
    } else if is(RUNNING, Is::Unknown) {
        Some(if record.stopped { Step::Stop } else { Step::Start })
    } else {
        None
    }
}

/// Takes a step.
fn apply(store: &mut Store, surroundings: &Surroundings, instance: &Key, step: &Step) {
    if *step == Step::Remove {
        store.instances.remove(instance);
        return;
    }
    let now = store.clock.tick();
    let Some(record) = store.instances.get_mut(instance) else { return };
    let all = record.object.spec.as_ref().map_or(&[][..], |spec| &spec.containers);
    let images = all
        .iter()
        .filter_map(|container| container.image.as_deref())
        .map(|image| (image, surroundings.images.behaviour(image)));
    let restarts = record.object.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    let outcome = match step {
        Step::Import => containers::trouble(
            surroundings,
            &Needs::of_instance(
                instance.project,
                record.object.metadata.as_ref(),
                record.object.spec.as_ref(),
            ),
        ),
        Step::Start => start(images, restarts),
        _ => None,
    };
    let status = record.object.status.get_or_insert_default();
    let imported = conditions::age(&status.conditions, "ContainerReady", now);
    let mut set = |kind: &str, is: Is, reason: Option<&str>, message: Option<&str>| {
        conditions::set(&mut status.conditions, kind, is, reason, message, now);
    };
    match (step, outcome) {
        (Step::Observe { .. }, _) => {
            for kind in ["Ready", RUNNING, "ContainerReady", "ResourcesAvailable"] {
                set(kind, Is::Unknown, None, Some("Deploying instance."));
            }
        }
        (Step::Import, Some((reason, message))) => {
            let stage = if reason == ACCESS_CHECK_FAILED { "ResourcesAvailable" } else { "ContainerReady" };
            for kind in [stage, "Ready", RUNNING] {
                set(kind, Is::False, Some(reason), Some(&message));
            }
        }
        (Step::Import, None) => {
            let message = format!("Container image import completed in {imported}.");
            set("ContainerReady", Is::True, None, Some(&message));
        }
        (Step::Provision, _) => {
            let message = format!("Provisioning imported containers completed in {imported}.");
            set("ResourcesAvailable", Is::True, None, Some(&message));
            set("Ready", Is::True, None, None);
        }
        (Step::Start, Some((reason, message))) => set(RUNNING, Is::False, Some(reason), Some(&message)),
        (Step::Start, None) => set(RUNNING, Is::True, None, None),
        (Step::Stop, _) => set(RUNNING, Is::False, Some(STOPPED), Some("The instance was stopped.")),
        (Step::Remove, _) => {}
    }
    if let Step::Observe { generation } = step {
        status.observed_generation = Some(*generation);
        status.log_uri = Some(format!(
            "https://console.cloud.google.com/logs/viewer?project={}&resource=cloud_run_instance/instance_name/{}",
            instance.project, instance.name
        ));
    }
    touch(&mut record.object.metadata, now);
}

type Trouble = Option<(&'static str, String)>;

/// Containers that end are not restarted here: what they end with is what there is to see, unless they are to run
/// for ever and end well.
fn start<'a>(
    mut images: impl Iterator<Item = (&'a str, &'a ImageBehaviour)>,
    restarts: Option<&str>,
) -> Trouble {
    images.find_map(|(_, behaviour)| match behaviour {
        ImageBehaviour::Exits { code: 0 } if restarts == Some("Always") => None,
        ImageBehaviour::Exits { code: 0 } => {
            Some(("Completed", "The container exited with code 0.".to_owned()))
        }
        ImageBehaviour::Exits { code } => {
            Some(("NonZeroExitCode", format!("The container exited with code {code}.")))
        }
        _ => None,
    })
}

/// Says that an instance is about to start or to stop; the reconciler does it.
pub(crate) fn turn(record: &mut InstanceRecord, stopped: bool, now: Moment) {
    record.stopped = stopped;
    let conditions: &mut Vec<Condition> = &mut record.object.status.get_or_insert_default().conditions;
    let message = if stopped { "Stopping instance." } else { "Starting instance." };
    // What failed before it could run begins again with its images.
    let failed = conditions::has(conditions, "Ready", Is::False);
    for kind in ["Ready", "ContainerReady", "ResourcesAvailable"].iter().filter(|_| failed) {
        conditions::set(conditions, kind, Is::Unknown, None, Some(message), now);
    }
    conditions::set(conditions, RUNNING, Is::Unknown, None, Some(message), now);
    touch(&mut record.object.metadata, now);
}
