//! Authorized domains.

use crate::api::domain_mappings;
use crate::http::call::{Answer, Call};
use crate::http::respond;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    (verb == "list").then(|| list(call))
}

fn list(call: &Call<'_>) -> Answer {
    let size = call.number("pageSize")?.and_then(|size| usize::try_from(size).ok());
    let domains = &call.engine.config.authorized_domains;
    let project = &call.scope().named;
    respond::json(&domain_mappings::authorized(domains, project, size, call.text("pageToken"))?)
}
