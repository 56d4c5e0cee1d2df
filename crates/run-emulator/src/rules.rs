//! What the API refuses, and what it fills in. Pure functions on objects.
//!
//! Each rule is a function that adds violations, in a table by subject. Where a rule was learned stands beside it, by the
//! marks of RULES.md: *seen* in real answers, *seen for v2*, *documented*, from *Knative*, or *inferred*.

mod amounts;
mod annotations;
mod containers;
pub(crate) mod defaults;
mod dependencies;
mod domains;
mod env;
mod gpus;
mod iam;
mod images;
mod instances;
mod jobs;
mod labels;
mod limits;
mod names;
mod network;
mod overrides;
mod parts;
mod place;
mod probes;
mod resources;
mod same;
mod scaling;
mod secrets;
mod sizes;
mod splits;
mod traffic;
mod violation;
mod volumes;

use run_api::types::{DomainMapping, Instance, Job, Service, WorkerPool};

pub(crate) use amounts::{total_bytes, total_gpus, total_millicpu};
pub(crate) use annotations::refusal_of_unknown as unknown_annotation;
pub(crate) use defaults::{DEFAULT_MAX_SCALE, fill_in};
pub(crate) use dependencies::start_order;
pub(crate) use domains::{NO_CERTIFICATE, fill_in_domain_mapping};
pub(crate) use iam::check_policy;
pub(crate) use images::{is_reference as is_image_reference, wrong_image};
pub(crate) use instances::fill_in_instance;
pub(crate) use jobs::{TASK_COUNTS, fill_in_job};
pub(crate) use overrides::check_overrides;
use parts::Parts;
pub(crate) use same::same;
pub(crate) use splits::fill_in_worker_pool;
use violation::Violations;

pub(crate) use crate::error::Violation;

