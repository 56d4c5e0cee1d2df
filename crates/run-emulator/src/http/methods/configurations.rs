//! Configurations.

use crate::api::configurations;
use crate::http::call::{Answer, Call};
use crate::http::respond;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| configurations::get(store, call.scope(), call.name())),
        "list" => list(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| configurations::list(store, call.scope(), &query))?;
    respond::list("serving.knative.dev/v1", "ConfigurationList", page)
}
