//! Instances: starting and stopping them.

use run_api::Resource;
use run_api::types::Instance;

use super::objects::{self, Written, check_deleting};
use crate::conditions::{self, Is};
use crate::error::ApiError;
use crate::reconcile;
use crate::store::{Scope, Store};

/// Starts an instance that does not run, or stops one that does.
///
/// (Documented: what is started was stopped, and what is stopped was running. That anything else is refused, and
/// how, is inferred.)
pub(crate) fn turn(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    stop: bool,
    dry_run: bool,
) -> Result<Written<Instance>, ApiError> {
    let (key, record) = objects::find::<Instance>(store, scope, name)?;
    let (key, object) = (key.clone(), &record.object);
    check_deleting(&key, object)?;
    let ended = conditions::has(object.conditions(), reconcile::RUNNING, Is::False);
    if stop == (ended || record.stopped) {
        let state = if stop { "not running" } else { "already running" };
        return Err(ApiError::failed_precondition(format!("Instance '{name}' is {state}.")));
    }
    if dry_run {
        return Ok(Written::driven_if::<Instance>(object.clone(), key, false));
    }
    let now = store.clock.tick();
    let record = store.instances.get_mut(&key).ok_or_else(|| objects::not_found::<Instance>(scope, name))?;
    reconcile::turn(record, stop, now);
    Ok(Written::driven::<Instance>(record.object.clone(), key))
}
