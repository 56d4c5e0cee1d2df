use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::MockCloudRun;
use crate::api::Page;

fn nightly() -> JobRef {
    JobRef::new("p", "us-central1", "nightly").unwrap()
}

fn execution(reason: &str) -> Execution {
    ended("False", reason, json!({}))
}

fn ended(status: &str, reason: &str, counts: Value) -> Execution {
    let mut execution = json!({
        "metadata": {"name": "nightly-x", "uid": "u", "generation": 1, "creationTimestamp": "2026-01-01T00:00:07Z"},
        "spec": {"taskCount": 3},
        "status": {"conditions": [{"type": "Completed", "status": status, "reason": reason, "message": "m"}]},
    });
    execution["status"].as_object_mut().unwrap().extend(counts.as_object().cloned().unwrap());
    serde_json::from_value(execution).unwrap()
}

fn stored() -> Job {
    serde_json::from_value(json!({
        "metadata": {"name": "nightly", "uid": "j", "generation": 1},
        "spec": {"template": {"spec": {"taskCount": 3}}},
    }))
    .unwrap()
}

fn failing(reason: &str) -> run_api::Error {
    run_api::Error::from_status(503, "UNAVAILABLE", reason)
}

/// A run cannot be told from another: it is repeated only if the first one cannot have arrived.
#[tokio::test(start_paused = true)]
async fn a_run_is_never_sent_twice_in_doubt() {
    let status = |code, status| run_api::Error::from_status(code, status, "m");
    for (fault, times, unknown) in [
        (run_api::Error::from_kind(run_api::ErrorKind::Connect, "refused"), 2, false),
        (status(429, "RESOURCE_EXHAUSTED"), 2, false),
        (run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"), 1, true),
        (status(503, "UNAVAILABLE"), 1, true),
        (status(409, "ABORTED"), 1, false),
    ] {
        let refused = times == 1;
        let mut api = MockCloudRun::new();
        let mut fault = Some(fault);
        api.jobs.expect_get().once().returning(|_| Ok(stored()));
        api.executions.expect_list().returning(|_, _| Ok(Page::new(Vec::new(), None)));
        api.verbs.expect_run_job().times(times).returning(move |_, _| match fault.take() {
            Some(fault) => Err(fault),
            None => Ok(execution("")),
        });
        let result = Ops::new(api).run_job(&nightly(), None).await;
        assert_eq!(result.is_err(), refused);
        assert_eq!(result.is_err_and(|error| error.is_outcome_unknown()), unknown);
    }
}

/// One execution that can be it is it, also if a stale list shows it late; several are unknown.
#[tokio::test(start_paused = true)]
async fn a_lost_run_is_looked_for() {
    let other =
        || Execution { metadata: ended("Unknown", "", json!({})).metadata.map(renamed), ..execution("") };
    fn renamed(metadata: run_api::types::ObjectMeta) -> run_api::types::ObjectMeta {
        run_api::types::ObjectMeta { name: Some("nightly-y".to_owned()), ..metadata }
    }
    for (lists, found) in [
        (vec![vec![], vec![], vec![execution("")]], Some("nightly-x")),
        (vec![vec![execution("")]], Some("nightly-x")),
        (vec![vec![execution(""), other()]], None),
        (vec![vec![]; 4], None),
    ] {
        let looks = lists.len();
        let mut lists = lists.into_iter();
        let mut api = MockCloudRun::new();
        api.jobs.expect_get().once().returning(|_| Ok(stored()));
        api.verbs.expect_run_job().once().returning(|_, _| Err(failing("lost")));
        api.executions
            .expect_list()
            .times(looks)
            .returning(move |_, _| Ok(Page::new(lists.next().unwrap(), None)));
        let result = Ops::new(api).run_job(&nightly(), None).await;
        match (found, result) {
            (Some(name), Ok(started)) => assert_eq!(started.reference().name.as_str(), name),
            (None, Err(error)) => assert!(error.is_outcome_unknown(), "{error}"),
            (_, result) => panic!("{result:?}"),
        }
    }
}

/// The invoker's role has the right to run a job and not that to read it.
#[tokio::test(start_paused = true)]
async fn who_may_not_read_the_job_may_run_it() {
    let mut api = MockCloudRun::new();
    let denied = || run_api::Error::from_status(403, "PERMISSION_DENIED", "run.jobs.get");
    api.jobs.expect_get().returning(move |_| Err(denied()));
    api.verbs.expect_run_job().once().returning(|_, _| Ok(execution("")));
    assert!(Ops::new(api).run_job(&nightly(), None).await.is_ok());
}

async fn finished(looks: Vec<Result<Execution, run_api::Error>>, tasks: Vec<Task>) -> (Run, Vec<Event>) {
    let mut api = MockCloudRun::new();
    let mut looks = looks.into_iter();
    api.executions
        .expect_get()
        .returning(move |_| looks.next().unwrap_or_else(|| Ok(ended("Unknown", "", json!({})))));
    api.tasks.expect_list().returning(move |_, options| {
        let selector = options.label_selector.clone().unwrap();
        assert!(selector.contains("run.googleapis.com/execution=nightly-x"), "{selector}");
        Ok(Page::new(tasks.clone(), None))
    });
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = events.clone();
    let ops = Ops::new(api).on_event(move |event| told.lock().unwrap().push(event.clone()));
    let reference = nightly().location.execution("nightly-x").unwrap();
    let started = Written::new(&reference, ended("Unknown", "", json!({})), true).unwrap();
    let run = ops.finish_run(&started, Deadline::after(Duration::from_secs(60))).await;
    let events = events.lock().unwrap().clone();
    (run, events)
}

fn failed_task(index: i32, code: i32, retried: i32) -> Task {
    serde_json::from_value(json!({"metadata": {"name": format!("nightly-x-task{index}")}, "status": {
        "index": index, "retried": retried, "lastAttemptResult": {"exitCode": code},
        "conditions": [{"type": "Completed", "status": "False", "reason": "NonZeroExitCode", "message": "no"}],
    }}))
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_end_has_its_outcome() {
    let running = || Ok(ended("Unknown", "", json!({"runningCount": 3})));
    let denied = || Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "no"));
    let gone = || Err(run_api::Error::from_status(404, "NOT_FOUND", "no"));
    let done = || Ok(ended("True", "", json!({"succeededCount": 3})));
    // https://github.com/danshapiro/freshell/issues/660: a status read that failed once after the end.
    let (run, _) = finished(vec![running(), Err(failing("once")), gone(), done()], vec![]).await;
    assert_eq!((&run.outcome, run.tasks.succeeded), (&Outcome::Succeeded, 3));
    assert!(run.success().is_ok());
    // https://github.com/apache/airflow/issues/57791
    let cancelled = Ok(ended("False", "Cancelled", json!({"cancelledCount": 3})));
    let (run, _) = finished(vec![running(), cancelled], vec![]).await;
    assert_eq!(run.outcome, Outcome::Cancelled);
    assert!(run.success().unwrap_err().is_cancelled());
    for (looks, outcome, kind) in [
        (vec![running()], Outcome::Running, ErrorKind::Deadline),
        (vec![running(), denied()], Outcome::Unknown, ErrorKind::OutcomeUnknown),
        // Absence is believed after a time and a count.
        (
            iter::once(running()).chain(iter::repeat_with(gone).take(60)).collect(),
            Outcome::Unknown,
            ErrorKind::OutcomeUnknown,
        ),
    ] {
        let (run, _) = finished(looks, vec![]).await;
        assert_eq!(run.outcome, outcome);
        let error = run.success().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.resource().map(|resource| resource.noun()), Some("execution"));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_task_by_task() {
    let counts = |counts| Ok(ended("Unknown", "", counts));
    let looks = vec![
        counts(json!({"runningCount": 3})),
        counts(json!({"runningCount": 2, "succeededCount": 1, "retriedCount": 1})),
        counts(json!({"runningCount": 1, "succeededCount": 1, "failedCount": 1, "retriedCount": 1})),
        Ok(ended(
            "False",
            "NonZeroExitCode",
            json!({"succeededCount": 2, "failedCount": 1, "retriedCount": 1}),
        )),
    ];
    let (run, events) = finished(looks, vec![failed_task(1, 3, 2)]).await;
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::TasksChanged { tasks, .. } => Some(tasks.to_string()),
            Event::TaskFailed { task, .. } => Some(task.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "0 of 3 succeeded, 3 running",
            "1 of 3 succeeded, 2 running, 1 retried",
            "1 of 3 succeeded, 1 running, 1 failed, 1 retried",
            "task 1 failed with exit code 3 after 3 attempts: no",
            "2 of 3 succeeded, 1 failed, 1 retried",
        ]
    );
    assert_eq!(run.exit_code(), Some(3));
    assert_eq!(
        run.to_string(),
        "execution `nightly-x` failed (NonZeroExitCode): 2 of 3 succeeded, 1 failed, 1 retried\n\
         task 1 failed with exit code 3 after 3 attempts: no"
    );
    let error = run.success().unwrap_err();
    assert!(error.to_string().contains("exit code 3 after 3 attempts"), "{error}");
}

