//! What the dashboard shows, as data.

use run_api::types::{Condition, Revision, Service, TrafficTarget};
use serde::Serialize;

use crate::conditions;
use crate::faults::ActiveFault;
use crate::log::LoggedRequest;
use crate::store::{ExecutionRecord, JobRecord, Key, ServiceRecord, Store};

/// More than a person looks through.
const MOST_SERVICES: usize = 100;
const MOST_REVISIONS: usize = 10;
const MOST_JOBS: usize = 50;
const MOST_EXECUTIONS: usize = 10;
const MOST_REQUESTS: usize = 50;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View {
    services: Vec<ServiceView>,
    /// How many services there are besides those.
    more_services: usize,
    jobs: Vec<JobView>,
    more_jobs: usize,
    /// The newest first.
    requests: Vec<RequestView>,
    /// What goes wrong on purpose.
    faults: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceView {
    name: String,
    region: &'static str,
    project: String,
    url: Option<String>,
    generation: Option<i32>,
    observed_generation: Option<i32>,
    deleting: bool,
    conditions: Vec<ConditionView>,
    traffic: Vec<TargetView>,
    /// The newest first.
    revisions: Vec<RevisionView>,
    more_revisions: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConditionView {
    kind: String,
    status: String,
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetView {
    revision: String,
    percent: i32,
    tag: Option<String>,
    url: Option<String>,
    latest: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevisionView {
    name: String,
    image: Option<String>,
    conditions: Vec<ConditionView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestView {
    method: String,
    path: String,
    status: u16,
    fault: Option<String>,
}

impl View {
    pub(super) fn of(store: &Store, requests: &[LoggedRequest], faults: &[ActiveFault]) -> Self {
        let services = store.services.iter().take(MOST_SERVICES);
        Self {
            services: services.map(|(key, record)| ServiceView::of(store, key, record)).collect(),
            more_services: store.services.len().saturating_sub(MOST_SERVICES),
            jobs: store
                .jobs
                .iter()
                .take(MOST_JOBS)
                .map(|(key, record)| JobView::of(store, key, record))
                .collect(),
            more_jobs: store.jobs.len().saturating_sub(MOST_JOBS),
            requests: requests.iter().rev().take(MOST_REQUESTS).map(RequestView::of).collect(),
            faults: faults.iter().map(|one| format!("{} (struck {})", one.fault, one.hits)).collect(),
        }
    }
}

impl ServiceView {
    fn of(store: &Store, key: &Key, record: &ServiceRecord) -> Self {
        let metadata = record.object.metadata.clone().unwrap_or_default();
        let status = record.object.status.as_ref();
        let revisions = store.revisions_of::<Service>(key);
        let shown = revisions.iter().rev().take(MOST_REVISIONS);
        Self {
            name: key.name.clone(),
            region: key.region().name,
            project: key.project.to_string(),
            url: status.and_then(|status| status.url.clone()),
            generation: metadata.generation,
            observed_generation: status.and_then(|status| status.observed_generation),
            deleting: metadata.deletion_timestamp.is_some(),
            conditions: views(status.map_or(&[][..], |status| &status.conditions)),
            traffic: status.map_or(&[][..], |status| &status.traffic).iter().map(TargetView::of).collect(),
            revisions: shown.filter_map(|key| store.revisions.get(key)).map(RevisionView::of).collect(),
            more_revisions: revisions.len().saturating_sub(MOST_REVISIONS),
        }
    }
}

/// The deciding condition first.
fn views(all: &[Condition]) -> Vec<ConditionView> {
    let ready = conditions::find(all, "Ready").into_iter();
    let others = all.iter().filter(|condition| condition.type_.as_deref() != Some("Ready"));
    ready.chain(others).map(ConditionView::of).collect()
}

impl ConditionView {
    fn of(condition: &Condition) -> Self {
        Self {
            kind: condition.type_.clone().unwrap_or_default(),
            status: condition.status.clone().unwrap_or_default(),
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        }
    }
}

impl TargetView {
    fn of(target: &TrafficTarget) -> Self {
        Self {
            revision: target.revision_name.clone().unwrap_or_default(),
            percent: target.percent.unwrap_or_default(),
            tag: target.tag.clone(),
            url: target.url.clone(),
            latest: target.latest_revision == Some(true),
        }
    }
}

impl RevisionView {
    fn of(revision: &Revision) -> Self {
        let metadata = revision.metadata.as_ref();
        let container = revision.spec.as_ref().and_then(|spec| spec.containers.first());
        Self {
            name: metadata.and_then(|metadata| metadata.name.clone()).unwrap_or_default(),
            image: container.and_then(|container| container.image.clone()),
            conditions: views(revision.status.as_ref().map_or(&[][..], |status| &status.conditions)),
        }
    }
}

impl RequestView {
    fn of(request: &LoggedRequest) -> Self {
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            status: request.status,
            fault: request.fault.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobView {
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
    fn of(store: &Store, key: &Key, record: &JobRecord) -> Self {
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
