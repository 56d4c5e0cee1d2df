//! The port: what the operations call, as traits for each kind of object.
//!
//! The calls of a kind stand on a ladder: [`ReadApi`] ← [`DeleteApi`] ← [`CreateApi`] ← [`ReplaceApi`], and [`IamApi`]
//! apart; what only one kind can is a trait of its own. Each operation asks for what it calls and for no more, so that
//! you need to implement no more, and a new kind breaks nobody. [`run_api::Client`] implements all of them, and so does
//! an [`Arc`] of whatever does.
//!
//! Something between the operations and the API is written once for all kinds:
//!
//! ```
//! use async_trait::async_trait;
//! use run_api::{Client, Error, ListOptions, Location, ResourceRef};
//! use run_ops::api::{Kind, Page, ReadApi};
//!
//! /// Says what is read.
//! struct Told(Client);
//!
//! #[async_trait]
//! impl<K: Kind> ReadApi<K> for Told
//! where
//!     Client: ReadApi<K>,
//! {
//!     async fn get(&self, reference: &ResourceRef<K>) -> Result<K, Error> {
//!         println!("get {}", reference.short());
//!         ReadApi::get(&self.0, reference).await
//!     }
//!
//!     async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<K>, Error> {
//!         ReadApi::list(&self.0, location, options).await
//!     }
//! }
//! ```

mod client;
mod kind;
#[cfg(any(test, feature = "mock"))]
mod mock;
mod pages;

use std::sync::Arc;

use async_trait::async_trait;
use run_api::types::{
    Configuration, DomainMapping, Execution, Instance, Job, Overrides, Policy, Revision, Route, Service,
    Status, Task, WorkerPool,
};
use run_api::{Error, ExecutionRef, InstanceRef, JobRef, ListOptions, Location, ResourceRef};

pub(crate) use kind::name;
pub use kind::{Calls, Kind};
#[cfg(any(test, feature = "mock"))]
pub use mock::{MockCloudRun, MockKind, MockVerbs};
pub use pages::Page;
pub(crate) use pages::Pages;

/// Reads objects of a kind.
#[async_trait]
pub trait ReadApi<K: Kind>: Send + Sync {
    /// Reads an object.
    async fn get(&self, reference: &ResourceRef<K>) -> Result<K, Error>;

    /// Lists a page of the objects of one region.
    async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<K>, Error>;
}

/// Deletes objects of a kind.
#[async_trait]
pub trait DeleteApi<K: Kind>: ReadApi<K> {
    /// Starts the deletion of an object.
    async fn delete(&self, reference: &ResourceRef<K>) -> Result<Status, Error>;
}

/// Creates objects of a kind.
#[async_trait]
pub trait CreateApi<K: Kind>: DeleteApi<K> {
    /// Creates an object.
    async fn create(&self, location: &Location, object: &K) -> Result<K, Error>;
}

/// Replaces objects of a kind.
#[async_trait]
pub trait ReplaceApi<K: Kind>: CreateApi<K> {
    /// Replaces an object; the server must refuse a stale `metadata.resourceVersion`.
    async fn replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error>;

    /// What [`replace`](Self::replace) would answer, by a dry run: nothing is written, and a version that is no more is
    /// refused just so.
    async fn dry_replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error>;
}

/// Who may do what with objects of a kind.
#[async_trait]
pub trait IamApi<K: Kind>: Send + Sync {
    /// Reads the IAM policy of an object, with conditions (version 3).
    async fn get_iam_policy(&self, reference: &ResourceRef<K>) -> Result<Policy, Error>;

    /// Replaces the IAM policy of an object; the server must refuse a stale etag.
    async fn set_iam_policy(&self, reference: &ResourceRef<K>, policy: Policy) -> Result<Policy, Error>;

    /// Of the given permissions, those that the caller has on an object, which need not exist.
    async fn test_iam_permissions(
        &self,
        reference: &ResourceRef<K>,
        permissions: &[&'static str],
    ) -> Result<Vec<String>, Error>;
}

/// Runs jobs.
#[async_trait]
pub trait RunJobApi: Send + Sync {
    /// Starts an execution of a job.
    async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution, Error>;
}

/// Cancels executions.
#[async_trait]
pub trait CancelExecutionApi: Send + Sync {
    /// Starts the cancellation of an execution.
    async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution, Error>;
}

/// Starts and stops instances.
#[async_trait]
pub trait InstancePowerApi: Send + Sync {
    /// Starts an instance.
    async fn start_instance(&self, instance: &InstanceRef) -> Result<Instance, Error>;

