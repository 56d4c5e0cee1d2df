//! Handles: what can be done with the objects of one kind.

use std::fmt;
use std::marker::PhantomData;

use run_api::types::{
    Configuration, DomainMapping, Execution, Instance, Job, Overrides, Policy, Revision, Route, Service,
    Task, WorkerPool,
};
use run_api::{ExecutionRef, InstanceRef, JobRef, ListOptions, Location, ResourceRef};

use crate::api::{
    CancelExecutionApi, CreateApi, DeleteApi, IamApi, InstancePowerApi, Kind, Page, ReadApi, ReplaceApi,
    RunJobApi, ServiceApi,
};
use crate::edit::Edit;
use crate::{
    Deadline, Deletion, DeployRequest, Deployed, Grant, Member, Mend, Ops, RepairPlan, Result, Run,
    TrafficChange, Written,
};

/// The operations on objects of one kind: a view of an [`Ops`], as made by [`Ops::services`], [`Ops::jobs`] and so on.
///
/// It is a small value: copy it. A method is there if the API has the call. Most are those of [`Ops`], where a reference tells the kind, too; they are
/// described there.
///
/// ```
/// # fixture::emulated(async |client| {
/// use std::time::Duration;
/// use run_ops::{Deadline, Ops, edit};
///
/// let (here, nightly) = (client.location()?.clone(), client.job("nightly")?);
/// let ops = Ops::new(client);
/// let jobs = ops.jobs();
/// jobs.create(&nightly, edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly)?).await?;
/// assert_eq!(jobs.list(&here).await?.len(), 1);
/// let execution = jobs.execute(&nightly, None, Deadline::after(Duration::from_secs(60))).await?;
/// jobs.delete(&nightly, Deadline::after(Duration::from_secs(60))).await?;
/// assert!(!jobs.exists(&nightly).await?);
/// # Ok(()) })
/// ```
pub struct Handle<'a, K, C> {
    ops: &'a Ops<C>,
    kind: PhantomData<fn() -> K>,
}

impl<K, C> Clone for Handle<'_, K, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, C> Copy for Handle<'_, K, C> {}

impl<K: Kind, C> fmt::Debug for Handle<'_, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("kind", &K::KIND).finish_non_exhaustive()
    }
}

macro_rules! handles {
    ($($name:ident: $kind:ident, $what:literal;)*) => {
        impl<C> Ops<C> {
            $(
                #[doc = concat!("The operations on ", $what, ".")]
                #[must_use]
                pub fn $name(&self) -> Handle<'_, $kind, C> {
                    Handle { ops: self, kind: PhantomData }
                }
            )*
        }
    };
}

handles! {
    services: Service, "services";
    revisions: Revision, "revisions of services and worker pools";
    configurations: Configuration, "the configurations that services have";
    routes: Route, "the routes that services have";
    jobs: Job, "jobs";
    executions: Execution, "executions of jobs";
    tasks: Task, "tasks of executions";
    worker_pools: WorkerPool, "worker pools";
    instances: Instance, "instances";
    domain_mappings: DomainMapping, "domain mappings";
}

impl<'a, K: Kind, C: ReadApi<K>> Handle<'a, K, C> {
    /// Reads an object; see [`Ops::get`].
    ///
    /// # Errors
    /// As there.
    pub async fn get(self, reference: &ResourceRef<K>) -> Result<K> {
        self.ops.get(reference).await
    }

    /// Reads an object, if there is one; see [`Ops::find`].
    ///
    /// # Errors
    /// As there.
    pub async fn find(self, reference: &ResourceRef<K>) -> Result<Option<K>> {
        self.ops.find(reference).await
    }

    /// Whether there is such an object; see [`Ops::exists`].
    ///
    /// # Errors
    /// As there.
    pub async fn exists(self, reference: &ResourceRef<K>) -> Result<bool> {
        self.ops.exists(reference).await
    }

    /// All objects of a region; see [`Ops::list`].
    ///
    /// # Errors
    /// As there.
    pub async fn list(self, location: &Location) -> Result<Vec<K>> {
        self.ops.list(location, &ListOptions::default()).await
    }

    /// All objects of a region that have these labels, such as `team=data,stage!=test`; see [`Ops::list`].
    ///
    /// # Errors
    /// As there.
    pub async fn list_labelled(self, location: &Location, selector: &str) -> Result<Vec<K>> {
        self.ops.list(location, &ListOptions::labelled(selector)).await
    }

    /// One page of a list; see [`Ops::list_page`].
    ///
    /// # Errors
    /// As there.
    pub async fn list_page(self, location: &Location, options: &ListOptions) -> Result<Page<K>> {
        self.ops.list_page(location, options).await
    }

