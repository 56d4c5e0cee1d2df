use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::MockCloudRun;
use crate::retry::{NeverRetry, RetryBudget, RetryPolicyExt, TransientFaults};
use run_api::ServiceRef;
use run_api::types::Service;

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

/// An API whose reads fail this many times, and a count of them.
fn failing(times: u32, fault: fn() -> Error) -> (MockCloudRun, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    let mut api = MockCloudRun::new();
    api.services.expect_get().returning(move |_| {
        if counter.fetch_add(1, Ordering::Relaxed) < times { Err(fault()) } else { Ok(Service::default()) }
    });
    (api, count)
}

fn unavailable() -> Error {
    Error::from_status(503, "UNAVAILABLE", "passing")
}

#[tokio::test(start_paused = true)]
async fn passing_faults_are_tried_again_within_the_budget() {
    for (times, fine) in [(0, true), (1, true), (6, true), (7, false)] {
        let (api, count) = failing(times, unavailable);
        let result = Ops::new(api).read_object(&hello()).await;
        assert_eq!(result.is_ok(), fine, "{times} faults");
        assert_eq!(count.load(Ordering::Relaxed), (times + 1).min(7));
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_within_the_budget() {
    let asked =
        || Error::from_status(429, "RESOURCE_EXHAUSTED", "quota").with_retry_after(Duration::from_secs(50));
    let (api, _) = failing(1, asked);
    let start = Instant::now();
    Ops::new(api).read_object(&hello()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(50));
    let (api, count) = failing(u32::MAX, asked);
    let start = Instant::now();
    assert!(Ops::new(api).read_object(&hello()).await.unwrap_err().is_rate_limited());
    assert_eq!(start.elapsed(), Duration::from_secs(100), "a third pause would pass the two minutes");
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn lasting_faults_are_not_tried_again() {
    let (api, count) = failing(1, || Error::from_status(403, "PERMISSION_DENIED", "no"));
    assert!(Ops::new(api).read_object(&hello()).await.unwrap_err().is_permission_denied());
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn one_foreign_answer_is_tried_again() {
    let foreign = || Error::from_foreign(404, "<html>no such region</html>");
    for (times, fine) in [(1, true), (2, false)] {
        let (api, count) = failing(times, foreign);
        assert_eq!(Ops::new(api).read_object(&hello()).await.is_ok(), fine);
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_credential_is_renewed_once() {
    let expired = || Error::from_status(401, "UNAUTHENTICATED", "expired");
    let (api, count) = failing(1, expired);
    Ops::new(api).retry_policy(NeverRetry).read_object(&hello()).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
    let (api, count) = failing(9, expired);
    assert!(Ops::new(api).read_object(&hello()).await.unwrap_err().is_unauthenticated());
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_ends() {
    let answer: Answer<'_, ()> = Box::pin(std::future::pending());
    let ops = Ops::new(MockCloudRun::new()).request_timeout(Duration::from_secs(5));
    let start = Instant::now();
    let error = ops.once("get_service", None, answer).await.unwrap_err();
    assert_eq!((error.is_deadline_exceeded(), start.elapsed()), (true, Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn the_time_budget_ends_the_attempts() {
    let (api, _) = failing(u32::MAX, unavailable);
    let start = Instant::now();
    let policy = TransientFaults.with_time_limit(Duration::from_secs(30));
    let ops = Ops::new(api).retry_policy(policy).retry_throttler(RetryBudget::new(1000, 1.0, 0.1));
    ops.read_object(&hello()).await.unwrap_err();
    assert!(start.elapsed() <= Duration::from_secs(30), "{:?}", start.elapsed());
}

/// Ten callers of a dead server: after the first twenty failures, a retry a second.
#[tokio::test(start_paused = true)]
async fn a_struggling_server_is_not_hammered() {
    let (api, count) = failing(u32::MAX, unavailable);
    let policy = TransientFaults.with_time_limit(Duration::from_secs(60));
    let ops = Arc::new(Ops::new(api).retry_policy(policy));
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let ops = ops.clone();
            tokio::spawn(async move { ops.read_object(&hello()).await.is_err() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    let requests = count.load(Ordering::Relaxed);
    assert!((20..=10 + 20 + 60).contains(&requests), "{requests}");
}

/// A policy without any limit ends as well while the throttle holds back everything.
#[tokio::test(start_paused = true)]
async fn a_limit_of_attempts_counts_what_is_held_back() {
    let (api, count) = failing(u32::MAX, unavailable);
    let ops = Ops::new(api)
        .retry_policy(TransientFaults.with_attempt_limit(30))
        .retry_throttler(RetryBudget::new(1, 0.0, 0.0));
    ops.read_object(&hello()).await.unwrap_err();
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

/// Without a limit of time there is one all the same.
#[tokio::test(start_paused = true)]
async fn a_server_cannot_ask_for_a_day() {
    fn day() -> Error {
        Error::from_status(503, "UNAVAILABLE", "later").with_retry_after(Duration::from_secs(86_400))
    }
    fn for_ever() -> Error {
        day().with_retry_after(Duration::MAX)
    }
    for asked in [day, for_ever] {
        let (api, count) = failing(u32::MAX, asked);
        let start = Instant::now();
        let ops = Ops::new(api).retry_policy(TransientFaults.with_attempt_limit(3));
        assert!(ops.read_object(&hello()).await.unwrap_err().is_unavailable());
        assert_eq!((start.elapsed(), count.load(Ordering::Relaxed)), (Duration::ZERO, 1));
        let (api, _) = failing(u32::MAX, asked);
        let ops = Ops::new(api);
        let deadline = crate::Deadline::after(Duration::from_secs(30));
        let waited = ops.wait(&ops.watch_service(&hello()), &crate::wait::ready("u", 1), deadline).await;
        assert!(waited.unwrap_err().is_deadline_exceeded());
        assert_eq!(start.elapsed(), Duration::from_secs(30), "the deadline holds");
    }
}
