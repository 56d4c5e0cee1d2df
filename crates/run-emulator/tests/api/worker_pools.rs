//! Worker pools: revisions, the split of instances, conditions.

use crate::support::{HELLO, REVISIONS, World, condition, is, latest_created};
use run_emulator::ImageBehaviour;
use serde_json::{Value, json};

const POOLS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/workerpools";
const POOL: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/workerpools/pool";

fn pool(image: &str) -> Value {
    json!({
        "apiVersion": "run.googleapis.com/v1",
        "kind": "WorkerPool",
        "metadata": {"name": "pool", "annotations": {"run.googleapis.com/launch-stage": "BETA"}},
        "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
    })
}

async fn settled(world: &World) -> Value {
    world.object_settled(POOL, "Ready").await
}

/// Reads, edits, replaces, and waits until the status speaks of the change.
async fn update(world: &World, edit: impl FnOnce(&mut Value)) -> Value {
    let mut object = world.get(POOL).await.object();
    edit(&mut object);
    object["metadata"]["resourceVersion"] = Value::Null;
    world.put(POOL, &object).await.object();
    settled(world).await
}

fn set_args(pool: &mut Value, value: &str) {
    pool["spec"]["template"]["spec"]["containers"][0]["args"] = json!([value]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_has_a_revision_that_works() {
    let world = World::start().await;
    let made = world.post(POOLS, &pool(HELLO)).await.object();
    assert_eq!(made["status"], json!({}), "the status comes later");
    assert_eq!(made["spec"]["instanceSplits"], json!([{"latestRevision": true, "percent": 100}]));
    let ready = settled(&world).await;
    assert_eq!(is(&ready, "Ready"), "True");
    let name = latest_created(&ready);
    assert!(name.starts_with("pool-00001-"), "{name}");
    assert_eq!(ready["status"]["latestReadyRevisionName"], name);
    let splits = json!([{"revisionName": name, "latestRevision": true, "percent": 100}]);
    assert_eq!(ready["status"]["instanceSplits"], splits);

    let revision = world.revision(&name).await;
    assert_eq!((is(&revision, "Ready"), is(&revision, "Active")), ("True".to_owned(), "True".to_owned()));
    let labels = &revision["metadata"]["labels"];
    assert_eq!(labels["run.googleapis.com/workerPool"], "pool");
    for of_services in ["serving.knative.dev/service", "serving.knative.dev/route"] {
        assert_eq!(labels.get(of_services), None, "{of_services}");
    }
    assert_eq!(revision["metadata"]["ownerReferences"][0]["kind"], "WorkerPool");
    assert_eq!(revision["metadata"]["ownerReferences"][0]["uid"], ready["metadata"]["uid"]);
    assert!(revision["status"]["imageDigest"].as_str().unwrap().starts_with(&format!("{HELLO}@sha256:")));
    let selected = format!("{REVISIONS}?labelSelector=run.googleapis.com/workerPool+%3D+pool");
    assert_eq!(world.get(&selected).await.object()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn instances_are_split() {
    let world = World::start().await;
    world.post(POOLS, &pool(HELLO)).await.object();
    let first = latest_created(&settled(&world).await);
    let halves = json!([{"revisionName": first, "percent": 50}, {"latestRevision": true, "percent": 50}]);
    let second = update(&world, |pool| {
        set_args(pool, "2");
        pool["spec"]["instanceSplits"] = halves;
    })
    .await;
    let latest = latest_created(&second);
    assert!(latest.starts_with("pool-00002-"), "{latest}");
    let expected = json!([
        {"revisionName": first, "percent": 50},
        {"revisionName": latest, "latestRevision": true, "percent": 50},
    ]);
    assert_eq!(second["status"]["instanceSplits"], expected);

    let busy = world.delete(&format!("{REVISIONS}/{first}")).await.refusal();
    assert_eq!(busy.1, "FAILED_PRECONDITION");
    let third = update(&world, |pool| {
        pool["spec"]["instanceSplits"] = json!([{"latestRevision": true, "percent": 100}]);
    })
    .await;
    assert_eq!(third["metadata"]["generation"], 3);
    assert_eq!(latest_created(&third), latest, "a split alone makes no revision");
    let retired = world.revision(&first).await;
    assert_eq!(condition(&retired, "Ready")["reason"], "Retired");
    assert_eq!(is(&retired, "Active"), "False");
    assert_eq!(world.delete(&format!("{REVISIONS}/{first}")).await.status, 200);

    let missing = update(&world, |pool| {
        pool["spec"]["instanceSplits"] = json!([{"revisionName": first, "percent": 100}]);
    })
    .await;
    assert_eq!(condition(&missing, "Ready")["reason"], "RevisionMissing");
    assert_eq!(
        missing["status"]["instanceSplits"], third["status"]["instanceSplits"],
        "they stay where they were"
    );
    let bad = json!([{"latestRevision": true, "percent": 99}]);
    let mut object = pool(HELLO);
    object["spec"]["instanceSplits"] = bad;
    assert_eq!(world.put(POOL, &object).await.violations()[0].0, "spec.instanceSplits");
}

#[tokio::test(start_paused = true)]
async fn failures() {
    for (image, reason) in [
        ("docker.io/run-emulator/missing", "ContainerMissing"),
        ("docker.io/run-emulator/unauthorized", "ContainerPermissionDenied"),
        ("docker.io/run-emulator/exits", "HealthCheckContainerError"),
    ] {
        let world = World::start().await;
        world.post(POOLS, &pool(image)).await.object();
        let failed = settled(&world).await;
        assert_eq!(condition(&failed, "Ready")["reason"], reason, "{image}");
        assert_eq!(failed["status"].get("latestReadyRevisionName"), None);
        assert!(!condition(&failed, "Ready")["message"].as_str().unwrap().contains("PORT"), "nobody listens");

        let repaired = update(&world, |pool| {
            pool["spec"]["template"]["spec"]["containers"][0]["image"] = HELLO.into();
        })
        .await;
        assert_eq!(is(&repaired, "Ready"), "True", "{image}");
        let broken = update(&world, |pool| {
            pool["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
        })
        .await;
        assert_eq!(is(&broken, "Ready"), "False");
        assert_eq!(
            broken["status"]["latestReadyRevisionName"],
            repaired["status"]["latestReadyRevisionName"]
        );
        assert_eq!(broken["status"]["instanceSplits"], repaired["status"]["instanceSplits"]);
        // Instances that are given to the one that works are no failure.
        let good = latest_created(&repaired);
        let pinned = update(&world, |pool| {
            pool["spec"]["instanceSplits"] = json!([{"revisionName": good, "percent": 100}]);
        })
        .await;
        assert_eq!(is(&pinned, "Ready"), "True");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_need_not_listen() {
    let world =
        World::with(|builder| builder.image("docker.io/a/worker", ImageBehaviour::NeverListens)).await;
    world.post(POOLS, &pool("docker.io/a/worker")).await.object();
    assert_eq!(is(&settled(&world).await, "Ready"), "True");
}

#[tokio::test(start_paused = true)]
async fn a_service_of_the_same_name_has_its_own_revisions() {
    let world = World::start().await;
    let service = world.create_settled(&crate::support::hello("pool")).await;
    world.post(POOLS, &pool(HELLO)).await.object();
    let revision = latest_created(&settled(&world).await);
    assert_ne!(revision, latest_created(&service));
    let mut named = pool(HELLO);
    named["spec"]["template"]["metadata"] = json!({"name": latest_created(&service)});
    assert_eq!(world.put(POOL, &named).await.refusal().1, "ALREADY_EXISTS");
    world.delete(POOL).await.object();
    world.nothing_at(POOL).await;
    assert_eq!(world.get(&format!("{REVISIONS}/{revision}")).await.status, 404, "its revisions go with it");
    assert_eq!(world.service("pool").await, service);
    assert_eq!(world.get(REVISIONS).await.object()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn scaling() {
    let world = World::start().await;
    let mut manual = pool(HELLO);
    manual["metadata"]["annotations"] =
        json!({"run.googleapis.com/scalingMode": "manual", "run.googleapis.com/manualInstanceCount": "3"});
    world.post(POOLS, &manual).await.object();
    let ready = settled(&world).await;
    let more = update(&world, |pool| {
        pool["metadata"]["annotations"]["run.googleapis.com/manualInstanceCount"] = "5".into();
    })
    .await;
    assert_eq!(more["metadata"]["annotations"]["run.googleapis.com/manualInstanceCount"], "5");
    assert_eq!(latest_created(&more), latest_created(&ready));
    manual["metadata"]["annotations"]["run.googleapis.com/manualInstanceCount"] = "many".into();
    assert_eq!(world.put(POOL, &manual).await.refusal().0, 400);
}