    /// The state as it is now, as something to wait for; see [`Ops::current`].
    ///
    /// # Errors
    /// As there.
    pub async fn current(self, reference: &ResourceRef<K>) -> Result<Written<K>> {
        self.ops.current(reference).await
    }

    /// An object, to be waited on with [`Ops::wait`]; see [`Ops::watch`].
    #[must_use]
    pub fn watch(self, reference: &ResourceRef<K>) -> crate::wait::ObjectSource<'a, K, C> {
        self.ops.watch(reference)
    }
}

impl<K: Kind, C: ReadApi<K> + ReadApi<Revision>> Handle<'_, K, C> {
    /// Waits until what a write made is ready, completed with success, or running; see [`Ops::wait_until_ready`].
    ///
    /// # Errors
    /// As there.
    pub async fn wait_until_ready(self, written: &Written<K>, deadline: Deadline) -> Result<K> {
        self.ops.wait_until_ready(written, deadline).await
    }
}

impl<K: Kind, C: DeleteApi<K>> Handle<'_, K, C> {
    /// Deletes an object and waits until it is gone; see [`Ops::delete`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete(self, reference: &ResourceRef<K>, deadline: Deadline) -> Result<()> {
        self.ops.delete(reference, deadline).await
    }

    /// Starts a deletion; see [`Ops::start_deletion`].
    ///
    /// # Errors
    /// As there.
    pub async fn start_deletion(self, reference: &ResourceRef<K>) -> Result<Deletion<K>> {
        self.ops.start_deletion(reference).await
    }

    /// Waits until a deletion is over; see [`Ops::wait_until_gone`].
    ///
    /// # Errors
    /// As there.
    pub async fn wait_until_gone(self, deletion: &Deletion<K>, deadline: Deadline) -> Result<()> {
        self.ops.wait_until_gone(deletion, deadline).await
    }
}

impl<K: Kind, C: CreateApi<K>> Handle<'_, K, C> {
    /// Creates an object; see [`Ops::create`].
    ///
    /// # Errors
    /// As there.
    pub async fn create(self, reference: &ResourceRef<K>, object: K) -> Result<Written<K>> {
        self.ops.create(reference, object).await
    }
}

impl<K: Kind, C: ReplaceApi<K>> Handle<'_, K, C> {
    /// Reads an object, edits it and replaces it; see [`Ops::update`].
    ///
    /// # Errors
    /// As there.
    pub async fn update<F>(self, reference: &ResourceRef<K>, edit: F) -> Result<Written<K>>
    where
        F: FnMut(&mut K) -> Result<()> + Send,
    {
        self.ops.update(reference, edit).await
    }
}

impl<K: Kind, C: IamApi<K>> Handle<'_, K, C> {
    /// Reads the IAM policy; see [`Ops::iam_policy`].
    ///
    /// # Errors
    /// As there.
    pub async fn iam_policy(self, reference: &ResourceRef<K>) -> Result<Policy> {
        self.ops.iam_policy(reference).await
    }

    /// Reads the IAM policy, edits it and replaces it; see [`Ops::update_iam_policy`].
    ///
    /// # Errors
    /// As there.
    pub async fn update_iam_policy<F>(self, reference: &ResourceRef<K>, edit: F) -> Result<Grant>
    where
        F: FnMut(&mut Policy) -> Result<()> + Send,
    {
        self.ops.update_iam_policy(reference, edit).await
    }

    /// Gives members a role; see [`Ops::add_members`].
    ///
    /// # Errors
    /// As there.
    pub async fn add_members(
        self,
        reference: &ResourceRef<K>,
        role: &str,
        members: &[Member],
    ) -> Result<Grant> {
        self.ops.add_members(reference, role, members).await
    }

    /// Takes a role from members; see [`Ops::remove_members`].
    ///
    /// # Errors
    /// As there.
    pub async fn remove_members(
        self,
        reference: &ResourceRef<K>,
        role: &str,
        members: &[Member],
    ) -> Result<Grant> {
        self.ops.remove_members(reference, role, members).await
    }

    /// Of the given permissions, those that the caller has; see [`Ops::test_iam_permissions`].
    ///
    /// # Errors
    /// As there.
    pub async fn test_iam_permissions(
        self,
        reference: &ResourceRef<K>,
        permissions: &[&'static str],
    ) -> Result<Vec<String>> {
        self.ops.test_iam_permissions(reference, permissions).await
    }
}

