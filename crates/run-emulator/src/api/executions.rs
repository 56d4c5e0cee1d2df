//! Executions: starting them, reading them, ending them.

use run_api::Resource;
use run_api::known::{annotations, labels};
use run_api::types::{
    Execution, ExecutionReference, ExecutionSpec, ExecutionStatus, Job, ObjectMeta, Overrides,
    OwnerReference, Task, TaskSpec, TaskStatus,
};

use super::metadata;
use super::objects::{self, Written, check_deleting, not_found};
use super::{operations, overrides};
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::error::ApiError;
use crate::rules;
use crate::store::{ExecutionRecord, Key, Object, Scope, Store, task_key, touch};
use crate::tasks::{self, RunningState};
use crate::urls;

/// (Documented: executions that run at the same time in a project and region.)
const MOST_RUNNING: usize = 1000;

/// An execution that is going to be made.
pub(crate) struct Run {
    key: Key,
    spec: ExecutionSpec,
    /// Whether the job waits for its end, and not only its start.
    pub(super) to_its_end: bool,
}

/// Runs a job.
pub(crate) fn run(
    store: &mut Store,
    scope: &Scope,
    job: &str,
    overrides: Option<&Overrides>,
) -> Result<Written<Execution>, ApiError> {
    let (key, record) = objects::find::<Job>(store, scope, job)?;
    check_deleting(key, &record.object)?;
    let (key, object) = (key.clone(), record.object.clone());
    let run = plan(store, &key, &object, overrides, None)?;
    let (execution, run) = start(store, &key, run, &scope.caller);
    Ok(Written::driven::<Execution>(execution, run))
}

/// What an execution of a job is going to be, if there may be one. Without a name of its own it is called by the job
/// and five letters.
pub(super) fn plan(
    store: &Store,
    job: &Key,
    object: &Job,
    overrides: Option<&Overrides>,
    token: Option<(&str, bool)>,
) -> Result<Run, ApiError> {
    let in_region = |key: &Key| key.project == job.project && key.region() == job.region();
    let running = store.executions.iter().filter(|(key, record)| in_region(key) && !record.is_over()).count();
    if running >= MOST_RUNNING {
        return Err(ApiError::too_many_executions(MOST_RUNNING));
    }
    let mut spec = template(object);
    name_containers(&mut spec, &job.name);
    if let Some(overrides) = overrides {
        let violations = overrides::apply(&mut spec, overrides);
        if !violations.is_empty() {
            return Err(ApiError::violations(&violations));
        }
    }
    let name = match token {
        Some((suffix, _)) => format!("{}-{suffix}", job.name),
        None => free_name(store, job),
    };
    let key = job.sibling(name);
    if store.executions.contains_key(&key) {
        return Err(ApiError::already_exists(&key.name));
    }
    Ok(Run { key, spec, to_its_end: token.is_some_and(|(_, to_its_end)| to_its_end) })
}

/// Makes an execution of a job, with its tasks.
pub(super) fn start(store: &mut Store, job: &Key, run: Run, caller: &str) -> (Execution, Key) {
    let object = store.jobs.get(job).map(|record| record.object.clone()).unwrap_or_default();
    let Run { key, spec, .. } = run;
    let now = store.clock.tick();
    let mut execution = new(&object, job, &key, spec, caller, now);
    operations::begin(store, &key, &mut execution);
    make_tasks(store, &execution, &key, now);
    let record = ExecutionRecord { object: execution.clone(), job: job.name.clone(), cancelling: false };
    store.executions.insert(key.clone(), record);
    count(store, job, &key, now);
    (execution, key)
}

fn template(job: &Job) -> ExecutionSpec {
    let template = job.spec.as_ref().and_then(|spec| spec.template.as_ref());
    template.and_then(|template| template.spec.clone()).unwrap_or_default()
}

