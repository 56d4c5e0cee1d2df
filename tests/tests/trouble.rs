//! Deployments that go wrong: told beforehand, explained afterwards, and mended.

use run_api::Resource;
use run_ops::{
    Cause, Diagnosis, Finding, Level, Mend, PreflightRequest, ServiceEdit, ServiceView, TagChange, Target,
    TrafficChange, TrafficMap, TrafficProblem, new_service,
};
use run_tests::{HELLO, World, soon};

fn traffic_of(service: &run_api::types::Service) -> String {
    TrafficMap::of_targets(service.desired_traffic()).expect("a valid list").to_string()
}

async fn latest_ready(world: &World, name: &str) -> String {
    let service = world.client.get_service(&world.service(name)).await.expect("a service");
    service.latest_ready_revision().expect("a ready revision").to_owned()
}

/// Deploys an image, and expects that it fails.
async fn fail(world: &World, name: &str, image: &str) {
    let edit = |service: &mut run_api::types::Service| {
        service.set_image(image);
        Ok(())
    };
    let written =
        world.ops.update_service(&world.service(name), edit).await.expect("an update that is accepted");
    assert!(world.ops.wait_until_ready(&written, soon()).await.expect_err("a bad image").is_failed());
}

#[tokio::test]
async fn every_way_to_fail_is_explained_on_a_first_deployment_and_on_a_later_one() {
    let world = World::start().await;
    for (name, code) in [
        ("missing", "image-missing"),
        ("unauthorized", "image-not-readable"),
        // The API's words are the same for both, so nobody can tell them apart by these alone.
        ("exits", "container-not-listening"),
        ("never-listens", "container-not-listening"),
    ] {
        let image = format!("docker.io/run-emulator/{name}");
        let first = format!("{name}-first");
        let written = world
            .create(&first, |service| {
                service.set_image(&image);
            })
            .await;
        let error = world.ops.wait_until_ready(&written, soon()).await.unwrap_err();
        assert_eq!(Diagnosis::of_error(&error).unwrap().cause.code(), code, "{error}");
        let report = world.ops.failure_report(&world.service(&first)).await.unwrap().unwrap();
        assert_eq!(report.diagnosis.cause.code(), code, "{report}");
        assert!(report.left_behind.serving.is_empty(), "{report}");

        let later = format!("{name}-later");
        world.create_ready(&later).await;
        assert_eq!(world.ops.failure_report(&world.service(&later)).await.unwrap(), None);
        let old = latest_ready(&world, &later).await;
        fail(&world, &later, &image).await;
        let report = world.ops.failure_report(&world.service(&later)).await.unwrap().unwrap();
        assert_eq!(report.diagnosis.cause.code(), code, "{report}");
        assert_eq!(report.generation, Some(2));
        assert!(report.left_behind.previous_serves, "{report}");
        assert_eq!(report.left_behind.serving.get(&old), Some(&100), "{report}");
        let failed = report.revision.as_ref().unwrap();
        assert!(failed.name != old && !failed.conditions.is_empty(), "{report}");
        assert!(!report.diagnosis.remedies.is_empty(), "{report}");
    }
}

#[tokio::test]
async fn refusals_of_the_write_itself_are_explained() {
    let world = World::start().await;
    let hello = world.service("hello");
    world.create_ready("hello").await;
    let cause = async |edit: fn(&mut run_api::types::Service)| {
        let result = world.ops.update_service(&hello, |service| {
            edit(service);
            Ok(())
        });
        Diagnosis::of_error(&result.await.unwrap_err()).unwrap().cause
    };
    let reserved = cause(|service| {
        service.set_env("K_SERVICE", "x");
    });
    assert_eq!(reserved.await, Cause::ReservedEnv { names: vec!["K_SERVICE".to_owned()] });
    let image = cause(|service| {
        service.set_image("http://a b");
    });
    assert_eq!(image.await, Cause::ImageHost);
    let memory = cause(|service| {
        service.set_limit("memory", "99Gi");
    });
    assert!(matches!(memory.await, Cause::InvalidField { field } if field.ends_with("memory")));
    let annotation = cause(|service| {
        let metadata = service.template_mut().metadata.get_or_insert_default();
        metadata.annotations.insert("run.googleapis.com/memory".to_owned(), "1Gi".to_owned());
    });
    assert_eq!(
        annotation.await,
        Cause::UnknownAnnotation { key: Some("run.googleapis.com/memory".to_owned()) }
    );
}

