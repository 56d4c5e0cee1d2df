//! Writes: create, update, delete, and (in `iam`) IAM policies.
//!
//! All of them go through one loop, [`engine`]: look → plan → send → conflict, lost answer or refusal → settle → retry.
//! A write says what is special about it by implementing [`contract::Write`].

pub(crate) mod contract;
mod create;
mod delete;
mod engine;
pub(crate) mod outcome;
mod unacknowledged;
mod update;
pub(crate) mod write_id;

pub use delete::Deletion;
pub use write_id::WRITE_IDS_ANNOTATION;