/// What failed is told also if its tasks cannot be read, and only then.
#[tokio::test(start_paused = true)]
async fn unreadable_tasks_change_no_outcome() {
    let mut api = MockCloudRun::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    api.executions
        .expect_get()
        .returning(|_| Ok(ended("False", "NonZeroExitCode", json!({"failedCount": 1}))));
    api.tasks.expect_list().returning(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "no"))
    });
    let reference = nightly().location.execution("nightly-x").unwrap();
    let started = Written::new(&reference, execution(""), true).unwrap();
    let run = Ops::new(api).finish_run(&started, Deadline::after(Duration::from_secs(60))).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(matches!(run.outcome, Outcome::Failed { .. }) && run.failed_tasks.is_empty());
    assert!(run.success().unwrap_err().is_failed());
}

#[tokio::test(start_paused = true)]
async fn to_cancel_what_was_cancelled_is_fine() {
    for (reason, fine) in [("Cancelled", true), ("Cancelling", true), ("NonZeroExitCode", false), ("", false)]
    {
        let mut api = MockCloudRun::new();
        api.verbs.expect_cancel_execution().once().returning(|_| {
            Err(run_api::Error::from_status(400, "FAILED_PRECONDITION", "It has already completed."))
        });
        api.executions.expect_get().returning(move |_| Ok(execution(reason)));
        let reference = nightly().location.execution("nightly-x").unwrap();
        let result = Ops::new(api).start_cancellation(&reference).await;
        assert_eq!(result.is_ok(), fine, "{reason}: {result:?}");
    }
}

#[test]
fn outcomes() {
    assert_eq!(Outcome::of(&execution("Cancelled")), Some(Outcome::Cancelled));
    assert!(matches!(Outcome::of(&execution("Bad")), Some(Outcome::Failed { .. })));
    let mut deleted = execution("Cancelled");
    deleted.metadata.as_mut().unwrap().deletion_timestamp = Some("2026-01-01T00:00:00Z".to_owned());
    assert_eq!(Outcome::of(&deleted), Some(Outcome::Cancelled), "it stays so");
    assert_eq!(Outcome::of(&Execution::default()), None);
    for (status, expected) in [
        ("EXECUTION_SUCCEEDED", Some(Outcome::Succeeded)),
        ("EXECUTION_FAILED", Some(Outcome::Failed { reason: None, message: String::new() })),
        ("EXECUTION_CANCELLED", Some(Outcome::Cancelled)),
        ("EXECUTION_RUNNING", None),
        ("EXECUTION_PENDING", None),
        ("something new", None),
    ] {
        let job = json!({"status": {"latestCreatedExecution": {"completionStatus": status}}});
        assert_eq!(Outcome::of_latest(&serde_json::from_value(job).unwrap()), expected, "{status}");
    }
}
