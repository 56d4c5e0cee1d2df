//! The semantics of the API: what each method does to the store. No HTTP and no time in here.

pub(crate) mod changes;
pub(crate) mod configurations;
pub(crate) mod domain_mappings;
pub(crate) mod error;
pub(crate) mod executions;
pub(crate) mod iam;
pub(crate) mod instances;
pub(crate) mod jobs;
pub(crate) mod json;
pub(crate) mod list;
pub(crate) mod locations;
pub(crate) mod numbered;
pub(crate) mod objects;
pub(crate) mod operations;
mod overrides;
pub(crate) mod revisions;
pub(crate) mod routes;
pub(crate) mod scope;
pub(crate) mod services;
pub(crate) mod tasks;
pub(crate) mod worker_pools;
