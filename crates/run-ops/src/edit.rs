//! Typed edits of services, jobs, worker pools and instances.
//!
//! An [`Edit`] is a list of changes that is put together first and applied later, to as many objects as you like:
//!
//! ```
//! use run_ops::edit;
//!
//! let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
//! let service = edit::service()
//!     .image("us-docker.pkg.dev/cloudrun/container/hello")
//!     .env("GREETING", "hi")
//!     .secret_env("TOKEN", "token:latest")
//!     .cpu(2)
//!     .memory("1Gi")
//!     .port(3000)
//!     .startup_probe(edit::probe::http("/healthz"))
//!     .max_instances(10)
//!     .execution_environment("gen2")
//!     .service_account("runner@my-project.iam.gserviceaccount.com")
//!     .concurrency(40)
//!     .build(&hello)?;
//!
//! // Later, the same service with another image and a sidecar.
//! let mut newer = service.clone();
//! edit::service()
//!     .image("us-docker.pkg.dev/cloudrun/container/hello:2")
//!     .container("proxy")
//!     .image("us-docker.pkg.dev/cloudrun/container/proxy")
//!     .apply(&mut newer)?;
//! assert_ne!(service, newer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds for all edits
//!
//! - What an edit does not name stays as it is, fields that the models do not know included.
//! - An edit of what is so already changes nothing, and taking away what is not there adds nothing on the way to it.
//!   Quantities count as equal by value (`1000m` and `1`), booleans in any case (`True`).
//! - [`Edit::apply`] makes all changes or none. Its error names the field.
//! - Changes are made in the order in which they were named; only what refers to other containers
//!   ([`Edit::depends_on`]) is looked at after all others.
//! - Where a value can be taken away, `None` does that: `.concurrency(None)`, `.description(None)`.
//!
//! # Containers
//!
//! Changes of a container are made to the main one, which is the container with a port, or else the first. After
//! [`Edit::container`] they are made to the one that it names, until the next such call.
//!
//! # Where fields are
//!
//! The docs of each edit say what it writes. *Object* is `metadata` of the object; *template* is what revisions and
//! executions are made from: `spec.template.metadata` and `spec.template.spec` (of a job's tasks
//! `spec.template.spec.template.spec`; of an instance, its own `metadata` and `spec`). Keys of annotations stand in
//! [`run_api::known`]. Which edit writes which field was learned from the source of gcloud 578
//! (`lib/googlecloudsdk/command_lib/run/config_changes.py` and `flags.py`) and from the
//! [API's reference](https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services); edits have the names
//! of gcloud's flags where these are clear.

mod container;
mod container_set;
mod env;
mod error;
mod instance;
mod job;
mod metadata;
mod network;
mod place;
pub mod probe;
mod resources;
mod scaling;
mod secret;
mod secret_files;
mod secrets;
mod service;
mod service_edit;
mod template;
pub mod volume;
mod volumes;

use std::fmt;
use std::sync::Arc;

use run_api::types::{Instance, Job, Service, WorkerPool};
use run_api::{ResourceRef, Workload};

pub use error::{InvalidEdit, Problem};
pub use network::cloud_sql_instance;
pub use secret::{InvalidSecret, Secret};
pub(crate) use service_edit::empty_service;
pub use service_edit::{ServiceEdit, new_service};

use place::Scope;

/// A list of changes to workloads of one kind. See the [module](self).
pub struct Edit<W> {
    steps: Vec<Step<W>>,
    /// What refers to other containers, which may be added by any step.
    last_steps: Vec<Step<W>>,
    scope: Scope,
    client: Option<(String, String)>,
}

type Step<W> = Arc<dyn Fn(&mut W) -> Result<(), InvalidEdit> + Send + Sync>;

/// No changes to a service, to begin with.
#[must_use]
pub fn service() -> Edit<Service> {
    Edit::new()
}

