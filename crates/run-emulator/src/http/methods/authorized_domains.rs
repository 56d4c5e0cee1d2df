//! Authorized domains.

use crate::api::domain_mappings;
use crate::http::call::{Answer, Call};
use crate::http::respond;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    (verb == "list").then(|| list(call))
}

fn list(call: &Call<'_>) -> Answer {
    let domains = &call.engine.config.authorized_domains;
    respond::json(&domain_mappings::authorized(domains, &call.scope().named, call.page_query()?)?)
}
