//! What it costs to list 1000 services (3 MB) in each of run-api's ways: instructions of the whole process, and its peak
//! of memory.
//!
//! ```sh
//! cargo bench -p run-tests --bench lists
//! ```
//!
//! An emulator serves the services in one process; each way is a process of its own, which runs the example `list` of
//! run-api. Instructions are counted by `valgrind --tool=callgrind`, so that they are the same on a busy machine;
//! without valgrind there are none. Memory is that of a run without valgrind, as Linux tells. It says which goals are
//! missed.

#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use run_api::{Client, Endpoint};
use run_emulator::{Delays, Emulator};

#[allow(dead_code, reason = "its main is not called")]
#[path = "../../crates/run-emulator/examples/fill.rs"]
mod fill;
#[allow(dead_code, reason = "its main is not called")]
#[path = "../../crates/run-api/examples/list.rs"]
mod list;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SERVICES: usize = 1000;
/// What is compared with the rest.
const BEFORE: &str = "whole";
/// The way, and the most that it may take: millions of instructions, megabytes.
const GOALS: [(&str, Option<u64>, Option<f64>); 5] = [
    (BEFORE, None, None),
    ("pages", None, None),
    ("items", None, Some(11.0)),
    ("rows", Some(62), Some(11.0)),
    ("views", Some(62), Some(11.0)),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match (runtime, arguments.as_slice()) {
        (Err(error), _) => Err(error.into()),
        (Ok(runtime), [part]) if part == "serve" => runtime.block_on(serve()),
        (Ok(runtime), [part, way, url]) if part == "ask" => runtime.block_on(ask(way, url)),
        _ => compare(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until stdin ends.
async fn serve() -> Result<()> {
    let emulator = Emulator::builder().delays(Delays::none()).start().await?;
    let bytes = fill::fill(&emulator.url(), SERVICES).await?;
    println!("{bytes} {}", emulator.url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(())
}

async fn ask(way: &str, url: &str) -> Result<()> {
    let endpoint = Endpoint::emulator(url)?;
    let client = Client::builder().project("my-project").region("us-central1").endpoint(endpoint).build()?;
    let listed = list::count(&client, way).await?;
    println!("{} {}", listed.services, memory().unwrap_or(0));
    Ok(())
}

/// The peak of this process's memory in kB, where the system tells.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()
}

/// Ends with its owner.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn compare() -> Result<()> {
    let own = std::env::current_exe()?;
    let mut server =
        Server(Command::new(&own).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let (bytes, url) = line.trim().split_once(' ').ok_or("the emulator did not start")?;
    println!("{SERVICES} services, {bytes} bytes");
    println!("{:8} {:>16} {:>8} {:>10} {:>8}", "way", "M instructions", "ratio", "peak MB", "ratio");

    let mut before = None;
    let mut missed = Vec::new();
    for (way, most_instructions, most_memory) in GOALS {
        let (count, memory) = peak(Command::new(&own).args(["ask", way, url]))?;
        if count != SERVICES {
            return Err(format!("{way}: {count} services").into());
        }
        let megabytes = memory as f64 / 1000.0;
        let instructions = instructions(
            Command::new("valgrind")
                .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
                .arg(&own)
                .args(["ask", way, url]),
        );
        let (first_instructions, first_memory) = *before.get_or_insert((instructions, megabytes));
        let shown = instructions.map_or_else(|| "-".to_owned(), |count| format!("{:.1}", count as f64 / 1e6));
        let ratio = instructions
            .zip(first_instructions)
            .map_or_else(|| "-".to_owned(), |(count, first)| format!("{:.2}", count as f64 / first as f64));
        println!("{way:8} {shown:>16} {ratio:>8} {megabytes:>10.1} {:>8.2}", megabytes / first_memory);
        if instructions.zip(most_instructions).is_some_and(|(count, most)| count > most * 1_000_000) {
            missed.push(format!("{way} takes more than {} M instructions", most_instructions.unwrap_or(0)));
        }
        if most_memory.is_some_and(|most| megabytes > most) {
            missed.push(format!("{way} takes more than {} MB", most_memory.unwrap_or(0.0)));
        }
    }
    missed.iter().for_each(|goal| println!("{goal}"));
    Ok(())
}

/// How many services it saw, and its peak of memory in kB.
fn peak(command: &mut Command) -> Result<(usize, u64)> {
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (count, memory) = text.trim().split_once(' ').ok_or_else(|| format!("{command:?}: {text}"))?;
    Ok((count.parse()?, memory.parse()?))
}

/// What callgrind collected; none if there is no valgrind.
fn instructions(command: &mut Command) -> Option<u64> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    text.lines().find_map(|line| line.split_once("Collected : "))?.1.trim().parse().ok()
}
