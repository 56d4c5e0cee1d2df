//! Jobs and their executions, as the page shows them.

use serde::Serialize;

use super::{ConditionView, views};
use crate::store::{ExecutionRecord, JobRecord, Key, Store};

/// More than a person looks through.
const MOST_EXECUTIONS: usize = 10;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    name: String,
    region: &'static str,
    project: String,
    generation: Option<i32>,
    observed_generation: Option<i32>,
    deleting: bool,
    conditions: Vec<ConditionView>,
    /// The newest first.
    executions: Vec<ExecutionView>,
    more_executions: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionView {
    name: String,
    conditions: Vec<ConditionView>,
    /// How many tasks there are, and how many of them are so far.
    tasks: i32,
    running: i32,
    succeeded: i32,
    failed: i32,
    cancelled: i32,
}

impl JobView {
    pub(super) fn of(store: &Store, key: &Key, record: &JobRecord) -> Self {
        let metadata = record.object.metadata.clone().unwrap_or_default();
        let status = record.object.status.as_ref();
        let shown = record.executions.iter().rev().take(MOST_EXECUTIONS);
        let found = shown.filter_map(|name| Some((name, store.executions.get(&key.sibling(name.as_str()))?)));
        Self {
            name: key.name.clone(),
            region: key.region().name,
            project: key.project.to_string(),
            generation: metadata.generation,
            observed_generation: status.and_then(|status| status.observed_generation),
            deleting: metadata.deletion_timestamp.is_some(),
            conditions: views(status.map_or(&[][..], |status| &status.conditions)),
            executions: found.map(|(name, record)| ExecutionView::of(name, record)).collect(),
            more_executions: record.executions.len().saturating_sub(MOST_EXECUTIONS),
        }
    }
}

impl ExecutionView {
    fn of(name: &str, record: &ExecutionRecord) -> Self {
        let status = record.object.status.clone().unwrap_or_default();
        Self {
            name: name.to_owned(),
            conditions: views(&status.conditions),
            tasks: record.task_count(),
            running: status.running_count.unwrap_or(0),
            succeeded: status.succeeded_count.unwrap_or(0),
            failed: status.failed_count.unwrap_or(0),
            cancelled: status.cancelled_count.unwrap_or(0),
        }
    }
}
