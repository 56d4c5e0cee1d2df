//! Writes that the state of things forbids.

use crate::support::{HELLO, NUMBER, SERVICES, World, hello, is, latest_created, service, set_env};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

fn number(version: &Value) -> u64 {
    let bytes = STANDARD_NO_PAD.decode(version.as_str().expect("a version")).expect("base64");
    u64::from_be_bytes(bytes.try_into().expect("eight bytes"))
}

#[tokio::test(start_paused = true)]
async fn a_stale_version() {
    let world = World::start().await;
    let read = world.create_settled(&hello("hello")).await;
    let written = world.update("hello", |service| set_env(service, "2")).await;
    let path = format!("{SERVICES}/hello");
    let (code, status, message) = world.put(&path, &read).await.refusal();
    assert_eq!((code, status.as_str()), (409, "ABORTED"));
    let version = |service: &Value| number(&service["metadata"]["resourceVersion"]);
    assert_eq!(
        message,
        format!(
            "Conflict for resource 'hello': version '{}' was specified but current version is '{}'.",
            version(&read),
            version(&written)
        )
    );
    assert_eq!(world.service("hello").await["metadata"]["generation"], 2, "nothing was written");
    // The version moves with the status, too.
    world.settled("hello").await;
    assert_eq!(world.put(&path, &written).await.refusal().1, "ABORTED");
    // Without a version there is no check.
    let mut blind = read.clone();
    blind["metadata"]["resourceVersion"] = "".into();
    assert_eq!(world.put(&path, &blind).await.object()["metadata"]["generation"], 3);
    let mut nonsense = read;
    nonsense["metadata"]["resourceVersion"] = "nonsense".into();
    assert_eq!(world.put(&path, &nonsense).await.violations()[0].0, "metadata.resourceVersion");
}

