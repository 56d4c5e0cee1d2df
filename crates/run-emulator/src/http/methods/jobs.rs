//! Jobs.

use run_api::types::RunJobRequest;

use crate::api::error::ApiError;
use crate::api::{executions, jobs};
use crate::http::call::{Answer, Call};
use crate::http::respond;
use crate::reconcile::Subject;
use crate::store::Store;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| jobs::get(store, call.scope(), call.name())),
        "list" => list(call),
        "create" => create(call),
        "replaceJob" => replace(call),
        "delete" => delete(call),
        "run" => run(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| jobs::list(store, call.scope(), &query))?;
    // (Seen: not the name that the API's document gives it.)
    respond::list("run.googleapis.com/v1", "JobList", page)
}

fn create(call: &Call<'_>) -> Answer {
    let (job, dry_run) = (call.parse("Job")?, call.dry_run()?);
    write(call, |store| jobs::create(store, call.scope(), job, dry_run))
}

fn replace(call: &Call<'_>) -> Answer {
    let (job, dry_run) = (call.parse("Job")?, call.dry_run()?);
    write(call, |store| jobs::replace(store, call.scope(), call.name(), job, dry_run))
}

fn write(call: &Call<'_>, work: impl FnOnce(&mut Store) -> Result<jobs::Change, ApiError>) -> Answer {
    let change = call.engine.with_store(work)?;
    for subject in change.reconcile {
        call.engine.reconcile(subject);
    }
    respond::json(&change.answer)
}

fn delete(call: &Call<'_>) -> Answer {
    let dry_run = call.dry_run()?;
    let (status, reconcile) =
        call.engine.with_store(|store| jobs::delete(store, call.scope(), call.name(), dry_run))?;
    for subject in reconcile {
        call.engine.reconcile(subject);
    }
    respond::json(&status)
}

fn run(call: &Call<'_>) -> Answer {
    let request: RunJobRequest = call.parse("RunJobRequest")?;
    let (execution, key) = call
        .engine
        .with_store(|store| executions::run(store, call.scope(), call.name(), request.overrides.as_ref()))?;
    call.engine.reconcile(Subject::Execution(key));
    respond::json(&execution)
}
