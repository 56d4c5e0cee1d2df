//! Worker pools.

use super::call::DRY_RUN;
use super::{Client, ListOptions};
use crate::types::{ListWorkerPoolsResponse, Status, WorkerPool};
use crate::{Location, Result, WorkerPoolRef};

impl Client {
    /// Reads a worker pool.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_worker_pool(&self, worker_pool: &WorkerPoolRef) -> Result<WorkerPool> {
        self.call_on("get_worker_pool", worker_pool, |api, ids| async move {
            api.get_worker_pool(ids.project, ids.name, None).await
        })
        .await
    }

    /// Lists the worker pools of one region, newest first: one page, whose `metadata.continue` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_worker_pools(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListWorkerPoolsResponse> {
        let page = options.page(None);
        self.call_in("list_worker_pools", location, |api, project| async move {
            api.list_worker_pools(project, page.token, page.fields, page.labels, page.limit).await
        })
        .await
    }

    /// Creates a worker pool. The answer is the object as stored; it becomes ready later.
    ///
    /// # Errors
    /// [`is_already_exists`](crate::Error::is_already_exists) if the name is taken,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn create_worker_pool(
        &self,
        location: &Location,
        worker_pool: &WorkerPool,
    ) -> Result<WorkerPool> {
        self.send_new_worker_pool(location, worker_pool, None).await
    }

    /// Asks the server to check and default a new worker pool without storing it.
    ///
    /// # Errors
    /// As [`create_worker_pool`](Self::create_worker_pool).
    pub async fn create_worker_pool_dry_run(
        &self,
        location: &Location,
        worker_pool: &WorkerPool,
    ) -> Result<WorkerPool> {
        self.send_new_worker_pool(location, worker_pool, Some(DRY_RUN)).await
    }

    async fn send_new_worker_pool(
        &self,
        location: &Location,
        worker_pool: &WorkerPool,
        dry: Option<&str>,
    ) -> Result<WorkerPool> {
        let metadata = worker_pool.metadata.as_ref();
        self.call_for_new::<WorkerPool, _, _, _>(
            "create_worker_pool",
            location,
            metadata,
            |api, project| async move { api.create_worker_pool(project, dry, worker_pool).await },
        )
        .await
    }

    /// Replaces a worker pool with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a
    /// change made since; without one it does not check.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the version is stale,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn replace_worker_pool(
        &self,
        worker_pool: &WorkerPoolRef,
        body: &WorkerPool,
    ) -> Result<WorkerPool> {
        self.send_worker_pool(worker_pool, body, None).await
    }

    /// Asks the server to check and default a replacement without storing it.
    ///
    /// # Errors
    /// As [`replace_worker_pool`](Self::replace_worker_pool).
    pub async fn replace_worker_pool_dry_run(
        &self,
        worker_pool: &WorkerPoolRef,
        body: &WorkerPool,
    ) -> Result<WorkerPool> {
        self.send_worker_pool(worker_pool, body, Some(DRY_RUN)).await
    }

    async fn send_worker_pool(
        &self,
        worker_pool: &WorkerPoolRef,
        body: &WorkerPool,
        dry: Option<&str>,
    ) -> Result<WorkerPool> {
        self.call_on("replace_worker_pool", worker_pool, |api, ids| async move {
            api.replace_worker_pool(ids.project, ids.name, dry, body).await
        })
        .await
    }

    /// Starts the deletion of a worker pool and all its revisions. It goes on after the answer.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_worker_pool(&self, worker_pool: &WorkerPoolRef) -> Result<Status> {
        self.remove_worker_pool(worker_pool, None).await
    }

    /// Asks the server whether it would delete a worker pool, without doing so.
    ///
    /// # Errors
    /// As [`delete_worker_pool`](Self::delete_worker_pool).
    pub async fn delete_worker_pool_dry_run(&self, worker_pool: &WorkerPoolRef) -> Result<Status> {
        self.remove_worker_pool(worker_pool, Some(DRY_RUN)).await
    }

    async fn remove_worker_pool(&self, worker_pool: &WorkerPoolRef, dry: Option<&str>) -> Result<Status> {
        self.call_on("delete_worker_pool", worker_pool, |api, ids| async move {
            api.delete_worker_pool(ids.project, ids.name, dry).await
        })
        .await
    }
}
