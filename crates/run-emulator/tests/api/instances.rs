//! Instances: they start, run, end, and stop when they are told to.

use crate::support::{HELLO, World, condition, is};
use run_emulator::{Delays, ImageBehaviour};
use serde_json::{Value, json};
use std::time::Duration;

const INSTANCES: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/instances";
const ONE: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/instances/one";

fn instance(image: &str, restarts: &str) -> Value {
    json!({
        "metadata": {"name": "one"},
        "spec": {"containers": [{"image": image}], "restartPolicy": restarts},
    })
}

async fn settled(world: &World) -> Value {
    world.object_settled(ONE, "Running").await
}

async fn post(world: &World, verb: &str) -> crate::support::Answer {
    world.post(&format!("{ONE}:{verb}"), &json!({})).await
}

/// Google's document of the API: the default policy is to start again on failure.
#[tokio::test(start_paused = true)]
async fn it_runs() {
    let world = World::start().await;
    let made = world.post(INSTANCES, &instance(HELLO, "")).await.object();
    assert_eq!(made["spec"]["restartPolicy"], "OnFailure");
    assert_eq!(made["status"], json!({}));
    let first = world.object_when(ONE, |object| is(object, "Running") == "Unknown").await;
    assert_eq!(first["status"]["observedGeneration"], 1);
    let running = settled(&world).await;
    for kind in ["Ready", "Running", "ContainerReady", "ResourcesAvailable"] {
        assert_eq!(is(&running, kind), "True", "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_stops_and_starts() {
    let world = World::start().await;
    world.post(INSTANCES, &instance(HELLO, "Never")).await.object();
    let running = settled(&world).await;
    assert_eq!(post(&world, "start").await.refusal().1, "FAILED_PRECONDITION");

    let dry = world.post(&format!("{ONE}:stop"), &json!({"dryRun": "all"})).await.object();
    assert_eq!(dry, running);
    assert_eq!(world.get(ONE).await.object(), running);
    assert_eq!(world.post(&format!("{ONE}:stop"), &json!({"dryRun": "x"})).await.refusal().0, 400);

    let stopping = post(&world, "stop").await.object();
    assert_eq!(is(&stopping, "Running"), "Unknown");
    assert_eq!(post(&world, "stop").await.refusal().1, "FAILED_PRECONDITION", "it was told already");
    let stopped = settled(&world).await;
    assert_eq!(condition(&stopped, "Running")["reason"], "Stopped");
    assert_eq!(is(&stopped, "Ready"), "True", "it can be started");
    assert_eq!(stopped["metadata"]["generation"], 1, "the spec is what it was");
    assert_ne!(stopped["metadata"]["resourceVersion"], running["metadata"]["resourceVersion"]);

    assert_eq!(is(&post(&world, "start").await.object(), "Running"), "Unknown");
    assert_eq!(is(&settled(&world).await, "Running"), "True");
    assert_eq!(world.post(&format!("{INSTANCES}/ghost:start"), &json!({})).await.refusal().0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_change_runs_it_anew() {
    let world = World::start().await;
    world.post(INSTANCES, &instance(HELLO, "Never")).await.object();
    settled(&world).await;
    world.put(ONE, &instance("docker.io/run-emulator/exits", "Never")).await.object();
    let ended = settled(&world).await;
    assert_eq!(condition(&ended, "Running")["reason"], "NonZeroExitCode");
    assert_eq!(ended["metadata"]["generation"], 2);
}

#[tokio::test(start_paused = true)]
async fn how_it_ends() {
    for (behaviour, restarts, running, reason) in [
        (ImageBehaviour::Hello, "Never", "True", Value::Null),
        (ImageBehaviour::NeverListens, "Never", "True", Value::Null),
        (ImageBehaviour::Exits { code: 0 }, "Never", "False", json!("Completed")),
        (ImageBehaviour::Exits { code: 0 }, "OnFailure", "False", json!("Completed")),
        (ImageBehaviour::Exits { code: 0 }, "Always", "True", Value::Null),
        (ImageBehaviour::Exits { code: 3 }, "Never", "False", json!("NonZeroExitCode")),
        (ImageBehaviour::Exits { code: 3 }, "Always", "False", json!("NonZeroExitCode")),
        (ImageBehaviour::Missing, "Never", "False", json!("ContainerMissing")),
        (ImageBehaviour::Unauthorized, "Never", "False", json!("ContainerPermissionDenied")),
    ] {
        let about = format!("{behaviour:?} {restarts}");
        let world = World::with(|builder| builder.image("docker.io/a/b", behaviour)).await;
        world.post(INSTANCES, &instance("docker.io/a/b", restarts)).await.object();
        let object = settled(&world).await;
        assert_eq!(
            (is(&object, "Running").as_str(), &condition(&object, "Running")["reason"]),
            (running, &reason)
        );
        let started = post(&world, "start").await;
        if running == "True" {
            assert_eq!(started.status, 400, "{about}");
        } else {
            assert_eq!(is(&started.object(), "Running"), "Unknown", "{about}: it can be tried again");
            assert_eq!(condition(&settled(&world).await, "Running")["reason"], reason, "{about}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_can_be_stopped_before_it_runs() {
    let long = Duration::from_secs(3600);
    let delays = Delays { provision: long, ..Delays::uniform(Duration::from_millis(2)) };
    let world = World::with(|builder| builder.delays(delays)).await;
    world.post(INSTANCES, &instance(HELLO, "Never")).await.object();
    world.object_when(ONE, |object| is(object, "ContainerReady") == "True").await;
    post(&world, "stop").await.object();
    tokio::time::sleep(2 * long).await;
    assert_eq!(condition(&settled(&world).await, "Running")["reason"], "Stopped");
}
