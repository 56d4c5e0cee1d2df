//! How long after a deployment is ready a wait returns, and how many requests it took: ours against two tickers.
//!
//! `cargo bench -p run-ops --features mock --bench waits`. Nothing is measured: tokio's clock is paused and jumps from
//! one look to the next, so the figures are the same on every machine. A look takes no time.

#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::ServiceRef;
use run_api::types::Service;
use run_ops::api::ReadApi;
use run_ops::{Deadline, MockCloudRun, Ops};
use serde_json::json;
use tokio::time::{Instant, sleep};

const DEPLOYMENTS: usize = 400;
/// Durations are log-uniform between these: as many between 1 and 17 s as between 17 s and 5 min.
const SHORTEST: f64 = 1.0;
const LONGEST: f64 = 300.0;
/// `ConfigurationsReady` takes this part of a deployment; routing takes the rest.
const CONFIGURED_AFTER: f64 = 0.8;
const LIMIT: Duration = Duration::from_secs(3600);

/// One way to wait: the lags behind the events in seconds, the same as parts of the durations, and the requests.
struct Figures {
    name: &'static str,
    lags: Vec<f64>,
    relative: Vec<f64>,
    requests: Vec<f64>,
}

/// A server of one service, whose deployment began when this was made.
fn server(duration: Duration, requests: Arc<AtomicUsize>) -> MockCloudRun {
    let start = Instant::now();
    let mut api = MockCloudRun::new();
    api.services.expect_get().returning(move |_| {
        requests.fetch_add(1, Ordering::Relaxed);
        let passed = start.elapsed();
        let state = |after: Duration| if passed >= after { "True" } else { "Unknown" };
        let (configured, ready) = (state(duration.mul_f64(CONFIGURED_AFTER)), state(duration));
        Ok(serde_json::from_value(json!({
            "metadata": {"name": "hello", "uid": "u", "generation": 2, "resourceVersion": "v"},
            "status": {"observedGeneration": 2, "conditions": [
                {"type": "Ready", "status": ready},
                {"type": "ConfigurationsReady", "status": configured},
                {"type": "RoutesReady", "status": ready},
            ]},
        }))
        .expect("a service"))
    });
    api
}

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").expect("valid names")
}

async fn ours(api: MockCloudRun) {
    let ops = Ops::new(api);
    // The first look is the wait's own: what a write answers costs no request.
    let written = ops.current(&hello()).await.expect("a service");
    ops.wait_until_ready(&written, Deadline::after(LIMIT)).await.expect("a deployment that succeeds");
}

/// Sleeps first, and waits for one condition after the other.
async fn fixed(api: MockCloudRun) {
    for kind in ["ConfigurationsReady", "RoutesReady"] {
        loop {
            sleep(Duration::from_secs(5)).await;
            if is_true(&api.get(&hello()).await.expect("a service"), kind) {
                break;
            }
        }
    }
}

/// Looks at once, and every second from then on.
async fn every_second(api: MockCloudRun) {
    while !is_true(&api.get(&hello()).await.expect("a service"), "Ready") {
        sleep(Duration::from_secs(1)).await;
    }
}

fn is_true(service: &Service, kind: &str) -> bool {
    let conditions = service.status.iter().flat_map(|status| &status.conditions);
    conditions
        .into_iter()
        .any(|one| one.type_.as_deref() == Some(kind) && one.status.as_deref() == Some("True"))
}

async fn figures<F: Future<Output = ()>>(
    name: &'static str,
    durations: &[Duration],
    extra: usize,
    wait: impl Fn(MockCloudRun) -> F,
) -> Figures {
    let mut figures = Figures { name, lags: Vec::new(), relative: Vec::new(), requests: Vec::new() };
    for duration in durations {
        let (start, requests) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        wait(server(*duration, requests.clone())).await;
        let lag = (start.elapsed() - *duration).as_secs_f64();
        figures.lags.push(lag);
        figures.relative.push(lag / duration.as_secs_f64());
        figures.requests.push((requests.load(Ordering::Relaxed) - extra) as f64);
    }
    figures
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let mut random = StdRng::seed_from_u64(1);
        let draw = |_| (SHORTEST.ln() + random.random::<f64>() * (LONGEST / SHORTEST).ln()).exp();
        let durations: Vec<_> = (0..DEPLOYMENTS).map(draw).map(Duration::from_secs_f64).collect();
        let rows = [
            figures("ours", &durations, 1, ours).await,
            figures("5 s ticker, one after the other", &durations, 0, fixed).await,
            figures("1 s ticker", &durations, 0, every_second).await,
        ];
        println!("{DEPLOYMENTS} deployments, log-uniform between {SHORTEST} s and {LONGEST} s\n");
        println!("| wait | median lag | of the duration | worst lag | requests, median | in all |");
        println!("|---|---|---|---|---|---|");
        for Figures { name, lags, relative, requests } in &rows {
            println!(
                "| {name} | {:.2} s | {:.1} % | {:.2} s | {} | {} |",
                median(lags),
                100.0 * median(relative),
                lags.iter().copied().fold(0.0, f64::max),
                median(requests),
                requests.iter().sum::<f64>()
            );
        }
        let [ours, fixed, second] = &rows;
        assert!(median(&ours.relative) < 0.05, "the goal: a median lag under 5 % of the duration");
        assert!(
            median(&ours.lags) < median(&fixed.lags) / 5.0,
            "the goal: under a fifth of the fixed ticker's"
        );
        let sum = |figures: &Figures| figures.requests.iter().sum::<f64>();
        assert!(sum(ours) <= sum(second), "the goal: no more requests than the 1 s ticker");
        assert!(
            median(&ours.requests) <= median(&second.requests),
            "the goal: nor for the typical deployment"
        );
    });
}
