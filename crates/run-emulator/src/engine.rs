//! What the parts of one running emulator share.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use run_api::types::Service;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::task::{AbortHandle, JoinSet};

use crate::config::Config;
use crate::data_plane::Table;
use crate::error::ApiError;
use crate::faults::{Faults, Snapshots};
use crate::log::{LogEntry, LoggedRequest};
use crate::process::Launcher;
use crate::reconcile;
use crate::serving::Servers;
use crate::store::{Kind, Store, Subject};

/// One emulator: its state, its routes, and the tasks that move it on.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) table: Table,
    pub(crate) servers: Servers,
    pub(crate) faults: Faults,
    pub(crate) snapshots: Snapshots,
    /// Tells those who wait that an object is not what it was.
    changed: Notify,
    /// Tells those who watch everything.
    news: Notify,
    store: Mutex<Store>,
    drivers: Mutex<Drivers>,
    requests: Mutex<VecDeque<LoggedRequest>>,
}

/// The tasks that drive objects, at most one each.
#[derive(Default)]
struct Drivers {
    current: BTreeMap<Subject, Driver>,
    issued: u64,
    tasks: JoinSet<()>,
    /// A request that is still being answered must not start another.
    stopped: bool,
}

struct Driver {
    ticket: u64,
    task: AbortHandle,
}

impl Engine {
    pub(crate) fn new(config: Config, faults: Faults, store: Store) -> Self {
        Self {
            servers: Servers::new(config.programs.clone()),
            table: Table::new(config.seed),
            config,
            faults,
            snapshots: Snapshots::default(),
            changed: Notify::new(),
            news: Notify::new(),
            store: Mutex::new(store),
            drivers: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    /// Works on the state. Nothing may be awaited within. What the work has changed is saved as a whole; nothing
    /// of it stays if it panics.
    pub(crate) fn with_store<R>(&self, work: impl FnOnce(&mut Store) -> R) -> R {
        let mut store = lock(&self.store);
        match catch_unwind(AssertUnwindSafe(|| work(&mut store))) {
            Ok(result) => {
                store.settle();
                result
            }
            Err(panic) => {
                store.undo();
                drop(store);
                resume_unwind(panic)
            }
        }
    }

    /// Refuses to acknowledge anything while the state can not be saved.
    pub(crate) fn saved(&self) -> Result<(), ApiError> {
        match lock(&self.store).unsaved() {
            None => Ok(()),
            Some(reason) => Err(ApiError::internal(format!("The state could not be saved: {reason}."))),
        }
    }

    /// Goes on with a state of an earlier time: the routes are there at once, and work that was under way begins
    /// its stage anew.
    pub(crate) fn resume(self: &Arc<Self>) {
        let unsettled = self.with_store(|store| {
            for service in store.services.keys() {
                self.publish(store, &Subject::of::<Service>(service.clone()));
            }
            reconcile::unsettled(store)
        });
        for subject in unsettled {
            self.reconcile(subject);
        }
    }

    /// Works on the state for an object that changes over time, and tells what has become of it.
    pub(crate) fn work_on<R>(&self, subject: &Subject, work: impl FnOnce(&mut Store) -> R) -> R {
        if !self.config.listener.listens() {
            return self.with_store(work);
        }
        let (result, change) = self.with_store(|store| {
            let result = work(store);
            (result, store.change_of(subject))
        });
        if let Some(change) = change {
            self.config.listener.tell(|| LogEntry::Change(change));
        }
        result
    }

    /// Starts to drive an object after a write; an earlier driver of it ends.
    pub(crate) fn reconcile(self: &Arc<Self>, subject: Subject) {
        let mut drivers = lock(&self.drivers);
        if drivers.stopped {
            return;
        }
        while drivers.tasks.try_join_next().is_some() {}
        drivers.issued += 1;
        let ticket = drivers.issued;
        let task = drivers.tasks.spawn(reconcile::drive(self.clone(), subject.clone(), ticket));
        if let Some(earlier) = drivers.current.insert(subject, Driver { ticket, task }) {
            earlier.task.abort();
        }
    }

    /// Whether no later write has started a driver for the object.
    pub(crate) fn is_current(&self, subject: &Subject, ticket: u64) -> bool {
        lock(&self.drivers).current.get(subject).is_some_and(|driver| driver.ticket == ticket)
    }

    /// Forgets a driver that has come to its end.
    pub(crate) fn arrived(&self, subject: &Subject, ticket: u64) {
        let mut drivers = lock(&self.drivers);
        if drivers.current.get(subject).is_some_and(|driver| driver.ticket == ticket) {
            drivers.current.remove(subject);
        }
    }

    /// Brings the data plane's routes of an object up to date, if it is one that has routes.
    pub(crate) fn publish(&self, store: &Store, subject: &Subject) {
        let service = match subject.kind {
            Kind::Service => &subject.key,
            _ => return,
        };
        self.servers.publish(store, &self.config.images, service);
        self.table.publish(store, &self.config.images, &self.servers, service);
        self.tell();
    }

    /// What starts processes.
    pub(crate) fn launcher(&self) -> &Launcher {
        &self.servers.programs.launcher
    }

    /// Says that an object is not what it was.
    pub(crate) fn tell(&self) {
        self.changed.notify_waiters();
        self.news.notify_waiters();
    }

    /// Remembers a request; the oldest are forgotten.
    pub(crate) fn log(&self, request: LoggedRequest) {
        self.config.listener.tell(|| LogEntry::Request(request.clone()));
        let mut requests = lock(&self.requests);
        if requests.len() >= self.config.requests_kept {
            requests.pop_front();
        }
        requests.push_back(request);
        self.news.notify_waiters();
    }

    /// The next change of an object.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// The next change of an object, or request.
    pub(crate) fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.requests).iter().cloned().collect()
    }

