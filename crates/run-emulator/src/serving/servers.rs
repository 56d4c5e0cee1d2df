//! The servers of one emulator: those of the revisions that are programs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use run_api::types::Service;

use super::plan::{self, Plan};
use super::programs::Programs;
use super::server::Server;
use crate::images::Catalogue;
use crate::process::Settings;
use crate::store::{Key, Store};

/// The servers of one emulator, by service and revision.
pub(crate) struct Servers {
    pub(crate) programs: Arc<Programs>,
    all: Mutex<BTreeMap<Key, BTreeMap<String, Arc<Server>>>>,
}

impl Servers {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { programs: Arc::new(Programs::new(settings)), all: Mutex::default() }
    }

    /// The server of a revision; none if the revision needs none.
    pub(crate) fn of(&self, service: &Key, revision: &str) -> Option<Arc<Server>> {
        self.lock().get(service)?.get(revision).cloned()
    }

    /// Makes the servers of a service those of its revisions that may have to serve. The others stop.
    pub(crate) fn publish(&self, store: &Store, images: &Catalogue, service: &Key) {
        let mut all = self.lock();
        let mut earlier = all.remove(service).unwrap_or_default();
        let mut current = BTreeMap::new();
        for key in store.revisions_of::<Service>(service) {
            let Some(revision) = store.revisions.get(&key).filter(|revision| plan::may_serve(revision))
            else {
                continue;
            };
            let server = earlier.remove(&key.name).or_else(|| {
                let plan = Plan::of(store, images, service, revision)?;
                Some(Arc::new(Server::new(plan, self.programs.clone())))
            });
            if let Some(server) = server {
                current.insert(key.name, server);
            }
        }
        if !current.is_empty() {
            all.insert(service.clone(), current);
        }
        for server in earlier.into_values() {
            server.close();
        }
    }

    /// Starts nothing any more.
    pub(crate) fn close(&self) {
        for server in std::mem::take(&mut *self.lock()).into_values().flat_map(BTreeMap::into_values) {
            server.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, BTreeMap<String, Arc<Server>>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
