//! Instances.

use run_api::types::{StartInstanceRequest, StopInstanceRequest};

use crate::api::instances;
use crate::http::call::{Answer, Call, dry_run};
use crate::http::respond;
use crate::reconcile::Subject;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| instances::get(store, call.scope(), call.name())),
        "list" => list(call),
        "create" => create(call),
        "replaceInstance" => replace(call),
        "delete" => delete(call),
        "start" => start(call),
        "stop" => stop(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| instances::list(store, call.scope(), &query))?;
    respond::list("run.googleapis.com/v1", "InstanceList", page)
}

fn create(call: &Call<'_>) -> Answer {
    let (instance, dry_run) = (call.parse("Instance")?, call.dry_run()?);
    call.write(Subject::Instance, |store| instances::create(store, call.scope(), instance, dry_run))
}

fn replace(call: &Call<'_>) -> Answer {
    let (instance, dry_run) = (call.parse("Instance")?, call.dry_run()?);
    call.write(Subject::Instance, |store| {
        instances::replace(store, call.scope(), call.name(), instance, dry_run)
    })
}

fn delete(call: &Call<'_>) -> Answer {
    let dry_run = call.dry_run()?;
    call.write(Subject::Instance, |store| instances::delete(store, call.scope(), call.name(), dry_run))
}

fn start(call: &Call<'_>) -> Answer {
    let request: StartInstanceRequest = call.parse("StartInstanceRequest")?;
    turn(call, false, dry_run(request.dry_run.as_deref())?)
}

fn stop(call: &Call<'_>) -> Answer {
    let request: StopInstanceRequest = call.parse("StopInstanceRequest")?;
    turn(call, true, dry_run(request.dry_run.as_deref())?)
}

fn turn(call: &Call<'_>, stop: bool, dry_run: bool) -> Answer {
    call.write(Subject::Instance, |store| instances::turn(store, call.scope(), call.name(), stop, dry_run))
}
