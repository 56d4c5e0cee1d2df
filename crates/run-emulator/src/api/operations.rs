//! Long-running operations: what became of a write.
//!
//! (From gcloud's source: it waits for the operation that a service names in the annotation
//! `run.googleapis.com/operation-id`, and takes `response` for the service, or `error.message` for the failure.)

use run_api::types::{Condition, ListOperationsResponse, Operation, RpcStatus, Service};
use serde_json::{Map, Value};

use super::numbered::{self, PageQuery};
use crate::conditions;
use crate::error::ApiError;
use crate::store::operations::Write;
use crate::store::{Key, Scope, Store};

/// The annotation by which a service names the operation of its last write.
pub(crate) const ANNOTATION: &str = "run.googleapis.com/operation-id";

/// `google.rpc.Code`: the operation failed because of the state of something else.
const FAILED_PRECONDITION: i32 = 9;
/// `google.rpc.Code`: somebody else was in between.
const ABORTED: i32 = 10;

/// Notes a write, and names it in the object.
pub(super) fn begin(store: &mut Store, service: &Key, object: &mut Service) {
    let metadata = object.metadata.get_or_insert_default();
    let id = uuid::Uuid::new_v4().to_string();
    metadata.annotations.insert(ANNOTATION.to_owned(), id.clone());
    let (uid, generation) = (metadata.uid.clone().unwrap_or_default(), metadata.generation.unwrap_or(1));
    store.operations.begin(Write { id, service: service.clone(), uid, generation });
}

pub(crate) fn get(store: &Store, scope: &Scope, id: &str) -> Result<Operation, ApiError> {
    Ok(operation(store, find(store, scope, id)?))
}

/// The operations, newest first, a page of them.
pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: PageQuery<'_>,
) -> Result<ListOperationsResponse, ApiError> {
    let within = store.operations.newest_first().filter(|write| scope.contains(&write.service));
    let (writes, next_page_token) = numbered::page(within, query)?;
    let operations = writes.into_iter().map(|write| operation(store, write)).collect();
    Ok(ListOperationsResponse { operations, next_page_token, ..ListOperationsResponse::default() })
}

pub(crate) fn delete(store: &mut Store, scope: &Scope, id: &str) -> Result<(), ApiError> {
    find(store, scope, id)?;
    store.operations.remove(id);
    Ok(())
}

fn find<'a>(store: &'a Store, scope: &Scope, id: &str) -> Result<&'a Write, ApiError> {
    let found = store.operations.find(id).filter(|write| scope.contains(&write.service));
    found.ok_or_else(|| ApiError::not_found("OPERATION", id, scope.region_name(), &scope.named))
}

fn operation(store: &Store, write: &Write) -> Operation {
    let (project, region) = (write.service.project, write.service.region().name);
    let record = store.services.get(&write.service);
    let service = record.map(|record| &record.object).filter(|service| {
        service.metadata.as_ref().and_then(|metadata| metadata.uid.as_deref()) == Some(&write.uid)
    });
    let mut operation = Operation {
        name: Some(format!("projects/{project}/locations/{region}/operations/{}", write.id)),
        metadata: service.map(as_any).unwrap_or_default(),
        ..Operation::default()
    };
    match service.map_or_else(|| Err((ABORTED, "The service was deleted.".to_owned())), |s| outcome(s, write))
    {
        Ok(None) => {}
        Ok(Some(service)) => {
            operation.done = Some(true);
            operation.response = as_any(service);
        }
        Err((code, message)) => {
            operation.done = Some(true);
            operation.error =
                Some(RpcStatus { code: Some(code), message: Some(message), ..RpcStatus::default() });
        }
    }
    operation
}

/// What became of the written generation: nothing yet, the ready service, or the failure.
fn outcome<'a>(service: &'a Service, write: &Write) -> Result<Option<&'a Service>, (i32, String)> {
    let generation = service.metadata.as_ref().and_then(|metadata| metadata.generation);
    if generation != Some(write.generation) {
        return Err((ABORTED, "A later write took its place.".to_owned()));
    }
    let Some(status) = service.status.as_ref().filter(|status| status.observed_generation == generation)
    else {
        return Ok(None);
    };
    let ready: Option<&Condition> = conditions::find(&status.conditions, "Ready");
    match ready.and_then(|ready| ready.status.as_deref()) {
        Some("True") => Ok(Some(service)),
        Some("False") => {
            let message = ready.and_then(|ready| ready.message.clone()).unwrap_or_default();
            Err((FAILED_PRECONDITION, message))
        }
        _ => Ok(None),
    }
}

fn as_any(service: &Service) -> Map<String, Value> {
    let mut any = match serde_json::to_value(service) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    any.insert("@type".to_owned(), "type.googleapis.com/google.cloud.run.v1.Service".into());
    any
}

/// A duration as protobuf's JSON writes it: `10s`, `1.5s`.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, ApiError> {
    let seconds = text.strip_suffix('s').and_then(|seconds| seconds.parse::<f64>().ok());
    let duration = seconds.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    duration
        .ok_or_else(|| ApiError::invalid(format!("Invalid value at 'timeout' (TYPE_DURATION), \"{text}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(generation: i32, observed: i32, ready: &str) -> Service {
        serde_json::from_value(json!({
            "metadata": {"uid": "u", "generation": generation},
            "status": {
                "observedGeneration": observed,
                "conditions": [{"type": "Ready", "status": ready, "message": "m"}],
            },
        }))
        .unwrap()
    }

    #[test]
    fn outcomes() {
        let region = crate::regions::find("us-central1").unwrap();
        let write = Write {
            id: "o".to_owned(),
            service: Key::new(1, region, "s"),
            uid: "u".to_owned(),
            generation: 2,
        };
        let of = |generation, observed, ready| {
            outcome(&service(generation, observed, ready), &write).map(|done| done.is_some())
        };
        assert_eq!(of(2, 1, "True"), Ok(false), "the status speaks of the generation before");
        assert_eq!(of(2, 2, "Unknown"), Ok(false));
        assert_eq!(of(2, 2, "True"), Ok(true));
        assert_eq!(of(2, 2, "False"), Err((FAILED_PRECONDITION, "m".to_owned())));
        assert_eq!(of(3, 3, "True").unwrap_err().0, ABORTED);
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1.5s").unwrap(), std::time::Duration::from_millis(1500));
        for bad in ["", "10", "s", "-1s", "1m", "infs", "1e300s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
