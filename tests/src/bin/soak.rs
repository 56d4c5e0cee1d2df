//! Load and sudden ends, for an emulator as a process. `cargo xtask soak` runs it against `runctl`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a development tool talks to the terminal directly"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, Parser};
use run_emulator::{Delays, Emulator};
use run_tests::{conflicts, kills};

#[derive(Parser)]
#[command(about = "Load and sudden ends, for an emulator as a process")]
enum Soak {
    /// Many clients that write the same services
    Conflicts {
        #[command(flatten)]
        server: Server,
        /// How many clients write at the same time
        #[arg(long, default_value_t = 200)]
        clients: u32,
        /// How many services all of them write
        #[arg(long, default_value_t = 40)]
        services: u32,
        /// For how long
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Kills the emulator at random moments and starts it again on its state
    Kills {
        #[command(flatten)]
        server: Server,
        /// How often it is killed
        #[arg(long, default_value_t = 30)]
        kills: u32,
        /// How many clients write at the same time
        #[arg(long, default_value_t = 16)]
        clients: u32,
    },
    /// Serves an emulator from this binary, for tests
    #[command(hide = true)]
    Serve { state: PathBuf },
}

#[derive(Args)]
struct Server {
    /// The `runctl` that serves
    #[arg(long)]
    runctl: PathBuf,
    /// What is drawn at random is drawn from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Server {
    fn command(&self, state: Option<&Path>) -> Command {
        let mut command = Command::new(&self.runctl);
        command.args(["emulator", "serve", "--listen", "127.0.0.1:0", "--delay", "5"]).stderr(Stdio::null());
        if let Some(state) = state {
            command.arg("--state").arg(state);
        }
        command
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let started = Instant::now();
    let result = match Soak::parse() {
        Soak::Conflicts { server, clients, services, seconds } => {
            let load =
                conflicts::Load { clients, services, lasts: Duration::from_secs(seconds), seed: server.seed };
            match kills::Server::start(server.command(None)).await {
                Ok((running, _)) => {
                    conflicts::run(running.url(), load).await.map(|figures| figures.to_string())
                }
                Err(error) => Err(error),
            }
        }
        Soak::Kills { server, kills, clients } => {
            let alive = (Duration::from_millis(20), Duration::from_millis(1500));
            let rounds = kills::Rounds { kills, clients, alive, seed: server.seed };
            let state = std::env::temp_dir().join(format!("run-soak-{}", std::process::id()));
            let result = kills::run(|| server.command(Some(&state)), rounds).await;
            let size = std::fs::metadata(&state).map_or(0, |file| file.len() >> 20);
            let _ = std::fs::remove_file(&state);
            result.map(|figures| format!("{figures}; a state file of {size} MiB"))
        }
        Soak::Serve { state } => serve(state).await,
    };
    match result {
        Ok(figures) => {
            println!("{figures} ({:.1} s)", started.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(state: PathBuf) -> Result<String, String> {
    let builder = Emulator::builder().delays(Delays::uniform(Duration::from_millis(1))).state(state);
    let emulator = builder.start().await.map_err(|error| error.to_string())?;
    println!("{}", emulator.url());
    std::future::pending().await
}
