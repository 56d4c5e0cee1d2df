//! What belongs to objects: policies, and the revisions that they make.

use run_api::Resource;
use run_api::known::labels;
use run_api::types::{Instance, Job, Policy, RevisionTemplate, Service, WorkerPool};

use super::key::Key;
use super::kinds::Stored;
use super::memory::Store;
use super::records::Revisions;

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
            const LABEL: &'static str = labels::$label;

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

owners!(Service by SERVICE, WorkerPool by WORKER_POOL);

impl Store {
    /// The keys of the revisions of an object, oldest first.
    pub(crate) fn revisions_of<K: Owner>(&self, owner: &Key) -> Vec<Key> {
        let names = K::table(self).get(owner).map_or(&[][..], |record| &K::revisions(record).names);
        names.iter().map(|name| owner.sibling(name)).collect()
    }

    /// Whether a revision with this name belongs to another object of the same kind.
    pub(crate) fn is_of_another<K: Owner>(&self, owner: &Key, name: &str) -> bool {
        let of = self.revisions.get(&owner.sibling(name)).and_then(|revision| revision.label(K::LABEL));
        of.is_some_and(|of| of != owner.name)
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
        let Some(status) = self.revisions.remove(revision).and_then(|revision| revision.status) else {
            return;
        };
        // Each container of an imported revision was pinned once.
        for image in status.container_statuses.iter().filter_map(|status| status.image_digest.as_deref()) {
            self.references.release(image);
        }
    }
}
