//! Executions: starting them, reading them, ending them.

use run_api::types::{
    Execution, ExecutionReference, ExecutionSpec, ExecutionStatus, Job, ListMeta, ObjectMeta, Overrides,
    OwnerReference, Status, Task, TaskStatus,
};

use super::error::ApiError;
use super::list::{self, ListQuery};
use super::objects::{self, CALLER, Kind};
use super::scope::Scope;
use super::{jobs, overrides};
use crate::conditions::{self, Is};
use crate::store::{
    EXECUTION_LABEL, ExecutionRecord, JOB_LABEL, Key, LOCATION_LABEL, Moment, SERVING_LABEL, Store, task_key,
    touch,
};
use crate::tasks::{self, RunningState};

const KIND: Kind = Kind { in_messages: "EXECUTION", group: "run.googleapis.com", collection: "executions" };

/// (Documented: executions that run at the same time in a project and region.)
const MOST_RUNNING: usize = 1000;

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Execution, ApiError> {
    Ok(find(store, scope, name)?.1.object.clone())
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Execution>, Option<ListMeta>), ApiError> {
    let executions = scope.all(&store.executions).map(|(_, record)| &record.object);
    list::page(executions.filter_map(|one| Some((one, one.metadata.as_ref()?))), query)
}

fn find<'a>(store: &'a Store, scope: &Scope, name: &str) -> Result<(&'a Key, &'a ExecutionRecord), ApiError> {
    scope.find(&store.executions, name).ok_or_else(|| KIND.not_found(scope, name))
}

/// Runs a job.
pub(crate) fn run(
    store: &mut Store,
    scope: &Scope,
    job: &str,
    overrides: Option<&Overrides>,
) -> Result<(Execution, Key), ApiError> {
    let (key, record) = jobs::find(store, scope, job)?;
    objects::check_deleting(key, record.object.metadata.as_ref())?;
    let key = key.clone();
    start(store, &key, overrides, None)
}

/// Makes an execution of a job, with its tasks. Without a name of its own it is called by the job and five letters.
pub(super) fn start(
    store: &mut Store,
    job: &Key,
    overrides: Option<&Overrides>,
    suffix: Option<&str>,
) -> Result<(Execution, Key), ApiError> {
    let in_region = |key: &Key| key.project == job.project && key.region() == job.region();
    let running = store.executions.iter().filter(|(key, record)| in_region(key) && !record.is_over()).count();
    if running >= MOST_RUNNING {
        return Err(ApiError::too_many_executions(MOST_RUNNING));
    }
    let object = store.jobs.get(job).map(|record| record.object.clone()).unwrap_or_default();
    let mut spec = template(&object);
    if let Some(overrides) = overrides {
        let violations = overrides::apply(&mut spec, overrides);
        if !violations.is_empty() {
            return Err(ApiError::violations(&violations));
        }
    }
    let name = match suffix {
        Some(suffix) => format!("{}-{suffix}", job.name),
        None => free_name(store, job),
    };
    let key = job.sibling(name);
    if store.executions.contains_key(&key) {
        return Err(ApiError::already_exists(&key.name));
    }
    let now = store.clock.tick();
    let execution = new(&object, job, &key, spec, now);
    make_tasks(store, &execution, &key, now);
    let record = ExecutionRecord { object: execution.clone(), job: job.name.clone(), cancelling: false };
    store.executions.insert(key.clone(), record);
    count(store, job, &key, now);
    Ok((execution, key))
}

fn template(job: &Job) -> ExecutionSpec {
    let template = job.spec.as_ref().and_then(|spec| spec.template.as_ref());
    template.and_then(|template| template.spec.clone()).unwrap_or_default()
}

/// A new execution. (Seen: the labels that name the job; the others are inferred.)
fn new(job: &Job, job_key: &Key, key: &Key, spec: ExecutionSpec, now: Moment) -> Execution {
    let given =
        job.spec.as_ref().and_then(|spec| spec.template.as_ref()?.metadata.clone()).unwrap_or_default();
    let of_job = job.metadata.clone().unwrap_or_default();
    let given = ObjectMeta { labels: given.labels, annotations: given.annotations, ..ObjectMeta::default() };
    let mut metadata = KIND.new_metadata(given, key, now);
    for (label, value) in [
        (JOB_LABEL, Some(job_key.name.clone())),
        ("run.googleapis.com/jobUid", of_job.uid.clone()),
        ("run.googleapis.com/jobGeneration", of_job.generation.map(|generation| generation.to_string())),
        (SERVING_LABEL, Some("Active".to_owned())),
        (LOCATION_LABEL, Some(key.region().name.to_owned())),
    ] {
        metadata.labels.insert(label.to_owned(), value.unwrap_or_default());
    }
    metadata.annotations.insert("run.googleapis.com/creator".to_owned(), CALLER.to_owned());
    metadata.owner_references = vec![owner("Job", job_key, of_job.uid)];
    let mut status = ExecutionStatus { observed_generation: Some(1), ..ExecutionStatus::default() };
    for (kind, message) in [
        ("Completed", Some("Waiting for execution to complete.")),
        ("ContainerReady", None),
        ("ResourcesAvailable", None),
        ("Started", None),
    ] {
        conditions::set(&mut status.conditions, kind, Is::Unknown, None, message, now);
    }
    status.log_uri = Some(format!(
        "https://console.cloud.google.com/logs/viewer?resource=cloud_run_job/execution_name/{}",
        key.name
    ));
    Execution {
        api_version: Some("run.googleapis.com/v1".to_owned()),
        kind: Some("Execution".to_owned()),
        metadata: Some(metadata),
        spec: Some(spec),
        status: Some(status),
    }
}

