//! What the API refuses, and what it fills in. Pure functions on objects.
//!
//! Each rule is a function that adds violations, in a table by subject. Where a rule was learned stands beside
//! it: *seen* in real answers, *documented*, from *Knative*, or *inferred*.

mod annotation_values;
mod annotations;
mod containers;
pub(crate) mod defaults;
mod domains;
mod env;
mod gpus;
mod iam;
mod instances;
mod jobs;
mod limits;
mod names;
mod resources;
mod splits;
mod traffic;

use run_api::types::{
    Container, DomainMapping, ExecutionSpec, Instance, InstanceSplit, Job, ObjectMeta, RevisionSpec, Service,
    TrafficTarget, WorkerPool,
};

pub(crate) use containers::{is_reference as is_image_reference, start_order, wrong_image};
pub(crate) use defaults::{DEFAULT_MAX_SCALE, fill_in};
pub(crate) use domains::{NO_CERTIFICATE, fill_in_domain_mapping};
pub(crate) use iam::check_policy;
pub(crate) use instances::fill_in_instance;
pub(crate) use jobs::{TASK_COUNTS, fill_in_job};
pub(crate) use resources::{total_bytes, total_gpus, total_millicpu};
pub(crate) use splits::fill_in_worker_pool;

pub(crate) use crate::error::Violation;

/// The violations found so far.
#[derive(Debug, Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push(Violation { field: field.into(), description: description.into() });
    }
}

type Rule = fn(&Parts<'_>, &mut Violations);

const OF_SERVICES: &[Rule] = &[
    names::kind,
    names::object_name,
    names::revision_name,
    annotations::of_service,
    annotations::of_template,
    annotations::scaling,
    annotation_values::known_values,
    containers::count_and_ports,
    containers::one_receives,
    containers::names_are_unique,
    containers::images,
    containers::dependencies,
    env::variables,
    resources::limits,
    gpus::needs,
    limits::concurrency_and_timeout,
    limits::probes,
    limits::mounts,
    traffic::targets,
    traffic::tags,
    traffic::sum,
];

const OF_WORKER_POOLS: &[Rule] = &[
    names::kind,
    names::object_name,
    names::revision_name,
    annotations::of_worker_pool,
    annotations::of_template,
    annotation_values::known_values,
    containers::count_and_ports,
    containers::names_are_unique,
    containers::images,
    containers::dependencies,
    env::variables,
    resources::limits,
    gpus::needs,
    limits::probes,
    limits::mounts,
    splits::targets,
    splits::sum,
];

const OF_JOBS: &[Rule] = &[
    names::kind,
    names::object_name,
    annotations::of_job,
    annotations::of_execution,
    annotation_values::known_values,
    containers::count_and_ports,
    containers::names_are_unique,
    containers::images,
    containers::dependencies,
    env::variables,
    resources::limits,
    gpus::needs,
    limits::probes,
    limits::mounts,
    jobs::numbers,
    jobs::no_probes,
    gpus::of_jobs,
    jobs::tokens,
];

const OF_INSTANCES: &[Rule] = &[
    names::kind,
    names::object_name,
    annotations::of_instance,
    annotation_values::known_values,
    containers::count_and_ports,
    containers::names_are_unique,
    containers::images,
    env::variables,
    resources::limits,
    gpus::needs,
    limits::probes,
    limits::mounts,
    instances::restart_policy,
];

const OF_DOMAIN_MAPPINGS: &[Rule] = &[
    names::kind,
    annotations::of_domain_mapping,
    domains::name,
    domains::route_name,
    domains::certificate_mode,
];

/// Everything that the API refuses in a service that is created or replaced; empty if it is fine.
pub(crate) fn check_service(service: &Service) -> Vec<Violation> {
    check(OF_SERVICES, &Parts::of(service))
}

/// The same for a worker pool.
pub(crate) fn check_worker_pool(pool: &WorkerPool) -> Vec<Violation> {
    check(OF_WORKER_POOLS, &Parts::of_worker_pool(pool))
}

/// The same for a job.
pub(crate) fn check_job(job: &Job) -> Vec<Violation> {
    check(OF_JOBS, &Parts::of_job(job))
}

/// The same for an instance.
pub(crate) fn check_instance(instance: &Instance) -> Vec<Violation> {
    check(OF_INSTANCES, &Parts::of_instance(instance))
}

/// The same for a domain mapping.
pub(crate) fn check_domain_mapping(mapping: &DomainMapping) -> Vec<Violation> {
    check(OF_DOMAIN_MAPPINGS, &Parts::of_domain_mapping(mapping))
}

fn check(rules: &[Rule], parts: &Parts<'_>) -> Vec<Violation> {
    let mut violations = Violations::default();
    for rule in rules {
        rule(parts, &mut violations);
    }
    violations.0
}

/// An object taken apart: what is absent is empty.
#[derive(Default)]
struct Parts<'a> {
    /// What the object says that it is, and what it should say.
    api_version: Stated<'a>,
    kind: Stated<'a>,
    metadata: ObjectMeta,
    template_metadata: ObjectMeta,
    /// What its containers are and need.
    spec: RevisionSpec,
    /// The path of that.
    at: &'static str,
    traffic: &'a [TrafficTarget],
    splits: &'a [InstanceSplit],
    restart_policy: Option<&'a str>,
    mapping: Option<&'a DomainMapping>,
    execution: Option<&'a ExecutionSpec>,
    /// The tokens of a job for an execution that starts, or that runs to its end.
    tokens: [Option<&'a str>; 2],
}

/// A field with one right value.
#[derive(Default)]
struct Stated<'a> {
    given: Option<&'a str>,
    own: &'static str,
}

