//! Worker pools: what the methods do to the store.

use run_api::types::{ListMeta, RevisionTemplate, Status, WorkerPool, WorkerPoolStatus};

use super::changes::{self, Change};
use super::error::ApiError;
use super::list::{self, ListQuery};
use super::objects::{self, Kind, same};
use super::revisions::{self, Wanted};
use super::scope::Scope;
use crate::rules;
use crate::store::{Guarded, Key, Store, WORKER_POOL_LABEL, WorkerPoolRecord};
use crate::world::Needs;

const KIND: Kind = Kind {
    in_messages: Guarded::WorkerPool.in_messages(),
    group: "run.googleapis.com",
    collection: "workerpools",
};

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<WorkerPool, ApiError> {
    Ok(find(store, scope, name)?.1.object.clone())
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<WorkerPool>, Option<ListMeta>), ApiError> {
    let pools = scope.all(&store.worker_pools).map(|(_, record)| &record.object);
    list::page(pools.filter_map(|pool| Some((pool, pool.metadata.as_ref()?))), query)
}

fn find<'a>(
    store: &'a Store,
    scope: &Scope,
    name: &str,
) -> Result<(&'a Key, &'a WorkerPoolRecord), ApiError> {
    scope.find(&store.worker_pools, name).ok_or_else(|| KIND.not_found(scope, name))
}

pub(crate) fn create(
    store: &mut Store,
    scope: &Scope,
    mut pool: WorkerPool,
    dry_run: bool,
) -> Result<Change<WorkerPool>, ApiError> {
    objects::name_by_prefix(&mut pool.metadata)?;
    prepare(store, scope, &mut pool)?;
    let key = changes::free_place(scope, &store.worker_pools, pool.metadata.as_ref())?;
    let now = store.clock.tick();
    changes::make(KIND, &mut pool.metadata, &key, now);
    pool.status = Some(WorkerPoolStatus::default());
    let planned = match revisions::wanted(store, WORKER_POOL_LABEL, &key, &template(&pool), ("", 0), false)? {
        Wanted::New(planned) => *planned,
        Wanted::Known { name } => return Err(ApiError::revision_exists(&name)),
    };
    let answer = pool.clone();
    if !dry_run {
        let mut record = WorkerPoolRecord {
            object: pool,
            policy: super::iam::initial(store.clock.tick()),
            revisions: Vec::new(),
            revisions_made: 0,
            latest_revision: String::new(),
            latest_made_by: None,
            split_generation: None,
        };
        record.make_revision(store, &key, planned, now);
        store.worker_pools.insert(key.clone(), record);
    }
    Ok(Change { answer, key, reconcile: !dry_run })
}

pub(crate) fn replace(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    mut pool: WorkerPool,
    dry_run: bool,
) -> Result<Change<WorkerPool>, ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let version = objects::replaced(pool.metadata.get_or_insert_default(), name)?;
    prepare(store, scope, &mut pool)?;
    // Taken out so that its revisions can be changed beside it, and put back whatever happens.
    let Some(mut record) = store.worker_pools.remove(&key) else { return Err(KIND.not_found(scope, name)) };
    let result = replace_record(store, &key, &mut record, pool, version.as_deref(), dry_run);
    store.worker_pools.insert(key.clone(), record);
    let (answer, reconcile) = result?;
    Ok(Change { answer, key, reconcile })
}

fn replace_record(
    store: &mut Store,
    key: &Key,
    record: &mut WorkerPoolRecord,
    pool: WorkerPool,
    version: Option<&str>,
    dry_run: bool,
) -> Result<(WorkerPool, bool), ApiError> {
    let current = &record.object;
    objects::check_version(key, current.metadata.as_ref(), version)?;
    objects::check_deleting(key, current.metadata.as_ref())?;
    let mut next = current.clone();
    next.spec = pool.spec;
    next.extra = pool.extra;
    changes::relabel(&mut next.metadata, pool.metadata, key);
    if same(&next, current) {
        return Ok((next, false));
    }
    let spec_changed = !same(&next.spec, &current.spec);
    let wanted = spec_changed.then(|| {
        let latest = (record.latest_revision.as_str(), record.revisions_made);
        let named = revisions::is_named(&template(current));
        revisions::wanted(store, WORKER_POOL_LABEL, key, &template(&next), latest, named)
    });
    let wanted = wanted.transpose()?;
    let now = store.clock.tick();
    changes::advance(&mut next.metadata, spec_changed, now);
    if dry_run {
        return Ok((next, false));
    }
    record.object = next;
    match wanted {
        Some(Wanted::New(planned)) => record.make_revision(store, key, *planned, now),
        Some(Wanted::Known { name }) => record.latest_revision = name,
        None => {}
    }
    Ok((record.object.clone(), spec_changed))
}

fn template(pool: &WorkerPool) -> RevisionTemplate {
    pool.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default()
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
    let record = store.worker_pools.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    let object = &mut record.object;
    let uid = object.metadata.as_ref().and_then(|metadata| metadata.uid.clone());
    let conditions = &mut object.status.get_or_insert_default().conditions;
    let begins =
        !dry_run && changes::begin_deletion(&mut object.metadata, conditions, "Deleting worker pool.", now);
    Ok(Change { answer: KIND.deleted(name, uid), key, reconcile: begins })
}

/// Checks and completes what the client sent.
fn prepare(store: &Store, scope: &Scope, pool: &mut WorkerPool) -> Result<(), ApiError> {
    objects::check_namespace(&store.projects, scope, pool.metadata.as_ref())?;
    rules::fill_in_worker_pool(pool, &rules::defaults::Defaults::of(scope.project));
    let template = pool.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let needs = Needs::of_template(scope.project, template);
    changes::admit(store, rules::check_worker_pool(pool), &needs)
}
