//! What the server has of a job and its executions.

use std::collections::BTreeMap;

use run_api::types::{Execution, Job, TaskSpec};
use run_api::{Client, JobRef, ListOptions, Resource};
use run_ops::Outcome;

/// What there is, by plain requests.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) uid: Option<String>,
    pub(super) generation: Option<i32>,
    /// The value of the variable that a deployment changes.
    pub(super) value: Option<String>,
    /// By their uids.
    pub(super) executions: BTreeMap<String, Ran>,
}

/// One execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// The value of the variable that an override changes.
    pub(super) value: Option<String>,
    pub(super) tasks: Option<i32>,
    /// None if it goes on.
    pub(super) outcome: Option<Outcome>,
}

impl State {
    /// Of this job; that there is none is a state as well.
    pub(super) async fn of(client: &Client, job: &JobRef) -> Self {
        let found: Option<Job> = match client.get(job).await {
            Ok(found) => Some(found),
            Err(error) if error.is_not_found() => None,
            Err(error) => panic!("{error}"),
        };
        let selector = format!("run.googleapis.com/job={}", job.name);
        let all = client.list_executions(&job.location, &ListOptions::labelled(selector)).await;
        let executions = all.expect("a list").items;
        Self {
            uid: found.as_ref().and_then(|job| job.uid().map(str::to_owned)),
            generation: found.as_ref().and_then(Resource::generation),
            value: found.as_ref().and_then(|job| {
                let execution = job.spec.as_ref()?.template.as_ref()?.spec.as_ref()?;
                value_of(execution.template.as_ref()?.spec.as_ref()?)
            }),
            executions: executions
                .iter()
                .map(|execution| (execution.uid().expect("a uid").to_owned(), Ran::of(execution)))
                .collect(),
        }
    }

    /// The executions that were not there before.
    pub(super) fn made_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a str, &'a Ran)> {
        self.executions
            .iter()
            .filter(|(uid, _)| !before.executions.contains_key(*uid))
            .map(|(uid, ran)| (uid.as_str(), ran))
    }
}

impl Ran {
    fn of(execution: &Execution) -> Self {
        let spec = execution.spec.as_ref();
        Self {
            value: spec
                .and_then(|spec| spec.template.as_ref()?.spec.as_ref())
                .and_then(|task: &TaskSpec| value_of(task)),
            tasks: spec.and_then(|spec| spec.task_count),
            outcome: Outcome::of(execution),
        }
    }
}

fn value_of(task: &TaskSpec) -> Option<String> {
    task.containers.first()?.env.first()?.value.clone()
}
