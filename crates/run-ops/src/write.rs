//! Writes: create, update, delete, and (in [`crate::access`]) IAM policies.
//!
//! All of them go through one loop, [`engine`]: look → plan → send → conflict, lost answer or refusal → settle → retry.
//! A write says what is special about it by implementing [`engine::Write`].

mod create;
mod delete;
pub(crate) mod engine;
pub(crate) mod outcome;
mod unacknowledged;
mod update;
mod version;
pub(crate) mod write_id;

use std::sync::LazyLock;

use run_api::Resource;
use run_api::types::ObjectMeta;

pub use delete::Deletion;
pub use version::{Version, Written};
pub use write_id::WRITES_ANNOTATION;

/// The metadata of an object; empty if it has none.
fn metadata<K: Resource>(object: &K) -> &ObjectMeta {
    static NONE: LazyLock<ObjectMeta> = LazyLock::new(ObjectMeta::default);
    object.metadata().unwrap_or(&NONE)
}
