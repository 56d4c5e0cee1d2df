//! Domain mappings.

use crate::api::domain_mappings;
use crate::http::call::{Answer, Call};
use crate::http::respond;
use crate::reconcile::Subject;

pub(super) fn answer(call: &Call<'_>, verb: &str) -> Option<Answer> {
    Some(match verb {
        "get" => call.read(|store| domain_mappings::get(store, call.scope(), call.name())),
        "list" => list(call),
        "create" => create(call),
        "delete" => delete(call),
        _ => return None,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let query = call.list_query()?;
    let page = call.engine.with_store(|store| domain_mappings::list(store, call.scope(), &query))?;
    respond::list("domains.cloudrun.com/v1", "DomainMappingList", page)
}

fn create(call: &Call<'_>) -> Answer {
    let (mapping, dry_run) = (call.parse("DomainMapping")?, call.dry_run()?);
    call.write(Subject::DomainMapping, |store| domain_mappings::create(store, call.scope(), mapping, dry_run))
}

fn delete(call: &Call<'_>) -> Answer {
    let dry_run = call.dry_run()?;
    call.write(Subject::DomainMapping, |store| {
        domain_mappings::delete(store, call.scope(), call.name(), dry_run)
    })
}
