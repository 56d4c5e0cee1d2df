//! Waits against an API that takes its time.

use run_api::Resource;
use std::time::Duration;

use run_emulator::{Delays, Fault, FaultKind};
use run_ops::wait::{self, Goal};
use run_ops::{Deadline, ErrorKind, INVOKER_ROLE, Member, ServiceEdit, ServiceView};
use run_tests::{World, soon};

#[tokio::test]
async fn ready_of_the_previous_generation_is_not_success() {
    let world = World::with(|builder| builder.delays(Delays::uniform(Duration::from_millis(20)))).await;
    world.create_ready("hello").await;
    let hello = world.service("hello");
    let written = world
        .ops
        .update_service(&hello, |service| {
            service.set_env("RELEASE", "second");
            Ok(())
        })
        .await
        .unwrap();
    let now = world.client.get_service(&hello).await.unwrap();
    let ready = now.condition("Ready").and_then(|ready| ready.status.clone());
    assert_eq!(ready.as_deref(), Some("True"), "the emulator still shows the previous generation's status");
    assert_ne!(now.observed_generation(), now.generation());

    let ready = world.ops.wait_until_ready(&written, soon()).await.unwrap();
    assert_eq!(ready.observed_generation(), Some(written.generation()));
    assert_eq!(ready.latest_ready_revision(), ready.latest_created_revision());
}

#[tokio::test]
async fn a_revision_that_fails_ends_the_wait_with_its_reason() {
    let world = World::start().await;
    for (name, image, reason) in [
        ("exits", "docker.io/run-emulator/exits", "HealthCheckContainerError"),
        ("missing", "docker.io/run-emulator/missing", "ContainerMissing"),
    ] {
        let written = world
            .create(name, |service| {
                service.set_image(image);
            })
            .await;
        let error = world.ops.wait_until_ready(&written, soon()).await.unwrap_err();
        assert!(error.is_failed(), "{error}");
        assert_eq!(error.reason(), Some(reason), "{error}");
        assert!(!error.remedies().is_empty(), "{error}");
    }
}

#[tokio::test]
async fn a_failed_update_leaves_the_traffic_where_it_was() {
    let world = World::start().await;
    let before = world.create_ready("hello").await;
    let hello = world.service("hello");
    let written = world
        .ops
        .update_service(&hello, |service| {
            service.set_image("docker.io/run-emulator/exits");
            Ok(())
        })
        .await
        .unwrap();
    assert!(world.ops.wait_until_ready(&written, soon()).await.unwrap_err().is_failed());
    let after = world.client.get_service(&hello).await.unwrap();
    assert_eq!(after.observed_traffic(), before.observed_traffic());
    assert_ne!(after.latest_created_revision(), after.latest_ready_revision());
}

#[tokio::test]
async fn the_deadline_names_the_last_state() {
    let world = World::with(|builder| builder.delays(Delays::uniform(Duration::from_secs(600)))).await;
    let written = world.create("slow", |_| ()).await;
    let error =
        world.ops.wait_until_ready(&written, Deadline::after(Duration::from_millis(30))).await.unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert!(error.to_string().contains("observed generation"), "{error}");
}

#[tokio::test]
async fn revisions_and_policies_can_be_waited_for() {
    let world = World::start().await;
    let written = world.create("hello", |_| ()).await;
    let (hello, ops) = (world.service("hello"), &world.ops);
    let started = wait::configured(written.uid(), 1, "hello-00001-abc").or(wait::condition("Ready", "True"));
    ops.wait(&ops.watch_service(&hello), &started, soon()).await.unwrap();
    let service = world.client.get_service(&hello).await.unwrap();
    let revision = hello.location.revision(service.latest_created_revision().unwrap()).unwrap();
    ops.wait(&ops.watch_revision(&revision), &wait::revision_ready(), soon()).await.unwrap();

    let bound = wait::member_bound(INVOKER_ROLE, Member::all_users());
    let (granted, seen) = futures::future::join(
        ops.allow_public_access(&hello),
        ops.wait(&ops.watch_policy(&hello), &bound, soon()),
    )
    .await;
    granted.unwrap();
    assert_eq!(seen.unwrap().unwrap().bindings.len(), 1);

    let pinned = run_ops::DeployRequest::new(hello.clone()).always_new_revision();
    let pinned = pinned.traffic(run_ops::TrafficIntent::NoTraffic);
    let candidate = ops.deploy(&pinned, soon()).await.unwrap();
    let idle = hello.location.revision(candidate.revision()).unwrap();
    let either = wait::revision_ready().or(wait::revision_idle());
    ops.wait(&ops.watch_revision(&idle), &either, soon()).await.unwrap();
    let shares = [(revision.name.to_string(), 100)];
    let generation = candidate.service().generation().unwrap();
    let traffic = wait::traffic_observed(written.uid(), generation, shares);
    ops.wait(&ops.watch_service(&hello), &traffic, soon()).await.unwrap();
}

#[tokio::test]
async fn a_deleted_service_ends_the_wait() {
    let world = World::with(|builder| builder.delays(Delays::uniform(Duration::from_millis(20)))).await;
    let written = world.create("hello", |_| ()).await;
    let (waited, deleted) = futures::future::join(
        world.ops.wait_until_ready(&written, soon()),
        world.ops.delete_service(written.reference(), soon()),
    )
    .await;
    deleted.unwrap();
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::Gone);
}

/// A region too large to be listed in time, or a server that hangs at lists only.
#[tokio::test(start_paused = true)]
async fn a_list_that_hangs_starves_no_wait() {
    let world = World::start().await;
    let ops = world.ops.clone().share_polls(Duration::from_secs(1));
    let hang = Fault::new(FaultKind::HangBefore).on("list_services");
    world.emulator.faults().add(hang);
    let (one, other) = (world.create("one", |_| ()).await, world.create("other", |_| ()).await);
    let deadline = Deadline::after(Duration::from_secs(40));
    let (one, other) =
        futures::future::join(ops.wait_until_ready(&one, deadline), ops.wait_until_ready(&other, deadline))
            .await;
    one.unwrap();
    other.unwrap();
}
