//! What belongs to an object but is not part of it.

use run_api::Resource;
use run_api::types::{Condition, Execution, Instance, Job, Policy, RevisionTemplate, Service, WorkerPool};
use serde::{Deserialize, Serialize};

use super::kinds::Stored;
use super::{Key, SERVICE_LABEL, Store, WORKER_POOL_LABEL};
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

    /// How many tasks it has.
    pub(crate) fn task_count(&self) -> i32 {
        self.object.spec.as_ref().and_then(|spec| spec.task_count).unwrap_or(1)
    }
}

/// A kind whose objects have a policy.
pub(crate) trait Guarded: Stored {
    fn policy(record: &Self::Record) -> &Policy;
    fn policy_mut(record: &mut Self::Record) -> &mut Policy;
}

macro_rules! guarded {
    ($($kind:ident),*) => {
        $(impl Guarded for $kind {
            fn policy(record: &Self::Record) -> &Policy {
                &record.policy
            }

            fn policy_mut(record: &mut Self::Record) -> &mut Policy {
                &mut record.policy
            }
        })*
    };
}

guarded!(Service, Job, WorkerPool, Instance);

/// A kind whose objects make revisions of a template.
pub(crate) trait Owner: Stored {
    /// The label by which a revision names its owner.
    const LABEL: &'static str;

    fn revisions(record: &Self::Record) -> &Revisions;
    fn revisions_mut(record: &mut Self::Record) -> &mut Revisions;
    fn template(&self) -> Option<&RevisionTemplate>;
}

macro_rules! owners {
    ($($kind:ident by $label:ident),*) => {
        $(impl Owner for $kind {
            const LABEL: &'static str = $label;

            fn revisions(record: &Self::Record) -> &Revisions {
                &record.revisions
            }

            fn revisions_mut(record: &mut Self::Record) -> &mut Revisions {
                &mut record.revisions
            }

            fn template(&self) -> Option<&RevisionTemplate> {
                self.spec.as_ref()?.template.as_ref()
            }
        })*
    };
}

owners!(Service by SERVICE_LABEL, WorkerPool by WORKER_POOL_LABEL);

impl Store {
    /// The keys of the revisions of an object, oldest first.
    pub(crate) fn revisions_of<K: Owner>(&self, owner: &Key) -> Vec<Key> {
        let names = K::table(self).get(owner).map_or(&[][..], |record| &K::revisions(record).names);
        names.iter().map(|name| owner.sibling(name)).collect()
    }

    /// Removes an object and its revisions.
    pub(crate) fn remove_with_revisions<K: Owner>(&mut self, owner: &Key) {
        for revision in self.revisions_of::<K>(owner) {
            self.forget_revision(&revision);
        }
        K::table_mut(self).remove(owner);
    }

    /// Removes one revision of an object.
    pub(crate) fn remove_revision<K: Owner>(&mut self, owner: &Key, revision: &Key) {
        self.forget_revision(revision);
        if let Some(record) = K::table_mut(self).get_mut(owner) {
            K::revisions_mut(record).names.retain(|name| *name != revision.name);
        }
    }

    /// Removes the oldest revisions of an object that are not needed, but for so many of them.
    pub(crate) fn forget_oldest<K: Owner>(
        &mut self,
        owner: &Key,
        most: usize,
        needed: impl Fn(&K::Record, &str) -> bool,
    ) {
        let Some(record) = K::table(self).get(owner) else { return };
        let names = K::revisions(record).names.iter();
        let idle: Vec<Key> =
            names.filter(|name| !needed(record, name)).map(|name| owner.sibling(name)).collect();
        for revision in idle.iter().take(idle.len().saturating_sub(most)) {
            self.remove_revision::<K>(owner, revision);
        }
    }

    fn forget_revision(&mut self, revision: &Key) {
        let Some(status) = self.tables.revisions.remove(revision).and_then(|revision| revision.status) else {
            return;
        };
        // Each container of an imported revision was pinned once.
        for image in status.container_statuses.iter().filter_map(|status| status.image_digest.as_deref()) {
            self.references.release(image);
        }
    }
}
