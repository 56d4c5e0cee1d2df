mod bad_day;
mod confirmation;
mod conflicts;
mod edits;
mod lost_answers;

use super::*;
use crate::write::write_id::json;
use crate::{MockCloudRun, ServiceEdit};
use run_api::Resource;
use serde_json::json;
use std::sync::{Arc, Mutex};

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

fn stored(version: &str, env: &[&str]) -> Service {
    let env: Vec<_> = env.iter().map(|name| json!({"name": name, "value": "x"})).collect();
    serde_json::from_value(json!({
        "metadata": {"name": "hello", "uid": "u", "generation": 1, "resourceVersion": version},
        "spec": {
            "template": {"metadata": {"name": "hello-v1"}, "spec": {"containers": [{"image": "i", "env": env}]}},
            "future": true,
        },
    }))
    .unwrap()
}

fn stored_at(generation: i32, env: &[&str]) -> Service {
    let mut service = stored(&generation.to_string(), env);
    service.metadata.as_mut().unwrap().generation = Some(generation);
    service
}

fn conflict() -> run_api::Error {
    run_api::Error::from_status(409, "ABORTED", "Conflict for resource 'hello': version '1' was specified …")
}

fn timeout() -> run_api::Error {
    run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer")
}

fn unavailable() -> run_api::Error {
    run_api::Error::from_status(503, "UNAVAILABLE", "passing")
}

fn denied() -> run_api::Error {
    run_api::Error::from_status(403, "PERMISSION_DENIED", "Permission 'run.services.update' denied")
}

fn set_a(service: &mut Service) -> Result<()> {
    service.set_env("A", "1");
    Ok(())
}
