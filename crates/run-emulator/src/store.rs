//! What the emulator remembers.

mod changes;
mod jobs;
mod kinds;
pub(crate) mod operations;
mod records;
mod references;
pub(crate) mod saved;
mod scope;
mod table;

use std::ops::{Deref, DerefMut};

use run_api::types::ObjectMeta;
use serde::{Deserialize, Serialize};

pub(crate) use changes::Subject;
pub(crate) use jobs::{EXECUTION_LABEL, JOB_LABEL, SERVING_LABEL, index, task_key};
pub(crate) use kinds::{Kind, Object, Stored, Tables, of_kind, same};
pub(crate) use records::{
    Awaited, ExecutionRecord, Guarded, InstanceRecord, JobRecord, Owner, Revisions, ServiceRecord,
    WorkerPoolRecord,
};
use references::References;
use saved::{Rows, Saving};
pub(crate) use scope::Scope;
use table::RowKey;
pub(crate) use table::Table;

use crate::clock::{Clock, Moment};
use crate::project::Projects;
use crate::regions::Region;

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

/// All objects of one emulator. A table of a kind is reached as if it were a field.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) clock: Clock,
    pub(crate) projects: Projects,
    tables: Tables,
    pub(crate) operations: operations::Operations,
    references: References,
    /// The port that the services' addresses have.
    port: u16,
    saving: Saving,
    /// The clock as it was saved last.
    clock_saved: Option<u64>,
    /// Why the last piece of work is not saved.
    unsaved: Option<String>,
}

impl Deref for Store {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl DerefMut for Store {
    fn deref_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }
}

impl Store {
    pub(crate) fn new(projects: Projects, port: u16) -> Self {
        Self {
            clock: Clock::start(),
            projects,
            tables: Tables::default(),
            operations: operations::Operations::default(),
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
            tables,
            operations,
            references,
            port: _,
            saving: _,
            clock_saved: _,
            unsaved: _,
        } = self;
        tables.each(&mut visit);
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
