//! What writing an object would change: a comparison that knows what the server fills in.
//!
//! A manifest says less than the object that the server makes of it: defaults, canonical forms, names and notes are
//! added. [`Diff::between`] therefore compares two objects of the server's, the present one and what a dry run of the
//! write answers, so that both have what it fills in:
//!
//! ```
//! use run_ops::diff::Diff;
//! use run_ops::edit;
//!
//! # let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
//! let wanted = edit::service().image("docker.io/me/app:2").cpu(1).build(&hello)?;
//! // As the server answers them; the live object got its CPU as "1000m".
//! let live = edit::service().image("docker.io/me/app:1").cpu("1000m").concurrency(80).build(&hello)?;
//! let mut planned = wanted.clone();
//! edit::service().concurrency(80).apply(&mut planned)?;
//!
//! let diff = Diff::between(&live, &planned, &wanted);
//! assert_eq!(diff.to_string(), "~ spec.template.spec.containers[0].image: docker.io/me/app:1 → docker.io/me/app:2");
//! assert!(Diff::between(&planned, &planned, &wanted).is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Ops::diff`](crate::Ops::diff) does it for an object and what is there, and [`Ops::replace`](crate::Ops::replace)
//! writes the object if there is a difference.
//!
//! # What is no difference
//!
//! - The status, what belongs to the object on the server (uid, generation, version, times), who wrote it, and notes of
//!   the server and of this crate.
//! - What clients note on the template to make or name a revision (its name, the label `client.knative.dev/nonce`) and
//!   the client's name and version, unless the wanted object says something about it.
//! - Another notation of the same quantity.
//! - The order of what has names: containers, variables, volumes, mounts.

mod change;
mod compare;
mod dry_run;
mod list;
mod replace;

pub use change::Change;
pub use dry_run::DryRunApi;
pub use list::Diff;

#[cfg(test)]
mod tests;
