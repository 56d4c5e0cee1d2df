//! Deleting, and what comes after.

use crate::support::{REVISIONS, SERVICES, World, hello, is, latest_created, set_env, url};
use run_emulator::Delays;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_deletion_takes_its_time() {
    let world = World::start().await;
    let before = world.create_settled(&hello("hello")).await;
    world.publish("hello").await;
    let path = format!("{SERVICES}/hello");
    let answer = world.delete(&path).await.object();
    assert_eq!(answer["status"], "Success");
    assert_eq!(answer["details"]["name"], "hello");
    assert_eq!(answer["details"]["uid"], before["metadata"]["uid"]);

    let going = world.service("hello").await;
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    assert_ne!(is(&going, "Ready"), "False", "gcloud would take it for a failed deletion");
    assert_eq!(world.post(SERVICES, &hello("hello")).await.refusal().1, "ALREADY_EXISTS");
    assert_eq!(world.put(&path, &hello("hello")).await.refusal().1, "FAILED_PRECONDITION");
    assert_eq!(world.delete(&path).await.status, 200, "again is no failure");

    world.gone("hello").await;
    let revision = format!("{REVISIONS}/{}", latest_created(&before));
    assert_eq!(world.get(&revision).await.status, 404, "its revisions go with it");
    let gone = world.visit(&url(&before)).await;
    assert!(gone.status == 404 && gone.is_html(), "{gone:?}");
    assert_eq!(world.delete(&path).await.refusal().1, "NOT_FOUND");

    let again = world.create_settled(&hello("hello")).await;
    assert_ne!(again["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(again["metadata"]["generation"], 1);
    assert_eq!(world.visit(&url(&again)).await.status, 403, "the policy of the old one is gone, too");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_ends_a_rollout() {
    let world = World::start().await;
    world.create_settled(&hello("hello")).await;
    world.update("hello", |service| set_env(service, "2")).await;
    world.until("hello", |service| is(service, "ConfigurationsReady") == "Unknown").await;
    world.delete(&format!("{SERVICES}/hello")).await.object();
    world.gone("hello").await;
    assert_eq!(world.get(REVISIONS).await.object().get("items"), None);
}

#[tokio::test(start_paused = true)]
async fn other_services_do_not_notice() {
    let world = World::start().await;
    // The name of one begins with the name of the other.
    let kept = world.create_settled(&hello("hello-world")).await;
    world.create_settled(&hello("hello")).await;
    world.delete(&format!("{SERVICES}/hello")).await.object();
    world.gone("hello").await;
    assert_eq!(world.service("hello-world").await, kept);
    assert_eq!(world.revision(&latest_created(&kept)).await["metadata"]["name"], latest_created(&kept));
}

#[tokio::test(start_paused = true)]
async fn a_service_can_go_before_it_is_ready() {
    let long = std::time::Duration::from_secs(3600);
    let world = World::with(|builder| {
        builder.delays(Delays { health: long, ..Delays::uniform(std::time::Duration::from_millis(2)) })
    })
    .await;
    world.create(&hello("hello")).await;
    let start = tokio::time::Instant::now();
    world.delete(&format!("{SERVICES}/hello")).await.object();
    world.gone("hello").await;
    assert!(start.elapsed() < std::time::Duration::from_secs(1), "it does not wait for the rollout");
    let list = world.get(SERVICES).await.object();
    assert_eq!((&list["kind"], list.get("items")), (&json!("ServiceList"), None));
}
