//! The operations on all kinds, against the emulator: jobs with real processes above all.

use run_api::known::conditions;
use run_api::types::{DomainMapping, Execution, Job, Overrides, TaskSpec, WorkerPool};
use run_api::{JobRef, Resource, Workload};
use run_ops::wait::{Verdict, goal};
use run_ops::{ErrorKind, Member, Outcome, Written, edit};
use run_tests::{HELLO, World, soon};

const TASK: &str = "docker.io/run-tests/task";

/// A world in which the task's image is the shell: its arguments say what a task does.
async fn world() -> World {
    World::with(|builder| builder.run(TASK, run_emulator::LocalCommand::new("sh"))).await
}

fn job(reference: &JobRef, script: &str) -> Job {
    let mut job = edit::job().image(TASK).build(reference).expect("a valid edit");
    job.pod_mut().containers[0].args = vec!["-c".to_owned(), script.to_owned()];
    task(&mut job).max_retries = Some(0);
    job
}

fn task(job: &mut Job) -> &mut TaskSpec {
    let execution = job.spec.get_or_insert_default().template.get_or_insert_default();
    let task = execution.spec.get_or_insert_default().template.get_or_insert_default();
    task.spec.get_or_insert_default()
}

#[tokio::test]
async fn a_job_is_created_executed_changed_and_deleted() {
    let world = world().await;
    let (ops, nightly) = (&world.ops, world.client.job("nightly").unwrap());
    let jobs = ops.jobs();
    let written = jobs.create(&nightly, job(&nightly, "exit 0")).await.unwrap();
    assert_eq!((written.generation(), written.reference()), (1, &nightly));
    let ready = jobs.wait_until_ready(&written, soon()).await.unwrap();
    assert_eq!(ready.terminal_condition().and_then(|ready| ready.status.as_deref()), Some("True"));

    let execution = jobs.execute(&nightly, None, soon()).await.unwrap();
    assert_eq!(execution.status.as_ref().and_then(|status| status.succeeded_count), Some(1));
    assert_eq!(Outcome::of(&execution), Some(Outcome::Succeeded));
    assert_eq!(Outcome::of_latest(&jobs.get(&nightly).await.unwrap()), Some(Outcome::Succeeded));

    let retry = |job: &mut Job| {
        task(job).max_retries = Some(1);
        Ok(())
    };
    assert_eq!(jobs.update(&nightly, retry).await.unwrap().generation(), 2);
    assert!(!jobs.update(&nightly, retry).await.unwrap().changed());

    let three = Overrides { task_count: Some(3), ..Overrides::default() };
    let execution = jobs.execute(&nightly, Some(three), soon()).await.unwrap();
    assert_eq!(execution.status.and_then(|status| status.succeeded_count), Some(3));
    assert_eq!(ops.executions().of(&nightly).await.unwrap().len(), 2);
    let label =
        format!("{}={}", run_api::known::labels::EXECUTION, execution.metadata.unwrap().name.unwrap());
    let tasks = ops.tasks().list_labelled(&nightly.location, &label).await.unwrap();
    assert_eq!(tasks.len(), 3);

    jobs.delete(&nightly, soon()).await.unwrap();
    assert!(!jobs.exists(&nightly).await.unwrap());
    assert!(jobs.delete(&nightly, soon()).await.unwrap_err().is_not_found());
    world.emulator.shutdown().await;
}

