//! Time: sleeps through the stages of a service and takes the steps.

use std::sync::Arc;

use super::{Step, apply, next};
use crate::core::Core;
use crate::store::Key;

/// Drives a service until there is nothing left to do or another driver has taken over.
///
/// `ticket` is the number of the write that started this driver: a later write starts its own.
pub(crate) async fn drive(core: Arc<Core>, service: Key, ticket: u64) {
    loop {
        let Some(step) = core.with_store(|store| next(store, &service)) else { return };
        tokio::time::sleep(step.delay(&core.config.delays)).await;
        let done = core.with_store(|store| {
            // The world may have moved on during the sleep.
            let current = core.is_current(&service, ticket) && next(store, &service) == Some(step.clone());
            if current {
                apply(store, &core.config.images, &service, &step);
                core.publish(store, &service);
            }
            !current || step == Step::Remove
        });
        if done {
            return;
        }
    }
}
