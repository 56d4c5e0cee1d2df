//! What a revision needs in order to serve. Pure.

use std::time::Duration;

use http::Version;
use run_api::Resource;
use run_api::known::annotations;
use run_api::types::Revision;

use super::probe::Probe;
use crate::conditions::{self, Is};
use crate::images::{Catalogue, ImageBehaviour};
use crate::process::LocalCommand;
use crate::rules::start_order;
use crate::store::{Key, Store};

/// The programs of a revision and how they are to be used.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) service: String,
    pub(super) revision: String,
    /// In the order in which they start: each waits for those before it, not for those beside it.
    pub(super) waves: Vec<Vec<Part>>,
    /// The version of HTTP in which the program is spoken to.
    pub(crate) version: Version,
    /// How long a request may take.
    pub(crate) timeout: Duration,
    /// How many requests are answered at a time.
    pub(super) concurrency: usize,
    /// Whether it is kept although nobody uses it.
    pub(super) kept: bool,
}

/// One container.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) container: run_api::types::Container,
    pub(super) command: LocalCommand,
    /// Who writes its lines.
    pub(super) source: String,
    /// The port that requests come to; none for a sidecar.
    pub(super) port: Option<i32>,
    pub(super) startup: Option<Probe>,
    pub(super) liveness: Option<Probe>,
    pub(super) readiness: Option<Probe>,
}

impl Part {
    /// The container's name.
    pub(super) fn name(&self) -> &str {
        self.container.name.as_deref().unwrap_or_default()
    }
}

/// Whether a revision is starting, or is ready and not retired.
pub(super) fn may_serve(revision: &Revision) -> bool {
    let conditions = revision.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let ready = conditions::find(conditions, "Ready");
    !conditions::has(conditions, "Ready", Is::False)
        && ready.is_none_or(|ready| ready.reason.as_deref() != Some("Retired"))
}

/// Whether a revision asks for instances that are always there.
pub(crate) fn keeps_instances(revision: &Revision) -> bool {
    let least = revision.annotation(annotations::MIN_SCALE);
    least.and_then(|least| least.parse::<u32>().ok()).is_some_and(|least| least > 0)
}

/// Whether the clients of a revision stay with it.
pub(super) fn is_sticky(revision: &Revision) -> bool {
    revision.annotation(annotations::SESSION_AFFINITY) == Some("true")
}

impl Plan {
    /// None if the image that is to serve is no program. Other containers whose images are none are left out.
    pub(super) fn of(store: &Store, images: &Catalogue, service: &Key, revision: &Revision) -> Option<Self> {
        let metadata = revision.metadata.as_ref()?;
        let name = metadata.name.clone()?;
        let spec = revision.spec.as_ref()?;
        let alone = spec.containers.len() == 1;
        let mut parts = Vec::new();
        for container in &spec.containers {
            let reference = store.reference(container.image.as_deref().unwrap_or_default());
            let port = container.ports.first().map(|port| port.container_port.unwrap_or(8080));
            let ImageBehaviour::Command(command) = images.behaviour(reference) else {
                if port.is_some() {
                    return None;
                }
                continue;
            };
            let own = container.name.clone().unwrap_or_default();
            let probe = |one: &Option<Box<run_api::types::Probe>>| Probe::of(one.as_deref()?, port);
            parts.push(Part {
                source: if alone { name.clone() } else { format!("{name}/{own}") },
                command: command.clone(),
                startup: probe(&container.startup_probe),
                liveness: probe(&container.liveness_probe),
                readiness: probe(&container.readiness_probe),
                container: container.clone(),
                port,
            });
        }
        let ingress = parts.iter().find(|part| part.port.is_some())?;
        // (Documented: the name of the port says it.)
        let protocol = ingress.container.ports.first().and_then(|port| port.name.as_deref());
        let version = if protocol == Some("h2c") { Version::HTTP_2 } else { Version::HTTP_11 };
        let positive =
            |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok()).filter(|n| *n > 0);
        Some(Self {
            service: service.name.clone(),
            revision: name,
            waves: in_waves(parts, start_order(metadata, spec)),
            version,
            timeout: Duration::from_secs(positive(spec.timeout_seconds).unwrap_or(300).into()),
            concurrency: positive(spec.container_concurrency).and_then(|n| n.try_into().ok()).unwrap_or(80),
            kept: keeps_instances(revision),
        })
    }
}

