//! Time: sleeps through the stages of a service and takes the steps.

use std::sync::Arc;

use super::{Step, apply, next};
use crate::engine::Engine;
use crate::store::Key;

/// Drives a service until there is nothing left to do or another driver has taken over.
///
/// `ticket` is the number of the write that started this driver: a later write starts its own.
pub(crate) async fn drive(engine: Arc<Engine>, service: Key, ticket: u64) {
    while let Some(step) = engine.with_store(|store| next(store, &service)) {
        tokio::time::sleep(step.delay(&engine.config.delays)).await;
        let done = engine.with_store(|store| {
            // The world may have moved on during the sleep.
            let current = engine.is_current(&service, ticket) && next(store, &service) == Some(step.clone());
            if current {
                apply(store, &engine.config.images, &service, &step);
                engine.publish(store, &service);
            }
            !current || step == Step::Remove
        });
        if done {
            break;
        }
    }
    engine.arrived(&service, ticket);
}
