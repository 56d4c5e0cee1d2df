//! The methods of the API, one file for each collection: from a call to the semantics and back.

mod authorized_domains;
mod configurations;
mod domain_mappings;
mod executions;
mod iam;
mod instances;
mod jobs;
mod locations;
mod operations;
mod revisions;
mod routes;
mod services;
mod tasks;
mod worker_pools;

use super::call::{Answer, Call};
use crate::api::error::ApiError;

/// Calls a method by its id: `run.namespaces.services.get` is `get` of the collection `services`.
pub(super) fn answer(call: &Call<'_>) -> Answer {
    let id = call.target.method.id;
    let (parent, verb) = id.rsplit_once('.').unwrap_or_default();
    let collection = parent.rsplit_once('.').map_or(parent, |(_, collection)| collection);
    let answer = match (collection, verb) {
        (_, "getIamPolicy" | "setIamPolicy" | "testIamPermissions") => iam::answer(call, collection, verb),
        ("services", _) => services::answer(call, verb),
        ("revisions", _) => revisions::answer(call, verb),
        ("configurations", _) => configurations::answer(call, verb),
        ("routes", _) => routes::answer(call, verb),
        ("jobs", _) => jobs::answer(call, verb),
        ("executions", _) => executions::answer(call, verb),
        ("tasks", _) => tasks::answer(call, verb),
        ("workerpools", _) => worker_pools::answer(call, verb),
        ("instances", _) => instances::answer(call, verb),
        ("domainmappings", _) => domain_mappings::answer(call, verb),
        ("authorizeddomains", _) => authorized_domains::answer(call, verb),
        ("operations", _) => operations::answer(call, verb),
        ("locations", _) => locations::answer(call, verb),
        _ => None,
    };
    answer.unwrap_or_else(|| Err(ApiError::not_emulated(id)))
}
