//! Probes of programs: what the log says of them, and what becomes of instances that are not well.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{app, container, world};
use crate::support::{Lines, World, bounded, host_of, is, raw, url};

/// A service with a probe that looks each second.
fn with_probe(kind: &str, probe: Value) -> Value {
    let mut object = app("");
    let mut probe = probe;
    for (name, value) in [("periodSeconds", 1), ("failureThreshold", 1), ("timeoutSeconds", 1)] {
        probe[name] = value.into();
    }
    container(&mut object)[kind] = probe;
    object
}

fn well() -> Value {
    json!({"httpGet": {"path": "/well"}})
}

async fn get(world: &World, host: &str, path: &str) -> crate::support::Answer {
    world.send(host, "GET", path, b"").await
}

async fn process(world: &World, host: &str) -> u64 {
    get(world, host, "/").await.object()["process"].as_u64().unwrap()
}

/// Seen in the logs of public reports.
#[tokio::test]
async fn the_log_tells_of_startup_probes() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    world.create_settled(&app("")).await;
    let said = "Default STARTUP TCP probe succeeded after 1 attempt for container \"app-1\" on port 8080.";
    lines.until(|line| line.ends_with(said)).await;
    let mut object = app("unwell");
    object["metadata"]["name"] = "other".into();
    let probe = json!({"httpGet": {"path": "/well"}, "timeoutSeconds": 10, "failureThreshold": 1});
    container(&mut object)["startupProbe"] = probe;
    world.create(&object).await;
    let said = "STARTUP HTTP probe failed 1 time consecutively for container \"other-1\" on port 8080 path \"/well\". \
                The instance was not started. HTTP request returned status 503 Service Unavailable.";
    lines.until(|line| line.ends_with(said)).await;
}

/// Documented: an instance that is not alive is killed, what it is answering is 503, and the next request has another one.
#[tokio::test]
async fn an_instance_that_is_not_alive_is_killed() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let service = world.create_settled(&with_probe("livenessProbe", well())).await;
    let host = host_of(&url(&service)).to_owned();
    let first = process(&world, &host).await;
    let unwell = async {
        lines.until(|line| line.ends_with("sleeps")).await;
        get(&world, &host, "/be/unwell").await;
    };
    let (answer, ()) = tokio::join!(get(&world, &host, "/sleep/15000"), unwell);
    assert_eq!(answer.status, 503);
    let said = "LIVENESS HTTP probe failed 1 time consecutively for container \"app-1\" on port 8080 path \"/well\". The \
                instance has been shut down. HTTP request returned status 503 Service Unavailable.";
    lines.until(|line| line.ends_with(said)).await;
    assert!(!lines.all().iter().any(|line| line.ends_with("was asked to end")), "it was not asked");
    assert_ne!(process(&world, &host).await, first);
    assert_eq!(is(&world.service("app").await, "Ready"), "True", "that is no failure of the revision");
}

/// Documented: what has a least number of instances gets another one without a request.
#[tokio::test]
async fn an_instance_that_is_kept_is_started_again() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let mut object = app("");
    let annotations = json!({"autoscaling.knative.dev/minScale": "1"});
    object["spec"]["template"]["metadata"] = json!({"annotations": annotations});
    let service = world.create_settled(&object).await;
    get(&world, host_of(&url(&service)), "/crash").await;
    bounded(async {
        while lines.all().iter().filter(|line| line.ends_with(": listens")).count() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// Documented: an instance that is not ready gets no requests, and goes on.
#[tokio::test]
async fn an_instance_that_is_not_ready_gets_no_requests() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder.queue_timeout(Duration::from_millis(50))).await;
    let service = world.create_settled(&with_probe("readinessProbe", well())).await;
    let host = host_of(&url(&service)).to_owned();
    let first = process(&world, &host).await;
    let port = get(&world, &host, "/env").await.object()["PORT"].as_str().unwrap().to_owned();
    get(&world, &host, "/be/unwell").await;
    lines.until(|line| line.contains(": READINESS HTTP probe failed 1 time consecutively")).await;
    let answer = get(&world, &host, "/").await;
    assert_eq!(answer.status, 429);
    assert!(answer.body.contains("there was no available instance"), "{answer:?}");
    let address = format!("127.0.0.1:{port}");
    let request = format!("GET /be/well HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    raw(address.parse().unwrap(), request.as_bytes()).await;
    bounded(async {
        while get(&world, &host, "/").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(process(&world, &host).await, first);
}

/// The health protocol of gRPC, of one service: what does not say that it serves has not started.
#[tokio::test]
async fn a_probe_of_grpc_asks_in_its_protocol() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    for (service, ready) in [("mine", "True"), ("other", "False")] {
        let mut object = app("h2c");
        object["metadata"]["name"] = service.into();
        let container = container(&mut object);
        container["ports"] = json!([{"name": "h2c"}]);
        let probe = json!({"grpc": {"service": service}, "timeoutSeconds": 10, "failureThreshold": 1});
        container["startupProbe"] = probe;
        let created = world.create_settled(&object).await;
        assert_eq!(is(&created, "Ready"), ready, "{service}");
    }
    lines.until(|line| line.contains("STARTUP GRPC probe succeeded after 1 attempt")).await;
}
