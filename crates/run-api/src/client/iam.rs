//! Access to services, jobs, worker pools and instances.

use super::Client;
use crate::types::{Policy, SetIamPolicyRequest, TestIamPermissionsRequest};
use crate::{InstanceRef, JobRef, Result, ServiceRef, WorkerPoolRef};

/// The policy version that carries conditions; a reader that asks for less gets none and would delete them.
/// (Source: <https://cloud.google.com/iam/docs/policies#versions>)
const POLICY_VERSION: i32 = 3;

impl Client {
    /// Reads the IAM policy of a service, conditions included. A service that never had one has an empty
    /// policy with an etag.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such service.
    pub async fn get_service_iam_policy(&self, service: &ServiceRef) -> Result<Policy> {
        self.call_on_globally("get_service_iam_policy", service, |api, ids| async move {
            api.get_service_iam_policy(ids.project, ids.region, ids.name, None, Some(POLICY_VERSION)).await
        })
        .await
    }

    /// Replaces the IAM policy of a service. With the etag of the policy that was read, the server refuses to
    /// overwrite a change made since; without one it does not check. run-ops' `grant_invoker` does the whole
    /// read-modify-write.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the etag is stale,
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) if an organisation policy forbids a
    /// member.
    pub async fn set_service_iam_policy(&self, service: &ServiceRef, policy: Policy) -> Result<Policy> {
        let body = replacement(policy);
        self.call_on_globally("set_service_iam_policy", service, |api, ids| async move {
            api.set_service_iam_policy(ids.project, ids.region, ids.name, &body).await
        })
        .await
    }

    /// Of the given permissions, those that the caller has on a service. The question itself needs none.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_service_iam_permissions(
        &self,
        service: &ServiceRef,
        permissions: &[&str],
    ) -> Result<Vec<String>> {
        let body = question(permissions);
        self.call_on("test_service_iam_permissions", service, |api, ids| async move {
            api.test_service_iam_permissions(ids.project, ids.region, ids.name, &body).await
        })
        .await
        .map(|answer| answer.permissions)
    }

    /// Reads the IAM policy of a job, conditions included. A job that never had one has an empty
    /// policy with an etag.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such job.
    pub async fn get_job_iam_policy(&self, job: &JobRef) -> Result<Policy> {
        self.call_on_globally("get_job_iam_policy", job, |api, ids| async move {
            api.get_job_iam_policy(ids.project, ids.region, ids.name, None, Some(POLICY_VERSION)).await
        })
        .await
    }

    /// Replaces the IAM policy of a job. With the etag of the policy that was read, the server refuses to
    /// overwrite a change made since; without one it does not check.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the etag is stale,
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) if an organisation policy forbids a
    /// member.
    pub async fn set_job_iam_policy(&self, job: &JobRef, policy: Policy) -> Result<Policy> {
        let body = replacement(policy);
        self.call_on_globally("set_job_iam_policy", job, |api, ids| async move {
            api.set_job_iam_policy(ids.project, ids.region, ids.name, &body).await
        })
        .await
    }

    /// Of the given permissions, those that the caller has on a job. The question itself needs none.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_job_iam_permissions(&self, job: &JobRef, permissions: &[&str]) -> Result<Vec<String>> {
        let body = question(permissions);
        self.call_on("test_job_iam_permissions", job, |api, ids| async move {
            api.test_job_iam_permissions(ids.project, ids.region, ids.name, &body).await
        })
        .await
        .map(|answer| answer.permissions)
    }

    /// Reads the IAM policy of a worker pool, conditions included. A worker pool that never had one has an empty
    /// policy with an etag.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such worker pool.
    pub async fn get_worker_pool_iam_policy(&self, worker_pool: &WorkerPoolRef) -> Result<Policy> {
        self.call_on_globally("get_worker_pool_iam_policy", worker_pool, |api, ids| async move {
            api.get_worker_pool_iam_policy(ids.project, ids.region, ids.name, None, Some(POLICY_VERSION))
                .await
        })
        .await
    }

    /// Replaces the IAM policy of a worker pool. With the etag of the policy that was read, the server refuses to
    /// overwrite a change made since; without one it does not check.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the etag is stale,
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) if an organisation policy forbids a
    /// member.
    pub async fn set_worker_pool_iam_policy(
        &self,
        worker_pool: &WorkerPoolRef,
        policy: Policy,
    ) -> Result<Policy> {
        let body = replacement(policy);
        self.call_on_globally("set_worker_pool_iam_policy", worker_pool, |api, ids| async move {
            api.set_worker_pool_iam_policy(ids.project, ids.region, ids.name, &body).await
        })
        .await
    }

    /// Of the given permissions, those that the caller has on a worker pool. The question itself needs none.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_worker_pool_iam_permissions(
        &self,
        worker_pool: &WorkerPoolRef,
        permissions: &[&str],
    ) -> Result<Vec<String>> {
        let body = question(permissions);
        self.call_on("test_worker_pool_iam_permissions", worker_pool, |api, ids| async move {
            api.test_worker_pool_iam_permissions(ids.project, ids.region, ids.name, &body).await
        })
        .await
        .map(|answer| answer.permissions)
    }

    /// Reads the IAM policy of an instance, conditions included. An instance that never had one has an empty
    /// policy with an etag.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such instance.
    pub async fn get_instance_iam_policy(&self, instance: &InstanceRef) -> Result<Policy> {
        self.call_on_globally("get_instance_iam_policy", instance, |api, ids| async move {
            api.get_instance_iam_policy(ids.project, ids.region, ids.name, None, Some(POLICY_VERSION)).await
        })
        .await
    }

    /// Replaces the IAM policy of an instance. With the etag of the policy that was read, the server refuses to
    /// overwrite a change made since; without one it does not check.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the etag is stale,
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) if an organisation policy forbids a
    /// member.
    pub async fn set_instance_iam_policy(&self, instance: &InstanceRef, policy: Policy) -> Result<Policy> {
        let body = replacement(policy);
        self.call_on_globally("set_instance_iam_policy", instance, |api, ids| async move {
            api.set_instance_iam_policy(ids.project, ids.region, ids.name, &body).await
        })
        .await
    }

    /// Of the given permissions, those that the caller has on an instance. The question itself needs none.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_instance_iam_permissions(
        &self,
        instance: &InstanceRef,
        permissions: &[&str],
    ) -> Result<Vec<String>> {
        let body = question(permissions);
        self.call_on("test_instance_iam_permissions", instance, |api, ids| async move {
            api.test_instance_iam_permissions(ids.project, ids.region, ids.name, &body).await
        })
        .await
        .map(|answer| answer.permissions)
    }
}

fn replacement(policy: Policy) -> SetIamPolicyRequest {
    SetIamPolicyRequest { policy: Some(policy), ..SetIamPolicyRequest::default() }
}

fn question(permissions: &[&str]) -> TestIamPermissionsRequest {
    TestIamPermissionsRequest {
        permissions: permissions.iter().map(|&permission| permission.to_owned()).collect(),
    }
}