#[tokio::test(start_paused = true)]
async fn a_revision_name_stands_for_one_content() {
    let world = World::start().await;
    let named = |suffix: &str, value: &str| {
        let mut service = hello("hello");
        service["spec"]["template"]["metadata"] = json!({"name": format!("hello-{suffix}")});
        set_env(&mut service, value);
        service
    };
    let path = format!("{SERVICES}/hello");
    let first = world.create_settled(&named("a", "1")).await;
    assert_eq!(latest_created(&first), "hello-a");
    assert_eq!(first["spec"]["template"]["metadata"]["name"], "hello-a", "a given name stays");

    let (code, status, message) = world.put(&path, &named("a", "2")).await.refusal();
    assert_eq!((code, status.as_str()), (409, "ALREADY_EXISTS"));
    assert_eq!(message, "Revision named 'hello-a' with different configuration already exists.");
    assert_eq!(world.service("hello").await, first);

    let same = world.put(&path, &named("a", "1")).await.object();
    assert_eq!(same, first, "the same name with the same content is no change");

    world.put(&path, &named("b", "2")).await.object();
    assert_eq!(latest_created(&world.settled("hello").await), "hello-b");
    // Back to the first: no new revision, and it serves again.
    world.put(&path, &named("a", "1")).await.object();
    let back = world.settled("hello").await;
    assert_eq!(latest_created(&back), "hello-a");
    assert_eq!(back["status"]["latestReadyRevisionName"], "hello-a");
    assert_eq!(is(&back, "Ready"), "True");
    assert_eq!(back["status"]["traffic"][0]["revisionName"], "hello-a");
    let all = world.get(crate::support::REVISIONS).await.object();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_generated_name_stays_out_of_the_template() {
    let world = World::start().await;
    let made = world.create_settled(&hello("hello")).await;
    assert!(latest_created(&made).starts_with("hello-00001-"));
    assert_eq!(made["spec"]["template"]["metadata"].get("name"), None);
    let second = world.update_settled("hello", |service| set_env(service, "2")).await;
    assert!(latest_created(&second).starts_with("hello-00002-"));
}

#[tokio::test(start_paused = true)]
async fn a_revision_of_another_service_is_not_taken_over() {
    let world = World::start().await;
    let mut inner = hello("a-b");
    inner["spec"]["template"]["metadata"] = json!({"name": "a-b-1"});
    inner["spec"]["template"]["spec"]["containers"][0]["name"] = "web".into();
    world.create_settled(&inner).await;
    let mut outer = inner.clone();
    outer["metadata"]["name"] = "a".into();
    assert_eq!(world.post(SERVICES, &outer).await.refusal().1, "ALREADY_EXISTS");
    assert_eq!(world.get(&format!("{SERVICES}/a")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_there_is_already() {
    let world = World::start().await;
    world.create(&hello("hello")).await;
    let (code, status, message) = world.post(SERVICES, &hello("hello")).await.refusal();
    assert_eq!((code, status.as_str()), (409, "ALREADY_EXISTS"));
    assert_eq!(message, "Resource 'hello' already exists.");
    let elsewhere =
        world.send("europe-west1-localhost", "POST", SERVICES, hello("hello").to_string().as_bytes()).await;
    assert_eq!(elsewhere.status, 200, "another region has names of its own");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_there_is_not() {
    let world = World::start().await;
    let path = format!("{SERVICES}/ghost");
    let policy = format!("{}/ghost:getIamPolicy", crate::support::IN_LOCATION);
    for answer in [
        world.get(&path).await,
        world.put(&path, &hello("ghost")).await,
        world.delete(&path).await,
        world.get(&policy).await,
    ] {
        let (code, status, message) = answer.refusal();
        assert_eq!((code, status.as_str()), (404, "NOT_FOUND"));
        assert_eq!(
            message,
            "Resource 'ghost' of kind 'SERVICE' in region 'us-central1' in project 'test-project' does not exist."
        );
    }
    let (code, _, message) = world.get(&format!("{}/ghost-1", crate::support::REVISIONS)).await.refusal();
    assert_eq!(code, 404);
    assert!(message.starts_with("Resource 'ghost-1' of kind 'REVISION'"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn path_and_body_agree() {
    let world = World::start().await;
    let mut foreign = hello("hello");
    foreign["metadata"]["namespace"] = "other-project".into();
    assert_eq!(world.post(SERVICES, &foreign).await.violations()[0].0, "metadata.namespace");
    for namespace in ["test-project".to_owned(), NUMBER.to_string()] {
        foreign["metadata"]["namespace"] = namespace.into();
        assert_eq!(world.post(&format!("{SERVICES}?dryRun=all"), &foreign).await.status, 200);
    }
    world.create(&hello("hello")).await;
    let path = format!("{SERVICES}/hello");
    assert_eq!(world.put(&path, &service("other", HELLO)).await.violations()[0].0, "metadata.name");
    let mut nameless = hello("");
    assert_eq!(world.put(&path, &nameless).await.violations()[0].0, "metadata.name", "an empty name is none");
    nameless["metadata"] = Value::Null;
    assert_eq!(world.put(&path, &nameless).await.violations()[0].0, "metadata.name");
    assert_eq!(world.post(SERVICES, &nameless).await.violations()[0].0, "metadata.name");
}

#[tokio::test]
async fn a_name_is_made_of_a_prefix_where_there_is_none() {
    let world = World::start().await;
    let mut prefixed = hello("");
    prefixed["metadata"] = json!({"generateName": "hello-"});
    let names: Vec<String> = [world.create(&prefixed).await, world.create(&prefixed).await]
        .iter()
        .map(|made| made["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_ne!(names[0], names[1]);
    for name in names {
        assert!(name.starts_with("hello-") && name.len() == 11, "{name}");
        assert_eq!(world.service(&name).await["metadata"].get("generateName"), None);
    }
    prefixed["metadata"] = json!({"generateName": "h", "name": "named"});
    assert_eq!(world.create(&prefixed).await["metadata"]["name"], "named");
    prefixed["metadata"] = json!({"generateName": "h".repeat(31)});
    let refused = world.post(SERVICES, &prefixed).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["details"][0]["fieldViolations"][0]["field"], "metadata.generateName");
}