/// A new execution. (Seen: its labels and annotations, who owns it, the conditions and their order, and that it always
/// says how many tasks run at a time. That this is all of them if the job does not say is inferred.)
fn new(job: &Job, job_key: &Key, key: &Key, mut spec: ExecutionSpec, caller: &str, now: Moment) -> Execution {
    let given =
        job.spec.as_ref().and_then(|spec| spec.template.as_ref()?.metadata.clone()).unwrap_or_default();
    let given = ObjectMeta { labels: given.labels, annotations: given.annotations, ..ObjectMeta::default() };
    let mut metadata = metadata::new::<Execution>(given, key, now);
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    for (label, value) in [
        (labels::JOB, job_key.name.clone()),
        (labels::JOB_UID, text(job.uid())),
        (labels::JOB_GENERATION, job.generation().unwrap_or(1).to_string()),
        (labels::JOB_RESOURCE_VERSION, text(job.resource_version())),
        (labels::SERVING_STATE, "Active".to_owned()),
        (labels::LOCATION, key.region().name.to_owned()),
    ] {
        metadata.labels.insert(label.to_owned(), value);
    }
    for sign in [annotations::RUN_CREATOR, annotations::RUN_LAST_MODIFIER] {
        metadata.annotations.insert(sign.to_owned(), caller.to_owned());
    }
    metadata.owner_references = vec![OwnerReference {
        api_version: Some("serving.knative.dev/v1".to_owned()),
        kind: Some(Job::KIND.to_owned()),
        name: Some(job_key.name.clone()),
        uid: job.uid().map(str::to_owned),
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    }];
    spec.parallelism = spec.parallelism.filter(|parallelism| *parallelism > 0).or(spec.task_count);
    let mut status = ExecutionStatus { observed_generation: Some(1), ..ExecutionStatus::default() };
    for (kind, message) in [
        ("Completed", Some("Waiting for execution to complete.")),
        ("ResourcesAvailable", None),
        ("Started", None),
        ("ContainerReady", None),
    ] {
        conditions::set(&mut status.conditions, kind, Is::Unknown, None, message, now);
    }
    status.log_uri = Some(urls::logs_of_execution(key, &job_key.name));
    Execution {
        api_version: Some(Execution::API_VERSION.to_owned()),
        kind: Some(Execution::KIND.to_owned()),
        metadata: Some(metadata),
        spec: Some(spec),
        status: Some(status),
    }
}

/// Containers have names here, if not in the job. (Seen.)
fn name_containers(spec: &mut ExecutionSpec, job: &str) {
    if let Some(task) = spec.template.as_mut().and_then(|template| template.spec.as_mut()) {
        rules::defaults::name_containers(&mut task.containers, job);
    }
}

/// (Seen: a task has no uid, no owner, and nothing in its spec; it says when it was to run.)
fn make_tasks(store: &mut Store, execution: &Execution, key: &Key, now: Moment) {
    let count = execution.spec.as_ref().and_then(|spec| spec.task_count).unwrap_or(1);
    for index in 0..count {
        let own = task_key(key, index);
        let scheduled = (SCHEDULED_TIME.to_owned(), now.timestamp());
        let given = ObjectMeta {
            labels: execution.labels().clone(),
            annotations: [scheduled].into(),
            ..ObjectMeta::default()
        };
        let mut metadata = metadata::new::<Task>(given, &own, now);
        metadata.labels.remove(labels::SERVING_STATE);
        metadata.labels.insert(labels::EXECUTION.to_owned(), key.name.clone());
        metadata.uid = None;
        let mut task = Task {
            api_version: Some(Task::API_VERSION.to_owned()),
            kind: Some(Task::KIND.to_owned()),
            metadata: Some(metadata),
            spec: Some(TaskSpec::default()),
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

const SCHEDULED_TIME: &str = "run.googleapis.com/scheduled-time";

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
    let cut = job.name.get(..62 - metadata::LETTERS).unwrap_or(&job.name).trim_end_matches('-');
    loop {
        let name = metadata::generated(&format!("{cut}-"));
        if !store.executions.contains_key(&job.sibling(name.as_str())) {
            return name;
        }
    }
}

/// Asks for the end of an execution; the reconciler brings it about. (Seen for v2: one that is over cannot be
/// cancelled.)
pub(crate) fn cancel(store: &mut Store, scope: &Scope, name: &str) -> Result<Written<Execution>, ApiError> {
    let key = objects::find::<Execution>(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let record = store.executions.get_mut(&key).ok_or_else(|| not_found::<Execution>(scope, name))?;
    if record.is_over() {
        return Err(ApiError::failed_precondition(format!(
            "Execution '{name}' has already completed and cannot be cancelled."
        )));
    }
    record.cancelling = true;
    let message = Some("Cancelling execution.");
    let conditions = record.object.conditions_mut();
    conditions::set(conditions, "Completed", Is::Unknown, Some("Cancelling"), message, now);
    touch(&mut record.object.metadata, now);
    Ok(Written::driven::<Execution>(record.object.clone(), key))
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
