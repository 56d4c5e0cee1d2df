//! A state that outlives its emulator.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use crate::jobs::{JOBS, job};
use crate::kinds::KINDS;
use crate::support::{HELLO, NUMBER, SERVICES, World, hello, latest_created, set_env, url};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use run_emulator::{Delays, Emulator, StartError};
use serde_json::{Value, json};

/// A file that goes away with the test.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("run-emulator-{:032x}", rand::random::<u128>())))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn open(file: &File) -> World {
    World::with(|builder| builder.state(&file.0)).await
}

async fn refused(file: &File) -> StartError {
    Emulator::builder().state(&file.0).start().await.expect_err("a state that cannot be used")
}

#[tokio::test]
async fn everything_is_there_again() {
    let file = File::new();
    let world = open(&file).await;
    let first = latest_created(&world.create_settled(&hello("hello")).await);
    world.publish("hello").await;
    let split = |service: &mut Value| {
        set_env(service, "2");
        service["spec"]["traffic"] = json!([
            {"revisionName": first, "percent": 100}, {"latestRevision": true, "tag": "new"},
        ]);
    };
    let service = world.update_settled("hello", split).await;
    let operation = service["metadata"]["annotations"]["run.googleapis.com/operation-id"].as_str().unwrap();
    let operation = format!("/v1/projects/test-project/locations/us-central1/operations/{operation}");
    let policy = format!("{}/hello:getIamPolicy", crate::support::IN_LOCATION);
    let before = [
        world.get(SERVICES).await.object(),
        world.get(crate::support::REVISIONS).await.object(),
        world.get(&policy).await.object(),
        world.get(&operation).await.object(),
    ];
    let address = world.emulator.addr();
    world.emulator.shutdown().await;

    let world = World::with(|builder| builder.state(&file.0).listen(address)).await;
    let after = [
        world.get(SERVICES).await.object(),
        world.get(crate::support::REVISIONS).await.object(),
        world.get(&policy).await.object(),
        world.get(&operation).await.object(),
    ];
    assert_eq!(before, after);
    assert_eq!(world.visited_revision(&url(&service)).await, first);
    let tagged = service["status"]["traffic"][1]["url"].as_str().unwrap();
    assert_eq!(world.visited_revision(tagged).await, latest_created(&service));

    // Life goes on: numbers and versions do not begin anew.
    let next = world.update_settled("hello", |service| set_env(service, "3")).await;
    assert_eq!(next["metadata"]["generation"], 3);
    assert!(latest_created(&next).starts_with("hello-00003-"), "{next}");
    let version = |object: &Value| {
        STANDARD_NO_PAD.decode(object["metadata"]["resourceVersion"].as_str().unwrap()).unwrap()
    };
    assert!(version(&next) > version(&service));
}

