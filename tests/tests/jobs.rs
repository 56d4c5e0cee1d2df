//! Runs of jobs: how they end, what is told on the way, and what users of other tools have reported about them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use run_api::types::{Execution, Job, Overrides};
use run_api::{JobRef, ListOptions, Workload};
use run_emulator::{Delays, Fault, FaultKind, LocalCommand, Scenario};
use run_ops::{Deadline, ErrorKind, Event, Ops, Outcome, OverridesEdit, PollSchedule, Run, TaskCounts, edit};
use run_tests::{World, soon};

const TASK: &str = "docker.io/run-tests/task";

/// A world in which the task's image is the shell: its arguments say what a task does.
async fn world() -> World {
    World::with(|builder| builder.run(TASK, LocalCommand::new("sh"))).await
}

fn script(job: &JobRef, script: &str, edit: edit::Edit<Job>) -> Job {
    edit.image(TASK).args(["-c", script]).build(job).expect("a valid edit")
}

/// What was told of the tasks, one line for each event.
fn listening(ops: &Ops<run_api::Client>) -> (Ops<run_api::Client>, Arc<Mutex<Vec<Event>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = told.clone();
    let ops = ops.clone().on_event(move |event| events.lock().expect("no panic").push(event.clone()));
    (ops, told)
}

async fn run(ops: &Ops<run_api::Client>, job: &JobRef, overrides: Option<Overrides>) -> Run {
    let started = ops.run_job(job, overrides).await.expect("a run");
    ops.finish_run(&started, soon()).await
}

