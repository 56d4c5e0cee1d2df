//! Policies, and what they mean for requests to a service.

use crate::support::{IN_LOCATION, World, hello, url};
use serde_json::{Value, json};

async fn read(world: &World) -> Value {
    world.get(&format!("{IN_LOCATION}/hello:getIamPolicy")).await.object()
}

async fn write(world: &World, request: Value) -> crate::support::Answer {
    world.post(&format!("{IN_LOCATION}/hello:setIamPolicy"), &request).await
}

fn public(etag: &Value) -> Value {
    json!({"etag": etag, "bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]})
}

async fn world() -> (World, String) {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    (world, url(&service))
}

/// Public recordings of Cloud Run's policies.
#[tokio::test(start_paused = true)]
async fn a_new_service_has_an_empty_policy() {
    let (world, _) = world().await;
    let policy = read(&world).await;
    assert_eq!(policy, json!({"etag": "ACAB"}), "recorded of a policy that was never set");
    assert_eq!(read(&world).await, policy);
}

#[tokio::test(start_paused = true)]
async fn etags() {
    let (world, _) = world().await;
    let first = read(&world).await;
    let second = write(&world, json!({"policy": public(&first["etag"])})).await.object();
    assert_ne!(second["etag"], first["etag"]);
    let (code, status, message) = write(&world, json!({"policy": public(&first["etag"])})).await.refusal();
    assert_eq!((code, status.as_str()), (409, "ABORTED"));
    assert!(message.starts_with("There were concurrent policy changes."), "{message}");
    for etag in [json!(""), Value::Null] {
        assert_eq!(write(&world, json!({"policy": public(&etag)})).await.status, 200, "no etag overwrites");
    }
    assert_eq!(read(&world).await["bindings"][0]["members"], json!(["allUsers"]));
}

#[tokio::test(start_paused = true)]
async fn a_binding_for_everybody_opens_the_service() {
    let (world, url) = world().await;
    let closed = world.visit(&url).await;
    assert!(closed.status == 403 && closed.is_html(), "{closed:?}");
    world.publish("hello").await;
    assert_eq!(world.visit(&url).await.status, 200);
    write(&world, json!({"policy": {}})).await.object();
    assert_eq!(world.visit(&url).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn the_check_can_be_switched_off() {
    let (world, url) = world().await;
    for (value, status) in [("True", 200), ("false", 403), ("true", 200)] {
        let written = world
            .update("hello", |service| {
                service["metadata"]["annotations"]["run.googleapis.com/invoker-iam-disabled"] = value.into();
            })
            .await;
        assert_eq!(
            written["metadata"]["generation"], 1,
            "an annotation of the service is no change of its spec"
        );
        assert_eq!(world.visit(&url).await.status, status, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn conditions() {
    let (world, url) = world().await;
    let bindings = json!([{
        "role": "roles/run.invoker", "members": ["allUsers"], "condition": {"title": "t", "expression": "true"},
    }]);
    let refused = write(&world, json!({"policy": {"bindings": bindings}})).await;
    assert_eq!(refused.violations()[0].0, "policy.version");
    let written = write(&world, json!({"policy": {"version": 3, "bindings": bindings}})).await.object();
    assert_eq!(written["version"], 3);
    let version =
        |version: &str| format!("{IN_LOCATION}/hello:getIamPolicy?options.requestedPolicyVersion={version}");
    let whole = world.get(&version("3")).await.object();
    assert_eq!(whole["bindings"], bindings);
    for old in [world.get(&version("1")).await.object(), read(&world).await] {
        assert_eq!(old["version"], 1);
        assert!(old["bindings"][0]["role"].as_str().unwrap().starts_with("roles/run.invoker_withcond_"));
    }
    for bad in ["2", "4", "-1", "x"] {
        assert_eq!(world.get(&version(bad)).await.refusal().1, "INVALID_ARGUMENT", "{bad}");
    }
    assert_eq!(world.visit(&url).await.status, 403, "a condition is not everybody");
}

#[tokio::test(start_paused = true)]
async fn masks() {
    let (world, _) = world().await;
    world.publish("hello").await;
    let audit = json!([{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]);
    let request = json!({"policy": {"auditConfigs": audit}, "updateMask": "auditConfigs"});
    let policy = write(&world, request).await.object();
    assert_eq!(policy["auditConfigs"], audit);
    assert_eq!(policy["bindings"].as_array().unwrap().len(), 1, "what the mask does not name stays");
    let request = json!({"policy": {}, "updateMask": "bindings,etag"});
    let policy = write(&world, request).await.object();
    assert_eq!((policy.get("bindings"), &policy["auditConfigs"]), (None, &audit));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_policy_changes_nothing() {
    let (world, _) = world().await;
    let before = read(&world).await;
    for (request, field) in [
        (
            json!({"policy": {"bindings": [{"role": "run.invoker", "members": ["allUsers"]}]}}),
            "policy.bindings[0].role",
        ),
        (
            json!({"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["everybody"]}]}}),
            "policy.bindings[0].members[0]",
        ),
        (json!({"policy": {"binding": []}}), "policy"),
    ] {
        assert_eq!(write(&world, request).await.violations()[0].0, field);
    }
    assert_eq!(write(&world, json!({})).await.refusal().0, 400);
    assert_eq!(read(&world).await, before);
}

#[tokio::test(start_paused = true)]
async fn permissions() {
    let (world, _) = world().await;
    let request = json!({"permissions": ["run.services.get", "storage.buckets.get"]});
    let answer = world.post(&format!("{IN_LOCATION}/hello:testIamPermissions"), &request).await.object();
    assert_eq!(answer, json!({"permissions": ["run.services.get"]}));
    let answer = world.post(&format!("{IN_LOCATION}/ghost:testIamPermissions"), &request).await.object();
    assert_eq!(
        answer,
        json!({"permissions": ["run.services.get"]}),
        "gcloud asks before it creates a service"
    );
}
