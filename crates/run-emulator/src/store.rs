//! What the emulator remembers.

mod jobs;
pub(crate) mod operations;
mod policies;
mod records;
mod references;
pub(crate) mod saved;
mod table;
mod version;

use run_api::types::{DomainMapping, ObjectMeta, Policy, Revision, Service, Task};
use serde::{Deserialize, Serialize};

pub(crate) use jobs::{
    Awaited, EXECUTION_LABEL, ExecutionRecord, JOB_LABEL, JobRecord, SERVING_LABEL, index, task_key,
};
pub(crate) use policies::Guarded;
pub(crate) use records::{InstanceRecord, WorkerPoolRecord};
use references::References;
use saved::{Rows, Saving};
use table::RowKey;
pub(crate) use table::Table;
pub(crate) use version::{Clock, Moment};

use crate::project::Projects;
use crate::regions::Region;
use crate::world::Surroundings;

/// Where an object is and what it is called. Ordered by project, region and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) project: u64,
    region: &'static str,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(project: u64, region: &'static Region, name: impl Into<String>) -> Self {
        Self { project, region: region.name, name: name.into() }
    }

    /// Another object in the same project and region.
    pub(crate) fn sibling(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// The keys of all objects of a project, for the ranges of a map.
    pub(crate) fn all_of(project: u64) -> std::ops::RangeFrom<Self> {
        Self { project, region: "", name: String::new() }..
    }

    pub(crate) fn region(&self) -> &'static Region {
        crate::regions::find(self.region).unwrap_or(&crate::regions::ALL[0])
    }
}

impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.project, self.region, &self.name).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (project, region, name) = <(u64, String, String)>::deserialize(deserializer)?;
        let region = crate::regions::find(&region)
            .ok_or_else(|| serde::de::Error::custom(format_args!("there is no region `{region}`")))?;
        Ok(Self::new(project, region, name))
    }
}

impl RowKey for Key {
    fn label(&self) -> String {
        format!("{}/{}/{}", self.project, self.region, self.name)
    }
}

/// A service and what belongs to it but is not part of the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceRecord {
    pub(crate) object: Service,
    pub(crate) policy: Policy,
    /// The uid of the configuration that owns the revisions.
    pub(crate) configuration_uid: String,
    /// The names of the revisions that are there, oldest first.
    pub(crate) revisions: Vec<String>,
    /// How many revisions were ever made.
    pub(crate) revisions_made: u32,
    /// The revision that the template of the object stands for.
    pub(crate) latest_revision: String,
    /// The generation whose routes are in place, or have failed.
    pub(crate) routed_generation: Option<i32>,
}

/// All objects of one emulator.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) clock: Clock,
    pub(crate) projects: Projects,
    pub(crate) services: Table<ServiceRecord>,
    pub(crate) revisions: Table<Revision>,
    pub(crate) jobs: Table<JobRecord>,
    pub(crate) executions: Table<ExecutionRecord>,
    pub(crate) tasks: Table<Task>,
    pub(crate) worker_pools: Table<WorkerPoolRecord>,
    pub(crate) instances: Table<InstanceRecord>,
    pub(crate) domain_mappings: Table<DomainMapping>,
    pub(crate) operations: operations::Operations,
    /// What the emulator was told of the world outside; no part of the state.
    pub(crate) surroundings: Surroundings,
    references: References,
    /// The port that the services' addresses have.
    port: u16,
    saving: Saving,
    /// The clock as it was saved last.
    clock_saved: Option<u64>,
    /// Why the last piece of work is not saved.
    unsaved: Option<String>,
}

impl Store {
    pub(crate) fn new(projects: Projects, port: u16) -> Self {
        Self {
            clock: Clock::start(),
            projects,
            services: Table::default(),
            revisions: Table::default(),
            jobs: Table::default(),
            executions: Table::default(),
            tasks: Table::default(),
            worker_pools: Table::default(),
            instances: Table::default(),
            domain_mappings: Table::default(),
            operations: operations::Operations::default(),
            surroundings: Surroundings::default(),
            references: References::default(),
            port,
            saving: Saving::default(),
            clock_saved: None,
            unsaved: None,
        }
    }