/// Twenty tasks, five at a time: the fourth fails twice, and the last always, once all others are done.
#[cfg(unix)]
#[tokio::test]
async fn twenty_tasks_are_counted_at_every_stage() {
    const TWENTY: &str = "case $CLOUD_RUN_TASK_INDEX in \
        3) test $CLOUD_RUN_TASK_ATTEMPT -ge 2 || exit 4;; \
        19) until [ $(ls $FOLDER | wc -l) -eq 19 ]; do sleep 0.01; done; kill -9 $$;; \
        esac; touch $FOLDER/$CLOUD_RUN_TASK_INDEX";
    let world = world().await;
    let many = world.client.job("many").unwrap();
    let folder = std::env::temp_dir().join(format!("run-tests-jobs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let job = edit::job().tasks(20).parallelism(5).max_retries(2).env("FOLDER", folder.to_str().unwrap());
    world.ops.jobs().create(&many, script(&many, TWENTY, job)).await.unwrap();
    let (ops, told) = listening(&world.ops);
    let run = run(&ops, &many, None).await;
    std::fs::remove_dir_all(&folder).unwrap();

    assert!(
        matches!(&run.outcome, Outcome::Failed { reason: Some(reason), .. } if reason == "NonZeroExitCode")
    );
    assert_eq!(run.tasks.to_string(), "19 of 20 succeeded, 1 failed, 2 retried");
    let failed: Vec<_> =
        run.failed_tasks.iter().map(|task| (task.index, task.attempts, task.signal)).collect();
    assert_eq!(failed, [(19, 3, Some(9))]);
    assert_eq!((run.failed_tasks[0].exit_code, run.exit_code()), (None, Some(137)));
    assert_eq!(run.diagnosis().unwrap().cause.code(), "task-failed");
    let tasks = ops.tasks_of(&run.reference).await.unwrap();
    let retries: Vec<i32> =
        tasks.iter().map(|task| task.status.as_ref().unwrap().retried.unwrap_or(0)).collect();
    assert_eq!((retries.len(), retries[3], retries[19], retries.iter().sum::<i32>()), (20, 2, 2, 4));

    let told = told.lock().unwrap();
    let counts: Vec<TaskCounts> = told
        .iter()
        .filter_map(|event| match event {
            Event::TasksChanged { tasks, .. } => Some(*tasks),
            _ => None,
        })
        .collect();
    assert!(counts.iter().all(|tasks| tasks.total == 20 && tasks.running <= 5), "{counts:?}");
    assert!(counts.is_sorted_by_key(TaskCounts::ended) && counts.is_sorted_by_key(|tasks| tasks.retried));
    assert_eq!(counts.last(), Some(&run.tasks));
    let failures =
        told.iter().filter(|event| matches!(event, Event::TaskFailed { task, .. } if task.index == 19));
    assert_eq!(failures.count(), 1, "it is told once");
}

#[cfg(unix)]
#[tokio::test]
async fn a_task_that_takes_too_long_is_told_apart_from_one_that_fails() {
    let world = world().await;
    let slow = world.client.job("slow").unwrap();
    let job = edit::job().max_retries(0).timeout(Duration::from_secs(1));
    world.ops.jobs().create(&slow, script(&slow, "sleep 600", job)).await.unwrap();
    let run = run(&world.ops, &slow, None).await;
    assert_eq!((run.failed_tasks.len(), run.exit_code()), (1, None));
    assert_eq!(run.diagnosis().unwrap().cause.code(), "task-timeout");
    assert!(run.success().unwrap_err().is_failed());
}

/// With the image that ends well, in no time.
async fn ready_job(world: &World) -> JobRef {
    let nightly = world.client.job("nightly").expect("a name");
    let job = edit::job().image("us-docker.pkg.dev/cloudrun/container/job").build(&nightly).expect("an edit");
    let written = world.ops.create(&nightly, job).await.expect("a job");
    world.ops.wait_until_ready(&written, soon()).await.expect("a job");
    nightly
}

// https://github.com/apache/airflow/issues/57791
#[tokio::test(start_paused = true)]
async fn job_cancelled() {
    let delays = Delays::uniform(Duration::from_secs(5));
    let world = World::with(|builder| builder.delays(delays)).await;
    let nightly = ready_job(&world).await;
    let started = world.ops.run_job(&nightly, None).await.unwrap();
    let deadline = Deadline::after(Duration::from_secs(600));
    let (run, cancelled) = futures::future::join(
        world.ops.finish_run(&started, deadline),
        world.ops.cancel(started.reference(), deadline),
    )
    .await;
    assert!(cancelled.is_ok());
    assert_eq!(run.outcome, Outcome::Cancelled);
    let error = run.success().unwrap_err();
    assert!(error.is_cancelled() && !error.is_failed(), "{error}");
}

// https://github.com/danshapiro/freshell/issues/660
#[tokio::test(start_paused = true)]
async fn status_read_fails_after_success() {
    let scenario = Scenario::by_name("status-read-fails-after-success").unwrap();
    let world = World::with(|builder| builder.scenario(scenario)).await;
    let nightly = ready_job(&world).await;
    for kind in [FaultKind::Unavailable, FaultKind::ResetBefore, FaultKind::Truncated, FaultKind::Garbage] {
        let started = world.ops.run_job(&nightly, None).await.unwrap();
        world.emulator.faults().add(Fault::new(kind).on("get_execution").times(2));
        let run = world.ops.finish_run(&started, soon()).await;
        assert_eq!(run.outcome, Outcome::Succeeded);
    }
    let struck = world.emulator.requests().iter().filter(|request| request.fault.is_some()).count();
    assert!(struck >= 8, "{struck}");
}

// https://github.com/PrefectHQ/prefect/issues/16448
#[tokio::test(start_paused = true)]
async fn create_503_once() {
    let scenario = Scenario::by_name("create-503-once").unwrap();
    let world = World::with(|builder| builder.scenario(scenario)).await;
    let nightly = ready_job(&world).await;
    // A run may have arrived all the same: it is not repeated without a word.
    let error = world.ops.run_job(&nightly, None).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(executions(&world, &nightly).await.len(), 0);
    assert_eq!(run(&world.ops, &nightly, None).await.outcome, Outcome::Succeeded);
    let struck = world.emulator.requests().iter().filter(|request| request.fault.is_some()).count();
    assert_eq!(struck, 2, "without the faults, this shows nothing");
}

// https://github.com/google-gemini/gemini-cli/issues/28468
#[tokio::test(start_paused = true)]
async fn a_run_that_began_is_no_success() {
    let world = World::with(|builder| builder.delays(Delays::uniform(Duration::from_secs(60)))).await;
    let nightly = world.client.job("nightly").unwrap();
    let job = edit::job().image("docker.io/run-emulator/exits").max_retries(0).build(&nightly).unwrap();
    world.ops.create(&nightly, job).await.unwrap();
    let started = world.ops.run_job(&nightly, None).await.unwrap();
    let early = world.ops.finish_run(&started, Deadline::after(Duration::from_secs(2))).await;
    assert_eq!(early.outcome, Outcome::Running);
    assert_eq!(early.success().unwrap_err().kind(), ErrorKind::Deadline);
    let late = world.ops.finish_run(&started, Deadline::after(Duration::from_secs(3600))).await;
    assert!(matches!(late.outcome, Outcome::Failed { .. }), "{late}");
}

async fn executions(world: &World, job: &JobRef) -> Vec<Execution> {
    world.client.list_executions(&job.location, &ListOptions::default()).await.expect("a list").items
}

/// Whatever becomes of the answer, there is one execution, and it is found.
#[tokio::test(start_paused = true)]
async fn a_lost_run_is_found_and_not_repeated() {
    let world = World::start().await;
    let nightly = ready_job(&world).await;
    for (count, kind) in
        [FaultKind::ResetAfter, FaultKind::HangAfter, FaultKind::Truncated, FaultKind::Garbage]
            .into_iter()
            .enumerate()
    {
        world.emulator.faults().add(Fault::new(kind.clone()).on("run_job").times(1));
        let overrides = Overrides::default().env("DAY", count.to_string()).tasks(2);
        let started = world.ops.run_job(&nightly, Some(overrides)).await;
        let started = started.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(executions(&world, &nightly).await.len(), count + 1, "{kind:?}");
        let run = world.ops.finish_run(&started, soon()).await;
        assert_eq!((&run.outcome, run.tasks.total), (&Outcome::Succeeded, 2));
    }
}

/// What may have arrived and is not to be seen is unknown, and what cannot have arrived is sent again.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_found_is_unknown() {
    let world = World::start().await;
    let nightly = ready_job(&world).await;
    world.emulator.faults().add(Fault::new(FaultKind::ResetBefore).on("run_job").times(1));
    let error = world.ops.run_job(&nightly, None).await.unwrap_err();
    assert!(error.is_outcome_unknown() && !error.remedies().is_empty(), "{error}");
    assert_eq!(executions(&world, &nightly).await.len(), 0);
    world.emulator.faults().add(Fault::new(FaultKind::QuotaExceeded).on("run_job").times(1));
    world.ops.run_job(&nightly, None).await.unwrap();
    assert_eq!(executions(&world, &nightly).await.len(), 1);
}

/// Somebody else runs the same job in the same way while our answer is lost: it may be either.
#[tokio::test(start_paused = true)]
async fn two_equal_runs_cannot_be_told_apart() {
    let world = World::start().await;
    let nightly = ready_job(&world).await;
    world.emulator.faults().add(Fault::new(FaultKind::HangAfter).on("run_job").times(1));
    let ours = world.ops.run_job(&nightly, None);
    let theirs = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.client.run_job(&nightly, None).await.unwrap();
        let other = Overrides::default().tasks(3);
        world.client.run_job(&nightly, Some(other)).await.unwrap();
    };
    let (ours, ()) = futures::future::join(ours, theirs).await;
    let error = ours.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    let names = error.message().matches("nightly-").count();
    assert_eq!(names, 2, "the one with other tasks cannot be it: {error}");
    assert_eq!(executions(&world, &nightly).await.len(), 3);
}

