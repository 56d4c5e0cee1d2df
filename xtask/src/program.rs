//! Programs that the tasks run: runctl, its emulator, and what is installed.

pub(crate) mod emulator;
pub(crate) mod process;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

/// Building runctl from nothing may take this long.
const BUILD: Duration = Duration::from_secs(1200);

/// Builds runctl and tells where it is.
///
/// # Errors
/// If it does not build.
pub(crate) async fn build(root: &Path, more: &[&str]) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", "run-cli", "--bin", "runctl"])
        .args(more)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root);
    let mut runctl = None;
    let end = process::run(&mut command, BUILD, |line| runctl = executable(line).or(runctl.take())).await?;
    if !end.is_success() {
        bail!("runctl does not build");
    }
    runctl.context("cargo did not say where it put runctl")
}

/// Does the work on a runtime of its own; a signal that asks for the end drops it, and so stops its processes first.
///
/// # Errors
/// Those of the work, and an interruption.
pub(crate) fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            result = work => result,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
            _ = hang_up.recv() => bail!("the terminal is gone"),
        }
    })
}

/// The program that a message of cargo's names.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}

/// Where a program is, if the search path has it.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_among_the_messages_of_cargo() {
        let artifact = r#"{"reason":"compiler-artifact","executable":"/target/debug/runctl"}"#;
        assert_eq!(executable(artifact), Some(PathBuf::from("/target/debug/runctl")));
        for other in [
            r#"{"reason":"compiler-artifact","executable":null}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "warning: not a message",
        ] {
            assert_eq!(executable(other), None, "{other}");
        }
    }

    #[test]
    fn programs_are_found_in_the_search_path() {
        assert!(installed("sh").is_some());
        assert_eq!(installed("no-such-program"), None);
    }
}
