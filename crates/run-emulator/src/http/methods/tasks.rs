//! Tasks.

use crate::api::tasks;
use crate::http::call::{Answer, Call};
use crate::http::respond;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| tasks::get(store, call.scope(), call.name())),
        "list" => list(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| tasks::list(store, call.scope(), &query))?;
    respond::list("run.googleapis.com/v1", "TaskList", page)
}
