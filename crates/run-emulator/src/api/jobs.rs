//! Jobs: what the methods do to the store.

use run_api::types::{Job, JobStatus, ListMeta, Status};

use super::error::ApiError;
use super::list::{self, ListQuery};
use super::objects::{self, CALLER, Kind, same};
use super::scope::Scope;
use super::{changes, executions, iam};
use crate::conditions::{self, Is};
use crate::reconcile::Subject;
use crate::rules;
use crate::store::{Awaited, JobRecord, Key, LOCATION_LABEL, Moment, Store, touch};
use crate::world::Needs;

const KIND: Kind = Kind { in_messages: "JOB", group: "run.googleapis.com", collection: "jobs" };

/// What a write did.
pub(crate) struct Change {
    pub(crate) answer: Job,
    /// What there is for the reconciler to do.
    pub(crate) reconcile: Vec<Subject>,
}

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Job, ApiError> {
    Ok(find(store, scope, name)?.1.object.clone())
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Job>, Option<ListMeta>), ApiError> {
    let jobs = scope.all(&store.jobs).map(|(_, record)| &record.object);
    list::page(jobs.filter_map(|job| Some((job, job.metadata.as_ref()?))), query)
}

/// The job that a request means, wherever in its scope it is.
pub(super) fn find<'a>(
    store: &'a Store,
    scope: &Scope,
    name: &str,
) -> Result<(&'a Key, &'a JobRecord), ApiError> {
    scope.find(&store.jobs, name).ok_or_else(|| KIND.not_found(scope, name))
}

pub(crate) fn create(
    store: &mut Store,
    scope: &Scope,
    mut job: Job,
    dry_run: bool,
) -> Result<Change, ApiError> {
    let region = objects::one_region(scope)?;
    objects::name_by_prefix(&mut job.metadata)?;
    prepare(store, scope, &mut job)?;
    let name = job.metadata.as_ref().and_then(|metadata| metadata.name.clone()).unwrap_or_default();
    let key = Key::new(scope.project, region, name);
    if store.jobs.contains_key(&key) {
        return Err(ApiError::already_exists(&key.name));
    }
    let now = store.clock.tick();
    job.metadata = Some(KIND.new_metadata(job.metadata.take().unwrap_or_default(), &key, now));
    server_metadata(&mut job, None, &key, now);
    job.status = Some(JobStatus::default());
    if dry_run {
        return Ok(Change { answer: job, reconcile: Vec::new() });
    }
    let policy = iam::initial(store.clock.tick());
    let record = JobRecord { object: job, policy, executions: Vec::new(), awaited: None };
    store.jobs.insert(key.clone(), record);
    written(store, key, None)
}

pub(crate) fn replace(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    mut job: Job,
    dry_run: bool,
) -> Result<Change, ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let version = objects::replaced(job.metadata.get_or_insert_default(), name)?;
    prepare(store, scope, &mut job)?;
    let now = store.clock.tick();
    let record = store.jobs.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    let current = record.object.clone();
    objects::check_version(&key, current.metadata.as_ref(), version.as_deref())?;
    objects::check_deleting(&key, current.metadata.as_ref())?;
    let mut next = current.clone();
    next.spec = job.spec;
    if let (Some(next), Some(given)) = (next.metadata.as_mut(), job.metadata) {
        next.labels = given.labels;
        next.annotations = given.annotations;
        next.extra = given.extra;
    }
    next.extra = job.extra;
    server_metadata(&mut next, Some(&current), &key, now);
    if same(&next, &current) {
        return Ok(Change { answer: current, reconcile: Vec::new() });
    }
    if !same(&next.spec, &current.spec) {
        objects::next_generation(&mut next.metadata);
    }
    updated_label(&mut next, now);
    touch(&mut next.metadata, now);
    if dry_run {
        return Ok(Change { answer: next, reconcile: Vec::new() });
    }
    record.object = next;
    written(store, key, Some(&current))
}

/// After a write: an execution starts, if the job was written with a new token for one.
fn written(store: &mut Store, key: Key, before: Option<&Job>) -> Result<Change, ApiError> {
    let mut reconcile = vec![Subject::Job(key.clone())];
    let token = |job: &Job| {
        let spec = job.spec.as_ref()?;
        let started = spec.start_execution_token.clone().map(|token| (token, false));
        let run = spec.run_execution_token.clone().map(|token| (token, true));
        run.or(started).filter(|(token, _)| !token.is_empty())
    };
    let wanted = store.jobs.get(&key).and_then(|record| token(&record.object));
    if let Some((suffix, to_its_end)) =
        wanted.filter(|wanted| before.and_then(token).as_ref() != Some(wanted))
    {
        let (_, execution) = executions::start(store, &key, None, Some(&suffix))?;
        if let Some(record) = store.jobs.get_mut(&key) {
            record.awaited = Some(Awaited { execution: execution.name.clone(), to_its_end });
        }
        reconcile.push(Subject::Execution(execution));
    }
    let answer = store.jobs.get(&key).map(|record| record.object.clone()).unwrap_or_default();
    Ok(Change { answer, reconcile })
}

/// Starts a deletion; the object stays readable until the reconciler removes it. Executions end with their job.
pub(crate) fn delete(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<(Status, Vec<Subject>), ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let record = store.jobs.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    let job = &mut record.object;
    let uid = job.metadata.as_ref().and_then(|metadata| metadata.uid.clone());
    let mut reconcile = Vec::new();
    if !dry_run && !objects::deleting(job.metadata.as_ref()) {
        job.metadata.get_or_insert_default().deletion_timestamp = Some(now.timestamp());
        touch(&mut job.metadata, now);
        let conditions = &mut job.status.get_or_insert_default().conditions;
        conditions::set(conditions, "Ready", Is::Unknown, None, Some("Deleting job."), now);
        reconcile.push(Subject::Job(key));
    }
    Ok((KIND.deleted(name, uid), reconcile))
}

/// Checks and completes what the client sent.
fn prepare(store: &Store, scope: &Scope, job: &mut Job) -> Result<(), ApiError> {
    objects::check_namespace(&store.projects, scope, job.metadata.as_ref())?;
    rules::fill_in_job(job, &rules::defaults::Defaults::of(scope.project));
    changes::admit(store, rules::check_job(job), &Needs::of_job(scope.project, job))
}

/// Labels and annotations that are the server's: those that the object has stay, whatever the client sends. (Seen.)
fn server_metadata(job: &mut Job, before: Option<&Job>, key: &Key, now: Moment) {
    let before = before.and_then(|before| before.metadata.as_ref());
    let metadata = job.metadata.get_or_insert_default();
    metadata.labels.insert(LOCATION_LABEL.to_owned(), key.region().name.to_owned());
    let updated = before.and_then(|before| before.labels.get(UPDATED_LABEL)).cloned();
    metadata.labels.insert(UPDATED_LABEL.to_owned(), updated.unwrap_or_else(|| now.timestamp()));
    let creator = before.and_then(|before| before.annotations.get(CREATOR)).cloned();
    metadata.annotations.insert(CREATOR.to_owned(), creator.unwrap_or_else(|| CALLER.to_owned()));
    metadata.annotations.insert("run.googleapis.com/lastModifier".to_owned(), CALLER.to_owned());
}

const CREATOR: &str = "run.googleapis.com/creator";
const UPDATED_LABEL: &str = "run.googleapis.com/lastUpdatedTime";

fn updated_label(job: &mut Job, now: Moment) {
    job.metadata.get_or_insert_default().labels.insert(UPDATED_LABEL.to_owned(), now.timestamp());
}
