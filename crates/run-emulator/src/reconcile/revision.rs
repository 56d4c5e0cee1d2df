//! The stages of a revision.

use run_api::known;
use std::convert::Infallible;

use run_api::Resource;
use run_api::known::labels;
use run_api::types::{Condition, ContainerStatus, Revision};

use super::driver::Machine;
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::{ACCESS_CHECK_FAILED, Environment, FailureStyle, Needs, Quirk, Surroundings};
use crate::images::{Catalogue, ImageBehaviour};
use crate::process::{Exit, MissingSecret};
use crate::rules;
use crate::serving::{Trouble, keeps_instances};
use crate::store::{Key, Store, touch};
use crate::urls;

/// What a revision goes through before it is ready or has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Import,
    Provision,
    Health,
}

impl Stage {
    pub(super) fn delay(self, delays: &Delays) -> std::time::Duration {
        match self {
            Self::Import => delays.import,
            Self::Provision => delays.provision,
            Self::Health => delays.health,
        }
    }
}

/// Revisions are moved by what has made them.
impl Machine for Revision {
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

/// The stage that a revision is in; none if it has settled.
pub(super) fn stage(revision: &Revision) -> Option<Stage> {
    let conditions = revision.status.as_ref().map_or(&[][..], |status| &status.conditions);
    if conditions::has(conditions, "Ready", Is::True) || conditions::has(conditions, "Ready", Is::False) {
        None
    } else if conditions::has(conditions, "ResourcesAvailable", Is::True) {
        Some(Stage::Health)
    } else if conditions::has(conditions, "ContainerReady", Is::True) {
        Some(Stage::Provision)
    } else {
        Some(Stage::Import)
    }
}

/// The outcome of a settled revision: nothing if it is ready, the condition if it has failed.
pub(super) fn outcome(store: &Store, revision: &Key) -> Option<Option<Condition>> {
    let conditions = &store.revisions.get(revision)?.status.as_ref()?.conditions;
    let ready = conditions::find(conditions, "Ready")?;
    match ready.status.as_deref() {
        Some("True") => Some(None),
        Some("False") => Some(Some(ready.clone())),
        _ => None,
    }
}

/// A revision that nothing was said about yet.
pub(super) fn begin(revision: &mut Revision, now: Moment) {
    if revision.status.as_ref().is_some_and(|status| !status.conditions.is_empty()) {
        return;
    }
    for kind in ["Ready", "ContainerReady", "ResourcesAvailable", "ContainerHealthy"] {
        set(revision, kind, Is::Unknown, None, None, now);
    }
    if keeps_instances(revision) {
        set(revision, MIN_INSTANCES_PROVISIONED, Is::Unknown, None, None, now);
    }
    touch(&mut revision.metadata, now);
}

/// Ends a stage. `trouble` is what the programs in place of its images have come to.
pub(super) fn advance(
    store: &mut Store,
    surroundings: &Surroundings,
    key: &Key,
    stage: Stage,
    trouble: Option<&Trouble>,
) {
    let Surroundings { environment, images, failures } = surroundings;
    let now = store.clock.tick();
    // Taken out so that the store can be asked beside it, and put back below.
    let Some(mut taken) = store.revisions.remove(key) else { return };
    let revision = &mut taken;
    match stage {
        Stage::Import => match secret_trouble(environment, revision, key) {
            Some(message) => {
                let reason = Some(ACCESS_CHECK_FAILED);
                set(revision, "ResourcesAvailable", Is::False, reason, Some(&message), now);
                set(revision, "Ready", Is::False, reason, Some(&message), now);
            }
            None => import(store, revision, images, key, now),
        },
        Stage::Provision if lacks_gpus(environment, revision) => {
            // (Seen, with this text; the condition besides `Ready` is inferred.)
            let message = "Quota exceeded for total allowable count of GPUs per project per region.";
            set(revision, "ResourcesAvailable", Is::False, None, Some(message), now);
            set(revision, "Ready", Is::False, None, Some(message), now);
        }
        Stage::Provision => {
            let message = format!(
                "Provisioning imported containers completed in {}. Checking container health.",
                since(revision, "ContainerReady", now)
            );
            set(revision, "ResourcesAvailable", Is::True, None, Some(&message), now);
        }
        Stage::Health => health(store, revision, key, images, *failures, trouble, now),
    }
    touch(&mut revision.metadata, now);
    store.revisions.insert(key.clone(), taken);
}

/// Whether a revision wants GPUs and the quota of them is found to be used up.
fn lacks_gpus(environment: &Environment, revision: &Revision) -> bool {
    environment.has(Quirk::LateGpuQuota)
        && revision.spec.as_ref().is_some_and(|spec| rules::total_gpus(spec) > 0)
}

/// Why the secrets of a revision cannot be had. (That it is found out before the images are imported, and which
/// condition besides `Ready` says it, is inferred.)
fn secret_trouble(environment: &Environment, revision: &Revision, key: &Key) -> Option<String> {
    let needs = Needs::of_revision(key.project, revision.metadata.as_ref(), revision.spec.as_ref());
    environment.secret_trouble(&needs)
}

fn import(store: &mut Store, revision: &mut Revision, images: &Catalogue, key: &Key, now: Moment) {
    let containers = revision.spec.as_ref().map_or(&[][..], |spec| &spec.containers);
    let trouble = containers.iter().filter_map(|container| container.image.as_deref()).find_map(|image| {
        match images.behaviour(store.reference(image)) {
            ImageBehaviour::Missing => Some(("ContainerMissing", format!("Image '{image}' not found."))),
            ImageBehaviour::Unauthorized => Some((
                "ContainerPermissionDenied",
                format!(
                    "Google Cloud Run Service Agent does not have permission to read the image '{image}'. Ensure \
                     that the provided container image URL is correct and that the account may read it."
                ),
            )),
            _ => None,
        }
    });
    if let Some((reason, message)) = trouble {
        set(revision, "ContainerReady", Is::False, Some(reason), Some(&message), now);
        set(revision, "Ready", Is::False, Some(reason), Some(&message), now);
        return;
    }
    let mut statuses = Vec::new();
    for container in revision.spec.iter_mut().flat_map(|spec| &mut spec.containers) {
        let digest = store.pin(container.image.as_deref().unwrap_or_default());
        statuses.push(ContainerStatus {
            name: container.name.clone(),
            image_digest: Some(digest.clone()),
            ..ContainerStatus::default()
        });
        container.image = Some(digest);
    }
    let logs = logs(revision, key);
    let status = revision.status.get_or_insert_default();
    status.log_url = Some(logs);
    status.image_digest = statuses.first().and_then(|status| status.image_digest.clone());
    status.container_statuses = statuses;
    status.service_name = None;
    let message = format!("Container image import completed in {}.", since(revision, "ContainerReady", now));
    set(revision, "ContainerReady", Is::True, None, Some(&message), now);
}

fn health(
    store: &Store,
    revision: &mut Revision,
    key: &Key,
    images: &Catalogue,
    style: FailureStyle,
    of_programs: Option<&Trouble>,
    now: Moment,
) {
    let spec = revision.spec.as_ref();
    let port = spec.and_then(|spec| {
        spec.containers.iter().find_map(|container| container.ports.first()?.container_port)
    });
    let port = port.unwrap_or(8080);
    // Nobody sends requests to a worker pool. (Documented; what it says when it fails is inferred.)
    let labels = revision.metadata.as_ref().map(|metadata| &metadata.labels);
    let listens = labels.is_none_or(|labels| !labels.contains_key(labels::WORKER_POOL));
    let behaviours = spec
        .into_iter()
        .flat_map(|spec| &spec.containers)
        .map(|container| images.behaviour(store.reference(container.image.as_deref().unwrap_or_default())));
    let trouble = behaviours.into_iter().find_map(|behaviour| match behaviour {
        ImageBehaviour::Exits { code } => Some(Trouble::Exited(Exit::Code(*code))),
        ImageBehaviour::NeverListens if listens => Some(Trouble::Silent),
        _ => None,
    });
    if let Some(trouble) = trouble.as_ref().or(of_programs) {
        let (reason, message) = explain(trouble, listens.then_some(port), style, &logs(revision, key));
        set(revision, "ContainerHealthy", Is::False, Some(reason), Some(&message), now);
        set(revision, "Ready", Is::False, Some(reason), Some(&message), now);
        return;
    }
    let message = format!("Containers became healthy in {}.", since(revision, "ResourcesAvailable", now));
    set(revision, "ContainerHealthy", Is::True, None, Some(&message), now);
    let whole = since(revision, "Ready", now);
    if keeps_instances(revision) {
        let message = format!("Min instances provisioned successfully in {whole}.");
        set(revision, MIN_INSTANCES_PROVISIONED, Is::True, None, Some(&message), now);
    }
    set(revision, "Active", Is::True, None, None, now);
    set(revision, "Ready", Is::True, None, Some(&format!("Deploying revision succeeded in {whole}.")), now);
}

/// Where the logs of a revision are to be seen.
fn logs(revision: &Revision, key: &Key) -> String {
    urls::logs_of_revision(key, revision.label(labels::SERVICE).unwrap_or_default())
}

/// The reason and the message for containers that have not become healthy. (Seen for a port that nothing listens on and
/// for an exit, which are told in the same words; that of the probe is documented, the others are inferred.)
fn explain(trouble: &Trouble, port: Option<i32>, style: FailureStyle, logs: &str) -> (&'static str, String) {
    let on_port = port.map_or(String::new(), |port| {
        format!(" and listen on the port defined provided by the PORT={port} environment variable")
    });
    let failed = match style {
        FailureStyle::Of2022 => {
            format!("Cloud Run error: The user-provided container failed to start{on_port}.")
        }
        FailureStyle::Of2024 if port.is_none() => "The user-provided container failed to start.".to_owned(),
        FailureStyle::Of2024 => {
            format!("The user-provided container failed to start{on_port} within the allocated timeout.")
        }
    };
    let message = match trouble {
        Trouble::Secret(MissingSecret { name, version }) => {
            let message = format!("Secret '{name}' (version '{version}') was not found.");
            return ("SecretsAccessCheckFailed", message);
        }
        Trouble::Silent | Trouble::Exited(_) => failed,
        Trouble::NotStarted(why) => format!("{failed} Application failed to start: {why}."),
        Trouble::Unwell => {
            "The user-provided container failed the configured startup probe checks.".to_owned()
        }
    };
    let more = match style {
        FailureStyle::Of2022 => " Logs for this revision might contain more information.",
        FailureStyle::Of2024 => "",
    };
    let message = format!(
        "{message}{more}\n\nLogs URL: {logs}\nFor more troubleshooting guidance, see \
         https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"
    );
    ("HealthCheckContainerError", message)
}

/// A revision that gets traffic, or has a tag; or that has instances of a worker pool, to which no route leads.
pub(super) fn activate(revision: &mut Revision, route: Option<&str>, now: Moment) {
    let mut changed = label_route(revision, route);
    if is_idle(revision) {
        for kind in ["Ready", "Active", "ContainerHealthy", "ResourcesAvailable"] {
            set(revision, kind, Is::True, None, None, now);
        }
        if keeps_instances(revision) {
            set(revision, MIN_INSTANCES_PROVISIONED, Is::True, None, None, now);
        }
        changed = true;
    }
    if changed {
        touch(&mut revision.metadata, now);
    }
}

/// A ready revision without traffic and tag: still `Ready`, but no longer running. (Seen.)
pub(super) fn retire(revision: &mut Revision, now: Moment) {
    let mut changed = label_route(revision, None);
    let ready = ready_condition(revision).is_some_and(|ready| ready.status.as_deref() == Some("True"));
    if ready && !is_idle(revision) {
        let reason = Some(RETIRED);
        // It keeps the message of its deployment. (Seen where the service repeats it.)
        let deployed = ready_condition(revision).and_then(|ready| ready.message.clone());
        set(revision, "Ready", Is::True, reason, deployed.as_deref(), now);
        set(revision, "Active", Is::False, reason, Some("Revision retired."), now);
        set(revision, "ContainerHealthy", Is::Unknown, reason, None, now);
        set(revision, "ResourcesAvailable", Is::Unknown, reason, None, now);
        if keeps_instances(revision) {
            set(revision, MIN_INSTANCES_PROVISIONED, Is::False, reason, None, now);
        }
        changed = true;
    }
    if changed {
        touch(&mut revision.metadata, now);
    }
}

/// Only of revisions that ask for instances that are always there. (Seen there, and False when retired.)
const MIN_INSTANCES_PROVISIONED: &str = "MinInstancesProvisioned";

const RETIRED: &str = "Retired";

/// Whether a revision is retired.
pub(super) fn is_idle(revision: &Revision) -> bool {
    ready_condition(revision).is_some_and(|ready| ready.reason.as_deref() == Some(RETIRED))
}

pub(super) fn ready_condition(revision: &Revision) -> Option<&Condition> {
    conditions::find(&revision.status.as_ref()?.conditions, "Ready")
}

/// How long a stage has taken. (That each counts its own time is inferred.)
fn since(revision: &Revision, kind: &str, now: Moment) -> String {
    conditions::age(revision.status.as_ref().map_or(&[][..], |status| &status.conditions), kind, now)
}

/// A revision has this label only while a route leads to it. (Seen.) Says whether that changed anything.
fn label_route(revision: &mut Revision, service: Option<&str>) -> bool {
    const LABEL: &str = known::labels::ROUTE;
    let labels = &mut revision.metadata.get_or_insert_default().labels;
    match service {
        Some(service) => labels.insert(LABEL.to_owned(), service.to_owned()).as_deref() != Some(service),
        None => labels.remove(LABEL).is_some(),
    }
}

fn set(
    revision: &mut Revision,
    kind: &str,
    status: Is,
    reason: Option<&str>,
    message: Option<&str>,
    now: Moment,
) {
    let conditions = &mut revision.status.get_or_insert_default().conditions;
    conditions::set(conditions, kind, status, reason, message, now);
    // (Seen: `Ready` comes first, then all others by their names.)
    conditions.sort_by(|a, b| {
        let place = |one: &Condition| (one.type_.as_deref() != Some("Ready"), one.type_.clone());
        place(a).cmp(&place(b))
    });
}
