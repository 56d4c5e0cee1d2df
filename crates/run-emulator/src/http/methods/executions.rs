//! Executions.

use run_api::types::CancelExecutionRequest;

use crate::api::executions;
use crate::http::call::{Answer, Call};
use crate::http::respond;
use crate::reconcile::Subject;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| executions::get(store, call.scope(), call.name())),
        "list" => list(call),
        "cancel" => cancel(call),
        "delete" => delete(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| executions::list(store, call.scope(), &query))?;
    respond::list("run.googleapis.com/v1", "ExecutionList", page)
}

fn cancel(call: &Call<'_>) -> Answer {
    let _: CancelExecutionRequest = call.parse("CancelExecutionRequest")?;
    let (execution, key) =
        call.engine.with_store(|store| executions::cancel(store, call.scope(), call.name()))?;
    call.engine.reconcile(Subject::Execution(key));
    respond::json(&execution)
}

fn delete(call: &Call<'_>) -> Answer {
    let dry_run = call.dry_run()?;
    let (status, begun) =
        call.engine.with_store(|store| executions::delete(store, call.scope(), call.name(), dry_run))?;
    if let Some(key) = begun {
        call.engine.reconcile(Subject::Execution(key));
    }
    respond::json(&status)
}