/// No changes to a job, to begin with.
///
/// ```
/// use run_ops::edit;
///
/// let nightly = run_api::JobRef::new("my-project", "us-central1", "nightly")?;
/// let job = edit::job().image("docker.io/me/nightly:1").args(["--all"]).tasks(10).max_retries(1).build(&nightly)?;
/// let execution = job.spec.unwrap().template.unwrap().spec.unwrap();
/// assert_eq!(execution.task_count, Some(10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn job() -> Edit<Job> {
    Edit::new()
}

/// No changes to a worker pool, to begin with.
#[must_use]
pub fn worker_pool() -> Edit<WorkerPool> {
    Edit::new()
}

/// No changes to an instance, to begin with.
#[must_use]
pub fn instance() -> Edit<Instance> {
    Edit::new()
}

impl<W: Workload> Edit<W> {
    /// No changes, to begin with.
    #[must_use]
    pub fn new() -> Self {
        Self { steps: Vec::new(), last_steps: Vec::new(), scope: Scope::Main, client: None }
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// The first change that cannot be made, with the field; the object is as before then.
    pub fn apply(&self, workload: &mut W) -> Result<(), InvalidEdit> {
        let mut edited = workload.clone();
        for step in self.steps.iter().chain(&self.last_steps) {
            step(&mut edited)?;
        }
        if edited != *workload {
            if let Some((name, version)) = &self.client {
                metadata::sign(workload, &mut edited, name, version);
            }
            *workload = edited;
        }
        Ok(())
    }

    /// A new object with these changes, to be created.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn build(&self, reference: &ResourceRef<W>) -> Result<W, InvalidEdit> {
        let mut workload = W::default();
        workload.set_type();
        let metadata = workload.metadata_mut().get_or_insert_default();
        metadata.name = Some(reference.name.to_string());
        metadata.namespace = Some(reference.project().to_string());
        self.apply(&mut workload)?;
        Ok(workload)
    }

    /// These changes, and then those of another edit.
    ///
    /// ```
    /// use run_ops::edit;
    ///
    /// let base = edit::service().env("TIER", "test").memory("512Mi");
    /// let mut service = run_api::types::Service::default();
    /// base.then(edit::service().env("TIER", "production")).apply(&mut service)?;
    /// # Ok::<(), run_ops::edit::InvalidEdit>(())
    /// ```
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.steps.extend(next.steps);
        self.last_steps.extend(next.last_steps);
        self.client = next.client.or(self.client);
        self.scope = next.scope;
        self
    }

    /// Whether there are no changes in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.last_steps.is_empty()
    }

    /// A change of your own.
    ///
    /// ```
    /// use run_ops::edit;
    ///
    /// let quick = edit::service().with(|service| {
    ///     let spec = service.spec.get_or_insert_default();
    ///     spec.template.get_or_insert_default().spec.get_or_insert_default().timeout_seconds = Some(5);
    ///     Ok(())
    /// });
    /// assert!(!quick.is_empty());
    /// ```
    #[must_use]
    pub fn with(
        mut self,
        change: impl Fn(&mut W) -> Result<(), InvalidEdit> + Send + Sync + 'static,
    ) -> Self {
        self.steps.push(Arc::new(change));
        self
    }

    /// A change that is made after all others.
    fn at_last(mut self, change: impl Fn(&mut W) -> Result<(), InvalidEdit> + Send + Sync + 'static) -> Self {
        self.last_steps.push(Arc::new(change));
        self
    }
}

impl<W: Workload> Default for Edit<W> {
    fn default() -> Self {
        Self::new()
    }
}

// Derived, it would ask the same of the workload.
impl<W> Clone for Edit<W> {
    fn clone(&self) -> Self {
        Self {
            steps: self.steps.clone(),
            last_steps: self.last_steps.clone(),
            scope: self.scope.clone(),
            client: self.client.clone(),
        }
    }
}

impl<W: Workload> fmt::Debug for Edit<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be secrets.
        let changes = self.steps.len() + self.last_steps.len();
        f.debug_struct("Edit").field("kind", &W::KIND).field("changes", &changes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
