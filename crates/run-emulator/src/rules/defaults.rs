//! What the server fills in.

use run_api::Resource;
use run_api::known;
use run_api::known::labels;
use run_api::types::{
    Container, ContainerPort, Probe, RevisionSpec, Service, TcpSocketAction, TrafficTarget,
};

use super::{amounts, annotations};

/// Defaults that depend on the project.
pub(crate) struct Defaults {
    pub(crate) service_account: String,
}

impl Defaults {
    /// Those of a project.
    pub(crate) fn of(project: u64) -> Self {
        Self { service_account: format!("{project}-compute@developer.gserviceaccount.com") }
    }
}

/// What a service says that it is.
const API_VERSION: &str = Service::API_VERSION;
const KIND: &str = Service::KIND;
/// What jobs, worker pools and instances say that they are.
pub(super) const RUN_API_VERSION: &str = "run.googleapis.com/v1";

/// (Seen in recorded objects.)
const CONCURRENCY: i32 = 80;
const TIMEOUT_SECONDS: i32 = 300;
const PORT: i32 = 8080;
const PROBE_SECONDS: i32 = 240;
const MAX_SCALE: &str = known::annotations::MAX_SCALE;
pub(crate) const DEFAULT_MAX_SCALE: u64 = 100;
const LIMITS: [(&str, &str); 2] = [("cpu", "1000m"), ("memory", "512Mi")];

/// Completes a service before it is checked and stored. Doing it twice changes nothing.
pub(crate) fn fill_in(service: &mut Service, defaults: &Defaults) {
    or_else(&mut service.api_version, API_VERSION);
    or_else(&mut service.kind, KIND);
    let metadata = service.metadata.get_or_insert_default();
    annotations::normalise(&mut metadata.annotations);
    let spec = service.spec.get_or_insert_default();
    let template = spec.template.get_or_insert_default();
    let metadata = template.metadata.get_or_insert_default();
    if metadata.name.as_deref() == Some("") {
        metadata.name = None;
    }
    annotations::normalise(&mut metadata.annotations);
    metadata.annotations.entry(MAX_SCALE.to_owned()).or_insert_with(|| DEFAULT_MAX_SCALE.to_string());

    let revision = template.spec.get_or_insert_default();
    let alone = revision.containers.len() == 1;
    for container in &mut revision.containers {
        ingress(container, alone);
    }
    limits_and_probes(&mut revision.containers);
    let probes = probe_type(Some(revision));
    metadata.labels.insert(labels::STARTUP_PROBE_TYPE.to_owned(), probes.to_owned());
    // Less than one CPU serves one request at a time.
    let concurrency = if amounts::total_millicpu(revision) < 1000 { 1 } else { CONCURRENCY };
    // (Documented: none or 0.)
    if revision.container_concurrency.is_none_or(|given| given == 0) {
        revision.container_concurrency = Some(concurrency);
    }
    revision.timeout_seconds.get_or_insert(TIMEOUT_SECONDS);
    or_else(&mut revision.service_account_name, &defaults.service_account);

    for target in &mut spec.traffic {
        if target.revision_name.as_deref().is_none_or(str::is_empty) && target.latest_revision.is_none() {
            target.revision_name = None;
            target.latest_revision = Some(true);
        }
        if target.revision_name.is_some() && target.latest_revision == Some(false) {
            target.latest_revision = None;
        }
    }
    if spec.traffic.is_empty() {
        spec.traffic.push(TrafficTarget {
            percent: Some(100),
            latest_revision: Some(true),
            ..TrafficTarget::default()
        });
    }
}

/// An empty text is none. (Seen: gcloud sends many.)
pub(super) fn or_else(given: &mut Option<String>, own: &str) {
    if given.as_deref().is_none_or(str::is_empty) {
        *given = Some(own.to_owned());
    }
}

