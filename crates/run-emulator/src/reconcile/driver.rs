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
use crate::store::{Key, Store};

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

/// What moves one kind of object: which step it needs, and what the step does. It knows no time.
pub(super) trait Machine {
    type Step: Clone + PartialEq + Send;

    /// The step that the object needs next; none if its status says all there is to say.
    fn next(store: &Store, object: &Key) -> Option<Self::Step>;

    /// How long it is until the step is taken.
    fn delay(step: &Self::Step, config: &Config) -> Duration;

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
        tokio::time::sleep(M::delay(&step, &engine.config)).await;
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
