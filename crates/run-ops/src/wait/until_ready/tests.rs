use run_api::Resource;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use run_api::types::{Revision, Service};
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::retry::{RetryPolicyExt, TransientFaults};
use crate::wait::Source;
use crate::{Event, MockCloudRun};
use run_api::ServiceRef;

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

/// A service at a generation whose status speaks of another, with this `Ready`.
fn service(generation: i32, observed: i32, ready: &str) -> Service {
    serde_json::from_value(json!({
        "metadata": {"name": "hello", "uid": "u", "generation": generation},
        "status": {
            "observedGeneration": observed,
            "latestCreatedRevisionName": format!("hello-{generation}"),
            "latestReadyRevisionName": "hello-1",
            "conditions": [{"type": "Ready", "status": ready, "reason": "R", "message": "the service's message"}],
        },
    }))
    .unwrap()
}

fn written() -> Written {
    Written::new(&hello(), service(2, 1, "True"), true).unwrap()
}

/// An API that answers the looks in turn.
fn answering(looks: Vec<std::result::Result<Service, run_api::Error>>) -> MockCloudRun {
    let mut api = MockCloudRun::new();
    let count = looks.len();
    let looks = Mutex::new(looks.into_iter());
    api.services.expect_get().times(count).returning(move |_| looks.lock().unwrap().next().unwrap());
    api
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

// https://github.com/hashicorp/terraform-provider-google/issues/8172
#[tokio::test(start_paused = true)]
async fn stale_ready() {
    let api =
        answering(vec![Ok(service(2, 1, "True")), Ok(service(2, 1, "True")), Ok(service(2, 2, "True"))]);
    let ready = Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap();
    assert_eq!(ready.observed_generation(), Some(2));
}

// https://github.com/knative/client/issues/1925
#[tokio::test(start_paused = true)]
async fn already_ready() {
    let start = Instant::now();
    Ops::new(answering(vec![Ok(service(2, 2, "True"))])).wait_until_ready(&written(), soon()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_failed_revision_ends_the_wait_at_once_with_its_reason() {
    let mut api = answering(vec![Ok(service(2, 1, "True")), Ok(service(2, 2, "False"))]);
    api.revisions.expect_get().once().returning(|revision| {
        assert_eq!(revision.name.as_str(), "hello-2");
        let revision = json!({"metadata": {"name": "hello-2"}, "status": {"conditions": [
            {"type": "Ready", "status": "False", "reason": "HealthCheckContainerError", "message": "exit code 1"},
        ]}});
        Ok(serde_json::from_value::<Revision>(revision).unwrap())
    });
    let start = Instant::now();
    let error = Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap_err();
    assert!(error.is_failed());
    assert_eq!(error.reason(), Some("HealthCheckContainerError"));
    assert_eq!(
        error.to_string(),
        "service `hello` (project p, region us-central1): it failed (HealthCheckContainerError): \
         the service's message [hello-2: exit code 1] (generation 2 was written)"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(1), "one look at once, one after the floor");
}

#[tokio::test(start_paused = true)]
async fn a_failure_needs_no_word_from_the_revision() {
    let mut api = answering(vec![Ok(service(2, 2, "False"))]);
    api.revisions.expect_get().once().returning(|_| Err(run_api::Error::from_status(404, "NOT_FOUND", "no")));
    let error = Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap_err();
    assert_eq!(error.reason(), Some("R"));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_names_the_last_state() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().returning(|_| Ok(service(2, 2, "Unknown")));
    let start = Instant::now();
    let error = Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    assert_eq!(
        error.to_string(),
        "service `hello` (project p, region us-central1): generation 2 was not ready within 60.0 s; \
         last seen: Ready is Unknown, R, the service's message (observed generation 2 of 2) (generation 2 \
         was written)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_look_that_never_answers_ends_at_the_deadline() {
    struct Silent;
    #[async_trait::async_trait]
    impl Source for Silent {
        type Object = Service;
        async fn look(&self) -> std::result::Result<Option<Service>, run_api::Error> {
            std::future::pending().await
        }
        fn resource(&self) -> Option<run_api::ResourceId> {
            None
        }
    }
    let start = Instant::now();
    let ops = Ops::new(MockCloudRun::new());
    let error = ops.wait(&Silent, &crate::wait::ready("u", 2), soon()).await.unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert_eq!(start.elapsed(), Duration::from_secs(60));
}

// https://github.com/danshapiro/freshell/issues/660
#[tokio::test(start_paused = true)]
async fn status_read_fails_after_success() {
    let fault = |code, status| Err(run_api::Error::from_status(code, status, "passing"));
    let api = answering(vec![
        fault(503, "UNAVAILABLE"),
        Err(run_api::Error::from_kind(run_api::ErrorKind::Transport, "reset")),
        fault(429, "RESOURCE_EXHAUSTED"),
        Ok(service(2, 2, "True")),
    ]);
    Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_fault_at_the_deadline_is_told_with_the_state_before() {
    let mut api = MockCloudRun::new();
    let mut looks = 0;
    api.services.expect_get().returning(move |_| {
        looks += 1;
        match looks {
            1 => Ok(service(2, 1, "True")),
            _ => Err(run_api::Error::from_status(503, "UNAVAILABLE", "passing")),
        }
    });
    let error = Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap_err();
    assert_eq!(
        error.last_seen(),
        Some(
            "Ready is True, R, the service's message (observed generation 1 of 2); then UNAVAILABLE (503): passing"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn lasting_errors_end_the_wait() {
    let denied = run_api::Error::from_status(403, "PERMISSION_DENIED", "no");
    let error =
        Ops::new(answering(vec![Err(denied)])).wait_until_ready(&written(), soon()).await.unwrap_err();
    assert!(error.is_permission_denied());
    let missing = || Err(run_api::Error::from_status(404, "NOT_FOUND", "no"));
    // One a second, from the first on for ten of them.
    let api = answering((0..11).map(|_| missing()).collect());
    let error = Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);
    let error =
        Ops::new(answering(vec![Ok(service(3, 3, "True"))])).wait_until_ready(&written(), soon()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Superseded);
}

/// The first reads after a creation may be from before it: https://github.com/schliflo/action-cloud-run/issues/6
#[tokio::test(start_paused = true)]
async fn stale_reads() {
    let missing = || Err(run_api::Error::from_status(404, "NOT_FOUND", "no"));
    let mut predecessor = service(5, 5, "True");
    predecessor.metadata.as_mut().unwrap().uid = Some("its predecessor".to_owned());
    let api = answering(vec![missing(), missing(), Ok(predecessor), Ok(service(2, 2, "True"))]);
    Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap();
}

/// A proxy in between says what the API does not.
#[tokio::test(start_paused = true)]
async fn foreign_answers_end_no_wait_that_the_api_has_answered() {
    let foreign = |status| Err(run_api::Error::from_foreign(status, "<html>no</html>"));
    let many = || [301, 101, 600, 403, 404, 403, 403].map(foreign);
    let looks = [Ok(service(2, 2, "Unknown"))].into_iter().chain(many()).chain([Ok(service(2, 2, "True"))]);
    Ops::new(answering(looks.collect())).wait_until_ready(&written(), soon()).await.unwrap();
    let looks = many().into_iter().take(3).chain([Ok(service(2, 2, "True"))]);
    Ops::new(answering(looks.collect())).wait_until_ready(&written(), soon()).await.unwrap();
    // The wrong region: it is no use to wait for another answer.
    let error = Ops::new(answering((0..4).map(|_| foreign(404)).collect()))
        .wait_until_ready(&written(), soon())
        .await
        .unwrap_err();
    assert!(error.api().unwrap().is_foreign_answer() && !error.is_deadline_exceeded(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn looks_can_be_limited_and_come_more_slowly_after_faults() {
    let mut api = MockCloudRun::new();
    api.services
        .expect_get()
        .times(3)
        .returning(|_| Err(run_api::Error::from_status(503, "UNAVAILABLE", "passing")));
    let ops = Ops::new(api).poll_policy(TransientFaults.with_attempt_limit(3));
    assert!(ops.wait_until_ready(&written(), soon()).await.unwrap_err().api().unwrap().is_unavailable());

    let mut api = MockCloudRun::new();
    api.services.expect_get().times(3).returning(|_| {
        Err(run_api::Error::from_status(429, "RESOURCE_EXHAUSTED", "quota")
            .with_retry_after(Duration::from_secs(25)))
    });
    assert!(Ops::new(api).wait_until_ready(&written(), soon()).await.unwrap_err().is_deadline_exceeded());
}

#[tokio::test(start_paused = true)]
async fn a_listener_hears_each_fresh_change_once() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let api = answering(vec![
        Ok(service(2, 1, "True")),
        Ok(service(2, 2, "Unknown")),
        Ok(service(2, 2, "Unknown")),
        Err(run_api::Error::from_status(503, "UNAVAILABLE", "passing")),
        Ok(service(2, 2, "True")),
    ]);
    let ops = Ops::new(api).on_event(move |event| {
        heard.lock().unwrap().push(match event {
            Event::ConditionChanged { condition, status, .. } => format!("{condition} {status}"),
            Event::PollFailed { error } => error.clone(),
            other => format!("{other:?}"),
        });
    });
    ops.wait_until_ready(&written(), soon()).await.unwrap();
    assert_eq!(*events.lock().unwrap(), ["Ready Unknown", "UNAVAILABLE (503): passing", "Ready True"]);
}
