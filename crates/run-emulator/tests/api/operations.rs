//! Long-running operations, which gcloud waits for.

use crate::support::{SERVICES, World, hello, set_env, set_image};
use run_emulator::Delays;
use serde_json::{Value, json};
use std::time::Duration;

const OPERATIONS: &str = "/v1/projects/test-project/locations/us-central1/operations";

fn named(service: &Value) -> String {
    let id =
        service["metadata"]["annotations"]["run.googleapis.com/operation-id"].as_str().expect("an operation");
    format!("{OPERATIONS}/{id}")
}

// In real time: the clock stands still during a request, and this one waits for it.
#[tokio::test]
async fn a_wait_ends_with_the_service() {
    let world = World::start().await;
    let created = world.post(SERVICES, &hello("hello")).await.object();
    let operation = named(&created);
    assert_ne!(world.get(&operation).await.object()["done"], true);
    let done = world.post(&format!("{operation}:wait"), &json!({"timeout": "10s"})).await.object();
    assert_eq!(done["done"], true, "{done}");
    assert_eq!(done["response"]["status"]["conditions"][0]["status"], "True");
    assert!(done["response"]["@type"].as_str().expect("a type").ends_with(".Service"));
    assert_eq!(world.get(&operation).await.object()["done"], true, "it outlives its completion");
    assert_eq!(world.get(OPERATIONS).await.object()["operations"].as_array().expect("a list").len(), 1);
    assert_eq!(world.delete(&operation).await.status, 200);
    assert_eq!(world.get(&operation).await.refusal().1, "NOT_FOUND");
}

// In real time: the clock stands still during a request, and this one waits for it.
#[tokio::test]
async fn a_failure_is_the_operation_s_error() {
    let world = World::start().await;
    let mut broken = hello("hello");
    set_image(&mut broken, "docker.io/run-emulator/exits");
    let operation = named(&world.post(SERVICES, &broken).await.object());
    let done = world.post(&format!("{operation}:wait"), &json!({"timeout": "10s"})).await.object();
    assert_eq!(done["done"], true);
    assert!(done["error"]["message"].as_str().expect("a message").contains("cannot serve traffic"), "{done}");
}

#[tokio::test]
async fn a_wait_ends_with_its_timeout() {
    let world = World::with(|builder| builder.delays(Delays::uniform(Duration::from_secs(600)))).await;
    let operation = named(&world.post(SERVICES, &hello("hello")).await.object());
    let answer = world.post(&format!("{operation}:wait"), &json!({"timeout": "0.01s"})).await.object();
    assert_ne!(answer["done"], true);
    let refused = world.post(&format!("{operation}:wait"), &json!({"timeout": "soon"})).await;
    assert_eq!(refused.refusal().1, "INVALID_ARGUMENT");
}

#[tokio::test(start_paused = true)]
async fn each_write_has_an_operation_of_its_own() {
    let world = World::start().await;
    let before = world.create_settled(&hello("hello")).await;
    let path = format!("{SERVICES}/hello");
    let same = world.put(&path, &before).await.object();
    assert_eq!(named(&same), named(&before), "nothing was written");
    let mut changed = before.clone();
    set_env(&mut changed, "2");
    let after = world.put(&path, &changed).await.object();
    assert_ne!(named(&after), named(&before), "what the client sends back is not kept");
}

#[tokio::test(start_paused = true)]
async fn lists_have_pages_and_regions() {
    let world = World::start().await;
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(named(&world.create_settled(&hello(name)).await));
    }
    let ids = |list: &Value| -> Vec<String> {
        let all = list["operations"].as_array().cloned().unwrap_or_default();
        all.iter().filter_map(|one| one["name"].as_str()?.rsplit('/').next().map(str::to_owned)).collect()
    };
    let newest_first: Vec<String> =
        made.iter().rev().filter_map(|path| path.rsplit('/').next().map(str::to_owned)).collect();
    let first = world.get(&format!("{OPERATIONS}?pageSize=2&filter=done")).await.object();
    let token = first["nextPageToken"].as_str().expect("a token");
    let rest = world.get(&format!("{OPERATIONS}?pageSize=2&pageToken={token}")).await.object();
    assert_eq!([ids(&first), ids(&rest)].concat(), newest_first);
    assert_eq!(rest.get("nextPageToken"), None);
    assert_eq!(ids(&world.get(&OPERATIONS.replace("us-central1", "-")).await.object()), newest_first);
    assert!(ids(&world.get(&OPERATIONS.replace("us-central1", "us-east1")).await.object()).is_empty());
    assert_eq!(world.get(&format!("{OPERATIONS}?pageToken=x")).await.refusal().0, 400);
}
