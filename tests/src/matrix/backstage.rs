//! What comes before a run, and what is seen after it: by plain requests, past the client that is tried.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::operations::{MEMBER, Operation};
use crate::HELLO;
use crate::proxy::raw::{self, Request};

/// What the server has of the service; none if there is none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) uid: String,
    pub(super) generation: i64,
    pub(super) spec: Value,
    pub(super) members: Vec<String>,
    pub(super) revisions: usize,
    pub(super) deleting: bool,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, spec, members, revisions, deleting, .. } = self;
        let env = &spec["template"]["spec"]["containers"][0]["env"][0]["value"];
        let traffic = &spec["traffic"];
        write!(
            f,
            "generation {generation}, {revisions} revisions, RELEASE={env}, traffic {traffic}, {members:?}"
        )?;
        if *deleting { f.write_str(", on its way out") } else { Ok(()) }
    }
}

/// Longer than anything in the emulator takes.
pub(super) const AFTERWARDS: Duration = Duration::from_secs(5);

const SERVICES: &str = "/apis/serving.knative.dev/v1/namespaces/test-project/services";
const REVISIONS: &str = "/apis/serving.knative.dev/v1/namespaces/test-project/revisions";
const POLICIES: &str = "/v1/projects/test-project/locations/us-central1/services";

/// Where plain requests go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backstage(pub(super) SocketAddr);

impl Backstage {
    async fn ask(self, method: &str, target: String, body: Option<Value>) -> Option<Value> {
        let global = target.starts_with(POLICIES);
        let host = if global { "run.googleapis.com" } else { "us-central1-run.googleapis.com" };
        let mut headers = vec![format!("host: {host}")];
        let body = body.map(|body| body.to_string().into_bytes());
        headers.extend(body.as_ref().map(|_| "content-type: application/json".to_owned()));
        let request = Request { method: method.to_owned(), target, headers, body: body.unwrap_or_default() };
        let answer = raw::exchange(self.0, &request).await.expect("an answer");
        let text = String::from_utf8(answer).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        match head.get(9..12) {
            Some("200") => Some(serde_json::from_str(body).expect("JSON")),
            Some("404") => None,
            _ => panic!("{text}"),
        }
    }

    /// Creates a service with one revision.
    pub(super) async fn create(self, name: &str) {
        self.ask("POST", SERVICES.to_owned(), Some(service(name, "first", None, &[]))).await;
    }

    /// What comes before the operation. All but the first two find a service that was written twice.
    pub(super) async fn prepare(self, name: &str, operation: Operation) {
        if matches!(operation, Operation::Create | Operation::DeployNew) {
            return;
        }
        self.create(name).await;
        tokio::time::sleep(AFTERWARDS).await;
        let second = format!("{name}-second");
        let latest = json!({ "latestRevision": true, "percent": 100 });
        let parts = [
            json!({ "revisionName": second, "percent": 70 }),
            json!({ "latestRevision": true, "percent": 30 }),
        ];
        let (named, splits): (_, &[&[Value]]) = match operation {
            Operation::Split => (Some(second.as_str()), &[&[], &parts, std::slice::from_ref(&latest)]),
            _ => (None, &[&[]]),
        };
        for traffic in splits {
            let object = service(name, "second", named, traffic);
            self.ask("PUT", format!("{SERVICES}/{name}"), Some(object)).await;
            tokio::time::sleep(AFTERWARDS).await;
        }
        let policies: &[&[&str]] = match operation {
            Operation::Grant => &[&[MEMBER], &[]],
            Operation::GrantSame | Operation::Revoke => &[&[MEMBER]],
            _ => &[],
        };
        for members in policies {
            let binding = json!({ "role": "roles/run.invoker", "members": members });
            let bindings = if members.is_empty() { json!([]) } else { json!([binding]) };
            let policy = json!({ "policy": { "bindings": bindings } });
            self.ask("POST", format!("{POLICIES}/{name}:setIamPolicy"), Some(policy)).await;
        }
    }

    /// What there is.
    pub(super) async fn state(self, name: &str) -> Option<State> {
        let found = self.ask("GET", format!("{SERVICES}/{name}"), None).await?;
        let policy = self.ask("GET", format!("{POLICIES}/{name}:getIamPolicy"), None).await?;
        let selector = format!("{REVISIONS}?labelSelector=serving.knative.dev%2Fservice%3D{name}");
        let revisions = self.ask("GET", selector, None).await?;
        let items = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        let members =
            items(&policy, "bindings").iter().flat_map(|binding| items(binding, "members")).collect();
        Some(State {
            uid: found["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            generation: found["metadata"]["generation"].as_i64().unwrap_or_default(),
            spec: found["spec"].clone(),
            members: serde_json::from_value(members).expect("names"),
            revisions: items(&revisions, "items").len(),
            deleting: !found["metadata"]["deletionTimestamp"].is_null(),
        })
    }
}

fn service(name: &str, release: &str, revision: Option<&str>, traffic: &[Value]) -> Value {
    let container = json!({ "image": HELLO, "env": [{ "name": "RELEASE", "value": release }] });
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": { "name": name, "namespace": "test-project" },
        "spec": {
            "template": { "metadata": { "name": revision }, "spec": { "containers": [container] } },
            "traffic": traffic,
        },
    })
}
