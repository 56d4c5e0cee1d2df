//! What only services have: deployments, traffic, repairs, and what can be told before.

pub(crate) mod deploy;
pub(crate) mod edit;
pub(crate) mod preflight;
pub(crate) mod repair;
pub(crate) mod traffic;

pub use edit::{ServiceEdit, new_service};
