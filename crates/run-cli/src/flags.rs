//! gcloud's flags of what has a template, by theme; each is an edit of run-ops. The structs are generic where jobs and worker
//! pools have the same flags.

mod access;
mod container;
mod env;
mod job;
mod metadata;
mod network;
mod overrides;
mod probes;
mod read;
mod release;
mod runtime;
mod scaling;
mod secrets;
mod service;
mod volumes;
mod workload;

pub(crate) use container::{ContainerFlags, Scoped};
pub(crate) use job::JobFlags;
pub(crate) use overrides::{ContainerOverrideFlags, OverrideFlags};
pub(crate) use release::TrafficFlags;
pub(crate) use service::ServiceFlags;

#[cfg(test)]
mod tests;
