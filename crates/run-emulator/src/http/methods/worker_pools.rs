//! Worker pools.

use crate::api::worker_pools;
use crate::http::call::{Answer, Call};
use crate::http::respond;
use crate::reconcile::Subject;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| worker_pools::get(store, call.scope(), call.name())),
        "list" => list(call),
        "create" => create(call),
        "replaceWorkerPool" => replace(call),
        "delete" => delete(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| worker_pools::list(store, call.scope(), &query))?;
    respond::list("run.googleapis.com/v1", "WorkerPoolList", page)
}

fn create(call: &Call<'_>) -> Answer {
    let (pool, dry_run) = (call.parse("WorkerPool")?, call.dry_run()?);
    call.write(Subject::WorkerPool, |store| worker_pools::create(store, call.scope(), pool, dry_run))
}

fn replace(call: &Call<'_>) -> Answer {
    let (pool, dry_run) = (call.parse("WorkerPool")?, call.dry_run()?);
    call.write(Subject::WorkerPool, |store| {
        worker_pools::replace(store, call.scope(), call.name(), pool, dry_run)
    })
}

fn delete(call: &Call<'_>) -> Answer {
    let dry_run = call.dry_run()?;
    call.write(Subject::WorkerPool, |store| worker_pools::delete(store, call.scope(), call.name(), dry_run))
}
