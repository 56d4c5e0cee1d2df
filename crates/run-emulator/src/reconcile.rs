//! What happens after a write, over time.

mod attempts;
mod containers;
mod domain_mapping;
mod driver;
mod execution;
mod instance;
mod job;
mod outcome;
mod revision;
mod route;
mod service;
mod worker_pool;

pub(crate) use driver::{resume, start};
pub(crate) use instance::{RUNNING, turn};
