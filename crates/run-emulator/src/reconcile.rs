//! What happens after a write, over time.

mod delays;
mod driver;
mod revision;
mod route;
mod step;

pub use delays::Delays;
pub(crate) use driver::{Subject, drive, unsettled};
