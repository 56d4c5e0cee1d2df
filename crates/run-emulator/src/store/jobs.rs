//! Jobs, their executions, and the tasks of those.

use run_api::types::{Condition, Execution, Job, Policy, Task};
use serde::{Deserialize, Serialize};

use super::{Key, Store};
use crate::conditions::{self, Is};

/// The label by which an execution or a task names its job.
pub(crate) const JOB_LABEL: &str = "run.googleapis.com/job";
/// The label by which a task names its execution.
pub(crate) const EXECUTION_LABEL: &str = "run.googleapis.com/execution";
/// The label of an execution that has not come to its end. (From gcloud's source.)
pub(crate) const SERVING_LABEL: &str = "run.googleapis.com/servingState";

/// A job and what belongs to it but is not part of the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(crate) object: Job,
    pub(crate) policy: Policy,
    /// The names of the executions that are there, oldest first.
    pub(crate) executions: Vec<String>,
    /// The execution that the job's readiness depends on, if it was written with a token for one.
    pub(crate) awaited: Option<Awaited>,
}

/// An execution that a job was written with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Awaited {
    pub(crate) execution: String,
    /// Whether it must come to its end, and not only start.
    pub(crate) to_its_end: bool,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExecutionRecord {
    pub(crate) object: Execution,
    pub(crate) job: String,
    /// Whether somebody has asked for its end.
    pub(crate) cancelling: bool,
}

impl ExecutionRecord {
    /// The condition that says whether it has come to its end, and to which.
    pub(crate) fn completed(&self) -> Option<&Condition> {
        conditions::find(&self.object.status.as_ref()?.conditions, "Completed")
    }

    /// Whether it has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.completed()
            .is_some_and(|condition| matches!(condition.status.as_deref(), Some("True" | "False")))
    }

    pub(crate) fn has(&self, kind: &str, is: Is) -> bool {
        self.object.status.as_ref().is_some_and(|status| conditions::has(&status.conditions, kind, is))
    }

    /// How many tasks it has.
    pub(crate) fn task_count(&self) -> i32 {
        self.object.spec.as_ref().and_then(|spec| spec.task_count).unwrap_or(1)
    }
}

/// The key of a task.
pub(crate) fn task_key(execution: &Key, index: i32) -> Key {
    execution.sibling(format!("{}-task{index}", execution.name))
}

/// The index of a task; the API leaves a zero out.
pub(crate) fn index(task: &Task) -> i32 {
    task.status.as_ref().and_then(|status| status.index).unwrap_or(0)
}

impl Store {
    /// The keys of an execution's tasks, by index.
    pub(crate) fn tasks_of(&self, execution: &Key) -> Vec<Key> {
        let count = self.executions.get(execution).map_or(0, ExecutionRecord::task_count);
        (0..count).map(|index| task_key(execution, index)).collect()
    }

    /// Removes a job, its executions and their tasks.
    pub(crate) fn remove_job(&mut self, job: &Key) {
        let executions = self.jobs.remove(job).map(|record| record.executions).unwrap_or_default();
        for execution in executions {
            self.forget_execution(&job.sibling(execution));
        }
    }

    /// Removes one execution and its tasks.
    pub(crate) fn remove_execution(&mut self, execution: &Key) {
        let job = self.executions.get(execution).map(|record| execution.sibling(record.job.clone()));
        self.forget_execution(execution);
        if let Some(record) = job.and_then(|job| self.jobs.get_mut(&job)) {
            record.executions.retain(|name| *name != execution.name);
        }
    }

    fn forget_execution(&mut self, execution: &Key) {
        for task in self.tasks_of(execution) {
            self.tasks.remove(&task);
        }
        self.executions.remove(execution);
    }
}