// https://github.com/Lore-Hex/quill-router/issues/782
#[tokio::test]
async fn failed_revision_in_spec() {
    let world = World::start().await;
    let (ops, hello) = (&world.ops, world.service("hello"));
    world.create_ready("hello").await;
    let old = latest_ready(&world, "hello").await;

    // A deployment that names its revision in the traffic, and fails.
    let written = ops
        .update_service(&hello, |service| {
            service.set_image("docker.io/run-emulator/exits").set_revision_suffix("bad");
            service.change_traffic(&TrafficChange::to_targets("hello-bad=100".parse()?))?;
            Ok(())
        })
        .await
        .unwrap();
    assert!(ops.wait_until_ready(&written, soon()).await.is_err());
    // The next one is good, and fails over what the last one left.
    let written = ops
        .update_service(&hello, |service| {
            service.set_image(HELLO).set_revision_suffix("good");
            Ok(())
        })
        .await
        .unwrap();
    let error = ops.wait_until_ready(&written, soon()).await.unwrap_err();
    assert!(error.to_string().contains("hello-bad"), "{error}");
    let report = ops.failure_report(&hello).await.unwrap().unwrap();
    assert_eq!(report.left_behind.unable_in_spec, ["hello-bad"], "{report}");
    assert!(report.to_string().contains("repair the traffic"), "{report}");
    let warned = ops.preflight(&hello, &PreflightRequest::new(written.service().clone())).await.unwrap();
    assert!(warned.findings.iter().any(|finding| finding.code() == "traffic-unable"), "{warned}");

    let (plan, written) = ops.repair(&hello, Mend::KeepServing).await.unwrap();
    assert!(matches!(&plan.problems()[0], TrafficProblem::Share { revision, .. } if revision == "hello-bad"));
    assert!(plan.remaining().is_empty(), "{plan}");
    let ready = ops.wait_until_ready(&written, soon()).await.unwrap();
    assert_eq!(ready.observed_traffic()[0].revision_name.as_ref(), Some(&old), "no request went elsewhere");
    assert!(ops.repair(&hello, Mend::KeepServing).await.unwrap().0.is_empty(), "it is mended");
    assert_eq!(ops.failure_report(&hello).await.unwrap(), None);

    let written = ops.update_traffic(&hello, &TrafficChange::to_latest()).await.unwrap();
    let ready = ops.wait_until_ready(&written, soon()).await.unwrap();
    assert_eq!(ready.observed_traffic()[0].revision_name.as_deref(), Some("hello-good"));
}

#[tokio::test]
async fn deleted_revisions_lose_their_share_and_their_tags() {
    let world = World::start().await;
    let (ops, hello) = (&world.ops, world.service("hello"));
    world.create_ready("hello").await;
    let old = latest_ready(&world, "hello").await;
    let targets = serde_json::json!([
        {"latestRevision": true, "percent": 60},
        {"revisionName": "hello-gone", "percent": 40},
        {"revisionName": "hello-gone", "tag": "preview"},
        {"revisionName": old, "tag": "stable"},
    ]);
    let written = ops
        .update_service(&hello, |service| {
            service.spec.as_mut().unwrap().traffic = serde_json::from_value(targets.clone()).unwrap();
            Ok(())
        })
        .await
        .unwrap();
    assert!(ops.wait_until_ready(&written, soon()).await.unwrap_err().is_failed());
    let report = ops.failure_report(&hello).await.unwrap().unwrap();
    assert_eq!(report.diagnosis.cause, Cause::RevisionMissing { revision: Some("hello-gone".to_owned()) });

    let plan = ops.plan_repair(&hello, Mend::FollowLatest).await.unwrap();
    assert_eq!(plan.problems().len(), 2, "{plan}");
    let (plan, written) = ops.repair(&hello, Mend::FollowLatest).await.unwrap();
    assert_eq!(plan.traffic().after().to_string(), format!("{old}=0 #stable, LATEST=100"));
    ops.wait_until_ready(&written, soon()).await.unwrap();
}

#[tokio::test]
async fn a_failed_newest_revision_can_be_pinned_away() {
    let world = World::start().await;
    let (ops, hello) = (&world.ops, world.service("hello"));
    world.create_ready("hello").await;
    let old = latest_ready(&world, "hello").await;
    fail(&world, "hello", "docker.io/run-emulator/missing").await;

    let (plan, written) = ops.repair(&hello, Mend::KeepServing).await.unwrap();
    assert!(!written.changed() && plan.remaining().len() == 1, "{plan}");
    let (plan, written) = ops.repair(&hello, Mend::PinServing).await.unwrap();
    assert!(plan.remaining().is_empty(), "{plan}");
    let ready = ops.wait_until_ready(&written, soon()).await.unwrap();
    assert_eq!(traffic_of(&ready), format!("{old}=100"));
}

