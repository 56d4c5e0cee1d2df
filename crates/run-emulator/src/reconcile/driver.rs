//! Time: sleeps through the stages of an object and takes the steps.

use std::sync::Arc;
use std::time::Duration;

use run_api::types::Service;

use crate::config::Delays;
use crate::engine::Engine;
use crate::store::{Key, Kind, Store, Stored, Subject, of_kind};

/// What moves the objects of a kind: which step one needs, and what the step does. It knows no time.
pub(super) trait Machine: Stored {
    type Step: Clone + PartialEq + Send + Sync;

    /// The step that the object needs next; none if its status says all there is to say.
    fn next(store: &Store, object: &Key) -> Option<Self::Step>;

    /// How long it is until the step is taken.
    fn delay(step: &Self::Step, delays: &Delays) -> Duration;

    /// Waits until the step is to be taken.
    fn due(engine: &Engine, _: &Key, step: &Self::Step) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(Self::delay(step, &engine.config.delays()))
    }

    /// Takes a step.
    fn apply(engine: &Engine, store: &mut Store, object: &Key, step: &Self::Step);

    /// What is to be done when there are no more steps.
    fn then(_: &Arc<Engine>, _: &Subject, _: u64) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Whether an object is on its way, whoever drives it.
    fn is_unsettled(store: &Store, object: &Key) -> bool {
        Self::next(store, object).is_some()
    }
}

/// Starts to drive an object after a write; an earlier driver of it ends.
pub(crate) fn start(engine: &Arc<Engine>, subject: Subject) {
    engine.drivers.start(subject.clone(), |ticket| drive(engine.clone(), subject, ticket));
}

/// Goes on with a state of an earlier time: the routes are there at once, and work that was under way begins its stage
/// anew.
pub(crate) fn resume(engine: &Arc<Engine>) {
    let unsettled = engine.with_store(|store| {
        for service in store.services.keys() {
            engine.publish(store, &Subject::of::<Service>(service.clone()));
        }
        unsettled(store)
    });
    for subject in unsettled {
        start(engine, subject);
    }
}

/// All objects that are on their way, whoever drives them.
fn unsettled(store: &Store) -> Vec<Subject> {
    fn of<K: Machine>(store: &Store) -> Vec<Subject> {
        let keys = K::table(store).keys().filter(|key| K::is_unsettled(store, key));
        keys.cloned().map(Subject::of::<K>).collect()
    }
    Kind::ALL.iter().flat_map(|kind| of_kind!(kind, K => of::<K>(store))).collect()
}

/// Drives an object until there is nothing left to do or another driver has taken over.
///
/// `ticket` is the number of the write that started this driver: a later write starts its own.
async fn drive(engine: Arc<Engine>, subject: Subject, ticket: u64) {
    of_kind!(subject.kind, K => {
        steps::<K>(&engine, &subject, ticket).await;
        K::then(&engine, &subject, ticket).await;
    });
    engine.drivers.arrived(&subject, ticket);
}

async fn steps<K: Machine>(engine: &Engine, subject: &Subject, ticket: u64) {
    let object = &subject.key;
    while let Some(step) = engine.with_store(|store| K::next(store, object)) {
        K::due(engine, object, &step).await;
        let current = engine.work_on(subject, |store| {
            // Others may have moved on during the sleep.
            let current = engine.drivers.is_current(subject, ticket);
            if current && K::next(store, object).as_ref() == Some(&step) {
                K::apply(engine, store, object, &step);
            }
            current
        });
        engine.tell();
        if !current {
            break;
        }
    }
}
