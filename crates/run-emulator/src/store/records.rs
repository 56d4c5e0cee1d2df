//! Worker pools and instances, each with what belongs to it but is not part of the object.

use run_api::types::{Instance, Policy, WorkerPool};
use serde::{Deserialize, Serialize};

/// A worker pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkerPoolRecord {
    pub(crate) object: WorkerPool,
    pub(crate) policy: Policy,
    /// The names of the revisions that are there, oldest first.
    pub(crate) revisions: Vec<String>,
    /// How many revisions were ever made.
    pub(crate) revisions_made: u32,
    /// The revision that the template of the object stands for.
    pub(crate) latest_revision: String,
    /// The generation that made it.
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
