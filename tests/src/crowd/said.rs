//! One process of `runctl`, and what it said.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use run_api::Resource;
use run_api::types::Service;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than a command takes of which no request hangs, with hundreds beside it.
const ENDLESS: Duration = Duration::from_secs(90);

/// What a process said at its end.
pub(super) struct Said {
    pub(super) command: String,
    pub(super) code: i32,
    /// Its stdout; null if that is no JSON.
    pub(super) json: Value,
    pub(super) stderr: String,
    pub(super) took: Duration,
    /// What it did, for people who look for what went wrong.
    log: String,
}

/// Runs a command to its end.
///
/// # Errors
/// If it does not come to one; it is killed then.
///
/// # Panics
/// If the program cannot be started.
pub(super) async fn runctl(program: PathBuf, url: String, words: &[&str]) -> Result<Said, String> {
    let (command, started) = (words.join(" "), Instant::now());
    let child = Command::new(program)
        .args(words)
        .args(["--quiet", "--format", "json"])
        .env_clear()
        .env("HOME", std::env::temp_dir())
        .env("RUN_EMULATOR_HOST", url.trim_start_matches("http://"))
        .env("RUNCTL_PROJECT", "test-project")
        .env("RUNCTL_REGION", "us-central1")
        .env("RUNCTL_LOG", "run_api=debug,run_ops=debug")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a program that can be started");
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let ended = timeout(ENDLESS, to_the_end(child, &mut stdout, &mut stderr)).await;
    // A line of the log begins with its time.
    let text = String::from_utf8_lossy(&stderr);
    let (log, said): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let log = log.join("\n");
    let Ok(code) = ended else {
        return Err(format!("`runctl {command}` did not end within {ENDLESS:?}:\n{log}"));
    };
    Ok(Said {
        command,
        code,
        json: serde_json::from_slice(&stdout).unwrap_or_default(),
        stderr: said.join("\n"),
        took: started.elapsed(),
        log,
    })
}

async fn to_the_end(mut child: Child, stdout: &mut Vec<u8>, stderr: &mut Vec<u8>) -> i32 {
    let (mut out, mut err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let (out, err, status) = tokio::join!(out.read_to_end(stdout), err.read_to_end(stderr), child.wait());
    out.and(err).expect("pipes that can be read");
    status.expect("a child").code().unwrap_or(-1)
}

impl Said {
    pub(super) fn wrong(&self, what: &str) -> String {
        let Self { command, code, stderr, log, .. } = self;
        format!("`runctl {command}` ended with {code}: {stderr}\nbut {what}. What it did:\n{log}")
    }

    pub(super) fn is(&self, so: bool, else_what: &str) -> Result<(), String> {
        if so { Ok(()) } else { Err(self.wrong(else_what)) }
    }

    pub(super) fn succeeded(&self) -> Result<(), String> {
        self.is(self.code == 0, "nothing stood in its way")
    }

    /// Whether a failure says that something was written.
    pub(super) fn says_written(&self) -> bool {
        self.stderr.contains("was written")
    }

    /// Whether a failure fits what is there: what was, or, if it says so, perhaps what was wanted.
    pub(super) fn fits<T: PartialEq>(&self, was: &T, wanted: &T, is: &T) -> Result<(), String> {
        match self.code {
            7 => self.is(is == was || is == wanted, "it is neither what it was nor what was wanted"),
            _ if self.says_written() => self.is(is == wanted, "it was not written"),
            _ => self.is(is == was, "it is not what it was"),
        }
    }

    /// Whether the object that it printed is the one that is there, in the generation that is there.
    pub(super) fn names(&self, there: &Service) -> Result<(), String> {
        let metadata = &self.json["metadata"];
        let generation = metadata["generation"].as_i64() == there.generation().map(i64::from);
        self.is(
            metadata["uid"].as_str() == there.uid() && generation,
            "it printed another object, or another generation",
        )
    }
}
