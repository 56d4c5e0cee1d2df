//! Revisions.

use crate::api::revisions;
use crate::http::call::{Answer, Call};
use crate::http::respond;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| revisions::get(store, call.scope(), call.name())),
        "list" => list(call),
        "delete" => delete(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| revisions::list(store, call.scope(), &query))?;
    respond::list("serving.knative.dev/v1", "RevisionList", page)
}

fn delete(call: &Call<'_>) -> Answer {
    let dry_run = call.dry_run()?;
    call.read(|store| revisions::delete(store, call.scope(), call.name(), dry_run))
}
