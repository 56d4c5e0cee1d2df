//! Conditions over time, generations and versions.

use crate::support::{
    HELLO, NUMBER, SERVICES, World, condition, hello, is, latest_created, lines, service, set_env, since, url,
};
use run_emulator::Delays;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn conditions_of_a_new_service() {
    let world = World::start().await;
    let made = world.create(&hello("hello")).await;
    assert_eq!(made["status"], json!({}));
    assert_eq!(lines(&world.watched("hello").await), ["stale ...", "fresh ???", "fresh ?T?", "fresh TTT"]);
    let service = world.service("hello").await;
    let revision = world.revision(&latest_created(&service)).await;
    let order = [
        since(&revision, "ContainerReady"),
        since(&revision, "ResourcesAvailable"),
        since(&revision, "ContainerHealthy"),
        since(&service, "ConfigurationsReady"),
        since(&service, "RoutesReady"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(since(&revision, "Ready"), since(&revision, "ContainerHealthy"));
    assert_eq!(since(&service, "Ready"), since(&service, "RoutesReady"));
    for kind in ["Ready", "ConfigurationsReady", "RoutesReady"] {
        assert_eq!(condition(&service, kind).get("message"), None, "nothing to say on success");
    }
    assert_eq!(condition(&revision, "Active")["severity"], "Info");
    assert_eq!(condition(&revision, "MinInstancesProvisioned"), Value::Null, "it asks for none");
}

#[tokio::test(start_paused = true)]
async fn messages_say_how_long_a_stage_took() {
    let mut delays = Delays::none();
    delays.import = Duration::from_millis(30);
    delays.provision = Duration::from_millis(60);
    delays.health = Duration::from_millis(30);
    let world = World::with(|builder| builder.delays(delays)).await;
    let mut wanted = hello("hello");
    wanted["spec"]["template"]["metadata"]["annotations"]["autoscaling.knative.dev/minScale"] = json!("1");
    let service = world.create_settled(&wanted).await;
    let revision = world.revision(&latest_created(&service)).await;
    for (kind, text, least) in [
        ("ContainerReady", "Container image import completed in ", 0.02),
        ("ResourcesAvailable", "Provisioning imported containers completed in ", 0.05),
        ("ContainerHealthy", "Containers became healthy in ", 0.02),
        ("MinInstancesProvisioned", "Min instances provisioned successfully in ", 0.1),
        ("Ready", "Deploying revision succeeded in ", 0.1),
    ] {
        let message = condition(&revision, kind)["message"].as_str().unwrap().to_owned();
        let seconds = message.strip_prefix(text).and_then(|rest| rest.split_once("s.")).unwrap().0;
        assert!(seconds.parse::<f64>().unwrap() >= least, "{kind}: {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn conditions_of_a_new_template() {
    let world = World::start().await;
    let before = world.create_settled(&hello("hello")).await;
    world.update("hello", |service| set_env(service, "2")).await;
    // The routes are still those of the operation before until the configuration is ready.
    assert_eq!(lines(&world.watched("hello").await), ["stale TTT", "fresh ??T", "fresh ?T?", "fresh TTT"]);
    let after = world.service("hello").await;
    assert_ne!(latest_created(&after), latest_created(&before));
    assert_eq!(after["status"]["latestReadyRevisionName"], latest_created(&after));
    assert_eq!(after["status"]["traffic"][0]["revisionName"], latest_created(&after));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_traffic_moves_the_routes_only() {
    let world = World::start().await;
    let before = world.create_settled(&hello("hello")).await;
    let revision = latest_created(&before);
    world
        .update("hello", |service| {
            service["spec"]["traffic"] = json!([{"revisionName": revision, "percent": 100}]);
        })
        .await;
    assert_eq!(lines(&world.watched("hello").await), ["stale TTT", "fresh ?T?", "fresh TTT"]);
    let after = world.service("hello").await;
    assert_eq!(since(&after, "ConfigurationsReady"), since(&before, "ConfigurationsReady"));
    assert!(since(&after, "RoutesReady") > since(&before, "RoutesReady"));
    assert_eq!(latest_created(&after), revision);
    assert_eq!((&before["metadata"]["generation"], &after["metadata"]["generation"]), (&json!(1), &json!(2)));
}

#[tokio::test(start_paused = true)]
async fn the_latest_created_revision_runs_ahead_of_the_latest_ready_one() {
    let world = World::start().await;
    let before = world.create_settled(&hello("hello")).await;
    world.update("hello", |service| set_env(service, "2")).await;
    let during = world.until("hello", |service| is(service, "ConfigurationsReady") == "Unknown").await;
    assert_ne!(latest_created(&during), latest_created(&before));
    assert_eq!(during["status"]["latestReadyRevisionName"], latest_created(&before));
    assert_eq!(during["status"]["traffic"], before["status"]["traffic"], "the old split");
}

#[tokio::test(start_paused = true)]
async fn generations_count_changes_of_the_spec() {
    let world = World::start().await;
    let first = world.create_settled(&hello("hello")).await;
    let same = world.update("hello", |_| ()).await;
    assert_eq!(same, first, "an identical PUT changes nothing, not even the version");
    let labelled =
        world.update("hello", |service| service["metadata"]["labels"]["team"] = "blue".into()).await;
    assert_eq!(labelled["metadata"]["generation"], 1);
    assert_ne!(labelled["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    assert_eq!(labelled["status"], first["status"]);
    let changed = world.update("hello", |service| set_env(service, "2")).await;
    assert_eq!(changed["metadata"]["generation"], 2);
    assert_eq!(changed["status"]["observedGeneration"], 1, "the status is of the generation before");
    let revision = world.settled("hello").await["status"]["latestCreatedRevisionName"].clone();
    let revision = world.revision(revision.as_str().unwrap()).await;
    assert_eq!(revision["metadata"]["labels"]["serving.knative.dev/configurationGeneration"], "2");
}

#[tokio::test(start_paused = true)]
async fn a_write_during_a_rollout_supersedes_it() {
    let world = World::start().await;
    world.create_settled(&hello("hello")).await;
    let mut names = Vec::new();
    for (value, until) in [("2", "ConfigurationsReady"), ("3", "RoutesReady")] {
        world.update("hello", |service| set_env(service, value)).await;
        let during = world
            .until("hello", |service| {
                service["status"]["observedGeneration"] == service["metadata"]["generation"]
                    && is(service, until) == "Unknown"
            })
            .await;
        names.push(latest_created(&during));
    }
    // The last one comes before the status has seen anything of the one before.
    world.update("hello", |service| set_env(service, "4")).await;
    let last = world.update_settled("hello", |service| set_env(service, "5")).await;
    assert_eq!(last["metadata"]["generation"], 5);
    assert_eq!(last["status"]["traffic"][0]["revisionName"], latest_created(&last));
    assert_eq!(last["status"]["latestReadyRevisionName"], latest_created(&last));
    // The superseded ones settle as well, and retire: nothing leads to them.
    crate::support::bounded(async {
        for name in &names {
            while condition(&world.revision(name).await, "Ready")["reason"] != "Retired" {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        }
    })
    .await;
    assert_eq!(world.service("hello").await, last, "their end does not touch the service");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_traffic_during_a_rollout_waits_for_it() {
    let world = World::start().await;
    let first = latest_created(&world.create_settled(&hello("hello")).await);
    world.update("hello", |service| set_env(service, "2")).await;
    world.until("hello", |service| is(service, "ConfigurationsReady") == "Unknown").await;
    world
        .update("hello", |service| {
            service["spec"]["traffic"] =
                json!([{"revisionName": first, "percent": 50}, {"latestRevision": true, "percent": 50}]);
        })
        .await;
    assert_eq!(lines(&world.watched("hello").await), ["stale ??T", "fresh ??T", "fresh ?T?", "fresh TTT"]);
    let after = world.service("hello").await;
    assert_eq!(after["status"]["traffic"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_fills_in() {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    let metadata = &service["metadata"];
    assert_eq!(metadata["namespace"], NUMBER.to_string(), "the number, whatever the request said");
    assert_eq!(
        metadata["selfLink"],
        format!("/apis/serving.knative.dev/v1/namespaces/{NUMBER}/services/hello")
    );
    assert_eq!(metadata["labels"]["cloud.googleapis.com/location"], "us-central1");
    let annotations = &metadata["annotations"];
    assert_eq!(annotations["run.googleapis.com/ingress"], "all");
    let urls: Vec<String> =
        serde_json::from_str(annotations["run.googleapis.com/urls"].as_str().unwrap()).unwrap();
    assert!(urls[0].contains(&format!("hello-{NUMBER}.us-central1.localhost:")), "{urls:?}");
    assert_eq!(urls[1], url(&service));
    assert_eq!(service["status"]["address"]["url"], url(&service));
    let by_number = format!("/apis/serving.knative.dev/v1/namespaces/{NUMBER}/services/hello");
    assert_eq!(world.get(&by_number).await.object(), service);
    let revision = world.revision(&latest_created(&service)).await;
    let image = revision["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.starts_with(&format!("{HELLO}@sha256:")), "{image}");
    assert_eq!(revision["status"]["imageDigest"], image);
    assert_eq!(revision["metadata"]["labels"]["serving.knative.dev/route"], "hello");
    assert_eq!(revision["metadata"]["ownerReferences"][0]["kind"], "Configuration");
}

#[tokio::test(start_paused = true)]
async fn what_is_the_servers_cannot_be_written() {
    let world = World::start().await;
    let mut forged = hello("hello");
    forged["metadata"] = json!({
        "name": "hello", "uid": "mine", "generation": 7, "selfLink": "/x", "resourceVersion": "AAX4MAndusc",
        "creationTimestamp": "2000-01-01T00:00:00Z", "deletionTimestamp": "2000-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 1, "finalizers": ["x"],
        "labels": {"cloud.googleapis.com/location": "mars"},
        "annotations": {"serving.knative.dev/creator": "somebody", "run.googleapis.com/urls": "[]"},
    });
    forged["status"] = json!({"url": "http://example.com", "observedGeneration": 1});
    let made = world.create(&forged).await;
    let check = |service: &Value, generation: i32| {
        let metadata = &service["metadata"];
        assert_eq!(metadata["generation"], generation);
        assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
        assert_ne!(metadata["creationTimestamp"], "2000-01-01T00:00:00Z");
        for absent in ["deletionTimestamp", "deletionGracePeriodSeconds", "finalizers"] {
            assert_eq!(metadata.get(absent), None, "{absent}");
        }
        assert_eq!(metadata["labels"]["cloud.googleapis.com/location"], "us-central1");
        assert_eq!(metadata["annotations"]["serving.knative.dev/creator"], "user@example.com");
        assert_ne!(metadata["annotations"]["run.googleapis.com/urls"], "[]");
        assert_ne!(service["status"]["url"], "http://example.com");
    };
    check(&made, 1);
    world.settled("hello").await;
    forged["metadata"]["resourceVersion"] = Value::Null;
    forged["spec"]["template"]["spec"]["containerConcurrency"] = 7.into();
    let replaced = world.put(&format!("{SERVICES}/hello"), &forged).await.object();
    check(&replaced, 2);
    assert_eq!(replaced["metadata"]["uid"], made["metadata"]["uid"]);
    let bare = world.put(&format!("{SERVICES}/hello"), &service("hello", HELLO)).await.object();
    check(&bare, 3);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_stores_nothing() {
    let world = World::start().await;
    let answer = world.post(&format!("{SERVICES}?dryRun=all"), &hello("hello")).await.object();
    assert_eq!(answer["spec"]["template"]["spec"]["timeoutSeconds"], 300, "defaults are shown");
    assert_eq!(world.get(&format!("{SERVICES}/hello")).await.status, 404);
    let before = world.create_settled(&hello("hello")).await;
    let mut other = hello("hello");
    set_env(&mut other, "2");
    let answer = world.put(&format!("{SERVICES}/hello?dryRun=all"), &other).await.object();
    assert_eq!(answer["metadata"]["generation"], 2);
    world.delete(&format!("{SERVICES}/hello?dryRun=all")).await.object();
    assert_eq!(world.service("hello").await, before);
    let refused = world.post(&format!("{SERVICES}?dryRun=all"), &hello("hello")).await;
    assert_eq!(refused.refusal().0, 409);
    let unknown = world.post(&format!("{SERVICES}?dryRun=some"), &hello("other")).await;
    assert_eq!(unknown.refusal().0, 400);
    other["spec"]["traffic"] = json!([{"percent": 1, "latestRevision": true}]);
    assert_eq!(world.put(&format!("{SERVICES}/hello?dryRun=all"), &other).await.refusal().0, 400);
}

/// <https://github.com/firebase/firebase-tools/issues/5086>
#[tokio::test(start_paused = true)]
async fn taking_the_name_of_the_revision_away_makes_another() {
    let world = World::start().await;
    let mut named = hello("hello");
    named["spec"]["template"]["metadata"] = json!({"name": "hello-one"});
    world.create_settled(&named).await;
    let unnamed = world.update_settled("hello", |service| {
        service["spec"]["template"]["metadata"].as_object_mut().unwrap().remove("name");
    });
    let unnamed = unnamed.await;
    let revision = crate::support::latest_created(&unnamed);
    assert!(revision.starts_with("hello-00002-"), "{revision}");
    // Nothing to take away: the same template makes none.
    let again = world.update_settled("hello", |service| {
        service["spec"]["traffic"] = json!([{"latestRevision": true, "percent": 100, "tag": "now"}]);
    });
    assert_eq!(crate::support::latest_created(&again.await), revision);
}
