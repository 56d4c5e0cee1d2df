//! The semantics of the API: what each method does to the store. No HTTP and no time in here.

pub(crate) mod executions;
pub(crate) mod iam;
pub(crate) mod instances;
pub(crate) mod json;
pub(crate) mod kinds;
pub(crate) mod list;
mod metadata;
pub(crate) mod numbered;
pub(crate) mod objects;
pub(crate) mod operations;
mod overrides;
mod parts;
pub(crate) mod revisions;
