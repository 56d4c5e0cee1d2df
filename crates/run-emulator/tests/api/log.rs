//! What the emulator tells of its work.

use std::sync::{Arc, Mutex};

use crate::support::{REVISIONS, SERVICES, World, hello, set_env};
use run_api::methods::Operation;
use run_emulator::{Fault, FaultKind, LogEntry};
use serde_json::Value;

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<LogEntry>>>);

impl Told {
    async fn world(&self) -> World {
        let told = self.clone();
        World::with(|builder| {
            builder.log(move |entry| told.0.lock().expect("nobody panicked").push(entry.clone()))
        })
        .await
    }

    /// What was told since the last time, without requests that only look.
    fn news(&self) -> Vec<LogEntry> {
        let all = std::mem::take(&mut *self.0.lock().expect("nobody panicked"));
        let looks = |entry: &LogEntry| matches!(entry, LogEntry::Request(one) if one.method == "GET");
        all.into_iter().filter(|entry| !looks(entry)).collect()
    }

    fn lines(&self) -> Vec<String> {
        self.news().iter().map(ToString::to_string).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_told_from_the_request_to_the_last_condition() {
    let told = Told::default();
    let world = told.world().await;
    world.create_settled(&hello("hello")).await;
    let stage = |what: &str| format!("services/hello in us-central1: {what}");
    assert_eq!(
        told.lines(),
        [
            format!(
                "POST {SERVICES} 200 0.0ms create_service services/hello in us-central1: made, generation 1"
            ),
            stage("Ready none→Unknown, ConfigurationsReady none→Unknown, RoutesReady none→Unknown"),
            stage("ConfigurationsReady Unknown→True"),
            stage("Ready Unknown→True, RoutesReady Unknown→True"),
        ]
    );
    world.update_settled("hello", |service| set_env(service, "second")).await;
    let lines = told.lines();
    assert!(lines[0].ends_with("replace_service services/hello in us-central1: generation 1→2"), "{lines:?}");
    assert!(lines[1].contains("Ready True→Unknown"), "{lines:?}");

    world.delete(&format!("{SERVICES}/hello")).await.object();
    world.gone("hello").await;
    let lines = told.lines();
    assert!(
        lines[0].ends_with("delete_service services/hello in us-central1: Ready True→Unknown"),
        "{lines:?}"
    );
    assert_eq!(lines[1..], [stage("gone")]);
}

#[tokio::test(start_paused = true)]
async fn an_execution_is_told_to_its_end() {
    let told = Told::default();
    let world = told.world().await;
    let jobs = "/apis/run.googleapis.com/v1/namespaces/test-project/jobs";
    let task = serde_json::json!({"spec": {"containers": [{"image": "docker.io/run-emulator/exits"}], "maxRetries": 0}});
    let job =
        serde_json::json!({"metadata": {"name": "job"}, "spec": {"template": {"spec": {"template": task}}}});
    world.post(jobs, &job).await.object();
    let execution = world.post(&format!("{jobs}/job:run"), &Value::Object(Default::default())).await.object();
    let name = execution["metadata"]["name"].as_str().unwrap();
    let path = format!("{}/{name}", jobs.replace("/jobs", "/executions"));
    world.object_settled(&path, "Completed").await;
    let lines = told.lines();
    let last = format!("executions/{name} in us-central1: Completed Unknown→False (NonZeroExitCode)");
    assert!(lines.contains(&last), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn requests_say_what_they_were_about() {
    let world = World::start().await;
    world.emulator.faults().add(Fault::new(FaultKind::Unavailable).on("get_revision"));
    world.get(REVISIONS).await.object();
    world.get(&format!("{REVISIONS}/none")).await;
    world.get("/nowhere").await;
    world.put(&format!("{SERVICES}/none"), &hello("none")).await;
    let said: Vec<_> = world
        .emulator
        .requests()
        .into_iter()
        .map(|one| {
            (
                one.operation.map(Operation::as_str),
                one.resource,
                one.region,
                one.status,
                one.fault,
                one.change,
            )
        })
        .collect();
    let region = Some("us-central1");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        said,
        [
            (Some("list_revisions"), text("revisions"), region, 200, None, None),
            (Some("get_revision"), text("revisions/none"), region, 503, text("unavailable"), None),
            (None, None, None, 404, None, None),
            (Some("replace_service"), text("services/none"), region, 404, None, None),
        ]
    );
}

/// Whoever writes at the same time: what a request has changed is what this request did.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_tells_its_own_change_only() {
    const WRITERS: usize = 24;
    let world = Arc::new(World::start().await);
    world.create(&hello("hello")).await;
    let writes = (0..WRITERS).map(|at| {
        let world = world.clone();
        tokio::spawn(async move {
            let mut service = hello("hello");
            set_env(&mut service, &at.to_string());
            world.put(&format!("{SERVICES}/hello"), &service).await.object();
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.expect("a write that was applied");
    }
    let written = world.emulator.requests().into_iter().filter(|one| one.method == "PUT");
    let mut steps: Vec<_> = written
        .map(|one| one.change.expect("a change"))
        .map(|change| (change.from_generation.unwrap_or_default(), change.to_generation.unwrap_or_default()))
        .collect();
    steps.sort_unstable();
    let expected: Vec<_> = (1..).map(|from| (from, from + 1)).take(WRITERS).collect();
    assert_eq!(steps, expected);
}
