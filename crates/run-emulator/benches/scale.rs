//! Ten thousand services in one emulator: what requests take, how much memory it is, and how long a start on their
//! state takes.
//!
//! `cargo bench -p run-emulator --bench scale`. Client and emulator share one thread; what is measured is the whole
//! way of a request over the loopback interface, so that the time of the emulator is less than this.

#![allow(clippy::print_stdout, reason = "the figures are the output")]
#![allow(clippy::unwrap_used, reason = "a bench may panic")]

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_emulator::{Delays, Emulator};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const SERVICES: usize = 10_000;
const PAGE: usize = 100;
const ROUNDS: usize = 5000;
const PATH: &str = "/apis/serving.knative.dev/v1/namespaces/test-project";

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn to(emulator: &Emulator) -> Self {
        let stream = TcpStream::connect(emulator.addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    async fn send(&mut self, method: &str, target: &str, body: &str) -> Vec<u8> {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{target}: {line}");
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).await.unwrap();
            match line.trim().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap()
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).await.unwrap();
        answer
    }

    async fn object(&mut self, target: &str) -> Value {
        serde_json::from_slice(&self.send("GET", target, "").await).unwrap()
    }
}

fn report(what: &str, figure: &str) {
    println!("{what:<58} {figure}");
}

/// The times of requests: median, 99th percentile, longest.
fn times(mut all: Vec<Duration>) -> String {
    all.sort_unstable();
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    format!("{:.3?} median, {:.3?} p99, {:.3?} longest", at(0.5), at(0.99), at(1.0))
}

/// Megabytes in memory, where the system tells.
fn memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? >> 10)
}

async fn fill(emulator: &Emulator) {
    let mut connection = Connection::to(emulator).await;
    for at in 0..SERVICES {
        let service = json!({
            "metadata": {"name": format!("s{at}"), "labels": {"parity": (at % 2).to_string()}},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b:1", "env": [{"name": "A", "value": "b"}]}]}}},
        });
        connection.send("POST", &format!("{PATH}/services"), &service.to_string()).await;
    }
    for at in 0..SERVICES {
        loop {
            let service = connection.object(&format!("{PATH}/services/s{at}")).await;
            if service["status"]["url"].is_string() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn read(emulator: &Emulator) {
    let mut connection = Connection::to(emulator).await;
    let mut random = StdRng::seed_from_u64(7);
    let mut gets = Vec::new();
    for _ in 0..ROUNDS {
        let target = format!("{PATH}/services/s{}", random.random_range(0..SERVICES));
        let start = Instant::now();
        connection.send("GET", &target, "").await;
        gets.push(start.elapsed());
    }
    report("get, whole way", &times(gets));
    for (what, list, expected) in [
        ("services", "services?", SERVICES),
        ("services, a label", "services?labelSelector=parity%3D1&", SERVICES / 2),
        ("revisions", "revisions?", SERVICES),
        ("configurations", "configurations?", SERVICES),
    ] {
        let mut pages = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut next = String::new();
        loop {
            let start = Instant::now();
            let body =
                connection.send("GET", &format!("{PATH}/{list}limit={PAGE}&continue={next}"), "").await;
            pages.push(start.elapsed());
            let page: Value = serde_json::from_slice(&body).unwrap();
            let items = page["items"].as_array().unwrap();
            names.extend(
                items.iter().map(|item| item["metadata"]["creationTimestamp"].as_str().unwrap().to_owned()),
            );
            match page["metadata"]["continue"].as_str() {
                Some(token) => token.clone_into(&mut next),
                None => break,
            }
        }
        assert_eq!(names.len(), expected);
        assert!(names.is_sorted_by(|a, b| a > b), "newest first, and none twice");
        let total: Duration = pages.iter().sum();
        report(
            &format!("{what}: {} pages of {PAGE}", pages.len()),
            &format!("{total:.3?}; each {}", times(pages)),
        );
    }
    let start = Instant::now();
    let bytes = connection.send("GET", &format!("{PATH}/services"), "").await.len();
    report("services: all in one answer", &format!("{:.3?}, {} MiB", start.elapsed(), bytes >> 20));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let builder = || Emulator::builder().delays(Delays::none());
    let before = memory();
    let emulator = builder().start().await.unwrap();
    let start = Instant::now();
    fill(&emulator).await;
    report(&format!("{SERVICES} services created and ready"), &format!("{:.3?}", start.elapsed()));
    if let (Some(before), Some(after)) = (before, memory()) {
        report("memory for them", &format!("{} MiB", after - before));
    }
    read(&emulator).await;
    drop(emulator);

    let file = std::env::temp_dir().join(format!("run-emulator-scale-{}", std::process::id()));
    let emulator = builder().state(&file).start().await.unwrap();
    let start = Instant::now();
    fill(&emulator).await;
    report("with a state file: created and ready", &format!("{:.3?}", start.elapsed()));
    report("the file", &format!("{} MiB", std::fs::metadata(&file).unwrap().len() >> 20));
    emulator.shutdown().await;
    let start = Instant::now();
    let emulator = builder().state(&file).start().await.unwrap();
    Connection::to(&emulator).await.send("GET", &format!("{PATH}/services/s0"), "").await;
    report("a start on it, until the first answer", &format!("{:.3?}", start.elapsed()));
    drop(emulator);
    let _ = std::fs::remove_file(&file);
}
