//! Which credential requests carry.

mod credentials;
mod file;
mod identity;
mod info;
mod metadata;
mod post;
mod workforce;

pub use credentials::Credentials;
pub use file::CredentialFile;
pub use info::TokenInfo;
pub(crate) use workforce::QUOTA_PROJECT;