    /// Stops an instance.
    async fn stop_instance(&self, instance: &InstanceRef) -> Result<Instance, Error>;
}

/// What the operations on services call: a name for a bound. It may gain supertraits in any version; to implement it,
/// implement them.
pub trait ServiceApi: ReplaceApi<Service> + IamApi<Service> + ReadApi<Revision> {}

impl<T: ReplaceApi<Service> + IamApi<Service> + ReadApi<Revision> + ?Sized> ServiceApi for T {}

/// What the operations on jobs call: a name for a bound. It may gain supertraits in any version; to implement it,
/// implement them.
pub trait JobApi:
    ReplaceApi<Job> + IamApi<Job> + RunJobApi + DeleteApi<Execution> + CancelExecutionApi + ReadApi<Task>
{
}

impl<T> JobApi for T where
    T: ReplaceApi<Job>
        + IamApi<Job>
        + RunJobApi
        + DeleteApi<Execution>
        + CancelExecutionApi
        + ReadApi<Task>
        + ?Sized
{
}

/// The whole port, as one object: `Arc<dyn CloudRun>` can be given to [`Ops::new`](crate::Ops::new).
///
/// Whatever implements its supertraits is one. It gains supertraits with new kinds: name it where an object is stored, and
/// ask in bounds for what is called ([`ServiceApi`], or `ReadApi<Job>`).
///
/// ```
/// use std::sync::Arc;
/// use run_ops::{CloudRun, Ops};
///
/// let endpoint = run_api::Endpoint::emulator("http://127.0.0.1:1")?;
/// let client = run_api::Client::builder().endpoint(endpoint).build()?;
/// let any: Arc<dyn CloudRun> = Arc::new(client);
/// let ops = Ops::new(any);
/// # Ok::<(), run_api::Error>(())
/// ```
pub trait CloudRun:
    ServiceApi
    + JobApi
    + DeleteApi<Revision>
    + ReadApi<Configuration>
    + ReadApi<Route>
    + ReplaceApi<WorkerPool>
    + IamApi<WorkerPool>
    + ReplaceApi<Instance>
    + IamApi<Instance>
    + InstancePowerApi
    + CreateApi<DomainMapping>
{
}

impl<T> CloudRun for T where
    T: ServiceApi
        + JobApi
        + DeleteApi<Revision>
        + ReadApi<Configuration>
        + ReadApi<Route>
        + ReplaceApi<WorkerPool>
        + IamApi<WorkerPool>
        + ReplaceApi<Instance>
        + IamApi<Instance>
        + InstancePowerApi
        + CreateApi<DomainMapping>
        + ?Sized
{
}

#[async_trait]
impl<K: Kind, T: ReadApi<K> + ?Sized> ReadApi<K> for Arc<T> {
    async fn get(&self, reference: &ResourceRef<K>) -> Result<K, Error> {
        (**self).get(reference).await
    }

    async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<K>, Error> {
        (**self).list(location, options).await
    }
}

#[async_trait]
impl<K: Kind, T: DeleteApi<K> + ?Sized> DeleteApi<K> for Arc<T> {
    async fn delete(&self, reference: &ResourceRef<K>) -> Result<Status, Error> {
        (**self).delete(reference).await
    }
}

#[async_trait]
impl<K: Kind, T: CreateApi<K> + ?Sized> CreateApi<K> for Arc<T> {
    async fn create(&self, location: &Location, object: &K) -> Result<K, Error> {
        (**self).create(location, object).await
    }
}

#[async_trait]
impl<K: Kind, T: ReplaceApi<K> + ?Sized> ReplaceApi<K> for Arc<T> {
    async fn replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error> {
        (**self).replace(reference, body).await
    }

    async fn dry_replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error> {
        (**self).dry_replace(reference, body).await
    }
}

#[async_trait]
impl<K: Kind, T: IamApi<K> + ?Sized> IamApi<K> for Arc<T> {
    async fn get_iam_policy(&self, reference: &ResourceRef<K>) -> Result<Policy, Error> {
        (**self).get_iam_policy(reference).await
    }

    async fn set_iam_policy(&self, reference: &ResourceRef<K>, policy: Policy) -> Result<Policy, Error> {
        (**self).set_iam_policy(reference, policy).await
    }

    async fn test_iam_permissions(
        &self,
        reference: &ResourceRef<K>,
        permissions: &[&'static str],
    ) -> Result<Vec<String>, Error> {
        (**self).test_iam_permissions(reference, permissions).await
    }
}

#[async_trait]
impl<T: RunJobApi + ?Sized> RunJobApi for Arc<T> {
    async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution, Error> {
        (**self).run_job(job, overrides).await
    }
}

#[async_trait]
impl<T: CancelExecutionApi + ?Sized> CancelExecutionApi for Arc<T> {
    async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution, Error> {
        (**self).cancel_execution(execution).await
    }
}

#[async_trait]
impl<T: InstancePowerApi + ?Sized> InstancePowerApi for Arc<T> {
    async fn start_instance(&self, instance: &InstanceRef) -> Result<Instance, Error> {
        (**self).start_instance(instance).await
    }

    async fn stop_instance(&self, instance: &InstanceRef) -> Result<Instance, Error> {
        (**self).stop_instance(instance).await
    }
}
