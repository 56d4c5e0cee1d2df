//! Tasks of executions.

use super::{Client, ListOptions};
use crate::types::{ListTasksResponse, Task};
use crate::{Location, Result, TaskRef};

impl Client {
    /// Reads a task.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_task(&self, task: &TaskRef) -> Result<Task> {
        self.call_on(
            "get_task",
            task,
            |api, ids| async move { api.get_task(ids.project, ids.name, None).await },
        )
        .await
    }

    /// Lists the tasks of one region: one page, whose `metadata.continue` names the next.
    /// Those of one execution have the label `run.googleapis.com/execution`.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_tasks(&self, location: &Location, options: &ListOptions) -> Result<ListTasksResponse> {
        let page = options.page(None);
        self.call_in("list_tasks", location, |api, project| async move {
            api.list_tasks(project, page.token, None, page.fields, None, page.labels, page.limit, None, None)
                .await
        })
        .await
    }
}