/// It is over at once, with the reason and the message of its task.
#[tokio::test]
async fn a_failed_execution_ends_the_wait_with_its_reason() {
    let world = world().await;
    let (ops, nightly) = (&world.ops, world.client.job("nightly").unwrap());
    ops.jobs().create(&nightly, job(&nightly, "exit 3")).await.unwrap();
    let error = ops.jobs().execute(&nightly, None, soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    assert!(error.reason().is_some() && error.message().contains('3'), "{error}");
    assert_eq!(error.resource().map(|resource| resource.noun()), Some("execution"));
    let made = error.written().expect("the execution that was started");
    let execution = ops.get(&made.resource().of_kind::<Execution>().unwrap()).await.unwrap();
    assert!(matches!(Outcome::of(&execution), Some(Outcome::Failed { reason: Some(_), .. })));
    assert!(matches!(
        Outcome::of_latest(&ops.get(&nightly).await.unwrap()),
        Some(Outcome::Failed { reason: None, .. })
    ));
    world.emulator.shutdown().await;
}

/// What somebody cancels is no success and no failure, for those who wait for it, and for the job.
#[tokio::test]
async fn a_cancelled_execution_is_told_apart() {
    let world = world().await;
    let (ops, nightly) = (&world.ops, world.client.job("nightly").unwrap());
    ops.jobs().create(&nightly, job(&nightly, "sleep 600")).await.unwrap();
    let started = ops.jobs().run(&nightly, None).await.unwrap();
    let running = goal("no task ran", |seen: Option<&Execution>| {
        match seen.and_then(|execution| execution.status.as_ref()?.running_count) {
            Some(1) => Verdict::Met,
            _ => Verdict::NotYet,
        }
    });
    ops.wait(&ops.watch(started.reference()), &running, soon()).await.unwrap();
    let waits = ops.wait_until_ready(&started, soon());
    let (waited, cancelled) = tokio::join!(waits, ops.executions().cancel(started.reference(), soon()));
    let error = waited.unwrap_err();
    assert!(error.is_cancelled() && !error.is_failed(), "{error}");
    assert_eq!(Outcome::of(&cancelled.unwrap()), Some(Outcome::Cancelled));
    assert_eq!(Outcome::of_latest(&ops.get(&nightly).await.unwrap()), Some(Outcome::Cancelled));
    // Once more is fine; what has succeeded cannot be cancelled.
    assert!(!ops.executions().start_cancellation(started.reference()).await.unwrap().changed());
    ops.update(&nightly, |object| {
        object.clone_from(&job(&nightly, "exit 0"));
        Ok(())
    })
    .await
    .unwrap();
    let done = ops.jobs().execute(&nightly, None, soon()).await.unwrap();
    let reference = nightly.location.execution(done.name().unwrap()).unwrap();
    assert!(ops.executions().cancel(&reference, soon()).await.is_err());
    ops.executions().delete(&reference, soon()).await.unwrap();
    world.emulator.shutdown().await;
}

#[tokio::test]
async fn an_execution_that_does_not_end_is_told_with_its_state_at_the_deadline() {
    let world = world().await;
    let (ops, nightly) = (&world.ops, world.client.job("nightly").unwrap());
    ops.jobs().create(&nightly, job(&nightly, "sleep 600")).await.unwrap();
    let deadline = run_ops::Deadline::after(std::time::Duration::from_millis(300));
    let error = ops.jobs().execute(&nightly, None, deadline).await.unwrap_err();
    assert!(error.is_deadline_exceeded(), "{error}");
    assert!(error.last_seen().unwrap().starts_with("Completed is Unknown"), "{error}");
    world.emulator.shutdown().await;
}

#[tokio::test]
async fn worker_pools_and_mappings_go_the_same_way() {
    let world = World::start().await;
    let ops = &world.ops;
    let queue = world.client.worker_pool("queue").unwrap();
    let written = ops
        .worker_pools()
        .create(&queue, edit::worker_pool().image(HELLO).build(&queue).unwrap())
        .await
        .unwrap();
    ops.worker_pools().wait_until_ready(&written, soon()).await.unwrap();
    let verbose = |pool: &mut WorkerPool| {
        pool.pod_mut().containers[0].args.push("--verbose".to_owned());
        Ok(())
    };
    let written = ops.update(&queue, verbose).await.unwrap();
    assert_eq!(written.generation(), 2);
    ops.wait_until_ready(&written, soon()).await.unwrap();
    let broken = |pool: &mut WorkerPool| {
        pool.pod_mut().containers[0].image = Some("docker.io/run-emulator/missing".to_owned());
        Ok(())
    };
    let written: Written<WorkerPool> = ops.update(&queue, broken).await.unwrap();
    let error = ops.wait_until_ready(&written, soon()).await.unwrap_err();
    assert!(error.is_failed() && error.reason().is_some(), "{error}");
    ops.delete(&queue, soon()).await.unwrap();

    world.create_ready("hello").await;
    let domain = world.client.domain_mapping("www.example.com").unwrap();
    let mut mapping = DomainMapping::default();
    mapping.set_type();
    mapping.metadata.get_or_insert_default().name = Some("www.example.com".to_owned());
    mapping.spec.get_or_insert_default().route_name = Some("hello".to_owned());
    let written = ops.domain_mappings().create(&domain, mapping).await.unwrap();
    let judged = goal("nothing was said of it", |seen: Option<&DomainMapping>| match seen {
        Some(mapping) if mapping.condition(conditions::READY).is_some() => Verdict::Met,
        _ => Verdict::NotYet,
    });
    ops.wait(&ops.watch(written.reference()), &judged, soon()).await.unwrap();
    ops.domain_mappings().delete(&domain, soon()).await.unwrap();
}

#[tokio::test]
async fn instances_start_and_stop() {
    let world = World::start().await;
    let (ops, bastion) = (&world.ops, world.client.instance("bastion").unwrap());
    let instances = ops.instances();
    let written =
        instances.create(&bastion, edit::instance().image(HELLO).build(&bastion).unwrap()).await.unwrap();
    instances.wait_until_ready(&written, soon()).await.unwrap();
    let stopped = instances.stop(&bastion, soon()).await.unwrap();
    assert_eq!(stopped.terminal_condition().and_then(|running| running.status.as_deref()), Some("False"));
    assert!(instances.stop(&bastion, soon()).await.is_err(), "it does not run");
    let started = instances.start(&bastion).await.unwrap();
    instances.wait_until_ready(&started, soon()).await.unwrap();
    instances.delete(&bastion, soon()).await.unwrap();
}

#[tokio::test]
async fn policies_and_lists_of_all_kinds() {
    let world = world().await;
    let (ops, nightly) = (&world.ops, world.client.job("nightly").unwrap());
    ops.create(&nightly, job(&nightly, "exit 0")).await.unwrap();
    let ana = Member::user("ana@example.com").unwrap();
    assert!(ops.jobs().add_members(&nightly, "roles/run.invoker", &[ana]).await.unwrap().changed());
    assert_eq!(ops.jobs().iam_policy(&nightly).await.unwrap().bindings[0].members, ["user:ana@example.com"]);

    world.create_ready("hello").await;
    let here = &nightly.location;
    let names = |revisions: usize, routes: usize, configurations: usize| (revisions, routes, configurations);
    assert_eq!(
        names(
            ops.revisions().list(here).await.unwrap().len(),
            ops.routes().list(here).await.unwrap().len(),
            ops.configurations().list(here).await.unwrap().len(),
        ),
        (1, 1, 1)
    );
    let configuration = here.configuration("hello").unwrap();
    let current = ops.configurations().current(&configuration).await.unwrap();
    ops.wait_until_ready(&current, soon()).await.unwrap();
}

/// The waits for objects of one kind and region share their lists, whatever the kind.
#[tokio::test]
async fn executions_are_polled_together() {
    let world = world().await;
    let ops = world.ops.clone().share_polls(std::time::Duration::from_millis(5));
    let nightly = world.client.job("nightly").unwrap();
    ops.create(&nightly, job(&nightly, "exit 0")).await.unwrap();
    let runs = (0..5).map(|_| ops.execute(&nightly, None, soon()));
    for run in futures::future::join_all(runs).await {
        assert_eq!(Outcome::of(&run.unwrap()), Some(Outcome::Succeeded));
    }
    world.emulator.shutdown().await;
}
