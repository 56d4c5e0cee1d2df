//! Services.

use crate::api::error::ApiError;
use crate::api::services;
use crate::http::call::{Answer, Call};
use crate::http::respond;
use crate::reconcile::Subject;
use crate::store::Store;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| services::get(store, call.scope(), call.name())),
        "list" => list(call),
        "create" => create(call),
        "replaceService" => replace(call),
        "delete" => delete(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| services::list(store, call.scope(), &query))?;
    respond::list("serving.knative.dev/v1", "ServiceList", page)
}

fn create(call: &Call<'_>) -> Answer {
    let (service, dry_run) = (call.parse("Service")?, call.dry_run()?);
    write(call, |store| services::create(store, call.scope(), service, dry_run))
}

fn replace(call: &Call<'_>) -> Answer {
    let (service, dry_run) = (call.parse("Service")?, call.dry_run()?);
    write(call, |store| services::replace(store, call.scope(), call.name(), service, dry_run))
}

fn delete(call: &Call<'_>) -> Answer {
    let dry_run = call.dry_run()?;
    let (status, key, begins) =
        call.engine.with_store(|store| services::delete(store, call.scope(), call.name(), dry_run))?;
    if begins {
        call.engine.reconcile(Subject::Service(key));
    }
    respond::json(&status)
}

/// A write of a service: the store first, then the routes, then the work over time.
fn write(call: &Call<'_>, work: impl FnOnce(&mut Store) -> Result<services::Change, ApiError>) -> Answer {
    let change = call.engine.with_store(|store| {
        let change = work(store)?;
        call.engine.publish(store, &change.key);
        Ok(change)
    })?;
    if change.reconcile {
        call.engine.reconcile(Subject::Service(change.key));
    }
    respond::json(&change.answer)
}
