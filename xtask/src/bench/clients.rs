//! Who is measured, and what each has to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::server::{PROJECT, REGION};
use crate::program::installed;

/// What a program has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// List all services from a server that sends whole objects.
    ListWhole,
    /// List all services from a server that honours `fields` and compresses.
    ListFields,
    /// Deploy the image that is there already: a new revision.
    Deploy,
    /// Tell the version.
    Version,
    /// Start and end, for what the measurement itself takes.
    Nothing,
}

impl Task {
    pub(super) const ALL: [Self; 5] =
        [Self::ListWhole, Self::ListFields, Self::Deploy, Self::Version, Self::Nothing];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ListWhole => "services list, whole objects",
            Self::ListFields => "services list, fields honoured",
            Self::Deploy => "deploy, the same image",
            Self::Version => "--version",
            Self::Nothing => "nothing (the shell's `true`)",
        }
    }
}

/// Where the two servers are.
pub(super) struct Places<'a> {
    pub(super) plain: &'a str,
    pub(super) emulator: &'a str,
}

/// A program that is measured.
#[derive(Clone, Debug)]
pub(super) enum Client {
    Nothing,
    Runctl(PathBuf),
    Go(PathBuf),
    Python { python: PathBuf, script: PathBuf },
    Gcloud { gcloud: PathBuf, configuration: PathBuf },
}

impl Client {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "(none)",
            Self::Runctl(_) => "runctl",
            Self::Go(_) => "Go program",
            Self::Python { .. } => "Python program",
            Self::Gcloud { .. } => "gcloud",
        }
    }

    pub(super) fn tasks(&self) -> Vec<Task> {
        match self {
            Self::Nothing => vec![Task::Nothing],
            Self::Runctl(_) => vec![Task::ListWhole, Task::ListFields, Task::Deploy, Task::Version],
            Self::Go(_) | Self::Python { .. } => vec![Task::ListWhole],
            Self::Gcloud { .. } => vec![Task::ListWhole, Task::Deploy, Task::Version],
        }
    }

    /// Which rounds it takes part in: every so many.
    pub(super) fn every(&self) -> usize {
        if matches!(self, Self::Gcloud { .. }) { 10 } else { 1 }
    }

    /// The command for a task. Nothing of the user's settings counts.
    pub(super) fn command(&self, task: Task, places: &Places<'_>) -> Command {
        let server = match task {
            Task::ListWhole => places.plain,
            _ => places.emulator,
        };
        let words: &[&str] = match task {
            Task::ListWhole | Task::ListFields => &["services", "list"],
            Task::Deploy => {
                &["deploy", "service-0000", "--image", "us-docker.pkg.dev/cloudrun/container/hello"]
            }
            Task::Version => &["--version"],
            Task::Nothing => &[],
        };
        let mut command = match self {
            Self::Nothing => Command::new("true"),
            Self::Runctl(runctl) => {
                let mut command = Command::new(runctl);
                command.args(words).env("RUNCTL_ENDPOINT", server).env("CLOUDSDK_CONFIG", "/none");
                command.env("RUNCTL_PROJECT", PROJECT).env("RUNCTL_REGION", REGION);
                command
            }
            Self::Go(program) => {
                let mut command = Command::new(program);
                command.arg(server);
                command
            }
            Self::Python { python, script } => {
                let mut command = Command::new(python);
                command.arg(script).arg(server);
                command
            }
            Self::Gcloud { gcloud, configuration } => {
                let mut command = Command::new(gcloud);
                let group: &[&str] = if task == Task::Version { &[] } else { &["run"] };
                command.args(group).args(words).envs(gcloud_settings(server, configuration));
                command
            }
        };
        // A proxy for the world outside knows nothing of a server on this machine.
        if !matches!(self, Self::Gcloud { .. }) {
            for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
                command.env_remove(name);
            }
        }
        command
    }
}

/// gcloud takes the server for its HTTP proxy, and asks nobody else.
fn gcloud_settings(server: &str, configuration: &Path) -> Vec<(&'static str, String)> {
    let yes = || "true".to_owned();
    vec![
        ("CLOUDSDK_CONFIG", configuration.display().to_string()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "http://run.googleapis.com/".to_owned()),
        ("http_proxy", server.to_owned()),
        ("https_proxy", server.to_owned()),
        ("no_proxy", String::new()),
        ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", yes()),
        ("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false".to_owned()),
        ("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", yes()),
        ("CLOUDSDK_CORE_DISABLE_PROMPTS", yes()),
        ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", yes()),
        ("CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API", "false".to_owned()),
        ("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", yes()),
        ("CLOUDSDK_CORE_PROJECT", PROJECT.to_owned()),
        ("CLOUDSDK_RUN_REGION", REGION.to_owned()),
    ]
}

/// The programs that there are, and a line for each that is missing.
pub(super) fn prepare(runctl: &Path, root: &Path, scratch: &Path) -> Result<(Vec<Client>, Vec<String>)> {
    let mut clients = vec![Client::Nothing, Client::Runctl(runctl.to_owned())];
    let mut missing = Vec::new();
    for prepared in [go(root, scratch)?, python(root)?, gcloud(scratch)?] {
        match prepared {
            Ok(client) => clients.push(client),
            Err(line) => missing.push(line),
        }
    }
    Ok((clients, missing))
}

type Prepared = Result<Result<Client, String>>;

/// Where Debian's packages put the sources of Go libraries.
const GO_PATH: &str = "/usr/share/gocode";

fn go(root: &Path, scratch: &Path) -> Prepared {
    let Some(go) = installed("go") else {
        return Ok(Err("Go program: go is not installed (Debian: golang-go)".to_owned()));
    };
    if !Path::new(GO_PATH).join("src/google.golang.org/api/run/v1").is_dir() {
        return Ok(Err("Go program: golang-google-api-dev is not installed".to_owned()));
    }
    let program = scratch.join("go-list");
    let mut build = Command::new(go);
    build
        .args(["build", "-o"])
        .arg(&program)
        .arg(root.join("tests/clients/go/list/list.go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", GO_PATH)
        .env("GOPROXY", "off")
        .env("GOCACHE", scratch.join("go-cache"))
        .env_remove("GOFLAGS");
    if !build.status()?.success() {
        bail!("the Go program does not compile");
    }
    Ok(Ok(Client::Go(program)))
}

/// The virtual environment is that of the conformance tests.
fn python(root: &Path) -> Prepared {
    let python = root.join("target/conformance/python/bin/python");
    if !python.exists() {
        let how = "Python program: `cargo xtask conformance --client python` fetches the client first";
        return Ok(Err(how.to_owned()));
    }
    Ok(Ok(Client::Python { python, script: root.join("tests/clients/python/list.py") }))
}

fn gcloud(scratch: &Path) -> Prepared {
    let Some(gcloud) = installed("gcloud") else {
        return Ok(Err("gcloud: it is not installed".to_owned()));
    };
    let configuration = scratch.join("gcloud");
    fs::create_dir_all(&configuration).with_context(|| configuration.display().to_string())?;
    Ok(Ok(Client::Gcloud { gcloud, configuration }))
}

/// The first line of what a version command says.
pub(super) fn version(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
}
