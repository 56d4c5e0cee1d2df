//! Jobs.

use super::call::DRY_RUN;
use super::list::Page;
use super::{Client, FieldMask, ListOptions, Partial};
use crate::types::{Execution, Job, ListJobsResponse, Overrides, RunJobRequest, Status};
use crate::{JobRef, Location, ProjectId, Result};

impl Client {
    /// Reads a job.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name; without permission to read,
    /// the API says [`is_permission_denied`](crate::Error::is_permission_denied) whether there is one or not.
    pub async fn get_job(&self, job: &JobRef) -> Result<Job> {
        self.read_job(job, None).await
    }

    /// Reads some fields of a job.
    ///
    /// # Errors
    /// As [`get_job`](Self::get_job).
    pub async fn get_job_fields(&self, job: &JobRef, fields: &FieldMask) -> Result<Partial<Job>> {
        self.read_job(job, Some(fields.as_str())).await.map(Partial::new)
    }

    async fn read_job(&self, job: &JobRef, fields: Option<&str>) -> Result<Job> {
        self.call_on(
            "get_job",
            job,
            |api, ids| async move { api.get_job(ids.project, ids.name, fields).await },
        )
        .await
    }

    /// Lists the jobs of one region, newest first: one page, whose `metadata.continue` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_jobs(&self, location: &Location, options: &ListOptions) -> Result<ListJobsResponse> {
        self.jobs_page(location, options.page(None)).await
    }

    /// Lists some fields of the jobs of one region.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_jobs_fields(
        &self,
        location: &Location,
        options: &ListOptions,
        fields: &FieldMask,
    ) -> Result<Partial<ListJobsResponse>> {
        self.jobs_page(location, options.page(Some(fields))).await.map(Partial::new)
    }

    async fn jobs_page(&self, location: &Location, page: Page<'_>) -> Result<ListJobsResponse> {
        self.call_in("list_jobs", location, |api, project| async move {
            api.list_jobs(project, page.token, None, page.fields, None, page.labels, page.limit, None, None)
                .await
        })
        .await
    }

    /// Lists the jobs of all regions. `unreachable` names the regions that are missing from the answer.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_jobs_in_all_regions(
        &self,
        project: &ProjectId,
        options: &ListOptions,
    ) -> Result<ListJobsResponse> {
        let page = options.page(None);
        self.call_in_all_regions("list_jobs", project, |api, project| async move {
            api.list_jobs(project, page.token, None, None, None, page.labels, page.limit, None, None).await
        })
        .await
    }

    /// Creates a job. Nothing runs yet.
    ///
    /// # Errors
    /// [`is_already_exists`](crate::Error::is_already_exists) if the name is taken,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn create_job(&self, location: &Location, job: &Job) -> Result<Job> {
        self.send_new_job(location, job, None).await
    }

    /// Asks the server to check and default a new job without storing it.
    ///
    /// # Errors
    /// As [`create_job`](Self::create_job).
    pub async fn create_job_dry_run(&self, location: &Location, job: &Job) -> Result<Job> {
        self.send_new_job(location, job, Some(DRY_RUN)).await
    }

    async fn send_new_job(&self, location: &Location, job: &Job, dry: Option<&str>) -> Result<Job> {
        let metadata = job.metadata.as_ref();
        self.call_for_new::<Job, _, _, _>("create_job", location, metadata, |api, project| async move {
            api.create_job(project, dry, job).await
        })
        .await
    }

    /// Replaces a job with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a
    /// change made since; without one it does not check. Running executions are not affected.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the version is stale,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn replace_job(&self, job: &JobRef, body: &Job) -> Result<Job> {
        self.send_job(job, body, None).await
    }

    /// Asks the server to check and default a replacement without storing it.
    ///
    /// # Errors
    /// As [`replace_job`](Self::replace_job).
    pub async fn replace_job_dry_run(&self, job: &JobRef, body: &Job) -> Result<Job> {
        self.send_job(job, body, Some(DRY_RUN)).await
    }

    async fn send_job(&self, job: &JobRef, body: &Job, dry: Option<&str>) -> Result<Job> {
        self.call_on("replace_job", job, |api, ids| async move {
            api.replace_job(ids.project, ids.name, dry, body).await
        })
        .await
    }

    /// Starts the deletion of a job and all its executions. It goes on after the answer: the job is gone when
    /// reading it says not found.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_job(&self, job: &JobRef) -> Result<Status> {
        self.remove_job(job, None).await
    }

    /// Asks the server whether it would delete a job, without doing so.
    ///
    /// # Errors
    /// As [`delete_job`](Self::delete_job).
    pub async fn delete_job_dry_run(&self, job: &JobRef) -> Result<Status> {
        self.remove_job(job, Some(DRY_RUN)).await
    }

    async fn remove_job(&self, job: &JobRef, dry: Option<&str>) -> Result<Status> {
        self.call_on("delete_job", job, |api, ids| async move {
            api.delete_job(ids.project, ids.name, None, dry, None, None).await
        })
        .await
    }

    /// Starts an execution of a job, with overrides for this execution alone if there are any.
    ///
    /// Every request that is applied is one more execution: after an error that
    /// [`may_have_been_applied`](crate::Error::may_have_been_applied), look at the job's executions before
    /// another try.
    ///
    /// # Errors
    /// [`is_rate_limited`](crate::Error::is_rate_limited) if too many executions are running,
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such job.
    pub async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution> {
        let body = RunJobRequest { overrides };
        self.call_on(
            "run_job",
            job,
            |api, ids| async move { api.run_job(ids.project, ids.name, &body).await },
        )
        .await
    }
}
