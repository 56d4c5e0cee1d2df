//! What belongs to a service: its configuration, its route, its revisions; and parts of answers.

use crate::support::{REVISIONS, SERVICES, World, hello, is, latest_created, raw, set_env};
use serde_json::json;

const SERVING: &str = "/apis/serving.knative.dev/v1/namespaces/test-project";

#[tokio::test(start_paused = true)]
async fn a_service_has_a_configuration_and_a_route() {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    let configuration = world.get(&format!("{SERVING}/configurations/hello")).await.object();
    assert_eq!(is(&configuration, "Ready"), "True");
    assert_eq!(configuration["status"]["latestReadyRevisionName"], latest_created(&service));
    assert_eq!(configuration["spec"]["template"], service["spec"]["template"]);
    let revision = world.revision(&latest_created(&service)).await;
    assert_eq!(revision["metadata"]["ownerReferences"][0]["uid"], configuration["metadata"]["uid"]);
    let route = world.get(&format!("{SERVING}/routes/hello")).await.object();
    assert_eq!(is(&route, "Ready"), "True");
    for field in ["url", "traffic", "address"] {
        assert_eq!(route["status"][field], service["status"][field]);
    }
    for (collection, kind) in [("configurations", "ConfigurationList"), ("routes", "RouteList")] {
        let list = world.get(&format!("{SERVING}/{collection}")).await.object();
        assert_eq!((list["kind"].as_str(), list["items"].as_array().map(Vec::len)), (Some(kind), Some(1)));
        assert_eq!(world.get(&format!("{SERVING}/{collection}/ghost")).await.refusal().1, "NOT_FOUND");
    }
}

#[tokio::test(start_paused = true)]
async fn only_an_idle_revision_can_be_deleted() {
    let world = World::start().await;
    let first = latest_created(&world.create_settled(&hello("hello")).await);
    let serving = world.delete(&format!("{REVISIONS}/{first}")).await.refusal();
    assert_eq!(serving.1, "FAILED_PRECONDITION");
    let text = format!("Revision \"{first}\" cannot be directly deleted because it is actively serving.");
    assert_eq!(serving.2, text);
    world.update_settled("hello", |service| set_env(service, "2")).await;
    let path = format!("{REVISIONS}/{first}");
    assert_eq!(world.delete(&format!("{path}?dryRun=all")).await.object()["status"], "Success");
    assert_eq!(world.get(&path).await.status, 200);
    assert_eq!(world.delete(&path).await.object()["status"], "Success");
    assert_eq!(world.get(&path).await.refusal().1, "NOT_FOUND");
    assert_eq!(world.delete(&path).await.refusal().1, "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_field_mask_leaves_what_it_names() {
    let world = World::start().await;
    world.create_settled(&hello("hello")).await;
    let part =
        world.get(&format!("{SERVICES}/hello?fields=metadata(name),status%2FobservedGeneration")).await;
    assert_eq!(part.object(), json!({"metadata": {"name": "hello"}, "status": {"observedGeneration": 1}}));
    let list = world.get(&format!("{SERVICES}?fields=items.metadata.name")).await.object();
    assert_eq!(list, json!({"items": [{"metadata": {"name": "hello"}}]}));
    assert_eq!(world.get(&format!("{SERVICES}?fields=a(")).await.refusal().1, "INVALID_ARGUMENT");
}

#[tokio::test(start_paused = true)]
async fn long_answers_are_compressed_on_request() {
    let world = World::start().await;
    world.create_settled(&hello("hello")).await;
    let request = |accept: &str| {
        format!(
            "GET {SERVICES}/hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept-encoding: {accept}\r\n\r\n"
        )
    };
    let plain = raw(world.emulator.addr(), request("identity").as_bytes()).await;
    assert!(!plain.head.contains("content-encoding"), "{plain:?}");
    let compressed = raw(world.emulator.addr(), request("gzip").as_bytes()).await;
    assert!(compressed.head.contains("content-encoding: gzip"), "{}", compressed.head);
    let length = |answer: &crate::support::Answer| {
        let line = answer.head.lines().find_map(|line| line.strip_prefix("content-length: "));
        line.and_then(|length| length.parse::<usize>().ok()).expect("a length")
    };
    assert!(length(&compressed) < length(&plain) / 2);
}