type Rule = fn(&Parts<'_>, &mut Violations);

/// What holds for every object.
const OF_ALL: &[Rule] =
    &[names::kind, annotations::known, annotations::values, labels::known, labels::naming_style];

/// What holds for everything that runs containers.
const OF_CONTAINERS: &[Rule] = &[
    names::object_name,
    containers::count_and_ports,
    containers::names,
    containers::unsupported,
    dependencies::order,
    images::images,
    env::variables,
    env::numbers,
    secrets::of_variables,
    secrets::of_volumes,
    secrets::aliases,
    volumes::sources,
    volumes::mounts,
    probes::probes,
    resources::limits,
    sizes::memory,
    sizes::fractions,
    gpus::needs,
    limits::service_account,
    network::paths,
    network::keys,
];

const OF_SERVICES: &[Rule] = &[
    names::revision_name,
    scaling::of_revisions,
    scaling::of_services,
    containers::one_receives,
    limits::concurrency_and_timeout,
    network::one_region,
    traffic::targets,
    traffic::tags,
    traffic::sum,
];

const OF_WORKER_POOLS: &[Rule] = &[names::revision_name, scaling::of_revisions, splits::targets, splits::sum];

const OF_JOBS: &[Rule] = &[jobs::numbers, jobs::no_probes, jobs::environment, gpus::of_jobs, jobs::tokens];

const OF_INSTANCES: &[Rule] = &[instances::restart_policy];

const OF_DOMAIN_MAPPINGS: &[Rule] = &[domains::name, domains::route_name, domains::certificate_mode];

/// Everything that the API refuses in a service that is created or replaced; empty if it is fine.
pub(crate) fn check_service(service: &Service) -> Vec<Violation> {
    check(&[OF_CONTAINERS, OF_SERVICES], &Parts::of(service))
}

/// The same for a worker pool.
pub(crate) fn check_worker_pool(pool: &WorkerPool) -> Vec<Violation> {
    check(&[OF_CONTAINERS, OF_WORKER_POOLS], &Parts::of_worker_pool(pool))
}

/// The same for a job.
pub(crate) fn check_job(job: &Job) -> Vec<Violation> {
    check(&[OF_CONTAINERS, OF_JOBS], &Parts::of_job(job))
}

/// The same for an instance.
pub(crate) fn check_instance(instance: &Instance) -> Vec<Violation> {
    check(&[OF_CONTAINERS, OF_INSTANCES], &Parts::of_instance(instance))
}

/// The same for a domain mapping.
pub(crate) fn check_domain_mapping(mapping: &DomainMapping) -> Vec<Violation> {
    check(&[OF_DOMAIN_MAPPINGS], &Parts::of_domain_mapping(mapping))
}

fn check(rules: &[&[Rule]], parts: &Parts<'_>) -> Vec<Violation> {
    let mut violations = Violations::default();
    for rule in OF_ALL.iter().chain(rules.iter().copied().flatten()) {
        rule(parts, &mut violations);
    }
    violations.0
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

    /// A job that is fine, merged with a patch.
    pub(super) fn job(patch: Value) -> Job {
        let mut job = json!({
            "metadata": {"name": "backup"},
            "spec": {"template": {"spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b"}]}}}}},
        });
        merge(&mut job, patch);
        serde_json::from_value(job).unwrap()
    }

    /// A job whose tasks are this.
    pub(super) fn task(task: Value) -> Job {
        job(json!({"spec": {"template": {"spec": {"template": {"spec": task}}}}}))
    }

    /// A worker pool that is fine, merged with a patch.
    pub(super) fn worker_pool(patch: Value) -> WorkerPool {
        let mut pool = json!({
            "metadata": {"name": "pool"},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b"}]}}},
        });
        merge(&mut pool, patch);
        serde_json::from_value(pool).unwrap()
    }

    /// An instance that is fine, merged with a patch.
    pub(super) fn instance(patch: Value) -> Instance {
        let mut instance =
            json!({"metadata": {"name": "worker"}, "spec": {"containers": [{"image": "docker.io/a/b"}]}});
        merge(&mut instance, patch);
        serde_json::from_value(instance).unwrap()
    }

    fn pairs(found: Vec<Violation>) -> Vec<(String, String)> {
        found.into_iter().map(|violation| (violation.field, violation.description)).collect()
    }

    fn fields(found: Vec<Violation>) -> Vec<String> {
        found.into_iter().map(|violation| violation.field).collect()
    }

    /// The fields that are refused, with what is said of each.
    pub(super) fn violations(service: &Service) -> Vec<(String, String)> {
        pairs(check_service(service))
    }

    /// The fields that are refused.
    pub(super) fn refused(service: &Service) -> Vec<String> {
        fields(check_service(service))
    }

    /// The same of a job, once it is completed.
    pub(super) fn job_violations(mut job: Job) -> Vec<(String, String)> {
        fill_in_job(&mut job, &defaults::Defaults::of(1));
        pairs(check_job(&job))
    }

    pub(super) fn refused_in_job(job: Job) -> Vec<String> {
        job_violations(job).into_iter().map(|(field, _)| field).collect()
    }

    /// The same of a worker pool.
    pub(super) fn worker_pool_violations(pool: &WorkerPool) -> Vec<(String, String)> {
        pairs(check_worker_pool(pool))
    }

    pub(super) fn refused_in_worker_pool(pool: &WorkerPool) -> Vec<String> {
        fields(check_worker_pool(pool))
    }

    /// The same of an instance.
    pub(super) fn refused_in_instance(instance: &Instance) -> Vec<String> {
        fields(check_instance(instance))
    }

    #[test]
    fn the_plain_objects_are_fine() {
        assert_eq!(violations(&service(json!({}))), []);
        assert_eq!(job_violations(job(json!({}))), []);
        assert_eq!(worker_pool_violations(&worker_pool(json!({}))), []);
        assert_eq!(refused_in_instance(&instance(json!({}))), [""; 0]);
    }
}
