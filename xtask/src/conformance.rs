//! `cargo xtask conformance`: Google's own clients, and a browser, on `runctl emulator serve`.

mod client;
mod outcome;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

pub(crate) use client::Client;
use client::{Places, Prepared};
use outcome::{Outcome, Summary, Transcript, Verdict};

use crate::program::emulator::Emulator;
use crate::program::{self, process};
use crate::terminal;

/// A client's script may take this long; gcloud waits a second or two for each write.
const SCRIPT: Duration = Duration::from_secs(240);

/// Runs one client, or all that are installed, and prints their steps.
///
/// A signal that asks for the end stops all processes first.
///
/// # Errors
/// If runctl cannot be built, the emulator not be started or stopped, or the run is interrupted.
pub(crate) fn run(only: Option<Client>) -> Result<Summary> {
    program::until_interrupted(walk(only))
}

async fn walk(only: Option<Client>) -> Result<Summary> {
    let root = crate::workspace::root();
    let runctl = program::build(&root, &[]).await?;
    let places = Places { scripts: root.join("tests/clients"), scratch: root.join("target/conformance") };
    let temporary = places.scratch.join("tmp");
    // A script that was killed left something there.
    let _ = fs::remove_dir_all(&temporary);
    fs::create_dir_all(&temporary).with_context(|| temporary.display().to_string())?;

    let emulator = Emulator::start(&runctl, &["--delay", "20"], &places.scratch.join("emulator.log")).await?;
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
