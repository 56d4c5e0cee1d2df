//! Faults: what goes wrong on purpose.

mod fault;
mod registry;
mod scenario;
mod stale;

pub use fault::{Fault, FaultKind, InvalidFaults, Pause, StatusFault};
pub use registry::{ActiveFault, Faults};
pub use scenario::Scenario;
pub(crate) use stale::{Read, Snapshots};
