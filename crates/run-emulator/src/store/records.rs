//! What belongs to an object but is not part of it.

use run_api::Resource;
use run_api::types::{Condition, Container, Execution, Instance, Job, Policy, Service, TaskSpec, WorkerPool};
use serde::{Deserialize, Serialize};

use crate::conditions::{self, Is};

/// The revisions of an object that makes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Revisions {
    /// The names of the revisions that are there, oldest first.
    #[serde(rename = "revisions")]
    pub(crate) names: Vec<String>,
    /// How many revisions were ever made.
    #[serde(rename = "revisions_made")]
    pub(crate) made: u32,
    /// The revision that the template of the object stands for.
    #[serde(rename = "latest_revision")]
    pub(crate) latest: String,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceRecord {
    pub(crate) object: Service,
    pub(crate) policy: Policy,
    /// The uid of the configuration that owns the revisions.
    pub(crate) configuration_uid: String,
    #[serde(flatten)]
    pub(crate) revisions: Revisions,
    /// The generation whose routes are in place, or have failed.
    pub(crate) routed_generation: Option<i32>,
}

/// A worker pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkerPoolRecord {
    pub(crate) object: WorkerPool,
    pub(crate) policy: Policy,
    #[serde(flatten)]
    pub(crate) revisions: Revisions,
    /// The generation that made the latest revision.
    pub(crate) latest_made_by: Option<i32>,
    /// The generation whose instances are in place, or have failed.
    pub(crate) split_generation: Option<i32>,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InstanceRecord {
    pub(crate) object: Instance,
    pub(crate) policy: Policy,
    /// Whether it was told to stop, and not to start since.
    pub(crate) stopped: bool,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(crate) object: Job,
    pub(crate) policy: Policy,
    /// The names of the executions that are there, oldest first.
    pub(crate) executions: Vec<String>,
    /// The execution that the job's readiness depends on, if it was written with a token for one.
    pub(crate) awaited: Option<Awaited>,
}

/// An execution that a job was written with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Awaited {
    pub(crate) execution: String,
    /// Whether it must come to its end, and not only start.
    pub(crate) to_its_end: bool,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExecutionRecord {
    pub(crate) object: Execution,
    pub(crate) job: String,
    /// Whether somebody has asked for its end.
    pub(crate) cancelling: bool,
}

impl ExecutionRecord {
    /// The condition that says whether it has come to its end, and to which.
    pub(crate) fn completed(&self) -> Option<&Condition> {
        conditions::find(self.object.conditions(), "Completed")
    }

    /// Whether it has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.has("Completed", Is::True) || self.has("Completed", Is::False)
    }

    pub(crate) fn has(&self, kind: &str, is: Is) -> bool {
        conditions::has(self.object.conditions(), kind, is)
    }

    /// What each of its tasks runs.
    pub(crate) fn task(&self) -> Option<&TaskSpec> {
        self.object.spec.as_ref()?.template.as_ref()?.spec.as_ref()
    }

    pub(crate) fn containers(&self) -> &[Container] {
        self.task().map_or(&[], |task| &task.containers)
    }

    /// How many tasks it has.
    pub(crate) fn task_count(&self) -> i32 {
        self.object.spec.as_ref().and_then(|spec| spec.task_count).unwrap_or(1)
    }
}
