//! Splits, pinned traffic, tags and retired revisions.

use crate::support::{SERVICES, World, condition, hello, host_of, is, latest_created, set_env, url};
use serde_json::{Value, json};

/// A service with two revisions, all traffic on the latest.
async fn two_revisions(world: &World) -> (String, String) {
    let first = latest_created(&world.create_settled(&hello("hello")).await);
    let second = latest_created(&world.update_settled("hello", |service| set_env(service, "2")).await);
    (first, second)
}

async fn route(world: &World, traffic: Value) -> Value {
    world.update_settled("hello", |service| service["spec"]["traffic"] = traffic).await
}

async fn reason(world: &World, revision: &str, kind: &str) -> Value {
    condition(&world.revision(revision).await, kind)["reason"].clone()
}

#[tokio::test(start_paused = true)]
async fn the_status_names_revisions() {
    let world = World::start().await;
    let (first, second) = two_revisions(&world).await;
    let service = route(
        &world,
        json!([
            {"revisionName": first, "percent": 90},
            {"latestRevision": true, "percent": 10},
            {"tag": "next"},
            {"revisionName": first, "tag": "old", "percent": 0},
        ]),
    )
    .await;
    let host = host_of(service["status"]["url"].as_str().unwrap());
    assert_eq!(
        service["status"]["traffic"],
        json!([
            {"revisionName": first, "percent": 90},
            {"revisionName": second, "percent": 10, "latestRevision": true},
            {"revisionName": second, "latestRevision": true, "tag": "next", "url": format!("http://next---{host}")},
            {"revisionName": first, "tag": "old", "url": format!("http://old---{host}")},
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_revision_is_accepted_and_fails_later() {
    let world = World::start().await;
    let (_, second) = two_revisions(&world).await;
    let service = route(&world, json!([{"revisionName": "hello-ghost", "percent": 100}])).await;
    for kind in ["RoutesReady", "Ready"] {
        let condition = condition(&service, kind);
        assert_eq!(
            (&condition["status"], &condition["reason"]),
            (&json!("False"), &json!("RevisionMissing"))
        );
        assert_eq!(
            condition["message"],
            "Revision 'hello-ghost' does not exist or is deleted. Update all traffic to route to currently \
             available revisions."
        );
    }
    assert_eq!(is(&service, "ConfigurationsReady"), "True");
    assert_eq!(service["status"]["traffic"][0]["revisionName"], second, "the old split");
    let mended = route(&world, json!([{"latestRevision": true, "percent": 100}])).await;
    assert_eq!(is(&mended, "Ready"), "True");
}

#[tokio::test(start_paused = true)]
async fn a_new_revision_beside_pinned_traffic_retires() {
    let world = World::start().await;
    let (first, _) = two_revisions(&world).await;
    let service = world
        .update_settled("hello", |service| {
            service["spec"]["traffic"] = json!([{"revisionName": first, "percent": 100}]);
            service["spec"]["template"]["metadata"]["annotations"]["autoscaling.knative.dev/minScale"] =
                json!("1");
        })
        .await;
    let third = latest_created(&service);
    assert_eq!(is(&service, "Ready"), "True");
    assert_eq!(service["status"]["traffic"], json!([{"revisionName": first, "percent": 100}]));
    assert_eq!(service["status"]["latestReadyRevisionName"], third);
    let configurations = condition(&service, "ConfigurationsReady");
    assert_eq!((&configurations["status"], &configurations["reason"]), (&json!("True"), &json!("Retired")));

    let retired = world.revision(&third).await;
    for (kind, status) in [
        ("Ready", "True"),
        ("Active", "False"),
        ("ContainerHealthy", "Unknown"),
        ("ResourcesAvailable", "Unknown"),
        ("MinInstancesProvisioned", "False"),
    ] {
        let condition = condition(&retired, kind);
        assert_eq!(
            (&condition["status"], &condition["reason"]),
            (&json!(status), &json!("Retired")),
            "{kind}"
        );
    }
    assert_eq!(retired["metadata"]["labels"].get("serving.knative.dev/route"), None);

    // Routed to again, it is as it was.
    let service = route(&world, json!([{"revisionName": third, "percent": 100}])).await;
    assert_eq!(condition(&service, "ConfigurationsReady").get("reason"), None);
    let active = world.revision(&third).await;
    for kind in ["Ready", "Active", "ContainerHealthy", "ResourcesAvailable", "MinInstancesProvisioned"] {
        let condition = condition(&active, kind);
        assert_eq!((&condition["status"], condition.get("reason")), (&json!("True"), None), "{kind}");
    }
    assert_eq!(active["metadata"]["labels"]["serving.knative.dev/route"], "hello");
    assert_eq!(reason(&world, &first, "Active").await, "Retired");
}

#[tokio::test(start_paused = true)]
async fn a_tag_keeps_a_revision_active() {
    let world = World::start().await;
    let (first, second) = two_revisions(&world).await;
    assert_eq!(reason(&world, &first, "Active").await, "Retired");
    let traffic = json!([{"latestRevision": true, "percent": 100}, {"revisionName": first, "tag": "old"}]);
    let service = route(&world, traffic).await;
    assert_eq!(is(&world.revision(&first).await, "Active"), "True");
    world.publish("hello").await;
    let tagged = service["status"]["traffic"][1]["url"].as_str().unwrap();
    for _ in 0..20 {
        assert_eq!(world.visited_revision(tagged).await, first, "a tag's host has all of its requests");
        assert_eq!(world.visited_revision(&url(&service)).await, second);
    }
    let long = format!("old---hello-{}.us-central1.localhost", crate::support::NUMBER);
    assert_eq!(world.visited_revision(&long).await, first);
    let service = route(&world, json!([{"latestRevision": true, "percent": 100}])).await;
    assert_eq!(service["status"]["traffic"].as_array().unwrap().len(), 1);
    assert_eq!(world.visit(tagged).await.status, 404, "the tag's host is gone with it");
}

#[tokio::test(start_paused = true)]
async fn splits_that_are_refused_change_nothing() {
    let world = World::start().await;
    let before = world.create_settled(&hello("hello")).await;
    for (traffic, field) in [
        (json!([{"latestRevision": true, "percent": 99}]), "spec.traffic"),
        (
            json!([{"latestRevision": true, "percent": 100}, {"revisionName": "hello-1", "percent": 1}]),
            "spec.traffic",
        ),
        (
            json!([{"latestRevision": true, "percent": 101}, {"tag": "a", "percent": -1}]),
            "spec.traffic[0].percent",
        ),
        (
            json!([{"latestRevision": true, "revisionName": "hello-1", "percent": 100}]),
            "spec.traffic[0].latestRevision",
        ),
        (json!([{"percent": 100, "tag": "a"}, {"tag": "a"}]), "spec.traffic[1].tag"),
        (json!([{"percent": 100, "configurationName": "hello"}]), "spec.traffic[0].configurationName"),
        (json!([{"percent": 100, "url": "http://x"}]), "spec.traffic[0].url"),
    ] {
        let mut service = before.clone();
        service["spec"]["traffic"] = traffic;
        let answer = world.put(&format!("{SERVICES}/hello"), &service).await;
        assert_eq!(answer.violations()[0].0, field);
        assert_eq!(answer.refusal().2, "The request has errors");
    }
    let sum = json!([{"latestRevision": true, "percent": 99}]);
    let mut service = before.clone();
    service["spec"]["traffic"] = sum;
    let answer = world.put(&format!("{SERVICES}/hello"), &service).await;
    assert!(answer.violations()[0].1.ends_with("should be 100"));
    assert_eq!(world.service("hello").await, before);
}
