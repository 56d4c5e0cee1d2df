//! What Cloud Run was seen to do once, and not always.

use run_emulator::{ImageBehaviour, Quirk, Scenario};
use serde_json::{Value, json};

use crate::support::{SERVICES, World, condition, hello, is, latest_created, service};

async fn playing(scenario: &str) -> World {
    let scenario = Scenario::by_name(scenario).expect("a scenario");
    World::with(|builder| builder.scenario(scenario)).await
}

/// A recording of the newer API: <https://github.com/GoogleCloudPlatform/gcpdiag>
#[tokio::test(start_paused = true)]
async fn a_failing_revision_may_be_called_the_latest_ready_one() {
    let bad = service("hello", "docker.io/a/bad");
    for (scenario, named) in [(None, false), (Some("failing-latest-ready"), true)] {
        let world = World::with(|builder| {
            let builder = builder.image("docker.io/a/bad", ImageBehaviour::Exits { code: 1 });
            match scenario {
                Some(name) => builder.scenario(Scenario::by_name(name).unwrap()),
                None => builder,
            }
        });
        let failed = world.await.create_settled(&bad).await;
        assert_eq!(is(&failed, "Ready"), "False");
        let ready = failed["status"].get("latestReadyRevisionName").and_then(Value::as_str);
        assert_eq!(ready, named.then(|| latest_created(&failed)).as_deref());
    }
}

/// <https://github.com/GoogleCloudPlatform/magic-modules/pull/17149>
#[tokio::test(start_paused = true)]
async fn the_quota_of_gpus_may_show_after_the_write() {
    let world = playing("late-gpu-quota").await;
    let mut object = hello("hello");
    let limits = json!({"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"});
    object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"limits": limits});
    let failed = world.create_settled(&object).await;
    let text = "Quota exceeded for total allowable count of GPUs per project per region.";
    let revision = latest_created(&failed);
    let message = condition(&failed, "Ready")["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with(&format!("Revision '{revision}' is not ready and cannot serve traffic. {text}")),
        "{message}"
    );
    assert_eq!(is(&world.revision(&revision).await, "Ready"), "False");
    assert_eq!(is(&world.create_settled(&hello("other")).await, "Ready"), "True", "without a GPU");
}

/// <https://github.com/firebase/firebase-tools/issues/10136>, 10148, 10151; what it does otherwise is in `go_bodies`.
#[tokio::test(start_paused = true)]
async fn a_kept_name_may_be_a_conflict() {
    let world = playing("kept-name-409").await;
    let mut named = hello("hello");
    named["spec"]["template"]["metadata"] = json!({"name": "hello-one"});
    world.create_settled(&named).await;
    named["spec"]["traffic"] = json!([{"revisionName": "hello-one", "percent": 100}]);
    let (code, status, message) = world.put(&format!("{SERVICES}/hello"), &named).await.refusal();
    assert_eq!((code, status.as_str()), (409, "ALREADY_EXISTS"));
    assert_eq!(message, "Revision named 'hello-one' with different configuration already exists.");
    named["spec"]["template"]["metadata"] = json!({});
    assert_eq!(world.put(&format!("{SERVICES}/hello"), &named).await.status, 200, "what clients do about it");
}

/// <https://github.com/knative/serving/issues/8675>
#[tokio::test(start_paused = true)]
async fn a_name_of_another_service_s_may_fail_afterwards() {
    let foreign = |service: &str| {
        let mut object = hello(service);
        object["spec"]["template"]["metadata"] = json!({"name": "a-b-one"});
        object
    };
    // By itself it is refused at once.
    let world = World::start().await;
    world.create_settled(&foreign("a-b")).await;
    world.create_settled(&hello("a")).await;
    assert_eq!(world.put(&format!("{SERVICES}/a"), &foreign("a")).await.refusal().1, "ALREADY_EXISTS");

    let world = playing("name-taken-later").await;
    world.create_settled(&foreign("a-b")).await;
    let before = latest_created(&world.create_settled(&hello("a")).await);
    world.put(&format!("{SERVICES}/a"), &foreign("a")).await.object();
    let failed = world.settled("a").await;
    let ready = condition(&failed, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("RevisionFailed")));
    assert!(ready["message"].as_str().unwrap().contains("\"a-b-one\" already exists"), "{ready}");
    assert_eq!((latest_created(&failed), is(&failed, "RoutesReady")), (before, "True".to_owned()));
    // Another name mends it.
    let mut mended = foreign("a");
    mended["spec"]["template"]["metadata"] = json!({"name": "a-one"});
    world.put(&format!("{SERVICES}/a"), &mended).await.object();
    let mended = world.settled("a").await;
    assert_eq!((latest_created(&mended).as_str(), is(&mended, "Ready").as_str()), ("a-one", "True"));
    // A new service has no revision at all.
    let mut first = foreign("a");
    first["metadata"]["name"] = "a".into();
    world.delete(&format!("{SERVICES}/a")).await;
    world.gone("a").await;
    world.post(SERVICES, &first).await.object();
    let failed = world.settled("a").await;
    assert_eq!(failed["status"].get("latestCreatedRevisionName"), None);
    assert_eq!(is(&failed, "Ready"), "False");
}

#[tokio::test(start_paused = true)]
async fn quirks_are_switched_on_at_run_time() {
    let world = World::start().await;
    world.post("/__emulator/scenarios/kept-name-409", &Value::Null).await;
    let environment = world.get("/__emulator/environment").await.json();
    assert_eq!(environment["quirks"], json!(["kept-name-conflict"]));
    world.emulator.set_environment(run_emulator::Environment::new().quirk(Quirk::LateGpuQuota));
    let environment = world.get("/__emulator/environment").await.json();
    assert_eq!(environment["quirks"], json!(["late-gpu-quota"]));
}
