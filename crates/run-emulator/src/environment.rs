//! What Cloud Run finds outside of itself: secrets, service accounts, quotas, registries.

mod needs;
mod quirk;
mod quota;
mod registries;
mod secrets;
mod settings;

pub(crate) use needs::Needs;
pub use quirk::Quirk;
pub(crate) use registries::refused as refused_images;
pub(crate) use secrets::ACCESS_CHECK_FAILED;
pub(crate) use settings::Surroundings;
pub use settings::{Environment, FailureStyle};
