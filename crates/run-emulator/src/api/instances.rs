//! Instances: what the methods do to the store.

use run_api::types::{Instance, InstanceStatus, ListMeta, Status};

use super::changes::{self, Change};
use super::error::ApiError;
use super::list::{self, ListQuery};
use super::objects::{self, Kind, same};
use super::scope::Scope;
use crate::conditions::{self, Is};
use crate::reconcile;
use crate::rules;
use crate::store::{Guarded, InstanceRecord, Key, Store};
use crate::world::Needs;

const KIND: Kind = Kind {
    in_messages: Guarded::Instance.in_messages(),
    group: "run.googleapis.com",
    collection: "instances",
};

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Instance, ApiError> {
    Ok(find(store, scope, name)?.1.object.clone())
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Instance>, Option<ListMeta>), ApiError> {
    let instances = scope.all(&store.instances).map(|(_, record)| &record.object);
    list::page(instances.filter_map(|instance| Some((instance, instance.metadata.as_ref()?))), query)
}

fn find<'a>(store: &'a Store, scope: &Scope, name: &str) -> Result<(&'a Key, &'a InstanceRecord), ApiError> {
    scope.find(&store.instances, name).ok_or_else(|| KIND.not_found(scope, name))
}

pub(crate) fn create(
    store: &mut Store,
    scope: &Scope,
    mut instance: Instance,
    dry_run: bool,
) -> Result<Change<Instance>, ApiError> {
    objects::name_by_prefix(&mut instance.metadata)?;
    prepare(store, scope, &mut instance)?;
    let key = changes::free_place(scope, &store.instances, instance.metadata.as_ref())?;
    let now = store.clock.tick();
    changes::make(KIND, &mut instance.metadata, &key, now);
    instance.status = Some(InstanceStatus::default());
    let answer = instance.clone();
    if !dry_run {
        let policy = super::iam::initial(store.clock.tick());
        store.instances.insert(key.clone(), InstanceRecord { object: instance, policy, stopped: false });
    }
    Ok(Change { answer, key, reconcile: !dry_run })
}

/// Replaces an instance. A change of the spec starts it anew, unless it was told to stop. (Inferred.)
pub(crate) fn replace(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    mut instance: Instance,
    dry_run: bool,
) -> Result<Change<Instance>, ApiError> {
    let (key, record) = find(store, scope, name)?;
    let (key, current) = (key.clone(), record.object.clone());
    let version = objects::replaced(instance.metadata.get_or_insert_default(), name)?;
    prepare(store, scope, &mut instance)?;
    objects::check_version(&key, current.metadata.as_ref(), version.as_deref())?;
    objects::check_deleting(&key, current.metadata.as_ref())?;
    let mut next = current.clone();
    next.spec = instance.spec;
    next.extra = instance.extra;
    changes::relabel(&mut next.metadata, instance.metadata, &key);
    if same(&next, &current) {
        return Ok(Change { answer: current, key, reconcile: false });
    }
    let spec_changed = !same(&next.spec, &current.spec);
    changes::advance(&mut next.metadata, spec_changed, store.clock.tick());
    let record = store.instances.get_mut(&key).filter(|_| !dry_run);
    let written = record.map(|record| record.object = next.clone()).is_some();
    Ok(Change { answer: next, key, reconcile: written && spec_changed })
}

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
) -> Result<Change<Instance>, ApiError> {
    let (key, record) = find(store, scope, name)?;
    let (key, object) = (key.clone(), &record.object);
    objects::check_deleting(&key, object.metadata.as_ref())?;
    let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let ended = conditions::has(conditions, reconcile::RUNNING, Is::False);
    if stop == (ended || record.stopped) {
        let state = if stop { "not running" } else { "already running" };
        return Err(ApiError::failed_precondition(format!("Instance '{name}' is {state}.")));
    }
    if dry_run {
        return Ok(Change { answer: object.clone(), key, reconcile: false });
    }
    let now = store.clock.tick();
    let record = store.instances.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    reconcile::turn(record, stop, now);
    Ok(Change { answer: record.object.clone(), key, reconcile: true })
}

/// Starts a deletion; the object stays readable until the reconciler removes it.
pub(crate) fn delete(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<Change<Status>, ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let record = store.instances.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    let object = &mut record.object;
    let uid = object.metadata.as_ref().and_then(|metadata| metadata.uid.clone());
    let conditions = &mut object.status.get_or_insert_default().conditions;
    let begins =
        !dry_run && changes::begin_deletion(&mut object.metadata, conditions, "Deleting instance.", now);
    Ok(Change { answer: KIND.deleted(name, uid), key, reconcile: begins })
}

/// Checks and completes what the client sent.
fn prepare(store: &Store, scope: &Scope, instance: &mut Instance) -> Result<(), ApiError> {
    objects::check_namespace(&store.projects, scope, instance.metadata.as_ref())?;
    rules::fill_in_instance(instance, &rules::defaults::Defaults::of(scope.project));
    let needs = Needs::of_instance(scope.project, instance.metadata.as_ref(), instance.spec.as_ref());
    changes::admit(store, rules::check_instance(instance), &needs)
}
