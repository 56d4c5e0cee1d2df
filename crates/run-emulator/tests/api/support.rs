//! What the tests share: an emulator, requests over plain sockets, and waiting with a bound.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::net::SocketAddr;
use std::time::Duration;

use run_emulator::{Delays, Emulator, EmulatorBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";
pub(crate) const NUMBER: u64 = 123_456_789_012;
pub(crate) const SERVICES: &str = "/apis/serving.knative.dev/v1/namespaces/test-project/services";
pub(crate) const REVISIONS: &str = "/apis/serving.knative.dev/v1/namespaces/test-project/revisions";
pub(crate) const IN_LOCATION: &str = "/v1/projects/test-project/locations/us-central1/services";

/// Only a hang takes this long.
const HANG: Duration = Duration::from_secs(20);

/// An emulator in which every stage takes two milliseconds, with one project.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON; an HTML page is a failure.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The object, of an answer that must be one.
    pub(crate) fn object(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    pub(crate) fn is_html(&self) -> bool {
        self.head.to_ascii_lowercase().contains("content-type: text/html") && self.body.contains("<html")
    }

    /// Status, word and message of a refusal in the API's shape.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], self.status, "{self:?}");
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("status"), text("message"))
    }

    /// The fields that a refusal complains about, with what it says.
    pub(crate) fn violations(&self) -> Vec<(String, String)> {
        let details = self.json()["error"]["details"][0].clone();
        assert_eq!(details["@type"], "type.googleapis.com/google.rpc.BadRequest", "{self:?}");
        let text = |violation: &Value, name: &str| violation[name].as_str().unwrap().to_owned();
        let all = details["fieldViolations"].as_array().unwrap();
        all.iter().map(|one| (text(one, "field"), text(one, "description"))).collect()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(settings: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let builder = Emulator::builder()
            .project("test-project", NUMBER)
            .delays(Delays::uniform(Duration::from_millis(2)));
        Self { emulator: settings(builder).start().await.unwrap() }
    }

    /// A request with any host, method and target, as it is written here.
    pub(crate) async fn send(&self, host: &str, method: &str, target: &str, body: &[u8]) -> Answer {
        let mut bytes = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        raw(self.emulator.addr(), &bytes).await
    }

    async fn call(&self, method: &str, target: &str, body: &str) -> Answer {
        self.send("localhost", method, target, body.as_bytes()).await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.call("GET", target, "").await
    }

    pub(crate) async fn delete(&self, target: &str) -> Answer {
        self.call("DELETE", target, "").await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Answer {
        self.call("POST", target, &body.to_string()).await
    }

    pub(crate) async fn put(&self, target: &str, body: &Value) -> Answer {
        self.call("PUT", target, &body.to_string()).await
    }

    pub(crate) async fn service(&self, name: &str) -> Value {
        self.get(&format!("{SERVICES}/{name}")).await.object()
    }

    pub(crate) async fn revision(&self, name: &str) -> Value {
        self.get(&format!("{REVISIONS}/{name}")).await.object()
    }

    pub(crate) async fn create(&self, service: &Value) -> Value {
        self.post(SERVICES, service).await.object()
    }

    /// Creates a service and waits until its status speaks of it.
    pub(crate) async fn create_settled(&self, service: &Value) -> Value {
        let made = self.create(service).await;
        self.settled(made["metadata"]["name"].as_str().unwrap()).await
    }

    /// Reads, edits, replaces, and waits until the status speaks of the change.
    pub(crate) async fn update_settled(&self, name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        self.update(name, edit).await;
        self.settled(name).await
    }

    pub(crate) async fn update(&self, name: &str, edit: impl FnOnce(&mut Value)) -> Value {
        let mut service = self.service(name).await;
        edit(&mut service);
        // A status that moved in between is no conflict here.
        service["metadata"]["resourceVersion"] = Value::Null;
        self.put(&format!("{SERVICES}/{name}"), &service).await.object()
    }

    /// The service when its status is about its generation and says yes or no.
    pub(crate) async fn settled(&self, name: &str) -> Value {
        self.until(name, |service| {
            service["status"]["observedGeneration"] == service["metadata"]["generation"]
                && condition(service, "Ready")["status"] != "Unknown"
        })
        .await
    }

    /// What a service's status says from now until it has settled, without repetitions. Every stage lasts longer
    /// than the pause between two looks, so that none is missed.
    pub(crate) async fn watched(&self, name: &str) -> Vec<Seen> {
        let mut all: Vec<Seen> = Vec::new();
        bounded(async {
            loop {
                let service = self.service(name).await;
                let seen = Seen::of(&service);
                if all.last() != Some(&seen) {
                    all.push(seen);
                }
                if seen.fresh && !seen.ready.is_ascii_punctuation() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        all
    }

    /// The service when it is as wanted.
    pub(crate) async fn until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.object_when(&format!("{SERVICES}/{name}"), wanted).await
    }

    /// The object at a path when it is as wanted.
    pub(crate) async fn object_when(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        bounded(async {
            loop {
                let object = self.get(path).await.object();
                if wanted(&object) {
                    return object;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await
    }

    /// The object at a path when a condition of it is neither absent nor Unknown, and about its generation.
    pub(crate) async fn object_settled(&self, path: &str, kind: &str) -> Value {
        let settled = |object: &Value| {
            object["status"]["observedGeneration"] == object["metadata"]["generation"]
                && ["True", "False"].contains(&is(object, kind).as_str())
        };
        self.object_when(path, settled).await
    }

    pub(crate) async fn gone(&self, name: &str) {
        self.nothing_at(&format!("{SERVICES}/{name}")).await;
    }

    /// Waits until there is nothing at a path.
    pub(crate) async fn nothing_at(&self, path: &str) {
        bounded(async {
            while self.get(path).await.status != 404 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }

    /// Makes a service public.
    pub(crate) async fn publish(&self, name: &str) {
        let policy =
            json!({"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}});
        self.post(&format!("{IN_LOCATION}/{name}:setIamPolicy"), &policy).await.object();
    }

    /// A request to a service's own host.
    pub(crate) async fn visit(&self, url: &str) -> Answer {
        self.send(host_of(url), "GET", "/", b"").await
    }

    /// The revision that answers.
    pub(crate) async fn visited_revision(&self, url: &str) -> String {
        self.visit(url).await.object()["revision"].as_str().unwrap().to_owned()
    }
}

/// What a service's status says: `T`rue, `F`alse, `?` for Unknown, `.` for absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) fresh: bool,
    pub(crate) ready: char,
    pub(crate) configurations: char,
    pub(crate) routes: char,
}

impl Seen {
    fn of(service: &Value) -> Self {
        let sign = |kind| match is(service, kind).as_str() {
            "True" => 'T',
            "False" => 'F',
            "Unknown" => '?',
            _ => '.',
        };
        Self {
            fresh: service["status"]["observedGeneration"] == service["metadata"]["generation"],
            ready: sign("Ready"),
            configurations: sign("ConfigurationsReady"),
            routes: sign("RoutesReady"),
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let age = if self.fresh { "fresh" } else { "stale" };
        write!(f, "{age} {}{}{}", self.ready, self.configurations, self.routes)
    }
}

/// The lines of what was watched.
pub(crate) fn lines(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(ToString::to_string).collect()
}

/// Keeps a paused clock from moving while it lives (but no longer than a hang takes).
///
/// Tokio moves a paused clock whenever nothing can run, and nothing promises that what was written to a loopback
/// socket can be read by then (though it was whenever we looked). It does not while blocking work is under way.
pub(crate) struct ClockStandsStill {
    _end: std::sync::mpsc::Sender<()>,
}

impl ClockStandsStill {
    pub(crate) fn now() -> Self {
        let (end, ended) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || ended.recv_timeout(HANG));
        Self { _end: end }
    }
}

/// Sends bytes and reads an answer until the connection ends.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let _still = ClockStandsStill::now();
    bounded(async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    })
    .await
}

pub(crate) async fn bounded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, work).await.expect("this should not take so long")
}

pub(crate) fn host_of(url: &str) -> &str {
    url.strip_prefix("http://").unwrap_or(url)
}

/// A service with one container.
pub(crate) fn service(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
    })
}

pub(crate) fn hello(name: &str) -> Value {
    service(name, HELLO)
}

/// Sets an environment variable: another template.
pub(crate) fn set_env(service: &mut Value, value: &str) {
    service["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "RELEASE", "value": value}]);
}

pub(crate) fn set_image(service: &mut Value, image: &str) {
    service["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
}

/// A condition of an object, null if there is none.
pub(crate) fn condition(object: &Value, kind: &str) -> Value {
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default()
}

/// The status of a condition.
pub(crate) fn is(object: &Value, kind: &str) -> String {
    condition(object, kind)["status"].as_str().unwrap_or("absent").to_owned()
}

/// When a condition last changed.
pub(crate) fn since(object: &Value, kind: &str) -> String {
    condition(object, kind)["lastTransitionTime"].as_str().unwrap().to_owned()
}

/// A name in a status.
pub(crate) fn latest_created(service: &Value) -> String {
    service["status"]["latestCreatedRevisionName"].as_str().unwrap().to_owned()
}

pub(crate) fn url(service: &Value) -> String {
    service["status"]["url"].as_str().unwrap().to_owned()
}

/// The lines that local processes have written, each after who wrote it.
#[derive(Clone, Default)]
pub(crate) struct Lines(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Waits for a line.
    pub(crate) async fn until(&self, wanted: impl Fn(&str) -> bool) -> String {
        bounded(async {
            loop {
                if let Some(line) = self.all().iter().find(|line| wanted(line)) {
                    return line.clone();
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await
    }
}

/// Keeps what local processes write.
pub(crate) fn logged(builder: EmulatorBuilder, lines: &Lines) -> EmulatorBuilder {
    let lines = lines.clone();
    builder.process_log(move |line| {
        lines.0.lock().unwrap().push(format!("{}: {}", line.source, line.text));
    })
}