/// A thousand executions at once, for two minutes: by lists, with fewer reads than the quota allows (3000 a minute and
/// region, <https://cloud.google.com/run/quotas>), in each minute.
#[tokio::test(start_paused = true)]
async fn a_thousand_executions_are_watched_within_the_quota() {
    const EXECUTIONS: usize = 1000;
    const READS_PER_MINUTE: usize = 3000;
    let delays = Delays { task: Duration::from_secs(120), ..Delays::uniform(Duration::from_millis(500)) };
    let world = World::with(|builder| builder.delays(delays)).await;
    let nightly = ready_job(&world).await;
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = sent.clone();
    let counted = run_api::Client::builder()
        .endpoint(run_api::Endpoint::emulator(&world.emulator.url()).unwrap())
        .observe(move |_| seen.lock().expect("no panic").push(tokio::time::Instant::now()))
        .build()
        .unwrap();
    let ops = Ops::new(counted)
        .poll_schedule(PollSchedule::between(Duration::from_secs(1), Duration::from_secs(5)))
        .share_polls(Duration::from_secs(5));
    let mut started = Vec::new();
    for _ in 0..EXECUTIONS {
        let execution = world.client.run_job(&nightly, None).await.unwrap();
        let reference = nightly.location.execution(execution.metadata.unwrap().name.unwrap()).unwrap();
        started.push(ops.current(&reference).await.unwrap());
    }
    sent.lock().unwrap().clear();
    let begun = tokio::time::Instant::now();
    let deadline = Deadline::after(Duration::from_secs(3600));
    let runs = futures::future::join_all(started.iter().map(|one| ops.finish_run(one, deadline))).await;
    assert!(runs.iter().all(|run| run.outcome == Outcome::Succeeded));
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    let sent = sent.lock().unwrap();
    let within = |start: &tokio::time::Instant| {
        sent.iter().filter(|at| *at >= start && **at - *start < Duration::from_secs(60)).count()
    };
    let most = sent.iter().map(within).max().unwrap_or(0);
    println!(
        "{EXECUTIONS} executions, {minutes:.1} minutes: {} reads, at most {most} in a minute",
        sent.len()
    );
    assert!(minutes > 1.5, "{minutes}");
    assert!(sent.len() > EXECUTIONS / 100 && most < READS_PER_MINUTE, "{most}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_run_has_otherwise_reaches_its_tasks() {
    let world = world().await;
    let nightly = world.client.job("nightly").unwrap();
    let job = edit::job().max_retries(0).env("CODE", "1");
    world.ops.jobs().create(&nightly, script(&nightly, "exit $CODE", job)).await.unwrap();
    assert_eq!(run(&world.ops, &nightly, None).await.exit_code(), Some(1));
    let better = Overrides::default().env("CODE", "0").tasks(3);
    let done = run(&world.ops, &nightly, Some(better)).await;
    assert_eq!((&done.outcome, done.tasks.succeeded), (&Outcome::Succeeded, 3));
    let other = run(&world.ops, &nightly, Some(Overrides::default().args(["-c", "exit 5"]))).await;
    assert_eq!(other.exit_code(), Some(5));
    let job = world.ops.get(&nightly).await.unwrap();
    assert_eq!(
        job.pod().unwrap().containers[0].env[0].value.as_deref(),
        Some("1"),
        "the job itself is as it was"
    );
}