#[tokio::test]
async fn what_was_deleted_stays_deleted() {
    let file = File::new();
    let world = open(&file).await;
    for name in ["kept", "deleted"] {
        world.create_settled(&hello(name)).await;
    }
    world.delete(&format!("{SERVICES}/deleted")).await.object();
    world.gone("deleted").await;
    world.emulator.shutdown().await;
    let world = open(&file).await;
    assert_eq!(world.get(&format!("{SERVICES}/deleted")).await.status, 404);
    assert_eq!(world.get(SERVICES).await.object()["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.get(crate::support::REVISIONS).await.object()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn work_that_was_under_way_is_done_after_all() {
    let file = File::new();
    let slow = |builder: run_emulator::EmulatorBuilder| {
        builder.state(&file.0).delays(Delays::uniform(Duration::from_secs(3600)))
    };
    let world = World::with(slow).await;
    world.create(&hello("new")).await;
    world.create(&hello("doomed")).await;
    world.delete(&format!("{SERVICES}/doomed")).await.object();
    world.emulator.shutdown().await;

    let world = open(&file).await;
    let service = world.settled("new").await;
    assert_eq!(crate::support::is(&service, "Ready"), "True");
    world.gone("doomed").await;
    world.publish("new").await;
    assert_eq!(world.visited_revision(&url(&service)).await, latest_created(&service));
}

#[tokio::test]
async fn another_port_is_another_address() {
    let file = File::new();
    let world = open(&file).await;
    let service = world.create_settled(&crate::support::service("hello", "docker.io/a/b:1.5")).await;
    world.publish("hello").await;
    let old = world.emulator.addr();
    let holder = {
        world.emulator.shutdown().await;
        tokio::net::TcpListener::bind(old).await.unwrap()
    };
    let world = open(&file).await;
    let port = |address: std::net::SocketAddr| format!(":{}", address.port());
    let moved = world.service("hello").await;
    assert_eq!(url(&moved), url(&service).replace(&port(old), &port(world.emulator.addr())));
    // The image was pinned by the first emulator; its version is that of the tag that it was deployed by.
    assert_eq!(world.visit(&url(&moved)).await.object()["version"], "1.5");
    drop(holder);
}

#[tokio::test]
async fn a_project_keeps_its_number() {
    let file = File::new();
    open(&file).await.emulator.shutdown().await;
    let other = Emulator::builder().project("test-project", NUMBER + 1).state(&file.0);
    let error = other.start().await.unwrap_err().to_string();
    let expected = format!("project `test-project` has the number {NUMBER} there, and not {}", NUMBER + 1);
    assert!(error.ends_with(&expected), "{error}");
    let emulator = Emulator::builder().state(&file.0).start().await.unwrap();
    let world = World { emulator };
    world.create(&hello("hello")).await;
    assert_eq!(world.service("hello").await["metadata"]["namespace"], NUMBER.to_string());
}

#[tokio::test]
async fn a_state_in_use_and_a_file_that_is_none() {
    let file = File::new();
    let world = open(&file).await;
    let error = refused(&file).await.to_string();
    let path = file.0.display();
    assert_eq!(error, format!("cannot use the state in {path}: it is in use by another emulator"));
    drop(world);
    open(&file).await;
    std::fs::write(&file.0, "something else").unwrap();
    let error = refused(&file).await.to_string();
    assert_eq!(error, format!("cannot use the state in {path}: it is not the state of an emulator"));
}

#[tokio::test]
async fn every_kind_comes_back_and_goes_on() {
    let file = File::new();
    let slow = |builder: run_emulator::EmulatorBuilder| {
        builder.state(&file.0).delays(Delays::uniform(Duration::from_secs(3600)))
    };
    let world = World::with(slow).await;
    let mut made = Vec::new();
    for kind in &KINDS {
        made.push(world.post(&kind.path(), &kind.object("o")).await.object());
    }
    let address = world.emulator.addr();
    world.emulator.shutdown().await;

    let world = World::with(|builder| slow(builder).listen(address)).await;
    for (kind, made) in KINDS.iter().zip(&made) {
        assert_eq!(world.get(&kind.at("o")).await.object(), *made);
    }
    world.emulator.shutdown().await;

    let world = open(&file).await;
    world.create_settled(&hello("hello")).await;
    for (kind, made) in KINDS.iter().zip(&made) {
        let settled = kind.settled(&world, "o").await;
        assert_eq!(settled["metadata"]["uid"], made["metadata"]["uid"]);
    }
}

#[tokio::test]
async fn tasks_that_were_running_run_again() {
    let file = File::new();
    let long = Delays { task: Duration::from_secs(3600), ..Delays::uniform(Duration::from_millis(2)) };
    let world = World::with(|builder| builder.state(&file.0).delays(long)).await;
    world.post(JOBS, &job("j", HELLO, json!({"taskCount": 3}), json!({}))).await.object();
    world.job_ready("j").await;
    let execution = world.run("j", json!({})).await;
    world.execution_until(&execution, |one| one["status"]["runningCount"] == 3).await;
    world.emulator.shutdown().await;

    let world = open(&file).await;
    assert_eq!(world.tasks(&execution).await.len(), 3);
    assert_eq!(world.over(&execution).await["status"]["succeededCount"], 3);
}

/// What an earlier version has written, with everything in it, opens and goes on.
#[tokio::test]
async fn a_file_of_an_earlier_version_opens() {
    let file = File::new();
    let mut bytes = Vec::new();
    let packed = &include_bytes!("fixtures/state-format-1.gz")[..];
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    std::fs::write(&file.0, bytes).unwrap();
    let world = open(&file).await;

    let service = world.service("hello").await;
    assert_eq!(service["metadata"]["generation"], 2);
    assert_eq!(service["metadata"]["labels"]["team"], "red");
    assert_eq!(crate::support::is(&service, "Ready"), "True");
    let percents: Vec<_> =
        service["status"]["traffic"].as_array().unwrap().iter().map(|target| &target["percent"]).collect();
    assert_eq!(percents, [70, 30]);
    assert_eq!(service["status"]["traffic"][1]["tag"], "next");
    // The policy lets everybody in, at the address that the service has here.
    let port = world.emulator.addr().port();
    assert!(url(&service).ends_with(&format!(".localhost:{port}")), "{}", url(&service));
    let tagged = service["status"]["traffic"][1]["url"].as_str().unwrap();
    assert_eq!(world.visit(tagged).await.object()["version"], "2.0");

    // The kinds that there were when it was written.
    let then = ["jobs", "workerpools", "instances", "domainmappings"];
    for kind in KINDS.iter().filter(|kind| then.contains(&kind.collection)) {
        assert!(
            !world.get(&kind.path()).await.object()["items"].as_array().unwrap().is_empty(),
            "{}",
            kind.collection
        );
    }
    let run = JOBS.trim_end_matches("jobs");
    let items = |list: Value| list["items"].as_array().unwrap().clone();
    let executions = items(world.get(&format!("{run}executions")).await.object());
    let mut ends: Vec<String> =
        executions.iter().map(|execution| crate::support::is(execution, "Completed")).collect();
    ends.sort();
    assert_eq!(ends, ["False", "True"]);
    assert_eq!(items(world.get(&format!("{run}tasks")).await.object()).len(), 3);
    assert_eq!(items(world.get(crate::support::REVISIONS).await.object()).len(), 3);

    let next = world.update_settled("hello", |service| set_env(service, "3")).await;
    assert!(latest_created(&next).starts_with("hello-00003-"), "{next}");
    let execution = world.run("backup", json!({})).await;
    assert_eq!(world.over(&execution).await["status"]["succeededCount"], 2);
    for kind in &KINDS {
        let items = items(world.get(&kind.path()).await.object());
        for name in items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()) {
            let path = format!("{}/{name}", kind.path());
            world.delete(&path).await.object();
            world.nothing_at(&path).await;
        }
    }
    assert_eq!(world.get(crate::support::REVISIONS).await.object().get("items"), None);
}
