//! Load and sudden ends, for an emulator as a process. `cargo xtask soak` runs it against `runctl`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a development tool talks to the terminal directly"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::{Args, Parser};
use run_emulator::{Delays, Emulator};
use run_tests::{conflicts, crowd, interleavings, kills, matrix};

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
    /// Writers and a deleter of one service, in seeded interleavings
    Interleavings {
        /// How many
        #[arg(long, default_value_t = 3000)]
        schedules: u64,
        /// The first seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A deployment, struck by every pair of the common faults
    Faults,
    /// Operations, struck by one to three faults at once, of all kinds; each run is a seed
    Random {
        /// How many
        #[arg(long, default_value_t = 5000)]
        runs: u64,
        /// The first seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Many processes of `runctl` through a proxy in bad weather
    Crowd {
        /// The program
        #[arg(long)]
        runctl: PathBuf,
        /// How many processes at the same time
        #[arg(long, default_value_t = 200)]
        processes: u32,
        /// How many commands each runs, one after the other
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Of a thousand requests, how many are struck
        #[arg(long, default_value_t = 50)]
        per_mille: u32,
        /// What is drawn at random is drawn from this
        #[arg(long, default_value_t = 1)]
        seed: u64,
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

fn main() -> ExitCode {
    let soak = Soak::parse();
    let started = std::time::Instant::now();
    // These have runtimes of their own.
    if let Soak::Random { runs, seed } = soak {
        return told(started, struck_at_random(seed..seed.saturating_add(runs)));
    }
    let paused = matches!(soak, Soak::Interleavings { .. } | Soak::Faults);
    let runtime = if paused {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()
    } else {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()
    };
    match runtime {
        Ok(runtime) => told(started, runtime.block_on(run(soak))),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(soak: Soak) -> Result<String, String> {
    match soak {
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
        Soak::Interleavings { schedules, seed } => {
            Ok(format!("{:?}", interleavings::run(seed..seed.saturating_add(schedules)).await))
        }
        Soak::Faults => {
            every_pair().await.map(|counts| counts.to_string()).map_err(|claim| claim.to_string())
        }
        Soak::Random { .. } => Err("it has runtimes of its own".to_owned()),
        Soak::Crowd { runctl, processes, rounds, per_mille, seed } => {
            let shared = (processes / 10).max(1);
            let crowd = crowd::Crowd { runctl, actors: processes, rounds, shared, per_mille, seed };
            crowd::run(&crowd).await.map(|figures| figures.to_string())
        }
        Soak::Serve { state } => serve(state).await,
    }
}

fn told(started: std::time::Instant, result: Result<String, String>) -> ExitCode {
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

/// Every pair of faults, at every two requests of a deployment over an existing service.
async fn every_pair() -> Result<matrix::Counts, matrix::FalseClaim> {
    let mut counts = matrix::Counts::default();
    let operation = matrix::Operation::DeployOver;
    let requests = matrix::requests(&matrix::Ground::start().await, operation).await;
    let kinds = matrix::common_kinds();
    for first in 0..requests {
        // The first fault makes requests more.
        for second in first + 1..requests + 2 {
            // Thousands of services in one emulator would make its lists slow.
            let ground = matrix::Ground::start().await;
            for (one, strike) in &kinds {
                for (other, second_strike) in &kinds {
                    let strikes = [(first, *one, strike.clone()), (second, *other, second_strike.clone())];
                    counts.add(*one, matrix::strike(&ground, operation, &strikes).await?);
                }
            }
        }
    }
    Ok(counts)
}

/// The runs of these seeds, on all cores. A claim that is false has its seed with it: `--seed N --runs 1` runs it again.
fn struck_at_random(seeds: std::ops::Range<u64>) -> Result<String, String> {
    let runs = matrix::every_seed(seeds);
    let mut counts = matrix::Counts::default();
    for (drawn, ending) in &runs {
        match ending {
            Ok(ending) => counts.add(format!("{:?}", drawn.operation), *ending),
            Err(claim) => eprintln!("{claim}"),
        }
    }
    match runs.iter().filter(|(_, ending)| ending.is_err()).count() {
        0 => Ok(format!("{counts}\n{} runs with one to three faults each; no false claim", runs.len())),
        wrong => Err(format!("{wrong} of {} runs ended in a false claim", runs.len())),
    }
}

async fn serve(state: PathBuf) -> Result<String, String> {
    let builder = Emulator::builder().delays(Delays::uniform(Duration::from_millis(1))).state(state);
    let emulator = builder.start().await.map_err(|error| error.to_string())?;
    println!("{}", emulator.url());
    std::future::pending().await
}
