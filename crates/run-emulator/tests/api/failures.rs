//! Deployments that fail.

use crate::support::{World, condition, hello, is, latest_created, lines, service, set_image, url};
use run_emulator::ImageBehaviour;

/// Images that fail, with the reasons on revision and service, and a part of the message.
const IMAGES: [(&str, &str, &str, &str, &str); 4] = [
    ("docker.io/run-emulator/missing", "ContainerReady", "ContainerMissing", "RevisionFailed", "not found"),
    (
        "docker.io/run-emulator/unauthorized:1.0",
        "ContainerReady",
        "ContainerPermissionDenied",
        "ContainerPermissionDenied",
        "does not have permission",
    ),
    (
        "docker.io/run-emulator/exits",
        "ContainerHealthy",
        "HealthCheckContainerError",
        "HealthCheckContainerError",
        "within the allocated timeout.\n\nLogs URL: https://console.cloud.google.com/logs/viewer?project=",
    ),
    (
        "docker.io/run-emulator/never-listens",
        "ContainerHealthy",
        "HealthCheckContainerError",
        "HealthCheckContainerError",
        "failed to start and listen on the port defined provided by the PORT=8080",
    ),
];

#[tokio::test(start_paused = true)]
async fn the_first_deployment() {
    for (image, stage, of_revision, of_service, part) in IMAGES {
        let world = World::start().await;
        world.create(&service("bad", image)).await;
        assert_eq!(
            lines(&world.watched("bad").await),
            ["stale ...", "fresh ???", "fresh ?T?", "fresh FTF"],
            "{image}"
        );
        let failed = world.service("bad").await;
        for kind in ["Ready", "RoutesReady"] {
            let condition = condition(&failed, kind);
            assert_eq!(condition["reason"], of_service, "{image}");
            let message = condition["message"].as_str().unwrap();
            let name = latest_created(&failed);
            let start = format!("Revision '{name}' is not ready and cannot serve traffic. ");
            assert!(message.starts_with(&start) && message.contains(part), "{message}");
        }
        let status = &failed["status"];
        for absent in ["url", "address", "traffic", "latestReadyRevisionName"] {
            assert_eq!(status.get(absent), None, "{image}");
        }
        let revision = world.revision(&latest_created(&failed)).await;
        for kind in ["Ready", stage] {
            assert_eq!(condition(&revision, kind)["status"], "False", "{image}");
            assert_eq!(condition(&revision, kind)["reason"], of_revision, "{image}");
        }
        assert_ne!(is(&revision, "Active"), "True");
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_leaves_the_traffic_where_it_was() {
    for (image, _, _, of_service, _) in IMAGES {
        let world = World::start().await;
        let good = world.create_settled(&hello("hello")).await;
        world.publish("hello").await;
        let failed = world.update_settled("hello", |service| set_image(service, image)).await;
        assert_eq!(condition(&failed, "Ready")["reason"], of_service);
        assert_eq!(failed["status"]["traffic"], good["status"]["traffic"]);
        assert_eq!(failed["status"]["latestReadyRevisionName"], latest_created(&good));
        assert_ne!(latest_created(&failed), latest_created(&good));
        assert_eq!(world.visited_revision(&url(&good)).await, latest_created(&good));

        // The way back is another update.
        let mended = world.update_settled("hello", |service| set_image(service, crate::support::HELLO)).await;
        assert_eq!(is(&mended, "Ready"), "True");
        assert_eq!(world.visited_revision(&url(&good)).await, latest_created(&mended));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_revision_does_not_fail_a_later_change_of_traffic() {
    let world = World::start().await;
    let good = latest_created(&world.create_settled(&hello("hello")).await);
    let bad = "docker.io/run-emulator/exits";
    assert_eq!(is(&world.update_settled("hello", |service| set_image(service, bad)).await, "Ready"), "False");
    let pinned = world
        .update_settled("hello", |service| {
            service["spec"]["traffic"] = serde_json::json!([{"revisionName": good, "percent": 100}]);
        })
        .await;
    assert_eq!(is(&pinned, "Ready"), "True");
    // Asking for the failed one again fails again.
    let again = world
        .update_settled("hello", |service| {
            service["spec"]["traffic"] = serde_json::json!([{"latestRevision": true, "percent": 100}]);
        })
        .await;
    assert_eq!(condition(&again, "RoutesReady")["reason"], "HealthCheckContainerError");
    assert_eq!(again["status"]["traffic"][0]["revisionName"], good);
}

#[tokio::test(start_paused = true)]
async fn images_behave_as_they_are_told_to() {
    let world = World::with(|builder| {
        builder
            .image("docker.io/mine/app", ImageBehaviour::Exits { code: 42 })
            .image("docker.io/mine/app:good", ImageBehaviour::Hello)
            .unknown_images(ImageBehaviour::Missing)
    })
    .await;
    for (name, image, expected) in [
        ("bad", "docker.io/mine/app:bad", "HealthCheckContainerError"),
        ("unknown", "docker.io/unheard/of", "RevisionFailed"),
    ] {
        let failed = world.create_settled(&service(name, image)).await;
        assert_eq!(condition(&failed, "Ready")["reason"], expected);
    }
    let good = world.create_settled(&service("good", "docker.io/mine/app:good")).await;
    assert_eq!(is(&good, "Ready"), "True");
    // Deployed by its digest it is the same image.
    let revision = world.revision(&latest_created(&good)).await;
    let digest = revision["status"]["imageDigest"].as_str().unwrap();
    assert_eq!(is(&world.create_settled(&service("again", digest)).await, "Ready"), "True");
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_fails_fails_the_revision() {
    let world = World::start().await;
    let mut two = hello("hello");
    two["spec"]["template"]["spec"]["containers"] = serde_json::json!([
        {"image": crate::support::HELLO, "ports": [{"containerPort": 3000}]},
        {"image": "docker.io/run-emulator/exits"},
    ]);
    let failed = world.create_settled(&two).await;
    assert_eq!(condition(&failed, "Ready")["reason"], "HealthCheckContainerError");
}
