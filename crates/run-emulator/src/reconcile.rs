//! What happens after a write, over time.

mod delays;
mod domain_mapping;
mod driver;
mod instance;
mod revision;
mod route;
mod step;
mod worker_pool;

pub use delays::Delays;
pub(crate) use driver::{Subject, drive};
pub(crate) use instance::{RUNNING, turn};
