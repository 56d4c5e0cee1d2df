//! Jobs, their executions, and the tasks of those: how they are found from each other, and removed together.

use run_api::types::Task;

use super::key::Key;
use super::kinds::Tables;
use super::memory::Store;
use super::records::ExecutionRecord;
use crate::conditions::Is;

/// The key of a task.
pub(crate) fn task_key(execution: &Key, index: i32) -> Key {
    execution.sibling(format!("{}-task{index}", execution.name))
}

/// The index of a task; the API leaves a zero out.
pub(crate) fn index(task: &Task) -> i32 {
    task.status.as_ref().and_then(|status| status.index).unwrap_or(0)
}

impl Tables {
    /// The keys of an execution's tasks, by index.
    pub(crate) fn tasks_of(&self, execution: &Key) -> Vec<Key> {
        let count = self.executions.get(execution).map_or(0, ExecutionRecord::task_count);
        (0..count).map(|index| task_key(execution, index)).collect()
    }
}

impl Store {
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
        let Some(record) = self.executions.remove(execution) else { return };
        // Each container of an imported execution was pinned once.
        if record.has("ContainerReady", Is::True) {
            for image in record.containers().iter().filter_map(|container| container.image.as_deref()) {
                self.references.release(image);
            }
        }
    }
}
