//! A release of 500 services of one region, deployed and awaited at the same time through one `Ops`: how many requests
//! it takes, how long, and how much memory; with and without shared looks and paced writes.
//!
//! `cargo bench -p run-ops --bench fleet`. The server is simulated, and so is the time: tokio's clock is paused and
//! jumps from one event to the next. Only the memory is measured: the peak of a process of its own for each way, with
//! the simulated server in it.

#![allow(clippy::print_stdout, reason = "the figures are the output")]

mod server;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use run_ops::{Deadline, DeployRequest, Ops};
use serde_json::{Value, json};
use server::{QUOTA_WINDOW, Server, WRITES_PER_MINUTE};
use tokio::time::Instant;

const SERVICES: usize = 500;
/// From the write to the ready service, uniform between these.
const DEPLOYMENT: std::ops::Range<f64> = 7.0..15.0;
const LIMIT: Duration = Duration::from_secs(600);
const TICK: Duration = Duration::from_secs(1);

/// A way to deploy the fleet.
struct Way {
    name: &'static str,
    shared: bool,
    paced: bool,
}

const WAYS: [Way; 4] = [
    Way { name: "shared looks, paced writes", shared: true, paced: true },
    Way { name: "a read for each look, paced writes", shared: false, paced: true },
    Way { name: "shared looks, not paced", shared: true, paced: false },
    Way { name: "neither", shared: false, paced: false },
];

/// The second of two arguments says which way to go in this process; without them, all go in processes of their own.
fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--way"), Some(way)) => {
            let way = &WAYS[way.parse::<usize>().expect("the number of a way")];
            println!("{}", figures(way));
        }
        _ => compare(),
    }
}

fn compare() {
    let rows: Vec<Value> = (0..WAYS.len()).map(in_a_process).collect();
    let bound = lower_bound().as_secs_f64();
    let (from, to) = (DEPLOYMENT.start, DEPLOYMENT.end);
    println!(
        "{SERVICES} services of one region, a deployment takes {from} to {to} s; the quota of writes allows {bound} s at best\n"
    );
    println!(
        "| way | deployed | time | of the bound | gets | pages of lists | writes | 429 | lag, median | worst | peak memory |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (way, row) in WAYS.iter().zip(&rows) {
        let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
        println!(
            "| {} | {} | {:.1} s | {:.2} | {} | {} | {} | {} | {:.2} s | {:.2} s | {:.1} MiB |",
            way.name,
            row["deployed"],
            number("seconds"),
            number("seconds") / bound,
            row["gets"],
            row["lists"],
            row["writes"],
            row["refused"],
            number("median_lag"),
            number("worst_lag"),
            number("peak_kib") / 1024.0,
        );
    }
    let of = |row: &Value, name: &str| row[name].as_f64().expect("a number");
    let requests = |row: &Value| ["gets", "lists", "writes"].iter().map(|name| of(row, name)).sum::<f64>();
    let [ours, single, ..] = &rows[..] else { unreachable!("there are four rows") };
    assert_eq!(of(ours, "deployed"), SERVICES as f64, "the goal: all are deployed");
    assert_eq!(of(ours, "refused"), 0.0, "the goal: the quota is never exceeded");
    assert!(of(ours, "seconds") < 1.3 * bound, "the goal: close to what the quota allows");
    assert!(
        requests(ours) < requests(single) / 2.0,
        "the goal: far fewer requests than a read for each look"
    );
}

/// The moment at which the quota lets the last write through, and the shortest deployment after it.
fn lower_bound() -> Duration {
    let windows = u32::try_from((SERVICES - 1) / WRITES_PER_MINUTE).expect("a small number");
    QUOTA_WINDOW * windows + Duration::from_secs_f64(DEPLOYMENT.start)
}

fn in_a_process(way: usize) -> Value {
    let this = std::env::current_exe().expect("the path of this program");
    let output = Command::new(this).args(["--way", &way.to_string()]).output().expect("a process");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the figures of one way")
}

fn figures(way: &Way) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let server = Arc::new(Server::new(SERVICES, DEPLOYMENT, 1));
        let mut ops = Ops::new(server.clone());
        if way.shared {
            ops = ops.share_polls(TICK);
        }
        if way.paced {
            ops = ops.writes_per_minute(u32::try_from(WRITES_PER_MINUTE).expect("a small number"));
        }
        let start = Instant::now();
        let deployments: Vec<_> = server
            .references()
            .into_iter()
            .map(|service| tokio::spawn(deploy(ops.clone(), service)))
            .collect();
        let mut lags = Vec::new();
        for deployment in deployments {
            if let Some((service, returned)) = deployment.await.expect("no panic") {
                lags.push((returned - server.ready_at(&service)).as_secs_f64());
            }
        }
        lags.sort_by(f64::total_cmp);
        let counts = server.counts();
        json!({
            "deployed": lags.len(),
            "seconds": start.elapsed().as_secs_f64(),
            "gets": counts.gets, "lists": counts.lists, "writes": counts.writes, "refused": counts.refused,
            "median_lag": lags.get(lags.len() / 2), "worst_lag": lags.last(),
            "peak_kib": peak_memory(),
        })
    })
}

/// The service, and when the deployment returned; none if it failed.
async fn deploy(ops: Ops<Arc<Server>>, service: run_api::ServiceRef) -> Option<(String, Instant)> {
    let name = service.name.to_string();
    let request = DeployRequest::new(service).image("image:2");
    ops.deploy(&request, Deadline::after(LIMIT)).await.ok().map(|_| (name, Instant::now()))
}

/// The most that this process had in memory, in KiB, where the system tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}
