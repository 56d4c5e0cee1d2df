//! Where the policy of an object is.

use run_api::types::Policy;

use super::{Key, Store};

/// The kinds of objects that have a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guarded {
    Service,
    Job,
    WorkerPool,
    Instance,
}

impl Guarded {
    /// The kind by the name of its collection in paths.
    pub(crate) fn of_collection(collection: &str) -> Option<Self> {
        Some(match collection {
            "services" => Self::Service,
            "jobs" => Self::Job,
            "workerpools" => Self::WorkerPool,
            "instances" => Self::Instance,
            _ => return None,
        })
    }

    /// The kind as refusals name it.
    pub(crate) const fn in_messages(self) -> &'static str {
        match self {
            Self::Service => "SERVICE",
            Self::Job => "JOB",
            Self::WorkerPool => "WORKER_POOL",
            Self::Instance => "INSTANCE",
        }
    }
}

impl Store {
    /// The policy of an object; none if there is no such object.
    pub(crate) fn policy(&self, kind: Guarded, key: &Key) -> Option<&Policy> {
        Some(match kind {
            Guarded::Service => &self.services.get(key)?.policy,
            Guarded::Job => &self.jobs.get(key)?.policy,
            Guarded::WorkerPool => &self.worker_pools.get(key)?.policy,
            Guarded::Instance => &self.instances.get(key)?.policy,
        })
    }

    /// The same, to be changed.
    pub(crate) fn policy_mut(&mut self, kind: Guarded, key: &Key) -> Option<&mut Policy> {
        Some(match kind {
            Guarded::Service => &mut self.services.get_mut(key)?.policy,
            Guarded::Job => &mut self.jobs.get_mut(key)?.policy,
            Guarded::WorkerPool => &mut self.worker_pools.get_mut(key)?.policy,
            Guarded::Instance => &mut self.instances.get_mut(key)?.policy,
        })
    }
}