/// What every container has. (Seen for services.)
pub(super) fn limits_and_probes(containers: &mut [Container]) {
    for container in containers.iter_mut() {
        container.name = container.name.take().filter(|name| !name.is_empty());
        let limits = &mut container.resources.get_or_insert_default().limits;
        for (resource, quantity) in LIMITS {
            limits.entry(resource.to_owned()).or_insert_with(|| quantity.to_owned());
        }
        let port = container.ports.first().and_then(|port| port.container_port);
        let probes =
            [&mut container.startup_probe, &mut container.liveness_probe, &mut container.readiness_probe];
        probes.into_iter().flatten().for_each(|probe| complete(probe, port));
    }
}

/// How much of an object's name fits into that of a container. (Inferred.)
const LONGEST_OBJECT: usize = 60;

/// Names the containers that have no name. (Seen: a template keeps them without; revisions and executions have names.)
pub(crate) fn name_containers(containers: &mut [Container], object: &str) {
    let object = object.get(..LONGEST_OBJECT).unwrap_or(object);
    for (at, container) in containers.iter_mut().enumerate() {
        or_else(&mut container.name, &format!("{object}-{}", at + 1));
    }
}

/// What a probe says that was not said of it. (Seen; the port is the container's.)
fn complete(probe: &mut Probe, port: Option<i32>) {
    for (given, own) in
        [(&mut probe.period_seconds, 10), (&mut probe.timeout_seconds, 1), (&mut probe.failure_threshold, 3)]
    {
        *given = given.filter(|given| *given != 0).or(Some(own));
    }
    let ports = [
        probe.http_get.as_mut().map(|http| &mut http.port),
        probe.tcp_socket.as_mut().map(|tcp| &mut tcp.port),
        probe.grpc.as_mut().map(|grpc| &mut grpc.port),
    ];
    for given in ports.into_iter().flatten() {
        *given = given.filter(|given| *given != 0).or(port);
    }
}

/// `Default` if the startup probe is the one that the server fills in. (Seen.)
pub(crate) fn probe_type(spec: Option<&RevisionSpec>) -> &'static str {
    let probes = spec.into_iter().flat_map(|spec| &spec.containers).filter_map(|container| {
        Some((
            container.startup_probe.as_deref()?,
            container.ports.first().and_then(|port| port.container_port),
        ))
    });
    let filled_in = |(probe, port): (&Probe, _)| *probe == startup_probe(port);
    if probes.into_iter().all(filled_in) { "Default" } else { "Custom" }
}

/// The port and the startup probe of the container that receives requests.
fn ingress(container: &mut Container, alone: bool) {
    if container.ports.is_empty() && alone {
        container.ports.push(ContainerPort::default());
    }
    let Some(port) = container.ports.first_mut() else { return };
    // (Seen: zero, which Go's types always write, is none.)
    let number = port.container_port.filter(|number| *number != 0).unwrap_or(PORT);
    port.container_port = Some(number);
    if port.name.as_deref().is_none_or(str::is_empty) {
        port.name = Some("http1".to_owned());
    }
    container.startup_probe.get_or_insert_with(|| Box::new(startup_probe(Some(number))));
}

