//! `cargo xtask conformance`: Google's own clients, and a browser, on `runctl emulator serve`.

mod client;
mod emulator;
mod outcome;
mod process;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use client::Client;
use client::{Places, Prepared};
use emulator::Emulator;
use outcome::{Outcome, Summary, Transcript, Verdict};

use crate::terminal;

/// Building runctl from nothing may take this long.
const BUILD: Duration = Duration::from_secs(1200);
/// A client's script may take this long; gcloud waits a second or two for each write.
const SCRIPT: Duration = Duration::from_secs(240);

/// Runs one client, or all that are installed, and prints their steps.
///
/// A signal that asks for the end stops all processes first.
///
/// # Errors
/// If runctl cannot be built, the emulator not be started or stopped, or the run is interrupted.
pub(crate) fn run(only: Option<Client>) -> Result<Summary> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            summary = walk(only) => summary,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
            _ = hang_up.recv() => bail!("the terminal is gone"),
        }
    })
}

async fn walk(only: Option<Client>) -> Result<Summary> {
    let root = crate::workspace_root();
    let runctl = build(&root).await?;
    let places = Places { scripts: root.join("tests/clients"), scratch: root.join("target/conformance") };
    let temporary = places.scratch.join("tmp");
    // A script that was killed left something there.
    let _ = fs::remove_dir_all(&temporary);
    fs::create_dir_all(&temporary).with_context(|| temporary.display().to_string())?;

    let emulator = Emulator::start(&runctl, &places.scratch.join("emulator.log")).await?;
    terminal::print(&format_args!("{} at {}\n", runctl.display(), emulator.url()))?;
    let clients = only.as_ref().map_or(Client::value_variants(), std::slice::from_ref);
    let mut outcomes = Vec::new();
    for &client in clients {
        let start = Instant::now();
        let verdict = verdict(client, &places, emulator.url()).await;
        outcomes.push(Outcome { client, verdict, time: start.elapsed() });
    }
    emulator.stop().await?;
    Ok(Summary { outcomes, demanded: only.is_some() })
}

/// Prepares and runs a client; what goes wrong is its failure and not that of the others.
async fn verdict(client: Client, places: &Places, url: &str) -> Verdict {
    let script = async || match client.prepare(places).await? {
        Prepared::Missing(what) => Ok::<_, anyhow::Error>(Verdict::Skipped(what)),
        Prepared::Ready(mut command) => {
            // A proxy for the world outside knows nothing of an emulator on this machine.
            for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
                command.env_remove(name);
            }
            command.env("TMPDIR", places.scratch.join("tmp")).arg(url);
            let mut transcript = Transcript::default();
            let mut printed = Ok(());
            let print = |line: &str| {
                transcript.record(line);
                if printed.is_ok() {
                    printed = terminal::print(&format_args!("{client:<7} {line}\n"));
                }
            };
            let end = process::run(&mut command, SCRIPT, print).await?;
            printed?;
            Ok(transcript.verdict(end))
        }
    };
    script().await.unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")))
}

/// Builds runctl and tells where it is.
async fn build(root: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", "run-cli", "--bin", "runctl"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root);
    let mut runctl = None;
    let end = process::run(&mut command, BUILD, |line| runctl = executable(line).or(runctl.take())).await?;
    if !end.is_success() {
        bail!("runctl does not build");
    }
    runctl.context("cargo did not say where it put runctl")
}

/// The program that a message of cargo's names.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message["executable"].as_str().map(PathBuf::from)
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
}
