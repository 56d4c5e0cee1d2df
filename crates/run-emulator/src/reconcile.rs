//! What happens after a write, over time.

mod attempts;
mod delays;
mod domain_mapping;
mod driver;
mod execution;
mod failure_style;
mod instance;
mod job;
mod revision;
mod route;
mod service;
mod task_processes;
mod worker_pool;

pub use delays::Delays;
pub(crate) use driver::{drive, unsettled};
pub use failure_style::FailureStyle;
pub(crate) use instance::{RUNNING, turn};
