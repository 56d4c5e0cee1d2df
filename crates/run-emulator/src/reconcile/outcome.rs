//! How an execution ends: what is counted of its tasks, what is said of it, and what its job says. (Seen: conditions, order
//! and messages.)

use run_api::known::labels;
use run_api::types::Execution;

use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::store::{ExecutionRecord, Key, Object, Store, Tables, touch};
use crate::tasks::{self, RunningState};

/// Counts the tasks again, after one of them has changed.
pub(super) fn recount(store: &mut Store, key: &Key) {
    let now = store.clock.tick();
    let tasks = store.tasks_of(key);
    let tables: &mut Tables = store;
    let Some(record) = tables.executions.get_mut(key) else { return };
    let status = record.object.status.get_or_insert_default();
    tasks::count(tasks.iter().filter_map(|task| tables.tasks.get(task)), status);
    touch(&mut record.object.metadata, now);
}

/// Ends an execution whose tasks have all ended: it has failed if one of them has.
pub(super) fn complete(store: &mut Store, key: &Key) {
    let cancelled = store.executions.get(key).is_some_and(|record| record.cancelling);
    let failed = store.tasks_of(key).iter().find_map(|task| tasks::told_of(store.tasks.get(task)?));
    if cancelled {
        return end(store, key, Is::False, Some("Cancelled"), "The execution was cancelled.");
    }
    match failed {
        Some((reason, message)) => end(store, key, Is::False, Some(&reason), &message),
        None => {
            let now = store.clock.tick();
            let Some(age) = store.executions.get(key).map(|record| age(&record.object, now)) else {
                return;
            };
            end(store, key, Is::True, None, &format!("Execution completed successfully in {age}."));
        }
    }
}

pub(super) fn end(store: &mut Store, key: &Key, is: Is, reason: Option<&str>, message: &str) {
    recount(store, key);
    let now = store.clock.tick();
    let Some(record) = store.executions.get_mut(key) else { return };
    conditions::set(record.object.conditions_mut(), "Completed", is, reason, Some(message), now);
    record.object.status.get_or_insert_default().completion_time = Some(now.timestamp());
    record.object.metadata.get_or_insert_default().labels.remove(labels::SERVING_STATE);
    touch(&mut record.object.metadata, now);
    let job = key.sibling(record.job.clone());
    follow(store, key);
    forget_oldest(store, &job);
}

/// (Documented: so many executions of a job stay that have come to their end.)
const MOST_COMPLETED: usize = 1000;

fn forget_oldest(store: &mut Store, job: &Key) {
    let names = store.jobs.get(job).map_or(&[][..], |record| &record.executions);
    let over: Vec<Key> = names
        .iter()
        .map(|name| job.sibling(name.as_str()))
        .filter(|key| store.executions.get(key).is_some_and(ExecutionRecord::is_over))
        .collect();
    for key in over.iter().take(over.len().saturating_sub(MOST_COMPLETED)) {
        store.remove_execution(key);
    }
}

pub(super) fn give_up_tasks(store: &mut Store, key: &Key, last: RunningState, now: Moment) {
    for task in store.tasks_of(key) {
        if let Some(task) = store.tasks.get_mut(&task) {
            tasks::give_up(task, last, now);
        }
    }
}

/// The tasks that did not start because another one has failed for good.
pub(super) fn abandon_tasks(store: &mut Store, key: &Key) {
    let now = store.clock.tick();
    give_up_tasks(store, key, RunningState::Abandoned, now);
}

/// How long ago an execution was made.
pub(super) fn age(execution: &Execution, now: Moment) -> String {
    now.since(execution.metadata.as_ref().and_then(|metadata| metadata.creation_timestamp.as_deref()))
}

/// Says in the job what has become of one of its executions: in the pointer to the newest one, and in `Ready` if the
/// job was written with a token for it.
pub(super) fn follow(store: &mut Store, execution: &Key) {
    let now = store.clock.tick();
    let Some(record) = store.executions.get(execution) else { return };
    let (job, outcome) = (execution.sibling(record.job.clone()), outcome(record));
    let completed = record.object.status.as_ref().and_then(|status| status.completion_time.clone());
    let failed = record.completed().filter(|_| record.has("Completed", Is::False)).cloned();
    let started = record.has("Started", Is::True);
    let Some(record) = store.jobs.get_mut(&job) else { return };
    let awaited = record.awaited.take_if(|awaited| {
        awaited.execution == execution.name
            && (failed.is_some() || completed.is_some() || (started && !awaited.to_its_end))
    });
    let status = record.object.status.get_or_insert_default();
    if let Some(latest) = &mut status.latest_created_execution
        && latest.name.as_deref() == Some(&execution.name)
    {
        latest.completion_timestamp = completed;
        latest.completion_status = Some(outcome.to_owned());
    }
    if awaited.is_some() {
        match failed {
            None => conditions::set(&mut status.conditions, "Ready", Is::True, None, None, now),
            Some(failed) => {
                let (reason, message) = (failed.reason.as_deref(), failed.message.as_deref());
                conditions::set(&mut status.conditions, "Ready", Is::False, reason, message, now);
            }
        }
    }
    touch(&mut record.object.metadata, now);
}

/// (Documented: the values of `completionStatus`.)
fn outcome(record: &ExecutionRecord) -> &'static str {
    let reason = record.completed().and_then(|completed| completed.reason.as_deref());
    if record.has("Completed", Is::True) {
        "EXECUTION_SUCCEEDED"
    } else if record.has("Completed", Is::False) {
        if reason == Some("Cancelled") { "EXECUTION_CANCELLED" } else { "EXECUTION_FAILED" }
    } else if record.has("Started", Is::True) {
        "EXECUTION_RUNNING"
    } else {
        "EXECUTION_PENDING"
    }
}
