//! Executions of jobs.

use super::list::Page;
use super::{Client, FieldMask, ListOptions, Partial};
use crate::types::{CancelExecutionRequest, Execution, ListExecutionsResponse, Status};
use crate::{ExecutionRef, Location, Result};

impl Client {
    /// Reads an execution.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_execution(&self, execution: &ExecutionRef) -> Result<Execution> {
        self.read_execution(execution, None).await
    }

    /// Reads some fields of an execution.
    ///
    /// # Errors
    /// As [`get_execution`](Self::get_execution).
    pub async fn get_execution_fields(
        &self,
        execution: &ExecutionRef,
        fields: &FieldMask,
    ) -> Result<Partial<Execution>> {
        self.read_execution(execution, Some(fields.as_str())).await.map(Partial::new)
    }

    async fn read_execution(&self, execution: &ExecutionRef, fields: Option<&str>) -> Result<Execution> {
        self.call_on("get_execution", execution, |api, ids| async move {
            api.get_execution(ids.project, ids.name, fields).await
        })
        .await
    }

    /// Lists the executions of one region, newest first: one page, whose `metadata.continue` names the next.
    /// Those of one job have the label `run.googleapis.com/job`.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_executions(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListExecutionsResponse> {
        self.executions_page(location, options.page(None)).await
    }

    /// Lists some fields of the executions of one region.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_executions_fields(
        &self,
        location: &Location,
        options: &ListOptions,
        fields: &FieldMask,
    ) -> Result<Partial<ListExecutionsResponse>> {
        self.executions_page(location, options.page(Some(fields))).await.map(Partial::new)
    }

    async fn executions_page(&self, location: &Location, page: Page<'_>) -> Result<ListExecutionsResponse> {
        self.call_in("list_executions", location, |api, project| async move {
            api.list_executions(
                project,
                page.token,
                None,
                page.fields,
                None,
                page.labels,
                page.limit,
                None,
                None,
            )
            .await
        })
        .await
    }

    /// Starts the deletion of an execution and its tasks; a running one is cancelled.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_execution(&self, execution: &ExecutionRef) -> Result<Status> {
        self.call_on("delete_execution", execution, |api, ids| async move {
            api.delete_execution(ids.project, ids.name, None, None, None).await
        })
        .await
    }

    /// Starts the cancellation of an execution. It is cancelled when its condition `Completed` says so.
    ///
    /// # Errors
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) if it has finished,
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution> {
        let body = CancelExecutionRequest::default();
        self.call_on("cancel_execution", execution, |api, ids| async move {
            api.cancel_execution(ids.project, ids.name, &body).await
        })
        .await
    }
}
