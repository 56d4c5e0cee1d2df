mod outcome;
mod plan;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use run_api::types::{Policy, Revision};
use run_api::{Resource, ServiceRef, Tag};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::{MockCloudRun, Percent, ServiceEdit, ServiceView};

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

fn request() -> DeployRequest {
    DeployRequest::new(hello()).image("a/b:2")
}

/// A ready service at generation 3 that serves as `wanted`; `image` is that of its revision `hello-00003-old`.
fn existing(image: &str, wanted: Value) -> Service {
    let mut observed = wanted.clone();
    for target in observed.as_array_mut().unwrap() {
        if target["latestRevision"] == true {
            target["revisionName"] = json!("hello-00003-old");
        }
    }
    let ready = |kind: &str| json!({"type": kind, "status": "True"});
    serde_json::from_value(json!({
        "metadata": {"name": "hello", "uid": "u", "generation": 3, "resourceVersion": "3"},
        "spec": {"traffic": wanted, "template": {
            "metadata": {"labels": {"keep": "1"}}, "spec": {"containers": [{"image": image}]},
        }},
        "status": {
            "observedGeneration": 3, "latestReadyRevisionName": "hello-00003-old",
            "latestCreatedRevisionName": "hello-00003-old", "traffic": observed,
            "conditions": [ready("Ready"), ready("ConfigurationsReady"), ready("RoutesReady")],
        },
    }))
    .unwrap()
}

fn latest() -> Value {
    json!([{"latestRevision": true, "percent": 100}])
}

fn pinned() -> Value {
    json!([{"revisionName": "hello-00001-abc", "percent": 100}, {"revisionName": "hello-00002-abc", "tag": "old"}])
}
