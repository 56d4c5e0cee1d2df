//! Long-running operations.

use std::time::Duration;

use run_api::types::WaitOperationRequest;

use crate::api::operations;
use crate::http::call::{Answer, Call, Unfinished};
use crate::http::respond;

/// (Documented: a wait without a timeout, or with a long one, is cut short by the server.)
const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| operations::get(store, call.scope(), call.name())),
        "list" => list(call),
        "delete" => delete(call),
        "wait" => wait(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.page_query()?;
    call.read(|store| operations::list(store, call.scope(), query))
}

fn delete(call: &Call<'_>) -> Answer {
    call.engine.with_store(|store| operations::delete(store, call.scope(), call.name()))?;
    respond::json(&serde_json::json!({}))
}

fn wait(call: &Call<'_>) -> Answer {
    let request: WaitOperationRequest = call.parse("WaitOperationRequest")?;
    let timeout = request.timeout.as_deref().map(operations::duration).transpose()?;
    let operation = call.engine.with_store(|store| operations::get(store, call.scope(), call.name()))?;
    let mut answer = respond::json(&operation)?;
    if operation.done != Some(true) {
        let timeout = timeout.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        answer.extensions_mut().insert(Unfinished { timeout });
    }
    Ok(answer)
}
