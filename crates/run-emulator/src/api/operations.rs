//! Long-running operations: what became of a write.
//!
//! (From gcloud's source: it waits for the operation that a service names in the annotation
//! `run.googleapis.com/operation-id`, and takes `response` for the service, or `error.message` for the failure.)

use run_api::Resource;
use run_api::known::annotations;
use run_api::types::{ListOperationsResponse, Operation, RpcStatus};
use serde_json::{Map, Value};

use super::numbered::{self, PageQuery};
use crate::conditions::{self, Is};
use crate::error::ApiError;
use crate::store::operations::Write;
use crate::store::{Key, Scope, Store, Stored, of_kind};

/// `google.rpc.Code`: the operation failed because of the state of something else.
const FAILED_PRECONDITION: i32 = 9;
/// `google.rpc.Code`: somebody else was in between.
const ABORTED: i32 = 10;

/// Notes a write, and names it in the object.
pub(super) fn begin<K: Stored>(store: &mut Store, key: &Key, object: &mut K) {
    let id = uuid::Uuid::new_v4().to_string();
    object.annotations_mut().insert(annotations::OPERATION_ID.to_owned(), id.clone());
    let uid = object.uid().unwrap_or_default().to_owned();
    let generation = object.generation().unwrap_or(1);
    store.operations.begin(Write { id, kind: K::NAME, object: key.clone(), uid, generation });
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
    let within = store.operations.newest_first().filter(|write| scope.contains(&write.object));
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
    let found = store.operations.find(id).filter(|write| scope.contains(&write.object));
    found.ok_or_else(|| ApiError::not_found("OPERATION", id, scope.region_name(), &scope.named))
}

fn operation(store: &Store, write: &Write) -> Operation {
    of_kind!(write.kind, K => operation_of::<K>(store, write))
}

fn operation_of<K: Stored>(store: &Store, write: &Write) -> Operation {
    let (project, region) = (write.object.project, write.object.region().name);
    let object = K::find(store, &write.object).filter(|object| object.uid() == Some(&write.uid));
    let mut operation = Operation {
        name: Some(format!("projects/{project}/locations/{region}/operations/{}", write.id)),
        metadata: object.map(as_any).unwrap_or_default(),
        ..Operation::default()
    };
    let gone = || Err((ABORTED, format!("The {} was deleted.", K::NOUN)));
    match object.map_or_else(gone, |object| outcome(object, write)) {
        Ok(None) => {}
        Ok(Some(object)) => {
            operation.done = Some(true);
            operation.response = as_any(object);
        }
        Err((code, message)) => {
            operation.done = Some(true);
            operation.error =
                Some(RpcStatus { code: Some(code), message: Some(message), ..RpcStatus::default() });
        }
    }
    operation
}

/// What became of the written generation: nothing yet, the ready object, or the failure.
fn outcome<'a, K: Resource>(object: &'a K, write: &Write) -> Result<Option<&'a K>, (i32, String)> {
    let generation = object.generation();
    if generation != Some(write.generation) {
        return Err((ABORTED, "A later write took its place.".to_owned()));
    }
    if object.observed_generation() != generation {
        return Ok(None);
    }
    let terminal = |is| conditions::has(object.conditions(), K::TERMINAL_CONDITION, is);
    if terminal(Is::True) {
        Ok(Some(object))
    } else if terminal(Is::False) {
        let message = object.terminal_condition().and_then(|condition| condition.message.clone());
        Err((FAILED_PRECONDITION, message.unwrap_or_default()))
    } else {
        Ok(None)
    }
}

fn as_any<K: Resource>(object: &K) -> Map<String, Value> {
    let mut any = match serde_json::to_value(object) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    any.insert("@type".to_owned(), format!("type.googleapis.com/google.cloud.run.v1.{}", K::KIND).into());
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
    use run_api::types::Service;
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
            kind: Service::NAME,
            object: Key::new(1, region, "s"),
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