    /// Visits every table, by the name that it has in a saved state. Every field is named here, so that no table is
    /// forgotten.
    fn each_table(&mut self, mut visit: impl FnMut(&'static str, &mut dyn Rows)) {
        let Self {
            clock: _,
            projects: _,
            services,
            revisions,
            jobs,
            executions,
            tasks,
            worker_pools,
            instances,
            domain_mappings,
            operations,
            references,
            port: _,
            saving: _,
            clock_saved: _,
            surroundings: _,
            unsaved: _,
        } = self;
        visit("services", services);
        visit("revisions", revisions);
        visit("jobs", jobs);
        visit("executions", executions);
        visit("tasks", tasks);
        visit("worker_pools", worker_pools);
        visit("instances", instances);
        visit("domain_mappings", domain_mappings);
        visit("operations", operations.rows());
        visit("references", references.rows());
    }

    /// The URL of a host of the data plane.
    pub(crate) fn url_of(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }

    /// Pins an image to its digest, for a revision that is going to have it.
    pub(crate) fn pin(&mut self, image: &str) -> String {
        self.references.pin(image)
    }

    /// The reference that an image was deployed by.
    pub(crate) fn reference<'a>(&'a self, image: &'a str) -> &'a str {
        self.references.of(image)
    }

    #[cfg(test)]
    pub(crate) fn has_no_references(&self) -> bool {
        self.references.is_empty()
    }

    /// The keys of a service's revisions, oldest first.
    pub(crate) fn revisions_of(&self, service: &Key) -> Vec<Key> {
        let names = self.services.get(service).map_or(&[][..], |record| &record.revisions);
        names.iter().map(|name| service.sibling(name)).collect()
    }

    /// Removes a service and its revisions.
    pub(crate) fn remove_service(&mut self, service: &Key) {
        for revision in self.revisions_of(service) {
            self.forget_revision(&revision);
        }
        self.services.remove(service);
    }

    /// Removes one revision of a service.
    pub(crate) fn remove_revision(&mut self, service: &Key, revision: &Key) {
        self.forget_revision(revision);
        if let Some(record) = self.services.get_mut(service) {
            record.revisions.retain(|name| *name != revision.name);
        }
    }

    /// Removes a worker pool and its revisions.
    pub(crate) fn remove_worker_pool(&mut self, pool: &Key) {
        let Some(record) = self.worker_pools.remove(pool) else { return };
        for name in record.revisions {
            self.forget_revision(&pool.sibling(name));
        }
    }

    /// Removes one revision of a worker pool.
    pub(crate) fn remove_pool_revision(&mut self, pool: &Key, revision: &Key) {
        self.forget_revision(revision);
        if let Some(record) = self.worker_pools.get_mut(pool) {
            record.revisions.retain(|name| *name != revision.name);
        }
    }

    fn forget_revision(&mut self, revision: &Key) {
        let Some(status) = self.revisions.remove(revision).and_then(|revision| revision.status) else {
            return;
        };
        // Each container of an imported revision was pinned once.
        for image in status.container_statuses.iter().filter_map(|status| status.image_digest.as_deref()) {
            self.references.release(image);
        }
    }
}

/// The label by which a revision names its service.
pub(crate) const SERVICE_LABEL: &str = "serving.knative.dev/service";

/// The label by which a revision names its worker pool.
pub(crate) const WORKER_POOL_LABEL: &str = "run.googleapis.com/workerPool";

/// The label by which an object names its region.
pub(crate) const LOCATION_LABEL: &str = "cloud.googleapis.com/location";

/// Marks an object as written now. The API's resource version moves with status changes, too.
pub(crate) fn touch(metadata: &mut Option<ObjectMeta>, now: Moment) {
    metadata.get_or_insert_default().resource_version = Some(now.resource_version());
}
