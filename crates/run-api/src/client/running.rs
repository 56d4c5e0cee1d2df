//! What runs without being asked over HTTP: jobs with their executions and tasks, worker pools, instances.

use super::call::{Call, DRY_RUN};
use super::core::Client;
use super::doubt;
use super::options::{ListOptions, WriteOptions};
use crate::methods::Operation;
use crate::types::{
    CancelExecutionRequest, Execution, Instance, Job, Overrides, RunJobRequest, StartInstanceRequest, Status,
    StopInstanceRequest, Task, WorkerPool,
};
use crate::{ExecutionRef, InstanceRef, JobRef, List, Location, Result, TaskRef, WorkerPoolRef};

impl Client {
    /// Reads a job; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_job(&self, job: &JobRef) -> Result<Job> {
        self.get(job).await
    }

    /// Lists a page of the jobs of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_jobs(&self, location: &Location, options: &ListOptions) -> Result<List<Job>> {
        self.list(location, options).await
    }

    /// Creates a job. Nothing runs yet.
    ///
    /// # Errors
    /// As [`create`](Self::create), which has options.
    pub async fn create_job(&self, location: &Location, job: &Job) -> Result<Job> {
        self.create(location, job, &WriteOptions::default()).await
    }

    /// Replaces a job with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a change made
    /// since; without one it does not check. Running executions are not affected.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), which has options.
    pub async fn replace_job(&self, job: &JobRef, body: &Job) -> Result<Job> {
        self.replace(job, body, &WriteOptions::default()).await
    }

    /// Starts the deletion of a job and all its executions. It goes on after the answer: the job is gone when reading it
    /// says not found.
    ///
    /// # Errors
    /// As [`delete`](Self::delete), which has options.
    pub async fn delete_job(&self, job: &JobRef) -> Result<Status> {
        self.delete(job, &WriteOptions::default()).await
    }

    /// Starts an execution of a job, with overrides for this execution alone if there are any.
    ///
    /// Every request that is applied is one more execution: after an error that
    /// [`may_have_been_applied`](crate::Error::may_have_been_applied), look at the job's executions before another try.
    ///
    /// # Errors
    /// [`is_rate_limited`](crate::Error::is_rate_limited) if too many executions are running,
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such job.
    pub async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution> {
        let call = Call::on(Operation::RunJob, job).body(&RunJobRequest { overrides });
        self.send_doubting(call, |begun| doubt::of_object::<Execution>(begun, None)).await
    }

    /// Reads an execution; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_execution(&self, execution: &ExecutionRef) -> Result<Execution> {
        self.get(execution).await
    }

    /// Lists a page of the executions of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions. Those of one job have the label `run.googleapis.com/job`.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_executions(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<List<Execution>> {
        self.list(location, options).await
    }

    /// Starts the deletion of an execution and its tasks; a running one is cancelled. There is no dry run of it.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    pub async fn delete_execution(&self, execution: &ExecutionRef) -> Result<Status> {
        self.delete(execution, &WriteOptions::default()).await
    }

    /// Starts the cancellation of an execution. It is cancelled when its condition `Completed` says so.
    ///
    /// # Errors
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) if it has finished,
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution> {
        let call = Call::on(Operation::CancelExecution, execution);
        let (call, name) = (call.body(&CancelExecutionRequest::default()), execution.name.as_ref());
        self.send_doubting(call, |found| doubt::of_object::<Execution>(found, Some(name))).await
    }

    /// Reads a task; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_task(&self, task: &TaskRef) -> Result<Task> {
        self.get(task).await
    }

    /// Lists a page of the tasks of one region; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions. Those of one execution have the label `run.googleapis.com/execution`.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_tasks(&self, location: &Location, options: &ListOptions) -> Result<List<Task>> {
        self.list(location, options).await
    }

    /// Reads a worker pool; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_worker_pool(&self, worker_pool: &WorkerPoolRef) -> Result<WorkerPool> {
        self.get(worker_pool).await
    }

    /// Lists a page of the worker pools of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_worker_pools(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<List<WorkerPool>> {
        self.list(location, options).await
    }

    /// Creates a worker pool. The answer is the object as stored; it becomes ready later.
    ///
    /// # Errors
    /// As [`create`](Self::create), which has options.
    pub async fn create_worker_pool(
        &self,
        location: &Location,
        worker_pool: &WorkerPool,
    ) -> Result<WorkerPool> {
        self.create(location, worker_pool, &WriteOptions::default()).await
    }

    /// Replaces a worker pool with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a change made
    /// since; without one it does not check.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), which has options.
    pub async fn replace_worker_pool(
        &self,
        worker_pool: &WorkerPoolRef,
        body: &WorkerPool,
    ) -> Result<WorkerPool> {
        self.replace(worker_pool, body, &WriteOptions::default()).await
    }

    /// Starts the deletion of a worker pool and all its revisions. It goes on after the answer.
    ///
    /// # Errors
    /// As [`delete`](Self::delete), which has options.
    pub async fn delete_worker_pool(&self, worker_pool: &WorkerPoolRef) -> Result<Status> {
        self.delete(worker_pool, &WriteOptions::default()).await
    }

    /// Reads an instance; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_instance(&self, instance: &InstanceRef) -> Result<Instance> {
        self.get(instance).await
    }

    /// Lists a page of the instances of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_instances(&self, location: &Location, options: &ListOptions) -> Result<List<Instance>> {
        self.list(location, options).await
    }

    /// Creates an instance. The answer is the object as stored; it becomes ready later.
    ///
    /// # Errors
    /// As [`create`](Self::create), which has options.
    pub async fn create_instance(&self, location: &Location, instance: &Instance) -> Result<Instance> {
        self.create(location, instance, &WriteOptions::default()).await
    }

    /// Replaces an instance with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a change made
    /// since; without one it does not check.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), which has options.
    pub async fn replace_instance(&self, instance: &InstanceRef, body: &Instance) -> Result<Instance> {
        self.replace(instance, body, &WriteOptions::default()).await
    }

    /// Starts the deletion of an instance. It goes on after the answer.
    ///
    /// # Errors
    /// As [`delete`](Self::delete), which has options.
    pub async fn delete_instance(&self, instance: &InstanceRef) -> Result<Status> {
        self.delete(instance, &WriteOptions::default()).await
    }

    /// Starts an instance.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn start_instance(&self, instance: &InstanceRef, options: &WriteOptions) -> Result<Instance> {
        let body = StartInstanceRequest { dry_run: in_body(options) };
        self.send(Call::on(Operation::StartInstance, instance).body(&body)).await
    }

    /// Stops an instance.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn stop_instance(&self, instance: &InstanceRef, options: &WriteOptions) -> Result<Instance> {
        let body = StopInstanceRequest { dry_run: in_body(options) };
        self.send(Call::on(Operation::StopInstance, instance).body(&body)).await
    }
}

/// Where the API wants the wish for a dry run in the body.
fn in_body(options: &WriteOptions) -> Option<String> {
    options.dry_run.then(|| DRY_RUN.to_owned())
}
