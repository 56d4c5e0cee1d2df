//! What Cloud Run finds outside of itself: secrets, service accounts, quotas, registries.

mod needs;
mod quota;
mod registries;
mod secrets;
mod settings;

pub(crate) use needs::Needs;
pub(crate) use registries::refused as refused_images;
pub(crate) use secrets::ACCESS_CHECK_FAILED;
pub(crate) use settings::Surroundings;
pub use settings::{Environment, FailureStyle};
