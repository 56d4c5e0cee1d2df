//! The two sides: each a program and an emulator of its own, and in it a project for each line.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::header::{CONTENT_TYPE, HOST};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

use super::outcome::Ran;
use crate::program::process::Group;

/// The region that both take from gcloud's variable, and that the requests here name.
pub(super) const REGION: &str = "europe-west1";
/// A command may take this long on a busy machine.
const COMMAND: Duration = Duration::from_secs(90);
/// Objects come to rest within this time: what the emulator has to do takes no time.
const REST: Duration = Duration::from_secs(20);

/// The kinds whose objects are compared: their collections, and whether they have policies.
const COLLECTIONS: [(&str, &str, bool); 5] = [
    ("serving.knative.dev/v1", "services", true),
    ("serving.knative.dev/v1", "revisions", false),
    ("run.googleapis.com/v1", "jobs", true),
    ("run.googleapis.com/v1", "executions", false),
    ("run.googleapis.com/v1", "workerpools", true),
];

/// gcloud, loaded once: it answers one command after the other.
pub(super) struct Gcloud {
    emulator: String,
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _group: Group,
}

impl Gcloud {
    /// Loads it, with an empty configuration and the emulator for its proxy. Its files are read from `files`.
    pub(super) fn start(scripts: &Path, files: &Path, configuration: &Path, emulator: &str) -> Result<Self> {
        let mut command = Command::new("python3");
        command
            .arg(scripts.join("gcloud/lines.py"))
            .args([emulator.as_ref(), configuration.as_os_str(), "parity".as_ref()])
            .env("CLOUDSDK_RUN_REGION", REGION)
            .current_dir(files);
        let (group, stdin, stdout) = Group::spawn_talking(&mut command)?;
        Ok(Self {
            emulator: emulator.to_owned(),
            stdin,
            answers: BufReader::new(stdout).lines(),
            _group: group,
        })
    }

    /// Runs `gcloud WORDS` in a project.
    pub(super) async fn run(&mut self, words: &[String], project: &str) -> Result<Ran> {
        let track = words.first().is_some_and(|word| matches!(&**word, "alpha" | "beta"));
        // Behind `--container`, gcloud takes its own flags for those of the container.
        let mut arguments = vec!["--project", project];
        arguments.extend((!track).then_some("run"));
        arguments.extend(words.iter().map(String::as_str));
        let line = format!("{}\n", serde_json::to_string(&arguments)?);
        self.stdin.write_all(line.as_bytes()).await?;
        let answer = timeout(COMMAND, self.answers.next_line()).await;
        let answer = answer.context("gcloud does not answer")??.context("gcloud cannot be loaded")?;
        #[derive(Deserialize)]
        struct Answer {
            code: i32,
            stdout: String,
            stderr: String,
        }
        let Answer { code, stdout, stderr } = serde_json::from_str(&answer)?;
        Ok(Ran { code, stdout: without_port(&stdout, &self.emulator), stderr })
    }
}

/// Runs `runctl WORDS` in a project, with the variables that gcloud has.
pub(super) async fn runctl(
    program: &Path,
    files: &Path,
    words: &[String],
    project: &str,
    emulator: &str,
) -> Result<Ran> {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let foreign = ["RUNCTL_", "CLOUDSDK_", "GOOGLE_", "GITHUB_", "RUN_EMULATOR_"];
        if foreign.iter().any(|start| name.starts_with(start)) || name.to_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command
        .args(words)
        .args(["--project", project])
        .env("RUN_EMULATOR_HOST", emulator.trim_start_matches("http://"))
        .env("CLOUDSDK_CONFIG", files.join("no-such-configuration"))
        .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_RUN_REGION", REGION)
        .stdin(std::process::Stdio::null())
        .current_dir(files)
        .kill_on_drop(true);
    let output = timeout(COMMAND, command.output()).await.context("runctl does not end")??;
    let text = |bytes: Vec<u8>| {
        // To gcloud the emulator is a proxy, to runctl the host itself.
        let text = without_port(&String::from_utf8_lossy(&bytes), emulator);
        text.replace("http://127.0.0.1:PORT/", &format!("http://{REGION}-run.googleapis.com/"))
    };
    Ok(Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    })
}