/// Sorts parts by the wave that names them; those that none names start at last.
fn in_waves(mut parts: Vec<Part>, order: Vec<Vec<String>>) -> Vec<Vec<Part>> {
    let mut waves = Vec::new();
    for names in order {
        let named = |part: &Part| part.container.name.as_ref().is_some_and(|name| names.contains(name));
        let (now, later) = parts.into_iter().partition(named);
        waves.push(now);
        parts = later;
    }
    waves.push(parts);
    waves.retain(|wave| !wave.is_empty());
    waves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Projects;
    use crate::regions;
    use annotations::MIN_SCALE;
    use serde_json::{Value, json};

    fn plan(revision: Value) -> Option<Plan> {
        let mut images = Catalogue::default();
        images.insert("a/app".to_owned(), ImageBehaviour::Command(LocalCommand::new("app")));
        let store = Store::new(Projects::default(), 1);
        let service = Key::new(1, regions::find("us-central1").unwrap(), "hello");
        Plan::of(&store, &images, &service, &serde_json::from_value(revision).unwrap())
    }

    #[test]
    fn one_container() {
        let plan = plan(json!({
            "metadata": {"name": "hello-1", "annotations": {MIN_SCALE: "1"}},
            "spec": {"timeoutSeconds": 7, "containerConcurrency": 3, "containers": [
                {"name": "web", "image": "a/app:1.0", "ports": [{"containerPort": 3000}]},
            ]},
        }))
        .unwrap();
        assert_eq!((plan.service.as_str(), plan.revision.as_str()), ("hello", "hello-1"));
        assert_eq!((plan.timeout, plan.concurrency, plan.kept), (Duration::from_secs(7), 3, true));
        assert_eq!((plan.waves[0][0].port, plan.waves[0][0].source.as_str()), (Some(3000), "hello-1"));
        assert_eq!((plan.version, plan.waves[0][0].name()), (Version::HTTP_11, "web"));
    }

    /// Knative's conformance tests on the real service, 2022: `TestProtocols`.
    #[test]
    fn the_name_of_the_port_is_the_protocol() {
        for (name, version) in [("h2c", Version::HTTP_2), ("http1", Version::HTTP_11)] {
            let containers = json!([{"image": "a/app", "ports": [{"name": name, "containerPort": 80}]}]);
            let plan = plan(json!({"metadata": {"name": "x"}, "spec": {"containers": containers}})).unwrap();
            assert_eq!(plan.version, version);
        }
    }

    #[test]
    fn several_start_in_order() {
        let plan = plan(json!({
            "metadata": {"name": "hello-1", "annotations": {
                "run.googleapis.com/container-dependencies": r#"{"web":["cache"],"cache":["disk"]}"#,
            }},
            "spec": {"containers": [
                {"name": "web", "image": "a/app", "ports": [{}]},
                {"name": "cache", "image": "a/app"}, {"name": "disk", "image": "a/app"},
                {"name": "free", "image": "a/app"}, {"name": "foreign", "image": "a/other"},
            ]},
        }))
        .unwrap();
        let names = |wave: &Vec<Part>| wave.iter().map(|part| part.source.clone()).collect::<Vec<_>>();
        let waves: Vec<_> = plan.waves.iter().map(names).collect();
        assert_eq!(waves, [vec!["hello-1/disk", "hello-1/free"], vec!["hello-1/cache"], vec!["hello-1/web"]]);
        assert!(!plan.kept);
    }

    #[test]
    fn others_need_none() {
        let containers = json!([{"image": "a/other", "ports": [{}]}, {"image": "a/app"}]);
        assert!(plan(json!({"metadata": {"name": "x"}, "spec": {"containers": containers}})).is_none());
    }

    #[test]
    fn which_may_serve() {
        for (ready, expected) in [
            (json!([]), true),
            (json!([{"type": "Ready", "status": "Unknown"}]), true),
            (json!([{"type": "Ready", "status": "True"}]), true),
            (json!([{"type": "Ready", "status": "True", "reason": "Retired"}]), false),
            (json!([{"type": "Ready", "status": "False", "reason": "ContainerMissing"}]), false),
        ] {
            let revision = serde_json::from_value(json!({"status": {"conditions": ready}})).unwrap();
            assert_eq!(may_serve(&revision), expected, "{ready}");
        }
    }
}
