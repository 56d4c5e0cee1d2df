//! The calls that the operations need.

use std::sync::Arc;

use async_trait::async_trait;
use run_api::types::{ListRevisionsResponse, Policy, Revision, Service, Status};
use run_api::{Client, Error, ListOptions, Location, RevisionRef, ServiceRef};

/// The part of the Cloud Run Admin API that [`Ops`](crate::Ops) calls.
///
/// [`run_api::Client`] implements it, and `Arc<dyn CloudRun>` is one, too. Implement it to put something between
/// the operations and the API; with the feature `mock` there is a `MockCloudRun` for tests.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait CloudRun: Send + Sync {
    /// Reads a service.
    async fn get_service(&self, service: &ServiceRef) -> Result<Service, Error>;

    /// Creates a service.
    async fn create_service(&self, location: &Location, service: &Service) -> Result<Service, Error>;

    /// Replaces a service; the server must refuse a stale `metadata.resourceVersion`.
    async fn replace_service(&self, service: &ServiceRef, body: &Service) -> Result<Service, Error>;

    /// Starts the deletion of a service.
    async fn delete_service(&self, service: &ServiceRef) -> Result<Status, Error>;

    /// Reads a revision.
    async fn get_revision(&self, revision: &RevisionRef) -> Result<Revision, Error>;

    /// Lists a page of revisions.
    async fn list_revisions(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListRevisionsResponse, Error>;

    /// Reads the IAM policy of a service, with conditions (version 3).
    async fn get_service_iam_policy(&self, service: &ServiceRef) -> Result<Policy, Error>;

    /// Replaces the IAM policy of a service; the server must refuse a stale etag.
    async fn set_service_iam_policy(&self, service: &ServiceRef, policy: Policy) -> Result<Policy, Error>;

    /// Of the given permissions, those that the caller has on a service. The service need not exist.
    async fn test_service_iam_permissions(
        &self,
        service: &ServiceRef,
        permissions: &[&'static str],
    ) -> Result<Vec<String>, Error>;
}

/// Implements the trait by the methods of the same names on `$target`.
macro_rules! forward {
    ([$($generics:tt)*] $implementor:ty, $self:ident => $target:expr) => {
        #[async_trait]
        impl<$($generics)*> CloudRun for $implementor {
            async fn get_service(&$self, service: &ServiceRef) -> Result<Service, Error> {
                $target.get_service(service).await
            }

            async fn create_service(&$self, location: &Location, service: &Service) -> Result<Service, Error> {
                $target.create_service(location, service).await
            }

            async fn replace_service(&$self, service: &ServiceRef, body: &Service) -> Result<Service, Error> {
                $target.replace_service(service, body).await
            }

            async fn delete_service(&$self, service: &ServiceRef) -> Result<Status, Error> {
                $target.delete_service(service).await
            }

            async fn get_revision(&$self, revision: &RevisionRef) -> Result<Revision, Error> {
                $target.get_revision(revision).await
            }

            async fn list_revisions(
                &$self,
                location: &Location,
                options: &ListOptions,
            ) -> Result<ListRevisionsResponse, Error> {
                $target.list_revisions(location, options).await
            }

            async fn get_service_iam_policy(&$self, service: &ServiceRef) -> Result<Policy, Error> {
                $target.get_service_iam_policy(service).await
            }

            async fn set_service_iam_policy(&$self, service: &ServiceRef, policy: Policy) -> Result<Policy, Error> {
                $target.set_service_iam_policy(service, policy).await
            }

            async fn test_service_iam_permissions(
                &$self,
                service: &ServiceRef,
                permissions: &[&'static str],
            ) -> Result<Vec<String>, Error> {
                $target.test_service_iam_permissions(service, permissions).await
            }
        }
    };
}

// Inherent methods win over the trait's, so this forwards to the client and not to itself.
forward!([] Client, self => self);
forward!([T: CloudRun + ?Sized] Arc<T>, self => (**self));
