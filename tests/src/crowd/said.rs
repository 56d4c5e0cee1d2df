//! One process of `runctl`, and what it said.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use run_api::Resource;
use run_api::types::Service;
use serde_json::Value;

/// What a process said at its end.
pub(super) struct Said {
    command: String,
    pub(super) code: i32,
    /// Its stdout; null if that is no JSON.
    pub(super) json: Value,
    pub(super) stderr: String,
}

/// Runs a command to its end, on a thread of its own.
pub(super) async fn runctl(program: PathBuf, url: String, words: &[&str]) -> Said {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let command = words.join(" ");
    let ended = tokio::task::spawn_blocking(move || {
        Command::new(program)
            .args(&words)
            .args(["--quiet", "--format", "json"])
            .env_clear()
            .env("HOME", std::env::temp_dir())
            .env("RUN_EMULATOR_HOST", url.trim_start_matches("http://"))
            .env("RUNCTL_PROJECT", "test-project")
            .env("RUNCTL_REGION", "us-central1")
            .stdin(Stdio::null())
            .output()
    });
    let output = ended.await.expect("a thread").expect("a program that can be started");
    Said {
        command,
        code: output.status.code().unwrap_or(-1),
        json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Said {
    pub(super) fn wrong(&self, what: &str) -> String {
        let Self { command, code, stderr, .. } = self;
        let last = stderr.lines().last().unwrap_or_default();
        format!("`runctl {command}` ended with {code}: {last}\nbut {what}")
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