impl<'a> Stated<'a> {
    fn new(given: Option<&'a String>, own: &'static str) -> Self {
        Self { given: given.map(String::as_str), own }
    }
}

impl<'a> Parts<'a> {
    fn of(service: &'a Service) -> Self {
        let template = service.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
        Self {
            api_version: Stated::new(service.api_version.as_ref(), defaults::API_VERSION),
            kind: Stated::new(service.kind.as_ref(), defaults::KIND),
            metadata: service.metadata.clone().unwrap_or_default(),
            template_metadata: template.metadata.unwrap_or_default(),
            spec: template.spec.unwrap_or_default(),
            at: "spec.template.spec",
            traffic: service.spec.as_ref().map_or(&[], |spec| &spec.traffic),
            ..Self::default()
        }
    }

    fn of_worker_pool(pool: &'a WorkerPool) -> Self {
        let template = pool.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
        Self {
            api_version: Stated::new(pool.api_version.as_ref(), defaults::RUN_API_VERSION),
            kind: Stated::new(pool.kind.as_ref(), splits::KIND),
            metadata: pool.metadata.clone().unwrap_or_default(),
            template_metadata: template.metadata.unwrap_or_default(),
            spec: template.spec.unwrap_or_default(),
            at: "spec.template.spec",
            splits: pool.spec.as_ref().map_or(&[], |spec| &spec.instance_splits),
            ..Self::default()
        }
    }

    fn of_job(job: &'a Job) -> Self {
        let spec = job.spec.as_ref();
        let template = spec.and_then(|spec| spec.template.as_ref());
        let execution = template.and_then(|template| template.spec.as_ref());
        let task =
            execution.and_then(|execution| execution.template.as_ref()?.spec.clone()).unwrap_or_default();
        Self {
            api_version: Stated::new(job.api_version.as_ref(), defaults::RUN_API_VERSION),
            kind: Stated::new(job.kind.as_ref(), jobs::KIND),
            metadata: job.metadata.clone().unwrap_or_default(),
            template_metadata: template.and_then(|template| template.metadata.clone()).unwrap_or_default(),
            spec: RevisionSpec {
                containers: task.containers,
                volumes: task.volumes,
                node_selector: task.node_selector,
                ..RevisionSpec::default()
            },
            at: jobs::AT,
            execution,
            tokens: [
                spec.and_then(|spec| spec.start_execution_token.as_deref()),
                spec.and_then(|spec| spec.run_execution_token.as_deref()),
            ],
            ..Self::default()
        }
    }

    fn of_instance(instance: &'a Instance) -> Self {
        let spec = instance.spec.clone().unwrap_or_default();
        Self {
            api_version: Stated::new(instance.api_version.as_ref(), defaults::RUN_API_VERSION),
            kind: Stated::new(instance.kind.as_ref(), instances::KIND),
            metadata: instance.metadata.clone().unwrap_or_default(),
            spec: RevisionSpec {
                containers: spec.containers,
                volumes: spec.volumes,
                node_selector: spec.node_selector,
                ..RevisionSpec::default()
            },
            at: "spec",
            restart_policy: instance.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()),
            ..Self::default()
        }
    }

    fn of_domain_mapping(mapping: &'a DomainMapping) -> Self {
        Self {
            api_version: Stated::new(mapping.api_version.as_ref(), domains::API_VERSION),
            kind: Stated::new(mapping.kind.as_ref(), domains::KIND),
            metadata: mapping.metadata.clone().unwrap_or_default(),
            mapping: Some(mapping),
            ..Self::default()
        }
    }

    fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// The containers with the path of each.
    fn containers(&self) -> impl Iterator<Item = (String, &Container)> {
        let path = |at: usize| format!("{}.containers[{at}]", self.at);
        self.spec.containers.iter().enumerate().map(move |(at, container)| (path(at), container))
    }

    /// Whether it answers requests, at a port that it is told.
    fn serves(&self) -> bool {
        self.kind.own == defaults::KIND
    }
}

#[cfg(test)]
mod testing {
    use super::*;
    use serde_json::{Value, json};

    /// A service that is fine, merged with a patch (RFC 7396; lists are replaced).
    pub(super) fn service(patch: Value) -> Service {
        let mut service = json!({
            "metadata": {"name": "hello"},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b"}]}}},
        });
        merge(&mut service, patch);
        serde_json::from_value(service).unwrap()
    }

    fn merge(into: &mut Value, patch: Value) {
        match (into, patch) {
            (Value::Object(into), Value::Object(patch)) => {
                for (key, value) in patch {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, patch) => *into = patch,
        }
    }

    /// A service whose one container is this.
    pub(super) fn with_container(container: Value) -> Service {
        let mut whole = json!({"image": "docker.io/a/b"});
        merge(&mut whole, container);
        service(json!({"spec": {"template": {"spec": {"containers": [whole]}}}}))
    }

    /// The fields that are refused.
    pub(super) fn refused(service: &Service) -> Vec<String> {
        check_service(service).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn the_plain_service_is_fine() {
        assert_eq!(check_service(&service(json!({}))), []);
    }
}
