//! Bodies as clients with Kubernetes' Go types write them: canonical quantities, ports of zero, empty structs, null times.
//!
//! (Seen: Knative's conformance tests of 2022 on the real service.)

use serde_json::{Value, json};

use crate::support::{HELLO, SERVICES, World, hello, is, latest_created};

/// A service that Go's types have never filled in.
fn written_by_go(name: &str) -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "creationTimestamp": null},
        "spec": {"template": {
            "metadata": {"creationTimestamp": null},
            "spec": {"containers": [{
                "name": "", "image": HELLO, "resources": {}, "ports": [{"name": "h2c", "containerPort": 0}],
            }]},
        }},
        "status": {},
    })
}

/// What comes of an object that Go's types have read and write back.
fn read_by_go(mut object: Value) -> Value {
    let template = &mut object["spec"]["template"];
    template["metadata"]["creationTimestamp"] = Value::Null;
    for container in template["spec"]["containers"].as_array_mut().into_iter().flatten() {
        if container["resources"]["limits"]["cpu"] == "1000m" {
            container["resources"]["limits"]["cpu"] = "1".into();
        }
    }
    object
}

#[tokio::test(start_paused = true)]
async fn empty_structs_and_ports_of_zero() {
    let world = World::start().await;
    let made = world.create_settled(&written_by_go("hello")).await;
    assert_eq!(is(&made, "Ready"), "True");
    let container = &made["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["ports"], json!([{"name": "h2c", "containerPort": 8080}]));
    assert_eq!(
        container["resources"]["limits"],
        json!({"cpu": "1000m", "memory": "512Mi"}),
        "as the real one has it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_of_traffic_alone_makes_no_revision() {
    let world = World::start().await;
    let made = world.create_settled(&hello("hello")).await;
    let revision = latest_created(&made);
    let mut written = read_by_go(made);
    written["spec"]["traffic"] = json!([{"revisionName": revision, "percent": 100, "tag": "now"}]);
    world.put(&format!("{SERVICES}/hello"), &written).await.object();
    let after = world.settled("hello").await;
    assert_eq!(after["metadata"]["generation"], 2);
    assert_eq!(latest_created(&after), revision, "`1` is `1000m`");
    // What was sent is answered as it was sent.
    let limits = &after["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"];
    assert_eq!(limits["cpu"], "1");
}

#[tokio::test(start_paused = true)]
async fn another_spelling_changes_nothing() {
    let world = World::start().await;
    let made = world.create_settled(&hello("hello")).await;
    let version = made["metadata"]["resourceVersion"].clone();
    let mut written = read_by_go(made);
    written["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "0.5Gi".into();
    let after = world.put(&format!("{SERVICES}/hello"), &written).await.object();
    assert_eq!(
        (&after["metadata"]["generation"], &after["metadata"]["resourceVersion"]),
        (&json!(1), &version)
    );
}

#[tokio::test(start_paused = true)]
async fn a_named_revision_is_the_same_in_another_spelling() {
    let world = World::start().await;
    let mut named = hello("hello");
    named["spec"]["template"]["metadata"] = json!({"name": "hello-one"});
    world.create_settled(&named).await;
    let mut written = read_by_go(world.service("hello").await);
    written["spec"]["traffic"] = json!([{"latestRevision": true, "percent": 100, "tag": "now"}]);
    let after = world.put(&format!("{SERVICES}/hello"), &written).await.object();
    assert_eq!(after["metadata"]["generation"], 2, "no 409");
    written["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "2".into();
    written["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    assert_eq!(world.put(&format!("{SERVICES}/hello"), &written).await.refusal().1, "ALREADY_EXISTS");
}

/// Knative's conformance tests on the real service, 2022: `TestMustNotContainerConstraints` and
/// `TestShouldNotContainerConstraints`, all of which it refused.
#[tokio::test(start_paused = true)]
async fn what_knative_does_not_have_is_refused() {
    let world = World::start().await;
    for container in [
        json!({"ports": [{"name": "arbitrary", "containerPort": 8888}]}),
        json!({"ports": [{"containerPort": 8888}, {"containerPort": 9999}]}),
        json!({"ports": [{"containerPort": 8888, "hostPort": 80}]}),
        json!({"volumeMounts": [{"name": "v", "mountPath": "/v", "mountPropagation": "Bidirectional"}]}),
        json!({"lifecycle": {"postStart": {"exec": {"command": ["true"]}}}}),
        json!({"lifecycle": {"preStop": {"exec": {"command": ["true"]}}}}),
        json!({"stdin": true}),
        json!({"stdinOnce": true}),
        json!({"tty": true}),
        json!({"securityContext": {"runAsUser": -10}}),
    ] {
        let mut object = written_by_go("hello");
        let own = object["spec"]["template"]["spec"]["containers"][0].as_object_mut().unwrap();
        own.extend(container.as_object().cloned().unwrap());
        let (code, status, _) = world.post(SERVICES, &object).await.refusal();
        assert_eq!((code, status.as_str()), (400, "INVALID_ARGUMENT"), "{container}");
    }
}

/// Jobs, worker pools and instances compare as services do.
#[tokio::test(start_paused = true)]
async fn other_kinds_compare_values_as_well() {
    let world = World::start().await;
    let container = json!([{"image": HELLO, "resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}}]);
    let run = "/apis/run.googleapis.com/v1/namespaces/test-project";
    for (collection, spec) in [
        ("jobs", json!({"template": {"spec": {"template": {"spec": {"containers": container}}}}})),
        ("workerpools", json!({"template": {"spec": {"containers": container}}})),
        ("instances", json!({"containers": container})),
    ] {
        let path = format!("{run}/{collection}");
        world.post(&path, &json!({"metadata": {"name": "one"}, "spec": spec})).await.object();
        let read = world.get(&format!("{path}/one")).await.object();
        let text = read.to_string().replace("\"1000m\"", "\"1\"").replace("\"1Gi\"", "\"1024Mi\"");
        let written: Value = serde_json::from_str(&text).unwrap();
        assert_ne!(read["spec"], written["spec"], "{collection}");
        let after = world.put(&format!("{path}/one"), &written).await.object();
        assert_eq!(after["metadata"]["generation"], 1, "{collection}");
    }
}