/// The probe of a container that was given none: does something listen on its port?
pub(crate) fn startup_probe(port: Option<i32>) -> Probe {
    Probe {
        timeout_seconds: Some(PROBE_SECONDS),
        period_seconds: Some(PROBE_SECONDS),
        failure_threshold: Some(1),
        tcp_socket: Some(TcpSocketAction { port, ..TcpSocketAction::default() }),
        ..Probe::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_service;
    use super::super::testing::{service, with_container};
    use super::*;
    use serde_json::json;

    fn filled(mut service: Service) -> Service {
        let defaults = Defaults { service_account: "1-compute@developer.gserviceaccount.com".to_owned() };
        fill_in(&mut service, &defaults);
        let once = service.clone();
        fill_in(&mut service, &defaults);
        assert_eq!(service, once, "filling in twice changes nothing");
        assert_eq!(check_service(&service), [], "what is filled in is valid");
        service
    }

    #[test]
    fn a_plain_service_gets_what_recorded_ones_have() {
        let spec = serde_json::to_value(filled(service(json!({}))).spec).unwrap();
        assert_eq!(
            spec,
            json!({
                "template": {
                    "metadata": {
                        "annotations": {"autoscaling.knative.dev/maxScale": "100"},
                        "labels": {"run.googleapis.com/startupProbeType": "Default"},
                    },
                    "spec": {
                        "containerConcurrency": 80,
                        "timeoutSeconds": 300,
                        "serviceAccountName": "1-compute@developer.gserviceaccount.com",
                        "containers": [{
                            "image": "docker.io/a/b",
                            "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
                            "ports": [{"name": "http1", "containerPort": 8080}],
                            "startupProbe": {
                                "timeoutSeconds": 240, "periodSeconds": 240, "failureThreshold": 1,
                                "tcpSocket": {"port": 8080},
                            },
                        }],
                    },
                },
                "traffic": [{"percent": 100, "latestRevision": true}],
            })
        );
    }

    #[test]
    fn what_is_given_stays() {
        let given = with_container(json!({
            "name": "web", "ports": [{"containerPort": 3000, "name": "h2c"}],
            "resources": {"limits": {"cpu": "500m"}}, "newThing": 1,
        }));
        let service = filled(given);
        let spec = service.spec.unwrap().template.unwrap().spec.unwrap();
        assert_eq!(spec.container_concurrency, Some(1), "less than one CPU");
        let container = serde_json::to_value(&spec.containers[0]).unwrap();
        assert_eq!(container["name"], "web");
        assert_eq!(container["ports"], json!([{"containerPort": 3000, "name": "h2c"}]));
        assert_eq!(container["startupProbe"]["tcpSocket"]["port"], 3000);
        assert_eq!(container["newThing"], 1);
    }

    /// Knative's conformance tests on the real service, 2022.
    #[test]
    fn a_port_of_zero_is_the_default_one() {
        let given = with_container(json!({"ports": [{"name": "h2c", "containerPort": 0}]}));
        let spec = filled(given).spec.unwrap().template.unwrap().spec.unwrap();
        let container = serde_json::to_value(&spec.containers[0]).unwrap();
        assert_eq!(container["ports"], json!([{"name": "h2c", "containerPort": 8080}]));
        assert_eq!(container["startupProbe"]["tcpSocket"]["port"], 8080);
    }

    #[test]
    fn no_concurrency_is_the_default_one() {
        let given = service(json!({"spec": {"template": {"spec": {"containerConcurrency": 0}}}}));
        let spec = filled(given).spec.unwrap().template.unwrap().spec.unwrap();
        assert_eq!(spec.container_concurrency, Some(80));
    }

    #[test]
    fn sidecars_get_no_port() {
        let service = filled(service(json!({"spec": {"template": {"spec": {"containers": [
            {"image": "a/b", "ports": [{"containerPort": 80}]}, {"image": "a/c"},
        ]}}}})));
        let containers = service.spec.unwrap().template.unwrap().spec.unwrap().containers;
        assert!(containers[1].ports.is_empty() && containers[1].startup_probe.is_none());
        assert_eq!(containers[1].name, None, "only the revision has names that nobody gave");
    }

    #[test]
    fn booleans_and_bare_tags() {
        let service = filled(service(json!({
            "spec": {
                "template": {"metadata": {"annotations": {"run.googleapis.com/startup-cpu-boost": "True"}}},
                "traffic": [{"percent": 100, "latestRevision": true}, {"tag": "next"}],
            },
        })));
        let spec = service.spec.unwrap();
        assert_eq!(spec.traffic[1].latest_revision, Some(true));
        let annotations = spec.template.unwrap().metadata.unwrap().annotations;
        assert_eq!(annotations["run.googleapis.com/startup-cpu-boost"], "true");
    }
}