/// A text without the port of the emulator, which is another one on each side.
fn without_port(text: &str, emulator: &str) -> String {
    let port = emulator.rsplit(':').next().unwrap_or_default();
    text.replace(&format!(":{port}"), ":PORT")
}

/// The objects of one emulator.
#[derive(Clone)]
pub(super) struct Objects {
    http: reqwest::Client,
    url: String,
}

impl Objects {
    pub(super) fn of(http: &reqwest::Client, url: &str) -> Self {
        Self { http: http.clone(), url: url.to_owned() }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        request = request.header(HOST, format!("{REGION}-run.googleapis.com"));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        let text = without_port(&text, &self.url);
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Writes objects, one after the other: each is created, or takes the place of the one that is there.
    pub(super) async fn write(&self, objects: &[Value], project: &str) -> Result<()> {
        for object in objects {
            let kind = object["kind"].as_str().unwrap_or_default();
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            if kind == "Policy" {
                let path = format!("/v1/projects/{project}/locations/{REGION}/{name}:setIamPolicy");
                let (status, answer) =
                    self.call(Method::POST, &path, Some(&json!({"policy": object["policy"]}))).await?;
                if !status.is_success() {
                    bail!("{path}: {answer}");
                }
                continue;
            }
            let group = object["apiVersion"].as_str().unwrap_or_default();
            let all = format!("/apis/{group}/namespaces/{project}/{}s", kind.to_lowercase());
            let (mut status, mut answer) = self.call(Method::POST, &all, Some(object)).await?;
            if status == StatusCode::CONFLICT {
                (status, answer) = self.call(Method::PUT, &format!("{all}/{name}"), Some(object)).await?;
            }
            if !status.is_success() {
                bail!("{all}/{name}: {answer}");
            }
            self.at_rest(project).await?;
        }
        Ok(())
    }

    /// All objects of a project and their policies, when nothing moves any more.
    pub(super) async fn at_rest(&self, project: &str) -> Result<Value> {
        let deadline = Instant::now() + REST;
        loop {
            let objects = self.all(project).await?;
            if ["services", "jobs", "executions", "workerpools"]
                .iter()
                .all(|kind| objects[kind].as_object().into_iter().flat_map(Map::values).all(is_at_rest))
            {
                return Ok(objects);
            }
            if Instant::now() > deadline {
                bail!("{project} does not come to rest: {objects}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn all(&self, project: &str) -> Result<Value> {
        let mut all = Map::new();
        for (group, collection, has_policy) in COLLECTIONS {
            let path = format!("/apis/{group}/namespaces/{project}/{collection}");
            let (status, answer) = self.call(Method::GET, &path, None).await?;
            if !status.is_success() {
                bail!("{path}: {answer}");
            }
            let mut items: Vec<&Value> = answer["items"].as_array().into_iter().flatten().collect();
            items.sort_by_key(|object| object["metadata"]["creationTimestamp"].as_str());
            let mut objects = Map::new();
            for (index, object) in items.into_iter().enumerate() {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                // Those of one job differ by a random end only, so that their order has to tell them apart.
                let key = if collection == "executions" { format!("{index}") } else { name.to_owned() };
                let mut object = object.clone();
                if has_policy {
                    let resource = format!("/v1/projects/{project}/locations/{REGION}/{collection}/{name}");
                    let (_, policy) =
                        self.call(Method::GET, &format!("{resource}:getIamPolicy"), None).await?;
                    object["policy"] = policy;
                }
                objects.insert(key, object);
            }
            if !objects.is_empty() {
                all.insert(collection.to_owned(), Value::Object(objects));
            }
        }
        Ok(Value::Object(all))
    }
}

/// Whether the newest generation was observed, and no condition is open that decides. A job that never ran has none of
/// these; an execution ends.
fn is_at_rest(object: &Value) -> bool {
    let status = &object["status"];
    let observed = status["observedGeneration"] == object["metadata"]["generation"];
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    // A job may have been read before its execution ended.
    let is_running = matches!(
        status["latestCreatedExecution"]["completionStatus"].as_str(),
        Some("EXECUTION_PENDING" | "EXECUTION_RUNNING")
    );
    observed
        && !is_running
        && !conditions.any(|condition| {
            matches!(condition["type"].as_str(), Some("Ready" | "Completed"))
                && condition["status"] == "Unknown"
        })
}
