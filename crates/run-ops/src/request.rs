//! How requests are made: the settings of an [`Ops`], one call, how it is tried again, and reads.

pub(crate) mod absence;
pub(crate) mod call;
mod deadline;
mod ops;
mod rate_limit;
pub(crate) mod read;
pub mod retry;
mod schedule;
pub(crate) mod shared_poll;
mod within;
mod writes;

pub use deadline::Deadline;
pub use ops::{BackoffPolicy, Ops};
pub use schedule::PollSchedule;