fn owner(kind: &str, key: &Key, uid: Option<String>) -> OwnerReference {
    OwnerReference {
        api_version: Some("run.googleapis.com/v1".to_owned()),
        kind: Some(kind.to_owned()),
        name: Some(key.name.clone()),
        uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    }
}

fn make_tasks(store: &mut Store, execution: &Execution, key: &Key, now: Moment) {
    let spec = execution.spec.clone().unwrap_or_default();
    let of_execution = execution.metadata.clone().unwrap_or_default();
    let template = spec.template.and_then(|template| template.spec);
    for index in 0..spec.task_count.unwrap_or(1) {
        let own = task_key(key, index);
        let kind = Kind { in_messages: "TASK", collection: "tasks", ..KIND };
        let given = ObjectMeta { labels: of_execution.labels.clone(), ..ObjectMeta::default() };
        let mut metadata = kind.new_metadata(given, &own, now);
        metadata.labels.remove(SERVING_LABEL);
        metadata.labels.insert(EXECUTION_LABEL.to_owned(), key.name.clone());
        metadata.owner_references = vec![owner("Execution", key, of_execution.uid.clone())];
        let mut task = Task {
            api_version: Some("run.googleapis.com/v1".to_owned()),
            kind: Some("Task".to_owned()),
            metadata: Some(metadata),
            spec: template.clone(),
            status: Some(TaskStatus {
                observed_generation: Some(1),
                // (Seen: a zero is left out.)
                index: (index > 0).then_some(index),
                ..TaskStatus::default()
            }),
        };
        tasks::set_state(&mut task, RunningState::Pending);
        let conditions = &mut task.status.get_or_insert_default().conditions;
        for kind in ["Completed", "Started"] {
            conditions::set(conditions, kind, Is::Unknown, None, None, now);
        }
        store.tasks.insert(own, task);
    }
}

/// The job points to its newest execution.
fn count(store: &mut Store, job: &Key, execution: &Key, now: Moment) {
    let Some(record) = store.jobs.get_mut(job) else { return };
    record.executions.push(execution.name.clone());
    let status = record.object.status.get_or_insert_default();
    status.execution_count = Some(status.execution_count.unwrap_or(0).saturating_add(1));
    status.latest_created_execution = Some(ExecutionReference {
        name: Some(execution.name.clone()),
        creation_timestamp: Some(now.timestamp()),
        completion_status: Some("EXECUTION_PENDING".to_owned()),
        ..ExecutionReference::default()
    });
    touch(&mut record.object.metadata, now);
}

/// `job-abcde`; the job's name is cut to fit 63. (Seen: five characters.)
fn free_name(store: &Store, job: &Key) -> String {
    let cut = job.name.get(..62 - objects::LETTERS).unwrap_or(&job.name).trim_end_matches('-');
    loop {
        let name = objects::generated(&format!("{cut}-"));
        if !store.executions.contains_key(&job.sibling(name.as_str())) {
            return name;
        }
    }
}

/// Asks for the end of an execution; the reconciler brings it about. (Seen for v2: one that is over can not be
/// cancelled.)
pub(crate) fn cancel(store: &mut Store, scope: &Scope, name: &str) -> Result<(Execution, Key), ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let record = store.executions.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    if record.is_over() {
        return Err(ApiError::failed_precondition(format!(
            "Execution '{name}' has already completed and cannot be cancelled."
        )));
    }
    record.cancelling = true;
    let conditions = &mut record.object.status.get_or_insert_default().conditions;
    let message = Some("Cancelling execution.");
    conditions::set(conditions, "Completed", Is::Unknown, Some("Cancelling"), message, now);
    touch(&mut record.object.metadata, now);
    Ok((record.object.clone(), key))
}

/// Starts a deletion.
pub(crate) fn delete(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<(Status, Option<Key>), ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let record = store.executions.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    let metadata = record.object.metadata.get_or_insert_default();
    let uid = metadata.uid.clone();
    let begins = !dry_run && metadata.deletion_timestamp.is_none();
    if begins {
        metadata.deletion_timestamp = Some(now.timestamp());
        touch(&mut record.object.metadata, now);
    }
    Ok((KIND.deleted(name, uid), begins.then_some(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Projects;

    #[tokio::test]
    async fn names_fit() {
        let store = Store::new(Projects::default(), 1);
        let region = crate::regions::find("us-central1").unwrap();
        let name = |job: &str| free_name(&store, &Key::new(1, region, job));
        assert!(name("backup").starts_with("backup-") && name("backup").len() == "backup-abcde".len());
        assert_eq!(name(&"j".repeat(63)).len(), 63);
        assert!(!name(&format!("{}-{}", "j".repeat(56), "k".repeat(6))).contains("--"));
    }
}
