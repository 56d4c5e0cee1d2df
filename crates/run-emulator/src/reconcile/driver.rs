//! Time: sleeps through the stages of an object and takes the steps.

use std::sync::Arc;
use std::time::Duration;

use super::attempts;
use super::domain_mapping::DomainMappingMachine;
use super::execution::ExecutionMachine;
use super::instance::InstanceMachine;
use super::job::JobMachine;
use super::step;
use super::worker_pool::WorkerPoolMachine;
use crate::config::Config;
use crate::engine::Engine;
use crate::store::{Key, Store, Table};

/// An object that changes over time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Service(Key),
    Job(Key),
    Execution(Key),
    WorkerPool(Key),
    Instance(Key),
    DomainMapping(Key),
}

/// All objects that are on their way, whoever drives them.
pub(crate) fn unsettled(store: &Store) -> Vec<Subject> {
    fn of<'a, M: Machine, T>(
        store: &'a Store,
        table: &'a Table<T>,
        subject: fn(Key) -> Subject,
    ) -> impl Iterator<Item = Subject> + 'a {
        table.keys().filter(|key| M::next(store, key).is_some()).cloned().map(subject)
    }
    let tasks_run = store.executions.iter().filter(|(_, record)| !record.is_over()).map(|(key, _)| key);
    of::<step::ServiceMachine, _>(store, &store.services, Subject::Service)
        .chain(of::<JobMachine, _>(store, &store.jobs, Subject::Job))
        .chain(tasks_run.cloned().map(Subject::Execution))
        .chain(of::<WorkerPoolMachine, _>(store, &store.worker_pools, Subject::WorkerPool))
        .chain(of::<InstanceMachine, _>(store, &store.instances, Subject::Instance))
        .chain(of::<DomainMappingMachine, _>(store, &store.domain_mappings, Subject::DomainMapping))
        .collect()
}

/// What moves one kind of object: which step it needs, and what the step does. It knows no time.
pub(super) trait Machine {
    type Step: Clone + PartialEq + Send;

    /// The step that the object needs next; none if its status says all there is to say.
    fn next(store: &Store, object: &Key) -> Option<Self::Step>;

    /// How long it is until the step is taken.
    fn delay(step: &Self::Step, config: &Config) -> Duration;

    /// Waits until the step is to be taken.
    fn due(engine: &Engine, _: &Key, step: &Self::Step) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(Self::delay(step, &engine.config))
    }

    /// Takes a step.
    fn apply(engine: &Engine, store: &mut Store, object: &Key, step: &Self::Step);
}

/// Drives an object until there is nothing left to do or another driver has taken over.
///
/// `ticket` is the number of the write that started this driver: a later write starts its own.
pub(crate) async fn drive(engine: Arc<Engine>, subject: Subject, ticket: u64) {
    match &subject {
        Subject::Service(service) => steps::<step::ServiceMachine>(&engine, &subject, service, ticket).await,
        Subject::Job(job) => steps::<JobMachine>(&engine, &subject, job, ticket).await,
        Subject::Execution(execution) => {
            steps::<ExecutionMachine>(&engine, &subject, execution, ticket).await;
            attempts::run(&engine, &subject, execution, ticket).await;
        }
        Subject::WorkerPool(pool) => steps::<WorkerPoolMachine>(&engine, &subject, pool, ticket).await,
        Subject::Instance(one) => steps::<InstanceMachine>(&engine, &subject, one, ticket).await,
        Subject::DomainMapping(one) => steps::<DomainMappingMachine>(&engine, &subject, one, ticket).await,
    }
    engine.arrived(&subject, ticket);
}

async fn steps<M: Machine>(engine: &Engine, subject: &Subject, object: &Key, ticket: u64) {
    while let Some(step) = engine.with_store(|store| M::next(store, object)) {
        M::due(engine, object, &step).await;
        let current = engine.work_on(subject, |store| {
            // The world may have moved on during the sleep.
            let current = engine.is_current(subject, ticket);
            if current && M::next(store, object).as_ref() == Some(&step) {
                M::apply(engine, store, object, &step);
            }
            current
        });
        engine.tell();
        if !current {
            break;
        }
    }
}
