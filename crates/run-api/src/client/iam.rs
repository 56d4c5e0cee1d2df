//! Access to services, jobs, worker pools and instances.

use super::core::Client;
use crate::types::Policy;
use crate::{InstanceRef, JobRef, Result, ServiceRef, WorkerPoolRef};

impl Client {
    /// Reads the IAM policy of a service, conditions included.
    ///
    /// # Errors
    /// As [`get_iam_policy`](Self::get_iam_policy).
    pub async fn get_service_iam_policy(&self, service: &ServiceRef) -> Result<Policy> {
        self.get_iam_policy(service).await
    }

    /// Replaces the IAM policy of a service.
    ///
    /// # Errors
    /// As [`set_iam_policy`](Self::set_iam_policy).
    pub async fn set_service_iam_policy(&self, service: &ServiceRef, policy: Policy) -> Result<Policy> {
        self.set_iam_policy(service, policy).await
    }

    /// Of the given permissions, those that the caller has on a service.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_service_iam_permissions(
        &self,
        service: &ServiceRef,
        permissions: &[&str],
    ) -> Result<Vec<String>> {
        self.test_iam_permissions(service, permissions).await
    }

    /// Reads the IAM policy of a job, conditions included.
    ///
    /// # Errors
    /// As [`get_iam_policy`](Self::get_iam_policy).
    pub async fn get_job_iam_policy(&self, job: &JobRef) -> Result<Policy> {
        self.get_iam_policy(job).await
    }

    /// Replaces the IAM policy of a job.
    ///
    /// # Errors
    /// As [`set_iam_policy`](Self::set_iam_policy).
    pub async fn set_job_iam_policy(&self, job: &JobRef, policy: Policy) -> Result<Policy> {
        self.set_iam_policy(job, policy).await
    }

    /// Of the given permissions, those that the caller has on a job.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_job_iam_permissions(&self, job: &JobRef, permissions: &[&str]) -> Result<Vec<String>> {
        self.test_iam_permissions(job, permissions).await
    }

    /// Reads the IAM policy of a worker pool, conditions included.
    ///
    /// # Errors
    /// As [`get_iam_policy`](Self::get_iam_policy).
    pub async fn get_worker_pool_iam_policy(&self, worker_pool: &WorkerPoolRef) -> Result<Policy> {
        self.get_iam_policy(worker_pool).await
    }

    /// Replaces the IAM policy of a worker pool.
    ///
    /// # Errors
    /// As [`set_iam_policy`](Self::set_iam_policy).
    pub async fn set_worker_pool_iam_policy(
        &self,
        worker_pool: &WorkerPoolRef,
        policy: Policy,
    ) -> Result<Policy> {
        self.set_iam_policy(worker_pool, policy).await
    }

    /// Of the given permissions, those that the caller has on a worker pool.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_worker_pool_iam_permissions(
        &self,
        worker_pool: &WorkerPoolRef,
        permissions: &[&str],
    ) -> Result<Vec<String>> {
        self.test_iam_permissions(worker_pool, permissions).await
    }

    /// Reads the IAM policy of an instance, conditions included.
    ///
    /// # Errors
    /// As [`get_iam_policy`](Self::get_iam_policy).
    pub async fn get_instance_iam_policy(&self, instance: &InstanceRef) -> Result<Policy> {
        self.get_iam_policy(instance).await
    }

    /// Replaces the IAM policy of an instance.
    ///
    /// # Errors
    /// As [`set_iam_policy`](Self::set_iam_policy).
    pub async fn set_instance_iam_policy(&self, instance: &InstanceRef, policy: Policy) -> Result<Policy> {
        self.set_iam_policy(instance, policy).await
    }

    /// Of the given permissions, those that the caller has on an instance.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_instance_iam_permissions(
        &self,
        instance: &InstanceRef,
        permissions: &[&str],
    ) -> Result<Vec<String>> {
        self.test_iam_permissions(instance, permissions).await
    }
}
