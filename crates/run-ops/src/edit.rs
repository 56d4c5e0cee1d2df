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
//! - An edit that sets what is set already changes nothing, and one that takes away what is not there adds nothing.
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

mod aliases;
mod change;
mod container;
mod container_set;
mod env;
mod error;
mod instance;
mod job;
mod list;
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
mod signature;
mod template;
pub mod volume;
mod volumes;

use run_api::types::{Instance, Job, Service, WorkerPool};

pub(crate) use env::replace as replace_variable;
pub use error::{InvalidEdit, Problem};
pub use list::Edit;
pub(crate) use list::named;
pub use network::cloud_sql_instance;
pub(crate) use place::main_container;
pub(crate) use resources::set_limit;
pub use secret::{InvalidSecret, Secret};
pub(crate) use template::revision_name;

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

#[cfg(test)]
mod tests;
