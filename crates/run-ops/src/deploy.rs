//! A deployment whose success means that what was made is what serves.

mod plan;
mod request;
mod run;
#[cfg(test)]
mod tests;
mod verify;

pub use plan::{DeployPlan, Warning};
pub use request::{Access, DeployRequest, TrafficIntent};
pub use run::Deployed;