impl<C: ServiceApi> Handle<'_, Service, C> {
    /// Creates a service or releases a new revision of it, and returns when that is in force; see [`Ops::deploy`].
    ///
    /// # Errors
    /// As there.
    pub async fn deploy(self, request: &DeployRequest, deadline: Deadline) -> Result<Deployed> {
        self.ops.deploy(request, deadline).await
    }

    /// Changes shares and tags; see [`Ops::update_traffic`].
    ///
    /// # Errors
    /// As there.
    pub async fn update_traffic(
        self,
        reference: &ResourceRef<Service>,
        change: &TrafficChange,
    ) -> Result<Written> {
        self.ops.update_traffic(reference, change).await
    }

    /// Mends a traffic that names what cannot serve; see [`Ops::repair`].
    ///
    /// # Errors
    /// As there.
    pub async fn repair(self, reference: &ResourceRef<Service>, mend: Mend) -> Result<(RepairPlan, Written)> {
        self.ops.repair(reference, mend).await
    }
}

impl<C: ReadApi<Job> + CreateApi<Job> + ReplaceApi<Job>> Handle<'_, Job, C> {
    /// Creates a job, or changes the one that is there; see [`Ops::deploy_job`].
    ///
    /// # Errors
    /// As there.
    pub async fn deploy(self, job: &JobRef, edit: &Edit<Job>) -> Result<Written<Job>> {
        self.ops.deploy_job(job, edit).await
    }
}

impl<C: RunJobApi + ReadApi<Job> + ReadApi<Execution>> Handle<'_, Job, C> {
    /// Starts an execution; see [`Ops::run_job`].
    ///
    /// # Errors
    /// As there.
    pub async fn run(self, job: &JobRef, overrides: Option<Overrides>) -> Result<Written<Execution>> {
        self.ops.run_job(job, overrides).await
    }

    /// Starts an execution and waits until it has succeeded; see [`Ops::execute`].
    ///
    /// # Errors
    /// As there.
    pub async fn execute(
        self,
        job: &JobRef,
        overrides: Option<Overrides>,
        deadline: Deadline,
    ) -> Result<Execution>
    where
        C: ReadApi<Task>,
    {
        self.ops.execute(job, overrides, deadline).await
    }
}

impl<C: ReadApi<Execution> + ReadApi<Task>> Handle<'_, Execution, C> {
    /// Waits for the end of an execution and says how it ended; see [`Ops::finish_run`].
    pub async fn finish(self, started: &Written<Execution>, deadline: Deadline) -> Run {
        self.ops.finish_run(started, deadline).await
    }

    /// How an execution stands now; see [`Ops::run_report`].
    ///
    /// # Errors
    /// As there.
    pub async fn report(self, execution: &ExecutionRef) -> Result<Run> {
        self.ops.run_report(execution).await
    }

    /// The tasks of an execution; see [`Ops::tasks_of`].
    ///
    /// # Errors
    /// As there.
    pub async fn tasks(self, execution: &ExecutionRef) -> Result<Vec<Task>> {
        self.ops.tasks_of(execution).await
    }
}

impl<C: CancelExecutionApi + ReadApi<Execution>> Handle<'_, Execution, C> {
    /// Cancels an execution and waits until it has ended so; see [`Ops::cancel`].
    ///
    /// # Errors
    /// As there.
    pub async fn cancel(self, execution: &ExecutionRef, deadline: Deadline) -> Result<Execution> {
        self.ops.cancel(execution, deadline).await
    }

    /// Starts a cancellation; see [`Ops::start_cancellation`].
    ///
    /// # Errors
    /// As there.
    pub async fn start_cancellation(self, execution: &ExecutionRef) -> Result<Written<Execution>> {
        self.ops.start_cancellation(execution).await
    }

    /// The executions of a job; see [`Ops::executions_of`].
    ///
    /// # Errors
    /// As there.
    pub async fn of(self, job: &JobRef) -> Result<Vec<Execution>> {
        self.ops.executions_of(job).await
    }
}

impl<C: InstancePowerApi + ReadApi<Instance>> Handle<'_, Instance, C> {
    /// Starts an instance; see [`Ops::start_instance`].
    ///
    /// # Errors
    /// As there.
    pub async fn start(self, instance: &InstanceRef) -> Result<Written<Instance>> {
        self.ops.start_instance(instance).await
    }

    /// Stops an instance and waits until it does not run; see [`Ops::stop_instance`].
    ///
    /// # Errors
    /// As there.
    pub async fn stop(self, instance: &InstanceRef, deadline: Deadline) -> Result<Instance> {
        self.ops.stop_instance(instance, deadline).await
    }
}
