//! What the parts of one running emulator share.

mod drivers;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

pub(crate) use drivers::Drivers;

use crate::config::Config;
use crate::error::ApiError;
use crate::faults::{Faults, Snapshots};
use crate::log::{LogEntry, LoggedRequest};
use crate::process::Launcher;
use crate::serving::{Servers, Table};
use crate::store::{Kind, Store, Subject};

/// One emulator: its state, its routes, and the tasks that move it on.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) table: Table,
    pub(crate) servers: Servers,
    pub(crate) faults: Faults,
    pub(crate) snapshots: Snapshots,
    /// The tasks that drive objects.
    pub(crate) drivers: Drivers,
    /// Tells those who wait that an object is not what it was.
    changed: Notify,
    /// Tells those who watch everything.
    news: Notify,
    store: Mutex<Store>,
    requests: Mutex<VecDeque<LoggedRequest>>,
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
            drivers: Drivers::default(),
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

    /// Refuses to acknowledge anything while the state cannot be saved.
    pub(crate) fn saved(&self) -> Result<(), ApiError> {
        match lock(&self.store).unsaved() {
            None => Ok(()),
            Some(reason) => Err(ApiError::internal(format!("The state could not be saved: {reason}."))),
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
        self.drivers.stop();
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
    use std::sync::Arc;

    use super::*;
    use crate::api::objects;
    use crate::builder::EmulatorBuilder;
    use crate::reconcile;
    use crate::regions;
    use crate::store::{Key, Scope};
    use run_api::types::Service;
    use serde_json::json;

    fn engine() -> Arc<Engine> {
        let config = EmulatorBuilder::default().config().unwrap();
        Arc::new(Engine::new(config, Faults::default(), Store::new(crate::project::Projects::default(), 1)))
    }

    fn scope() -> Scope {
        Scope::new(1, "p".to_owned(), regions::find("us-central1"))
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
        reconcile::start(engine, change.subject.clone());
        change.subject.key
    }

    async fn no_driver(engine: &Engine) {
        while engine.drivers.count().0 > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// The drivers that count, and the tasks that still run when the aborted ones are gone.
    async fn tasks_after_a_while(engine: &Engine) -> (usize, usize) {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        engine.drivers.count()
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
            reconcile::start(&engine, deleted.subject);
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
            reconcile::start(&engine, Subject::of::<Service>(key.clone()));
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
