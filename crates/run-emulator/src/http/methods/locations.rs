//! Locations.

use crate::api::locations;
use crate::http::call::{Answer, Call};
use crate::http::respond;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    (verb == "list").then(|| list(call))
}

fn list(call: &Call<'_>) -> Answer {
    respond::json(&locations::list(&call.scope().named, call.page_query()?)?)
}
