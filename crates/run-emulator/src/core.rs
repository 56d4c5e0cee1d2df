//! What the parts of one running emulator share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

use crate::config::Config;
use crate::data_plane::Table;
use crate::emulator::LoggedRequest;
use crate::reconcile;
use crate::store::{Key, Store};

/// One emulator: its state, its routes, and the tasks that move it on.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) table: Table,
    store: Mutex<Store>,
    drivers: Mutex<Drivers>,
    requests: Mutex<VecDeque<LoggedRequest>>,
}

/// The tasks that drive services; the newest ticket of each is the one that counts.
#[derive(Default)]
struct Drivers {
    tickets: BTreeMap<Key, u64>,
    issued: u64,
    tasks: JoinSet<()>,
}

impl Core {
    pub(crate) fn new(config: Config, store: Store) -> Self {
        Self {
            config,
            table: Table::default(),
            store: Mutex::new(store),
            drivers: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    /// Works on the state. Nothing may be awaited within.
    pub(crate) fn with_store<R>(&self, work: impl FnOnce(&mut Store) -> R) -> R {
        work(&mut lock(&self.store))
    }

    /// Starts to drive a service after a write; an earlier driver of it ends.
    pub(crate) fn reconcile(self: &Arc<Self>, service: Key) {
        let mut drivers = lock(&self.drivers);
        drivers.issued += 1;
        let ticket = drivers.issued;
        drivers.tickets.insert(service.clone(), ticket);
        while drivers.tasks.try_join_next().is_some() {}
        drivers.tasks.spawn(reconcile::drive(self.clone(), service, ticket));
    }

    /// Whether no later write has started a driver for the service.
    pub(crate) fn is_current(&self, service: &Key, ticket: u64) -> bool {
        lock(&self.drivers).tickets.get(service) == Some(&ticket)
    }

    /// Brings the data plane's routes of a service up to date.
    pub(crate) fn publish(&self, store: &Store, service: &Key) {
        self.table.publish(store, &self.config.images, service);
    }

    /// Remembers a request; the oldest are forgotten.
    pub(crate) fn log(&self, request: LoggedRequest) {
        let mut requests = lock(&self.requests);
        if requests.len() >= self.config.requests_kept {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.requests).iter().cloned().collect()
    }

    /// Ends all drivers.
    pub(crate) fn stop(&self) {
        lock(&self.drivers).tasks.abort_all();
    }
}

/// A panic elsewhere must not make the state unreachable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
