//! Deployments against an API that takes its time: success means that the revision serves as it was asked to.

use std::time::Duration;

use run_emulator::Delays;
use run_ops::{
    Access, DeployRequest, DeployWarning, ErrorKind, Percent, ServiceEdit, ServiceView, TagChange, Target,
    TrafficChange, TrafficIntent,
};
use run_tests::{HELLO, World, soon};

fn request(world: &World, release: &str) -> DeployRequest {
    let release = release.to_owned();
    DeployRequest::new(world.service("hello")).image(HELLO).edit(move |service| {
        service.set_env("RELEASE", &release);
        Ok(())
    })
}

#[tokio::test]
async fn from_the_first_revision_to_a_promoted_canary() {
    let world = World::start().await;
    let first = request(&world, "1").access(Access::Public);
    let one = world.ops.deploy(&first, soon()).await.unwrap();
    assert!(one.created() && one.changed());
    assert_eq!((one.share(), one.public()), (Percent::ALL, Some(true)));
    assert!(one.url().is_some() && one.warnings().is_empty());

    let before = world.client.get_service(&world.service("hello")).await.unwrap();
    let again = world.ops.deploy(&first, soon()).await.unwrap();
    assert!(!again.changed() && !again.created());
    assert_eq!((again.revision(), again.public()), (one.revision(), Some(true)));
    let after = world.client.get_service(&world.service("hello")).await.unwrap();
    assert_eq!(after, before, "nothing was written");

    let share = TrafficIntent::Share(Percent::new(10).unwrap());
    let canary = request(&world, "2").traffic(share).tag(run_api::Tag::new("canary").unwrap());
    let two = world.ops.deploy(&canary, soon()).await.unwrap();
    assert_ne!(two.revision(), one.revision());
    assert_eq!(two.share().get(), 10);
    assert!(two.tag_urls()["canary"].contains("canary---hello"));

    let three = world.ops.deploy(&request(&world, "3"), soon()).await.unwrap();
    assert_eq!(three.share().get(), 0);
    assert_eq!(three.warnings(), [DeployWarning::SplitKept { share: Percent::default() }]);
    // https://github.com/google-github-actions/deploy-cloudrun/issues/589
    assert!(three.tag_urls().is_empty(), "the tag, and its address, are another revision's");

    let four = request(&world, "4").traffic(TrafficIntent::FollowLatest);
    let four = world.ops.deploy(&four, soon()).await.unwrap();
    assert_eq!(four.share(), Percent::ALL);
    let tagged = four.service().observed_traffic().iter().find(|target| target.tag.is_some()).unwrap();
    assert_eq!(tagged.revision_name.as_deref(), Some(two.revision()));

    let five = request(&world, "5").traffic(TrafficIntent::NoTraffic);
    let five = world.ops.deploy(&five, soon()).await.unwrap();
    assert_eq!((five.share().get(), five.warnings().len()), (0, 0));
    let serving = five.service().observed_traffic()[0].revision_name.as_deref();
    assert_eq!(serving, Some(four.revision()));
}

#[tokio::test]
async fn a_revision_that_fails_is_no_success_wherever_the_traffic_is() {
    let world = World::start().await;
    let one = world.ops.deploy(&request(&world, "1"), soon()).await.unwrap();
    for intent in [TrafficIntent::KeepSplit, TrafficIntent::NoTraffic, TrafficIntent::FollowLatest] {
        let release = format!("{intent:?}");
        let broken = request(&world, &release).image("docker.io/run-emulator/exits").traffic(intent.clone());
        let error = world.ops.deploy(&broken, soon()).await.unwrap_err();
        assert!(error.is_failed(), "{intent:?}: {error}");
        assert_eq!(error.reason(), Some("HealthCheckContainerError"), "{intent:?}");
        assert!(error.written().is_some());
        let now = world.client.get_service(&world.service("hello")).await.unwrap();
        assert_eq!(now.observed_traffic()[0].revision_name.as_deref(), Some(one.revision()));
    }
    let again = request(&world, "3").traffic(TrafficIntent::FollowLatest);
    assert_eq!(world.ops.deploy(&again, soon()).await.unwrap().share(), Percent::ALL);
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/556
#[tokio::test]
async fn concurrent_deploys() {
    let world = World::with(|builder| builder.delays(Delays::uniform(Duration::from_millis(5)))).await;
    world.ops.deploy(&request(&world, "0"), soon()).await.unwrap();
    let location = world.service("hello").location;
    for round in 0..10 {
        let (a, b) = (request(&world, &format!("a{round}")), request(&world, &format!("b{round}")));
        let (a, b) = futures::future::join(world.ops.deploy(&a, soon()), world.ops.deploy(&b, soon())).await;
        let fine: Vec<_> = [&a, &b].into_iter().flatten().collect();
        assert!(!fine.is_empty(), "the later one is in force: {a:?} {b:?}");
        for error in [&a, &b].into_iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error.kind(), ErrorKind::Superseded, "{error}");
        }
        for deployed in fine {
            let mut service = deployed.service().clone();
            let env = service.container_mut().env.clone();
            let revision = world.client.get_revision(&location.revision(deployed.revision()).unwrap()).await;
            let container = &revision.unwrap().spec.unwrap().containers[0];
            assert_eq!(container.env, env, "the revision is the one of this deployment");
        }
    }
}

/// A write that only moves tags makes the service ready again, whatever became of the revision before.
#[tokio::test]
async fn a_failed_revision_is_no_success_after_a_later_write_either() {
    let world = World::start().await;
    let one = world.ops.deploy(&request(&world, "1"), soon()).await.unwrap();
    let broken = request(&world, "2").image("docker.io/run-emulator/exits").traffic(TrafficIntent::NoTraffic);
    assert!(world.ops.deploy(&broken, soon()).await.unwrap_err().is_failed());

    let hello = world.service("hello");
    let tag = ("blue".parse().unwrap(), Target::revision(one.revision()).unwrap());
    let tags = TagChange { set: [tag].into(), ..TagChange::default() };
    let moved = world.ops.update_traffic(&hello, &TrafficChange::tags(tags)).await.unwrap();
    world.ops.wait_until_ready(&moved, soon()).await.unwrap();

    let error = world.ops.deploy(&broken, soon()).await.unwrap_err();
    assert!(error.is_failed(), "{error}");
    assert_eq!(error.reason(), Some("HealthCheckContainerError"), "{error}");
    assert!(error.written().is_none(), "nothing was to be written");
}
