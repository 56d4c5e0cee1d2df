//! The page for people, and the events that it draws.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;

use crate::jobs::{JOBS, job};
use crate::support::{HELLO, SERVICES, World, bounded, hello};

/// The events of one watcher, as it reads them.
struct Watcher(Lines<BufReader<TcpStream>>);

impl Watcher {
    async fn of(world: &World) -> Self {
        let mut stream = TcpStream::connect(world.emulator.addr()).await.expect("a connection");
        let request = "GET /__emulator/watch HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("a request");
        Self(BufReader::new(stream).lines())
    }

    /// The first view from now on for which this holds.
    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        bounded(async {
            loop {
                let line = self.0.next_line().await.expect("a stream").expect("a stream without an end");
                let Some(data) = line.strip_prefix("data: ") else { continue };
                let view = serde_json::from_str(data).expect("a view");
                if wanted(&view) {
                    return view;
                }
            }
        })
        .await
    }
}

fn ready(view: &Value) -> &Value {
    &view["services"][0]["conditions"][0]["status"]
}

#[tokio::test]
async fn a_watcher_sees_a_service_come_and_go() {
    let world = World::start().await;
    let mut watcher = Watcher::of(&world).await;
    let empty = watcher.until(|_| true).await;
    assert_eq!(empty["services"].as_array().map(Vec::len), Some(0));
    world.create(&hello("hello")).await;
    let view = watcher.until(|view| ready(view) == "True").await;
    let service = &view["services"][0];
    assert_eq!((&service["name"], &service["region"]), (&"hello".into(), &"us-central1".into()));
    assert_eq!(service["traffic"][0]["percent"], 100);
    assert_eq!(service["traffic"][0]["revision"], service["revisions"][0]["name"]);
    assert_eq!(view["requests"][0]["status"], 200);
    world.delete(&format!("{SERVICES}/hello")).await.object();
    watcher.until(|view| view["services"].as_array().is_some_and(Vec::is_empty)).await;
}

#[tokio::test]
async fn a_watcher_sees_the_executions_of_a_job() {
    let world = World::start().await;
    let mut watcher = Watcher::of(&world).await;
    let outcome =
        |view: &Value, at: usize| view["jobs"][0]["executions"][at]["conditions"][0]["status"].clone();
    let backup = |image| job("backup", image, json!({"taskCount": 2}), json!({"maxRetries": 0}));
    world.post(JOBS, &backup(HELLO)).await.object();
    watcher.until(|view| view["jobs"][0]["conditions"][0]["status"] == "True").await;

    let first = world.run("backup", json!({})).await;
    let view = watcher.until(|view| outcome(view, 0) == "True").await;
    let execution = &view["jobs"][0]["executions"][0];
    assert_eq!(execution["name"], first);
    assert_eq!((&execution["tasks"], &execution["succeeded"]), (&json!(2), &json!(2)));

    world.put(&format!("{JOBS}/backup"), &backup("docker.io/run-emulator/exits")).await.object();
    let second = world.run("backup", json!({})).await;
    let view = watcher.until(|view| outcome(view, 0) == "False").await;
    let executions = &view["jobs"][0]["executions"];
    assert_eq!((&executions[0]["name"], &executions[1]["name"]), (&json!(second), &json!(first)));
    assert_eq!((&executions[0]["failed"], &executions[0]["succeeded"]), (&json!(2), &json!(0)));
}

#[tokio::test(start_paused = true)]
async fn the_page_is_only_on_names_of_this_machine() {
    let world = World::start().await;
    let page = world.get("/").await;
    assert!(
        page.status == 200 && page.head.contains("content-security-policy: default-src 'none'"),
        "{page:?}"
    );
    for part in ["/__emulator/page.js", "/__emulator/page.css"] {
        assert!(page.body.contains(part), "{part}");
        assert_eq!(world.get(part).await.status, 200);
    }
    assert_eq!(world.send("run.googleapis.com", "GET", "/", b"").await.status, 404);
    assert_eq!(world.send("localhost", "POST", "/", b"").await.status, 404);
}