// https://github.com/fullsend-ai/fullsend/issues/6945
#[tokio::test]
async fn pinned_traffic_is_told_before_the_write() {
    let world = World::start().await;
    let (ops, hello) = (&world.ops, world.service("hello"));
    world.create_ready("hello").await;
    let old: Target = latest_ready(&world, "hello").await.parse().unwrap();
    let pin = TrafficChange::to_targets(run_ops::TrafficShares::all_to(old));
    let written = ops.update_traffic(&hello, &pin).await.unwrap();
    let mut next = ops.wait_until_ready(&written, soon()).await.unwrap();
    next.set_env("RELEASE", "second");

    let report = ops.preflight(&hello, &PreflightRequest::new(next.clone()).setting_policy()).await.unwrap();
    assert!(
        matches!(&report.findings[..], [Finding::TrafficPinned { traffic }] if traffic.is_pinned()),
        "{report}"
    );
    assert!(!report.blocks() && report.findings[0].level() == Level::Warns);
    next.change_traffic(&TrafficChange::to_latest()).unwrap();
    let report = ops.preflight(&hello, &PreflightRequest::new(next)).await.unwrap();
    assert_eq!(report.to_string(), "service `hello`: nothing stands against it");
}

// https://github.com/google/exposure-notifications-server/issues/360
#[tokio::test]
async fn first_deploy_no_traffic() {
    let world = World::start().await;
    let fresh = world.service("fresh");
    let request = PreflightRequest::new(new_service(&fresh, HELLO)).without_traffic();
    let report = world.ops.preflight(&fresh, &request).await.unwrap();
    assert_eq!(
        (report.exists, &report.findings[..]),
        (Some(false), &[Finding::FirstDeployWithoutTraffic][..])
    );
}

// https://github.com/hashicorp/terraform-provider-google/issues/13410
#[tokio::test]
async fn a_revision_name_that_is_taken_is_told_before_and_explained_after_the_write() {
    let world = World::start().await;
    let (ops, hello) = (&world.ops, world.service("hello"));
    let written = world
        .create("hello", |service| {
            service.set_revision_suffix("v1");
        })
        .await;
    ops.wait_until_ready(&written, soon()).await.unwrap();
    let edit = |release: &'static str, suffix: &'static str| {
        move |service: &mut run_api::types::Service| {
            service.set_env("RELEASE", release).set_revision_suffix(suffix);
            Ok(())
        }
    };
    let written = ops.update_service(&hello, edit("second", "v2")).await.unwrap();
    let mut back = ops.wait_until_ready(&written, soon()).await.unwrap();
    edit("third", "v1")(&mut back).unwrap();

    let report = ops.preflight(&hello, &PreflightRequest::new(back)).await.unwrap();
    assert_eq!(report.findings, [Finding::RevisionNameTaken { revision: "hello-v1".to_owned() }]);
    let error = ops.update_service(&hello, edit("third", "v1")).await.unwrap_err();
    let cause = Diagnosis::of_error(&error).unwrap().cause;
    assert_eq!(cause, Cause::RevisionNameTaken { revision: Some("hello-v1".to_owned()) });
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/529
#[tokio::test]
async fn tag_moves_on_deploy() {
    let world = World::start().await;
    let (ops, hello) = (&world.ops, world.service("hello"));
    world.create_ready("hello").await;
    let old: Target = latest_ready(&world, "hello").await.parse().unwrap();
    let tag = run_api::Tag::new("stable").unwrap();
    let set = TagChange { set: [(tag.clone(), old.clone())].into(), ..TagChange::default() };
    let written = ops.update_traffic(&hello, &TrafficChange::tags(set)).await.unwrap();
    ops.wait_until_ready(&written, soon()).await.unwrap();

    let written = ops
        .update_service(&hello, |service| {
            service.set_env("RELEASE", "second");
            Ok(())
        })
        .await
        .unwrap();
    let ready = ops.wait_until_ready(&written, soon()).await.unwrap();
    let observed = TrafficMap::of_targets(ready.observed_traffic()).unwrap();
    assert_eq!(observed.tagged(&tag), Some(&old));
    assert_ne!(ready.latest_ready_revision(), Some(old.to_string().as_str()));
}

// https://github.com/knative/client/issues/875
#[tokio::test]
async fn no_op_traffic() {
    let world = World::start().await;
    let hello = world.service("hello");
    let before = world.create_ready("hello").await;
    let written = world.ops.update_traffic(&hello, &TrafficChange::to_latest()).await.unwrap();
    assert!(!written.changed());
    let ready = world.ops.wait_until_ready(&written, soon()).await.unwrap();
    assert_eq!(ready.generation(), before.generation());
}
