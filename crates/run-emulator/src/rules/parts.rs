//! An object taken apart, so that one rule serves all kinds.

use run_api::types::{
    Container, DomainMapping, ExecutionSpec, Instance, InstanceSplit, Job, ObjectMeta, RevisionSpec, Service,
    TrafficTarget, WorkerPool,
};
use run_api::{Resource, Workload};

use super::place::Place;

/// An object taken apart: what is absent is empty.
#[derive(Default)]
pub(super) struct Parts<'a> {
    /// What the object says that it is, and what it should say.
    pub(super) api_version: Stated<'a>,
    pub(super) kind: Stated<'a>,
    pub(super) place: Place,
    pub(super) metadata: ObjectMeta,
    /// What its template makes.
    pub(super) template_place: Option<Place>,
    pub(super) template_metadata: ObjectMeta,
    /// What its containers are and need.
    pub(super) spec: RevisionSpec,
    /// The path of that.
    pub(super) at: &'static str,
    pub(super) traffic: &'a [TrafficTarget],
    pub(super) splits: &'a [InstanceSplit],
    pub(super) restart_policy: Option<&'a str>,
    pub(super) mapping: Option<&'a DomainMapping>,
    pub(super) execution: Option<&'a ExecutionSpec>,
    /// The tokens of a job for an execution that starts, or that runs to its end.
    pub(super) tokens: [Option<&'a str>; 2],
}

/// A field with one right value.
#[derive(Default)]
pub(super) struct Stated<'a> {
    pub(super) given: Option<&'a str>,
    pub(super) own: &'static str,
}

impl<'a> Stated<'a> {
    fn new(given: Option<&'a String>, own: &'static str) -> Self {
        Self { given: given.map(String::as_str), own }
    }
}

const TEMPLATE: &str = "spec.template.metadata";

impl<'a> Parts<'a> {
    pub(super) fn of(service: &'a Service) -> Self {
        let template = service.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
        Self {
            api_version: Stated::new(service.api_version.as_ref(), Service::API_VERSION),
            kind: Stated::new(service.kind.as_ref(), Service::KIND),
            place: Place::Service,
            metadata: service.metadata.clone().unwrap_or_default(),
            template_place: Some(Place::Revision),
            template_metadata: template.metadata.unwrap_or_default(),
            spec: template.spec.unwrap_or_default(),
            at: Service::POD_PATH,
            traffic: service.spec.as_ref().map_or(&[], |spec| &spec.traffic),
            ..Self::default()
        }
    }

    pub(super) fn of_worker_pool(pool: &'a WorkerPool) -> Self {
        let template = pool.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
        Self {
            api_version: Stated::new(pool.api_version.as_ref(), WorkerPool::API_VERSION),
            kind: Stated::new(pool.kind.as_ref(), WorkerPool::KIND),
            place: Place::WorkerPool,
            metadata: pool.metadata.clone().unwrap_or_default(),
            template_place: Some(Place::Revision),
            template_metadata: template.metadata.unwrap_or_default(),
            spec: template.spec.unwrap_or_default(),
            at: WorkerPool::POD_PATH,
            splits: pool.spec.as_ref().map_or(&[], |spec| &spec.instance_splits),
            ..Self::default()
        }
    }

    pub(super) fn of_job(job: &'a Job) -> Self {
        let spec = job.spec.as_ref();
        let template = spec.and_then(|spec| spec.template.as_ref());
        let execution = template.and_then(|template| template.spec.as_ref());
        let task = execution
            .and_then(|execution| execution.template.as_ref()?.spec.as_ref())
            .cloned()
            .unwrap_or_default();
        Self {
            api_version: Stated::new(job.api_version.as_ref(), Job::API_VERSION),
            kind: Stated::new(job.kind.as_ref(), Job::KIND),
            place: Place::Job,
            metadata: job.metadata.clone().unwrap_or_default(),
            template_place: Some(Place::Execution),
            template_metadata: template.and_then(|template| template.metadata.clone()).unwrap_or_default(),
            spec: RevisionSpec {
                containers: task.containers,
                volumes: task.volumes,
                node_selector: task.node_selector,
                service_account_name: task.service_account_name,
                ..RevisionSpec::default()
            },
            at: Job::POD_PATH,
            execution,
            tokens: [
                spec.and_then(|spec| spec.start_execution_token.as_deref()),
                spec.and_then(|spec| spec.run_execution_token.as_deref()),
            ],
            ..Self::default()
        }
    }

    pub(super) fn of_instance(instance: &'a Instance) -> Self {
        let spec = instance.spec.clone().unwrap_or_default();
        Self {
            api_version: Stated::new(instance.api_version.as_ref(), Instance::API_VERSION),
            kind: Stated::new(instance.kind.as_ref(), Instance::KIND),
            place: Place::Instance,
            metadata: instance.metadata.clone().unwrap_or_default(),
            spec: RevisionSpec {
                containers: spec.containers,
                volumes: spec.volumes,
                node_selector: spec.node_selector,
                service_account_name: spec.service_account_name,
                ..RevisionSpec::default()
            },
            at: Instance::POD_PATH,
            restart_policy: instance.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()),
            ..Self::default()
        }
    }

    pub(super) fn of_domain_mapping(mapping: &'a DomainMapping) -> Self {
        Self {
            api_version: Stated::new(mapping.api_version.as_ref(), DomainMapping::API_VERSION),
            kind: Stated::new(mapping.kind.as_ref(), DomainMapping::KIND),
            place: Place::DomainMapping,
            metadata: mapping.metadata.clone().unwrap_or_default(),
            mapping: Some(mapping),
            ..Self::default()
        }
    }

    pub(super) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its metadata and that of its template, with the path of each and what it describes.
    pub(super) fn all_metadata(&self) -> impl Iterator<Item = (&'static str, Place, &ObjectMeta)> {
        let template = self.template_place.map(|place| (TEMPLATE, place, &self.template_metadata));
        std::iter::once(("metadata", self.place, &self.metadata)).chain(template)
    }

    /// The annotation beside its containers.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        let metadata = if self.template_place.is_some() { &self.template_metadata } else { &self.metadata };
        metadata.annotations.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The field of that annotation.
    pub(super) fn annotation_field(&self, key: &str) -> String {
        let at = if self.template_place.is_some() { TEMPLATE } else { "metadata" };
        format!("{at}.annotations[{key}]")
    }

    /// The containers with the path of each.
    pub(super) fn containers(&self) -> impl Iterator<Item = (String, &Container)> {
        let path = |at: usize| format!("{}.containers[{at}]", self.at);
        self.spec.containers.iter().enumerate().map(move |(at, container)| (path(at), container))
    }

    /// Whether it answers requests, at a port that it is told.
    pub(super) fn serves(&self) -> bool {
        self.place == Place::Service
    }
}