    /// Ends all drivers and processes, and changes nothing that is saved any more.
    pub(crate) fn stop(&self) {
        self.stop_driving();
        self.launcher().close();
    }

    /// Ends all drivers.
    pub(crate) fn stop_driving(&self) {
        let mut drivers = lock(&self.drivers);
        drivers.stopped = true;
        drivers.current.clear();
        drivers.tasks.abort_all();
        drop(drivers);
        self.servers.close();
        lock(&self.store).close();
    }
}

/// A panic elsewhere must not make the state unreachable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::objects;
    use crate::builder::EmulatorBuilder;
    use crate::regions;
    use crate::store::{Key, Scope};
    use serde_json::json;

    fn engine() -> Arc<Engine> {
        let config = EmulatorBuilder::default().config().unwrap();
        Arc::new(Engine::new(config, Faults::default(), Store::new(crate::project::Projects::default(), 1)))
    }

    fn scope() -> Scope {
        Scope { project: 1, named: "p".to_owned(), region: regions::find("us-central1") }
    }

    fn create(engine: &Arc<Engine>, name: &str) -> Key {
        let service = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b"}]}}},
        }));
        let change = engine.with_store(|store| {
            objects::create::<Service>(store, &Default::default(), &scope(), service.unwrap(), false)
                .unwrap_or_else(|error| panic!("{error:?}"))
        });
        engine.reconcile(change.subject.clone());
        change.subject.key
    }

    async fn no_driver(engine: &Engine) {
        while !lock(&engine.drivers).current.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// The drivers that count, and the tasks that still run when the aborted ones are gone.
    async fn tasks_after_a_while(engine: &Engine) -> (usize, usize) {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let mut drivers = lock(&engine.drivers);
        while drivers.tasks.try_join_next().is_some() {}
        (drivers.current.len(), drivers.tasks.len())
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_of_services_that_are_gone() {
        let engine = engine();
        for at in 0..3 {
            create(&engine, &format!("s{at}"));
        }
        no_driver(&engine).await;
        for at in 0..3 {
            let deleted = engine.with_store(|store| {
                objects::delete::<Service>(store, &scope(), &format!("s{at}"), false)
                    .unwrap_or_else(|error| panic!("{error:?}"))
            });
            engine.reconcile(deleted.subject);
        }
        no_driver(&engine).await;
        engine.with_store(|store| {
            assert!(store.services.is_empty() && store.revisions.is_empty());
            assert!(store.has_no_references());
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_driver_replaces_the_earlier_one() {
        let engine = engine();
        let key = create(&engine, "hello");
        for _ in 0..100 {
            engine.reconcile(Subject::of::<Service>(key.clone()));
        }
        assert_eq!(tasks_after_a_while(&engine).await, (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_of_work_that_panics() {
        let engine = engine();
        let key = create(&engine, "hello");
        no_driver(&engine).await;
        let before = engine.with_store(|store| store.services.get(&key).cloned());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            engine.with_store(|store| {
                store.remove_with_revisions::<Service>(&key);
                panic!("on purpose");
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(engine.with_store(|store| store.services.get(&key).cloned()), before);
        assert_eq!(engine.with_store(|store| store.revisions.len()), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_engine_starts_nothing() {
        let engine = engine();
        create(&engine, "hello");
        engine.stop();
        create(&engine, "other");
        assert_eq!(tasks_after_a_while(&engine).await, (0, 0));
    }
}
