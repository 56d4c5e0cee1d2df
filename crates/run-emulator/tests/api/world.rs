//! The world outside Cloud Run: secrets, accounts, quotas, registries; and where a failure shows.

use crate::support::{
    SERVICES, World, condition, hello, is, latest_created, service, set_env, set_image, url,
};
use run_emulator::{Environment, FailureStyle, ImageBehaviour};
use serde_json::{Value, json};

const JOBS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/jobs";
const INSTANCES: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/instances";
const WORKER_POOLS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/workerpools";

async fn world(outside: Environment) -> World {
    World::with(|builder| builder.environment(outside)).await
}

fn with_secret() -> Value {
    json!([{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "latest"}}}])
}

fn service_with_secret(name: &str) -> Value {
    let mut service = hello(name);
    service["spec"]["template"]["spec"]["containers"][0]["env"] = with_secret();
    service
}

/// (Seen: the three conditions with their messages.)
#[tokio::test(start_paused = true)]
async fn a_missing_secret_fails_the_deployment() {
    let world = world(Environment::new().missing_secret("token")).await;
    let failed = world.create_settled(&service_with_secret("hello")).await;
    let why = "spec.template.spec.containers[0].env[0].value_from.secret_key_ref.name: Secret \
               projects/123456789012/secrets/token/versions/latest was not found";
    let name = latest_created(&failed);
    let whole = format!("Revision '{name}' is not ready and cannot serve traffic. {why}");
    for (kind, message) in [("Ready", whole.as_str()), ("ConfigurationsReady", why), ("RoutesReady", &whole)]
    {
        let condition = condition(&failed, kind);
        assert_eq!(condition["status"], "False", "{kind}");
        assert_eq!(condition["reason"], "SecretsAccessCheckFailed", "{kind}");
        assert_eq!(condition["message"], message, "{kind}");
    }
    let revision = world.revision(&name).await;
    assert_eq!(condition(&revision, "Ready")["reason"], "SecretsAccessCheckFailed");
    assert_eq!(is(&revision, "ContainerReady"), "Unknown");

    // Once the secret is there, another revision finds it.
    world.emulator.set_environment(Environment::new());
    let mended =
        world.update_settled("hello", |service| service["metadata"]["labels"] = json!({"a": "b"})).await;
    assert_eq!(is(&mended, "Ready"), "False", "the same template is the same revision");
    let mended = world
        .update_settled("hello", |service| {
            service["spec"]["template"]["metadata"]["labels"] = json!({"client.knative.dev/nonce": "again"});
        })
        .await;
    for kind in ["Ready", "ConfigurationsReady", "RoutesReady"] {
        assert_eq!(is(&mended, kind), "True", "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_looks_for_its_secrets() {
    let world = world(Environment::new().unreadable_secret("token")).await;
    let containers = json!([{"image": "docker.io/a/b", "env": with_secret()}]);
    let template = json!({"spec": {"containers": containers}});
    let job = json!({"metadata": {"name": "x"}, "spec": {"template": {"spec": {"template": template}}}});
    let pool = json!({"metadata": {"name": "x"}, "spec": {"template": template}});
    let instance = json!({"metadata": {"name": "x"}, "spec": {"containers": containers}});
    for (path, object) in [(JOBS, job), (WORKER_POOLS, pool), (INSTANCES, instance)] {
        world.post(path, &object).await.object();
        let failed = world.object_settled(&format!("{path}/x"), "Ready").await;
        let ready = condition(&failed, "Ready");
        assert_eq!(ready["reason"], "SecretsAccessCheckFailed", "{path}");
        let message = ready["message"].as_str().unwrap();
        assert!(
            message.contains("Permission denied on secret: projects/123456789012/secrets/token"),
            "{message}"
        );
    }
    let execution = world.post(&format!("{JOBS}/x:run"), &json!({})).await.object();
    let path = format!(
        "{}/{}",
        JOBS.replace("/jobs", "/executions"),
        execution["metadata"]["name"].as_str().unwrap()
    );
    let failed = world.object_settled(&path, "Completed").await;
    assert_eq!(condition(&failed, "Completed")["reason"], "SecretsAccessCheckFailed");
    assert_eq!(is(&failed, "ResourcesAvailable"), "False");

    world.emulator.set_environment(Environment::new());
    world.post(&format!("{INSTANCES}/x:start"), &json!({})).await.object();
    assert_eq!(is(&world.object_settled(&format!("{INSTANCES}/x"), "Running").await, "Running"), "True");
}

/// (Seen: at every write, also if only the traffic changes.)
#[tokio::test(start_paused = true)]
async fn who_may_not_act_as_the_account_may_not_write() {
    let world =
        world(Environment::new().unusable_account("runner@test-project.iam.gserviceaccount.com")).await;
    let mut service = hello("hello");
    world.create_settled(&service).await;
    service["spec"]["template"]["spec"]["serviceAccountName"] =
        "runner@test-project.iam.gserviceaccount.com".into();
    let message = "Permission 'iam.serviceaccounts.actAs' denied on service account \
                   runner@test-project.iam.gserviceaccount.com (or it may not exist).";
    let refused = (403, "PERMISSION_DENIED".to_owned(), message.to_owned());
    assert_eq!(world.put(&format!("{SERVICES}/hello"), &service).await.refusal(), refused);
    service["metadata"]["name"] = "other".into();
    assert_eq!(world.post(SERVICES, &service).await.refusal(), refused);
    assert_eq!(world.post(&format!("{SERVICES}?dryRun=all"), &service).await.refusal(), refused);
    // What is wrong in the object itself is told first.
    service["spec"]["template"]["spec"]["containers"] = json!([]);
    assert_eq!(world.post(SERVICES, &service).await.status, 400);

    // The default account can be unusable, too, and then not even the traffic can be changed.
    let default = "123456789012-compute@developer.gserviceaccount.com";
    world.emulator.set_environment(Environment::new().unusable_account(default));
    let mut service = world.service("hello").await;
    service["spec"]["traffic"] = json!([{"revisionName": latest_created(&service), "percent": 100}]);
    let answer = world.put(&format!("{SERVICES}/hello"), &service).await;
    assert!(answer.refusal().2.contains(default), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn capacity_has_a_quota() {
    let world = world(Environment::new().cpu_quota(20_000)).await;
    let made = world.create_settled(&hello("hello")).await;
    let scale = |service: &Value| {
        let annotations = &service["spec"]["template"]["metadata"]["annotations"];
        annotations["autoscaling.knative.dev/maxScale"].clone()
    };
    assert_eq!(scale(&made), "20", "the default gives way");
    let mut large = hello("large");
    large["spec"]["template"]["metadata"]["annotations"] = json!({"autoscaling.knative.dev/maxScale": "21"});
    let refused = world.post(SERVICES, &large).await;
    assert_eq!(refused.refusal().0, 400);
    let (field, text) = refused.violations().remove(0);
    assert_eq!(field, "spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]");
    assert!(text.starts_with("Max instances must be set to 20 or fewer"), "{text}");
    assert!(text.ends_with("CpuAllocPerProjectRegion requested: 21000 allowed: 20000"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn images_come_from_known_registries() {
    let world = World::with(|builder| builder.image("localhost/mine", ImageBehaviour::Hello)).await;
    let refused = world.post(SERVICES, &service("hello", "quay.io/a/b:1")).await;
    let (field, text) = refused.violations().remove(0);
    assert_eq!(field, "spec.template.spec.containers[0].image");
    assert!(text.contains("or docker.io but obtained quay.io/a/b:1."), "{text}");
    let job = json!({"spec": {"containers": [{"image": "localhost/other"}]}});
    let job = json!({"metadata": {"name": "job"}, "spec": {"template": {"spec": {"template": job}}}});
    let refused = world.post(JOBS, &job).await;
    assert_eq!(refused.violations()[0].0, "spec.template.spec.template.spec.containers[0].image");

    // What the emulator was told about is fine, also by the digest that it was pinned to.
    let made = world.create_settled(&service("hello", "localhost/mine:1.0")).await;
    let digest = world.revision(&latest_created(&made)).await["status"]["imageDigest"].clone();
    let again = world.update_settled("hello", |service| set_image(service, digest.as_str().unwrap())).await;
    assert_eq!(is(&again, "Ready"), "True");

    world.emulator.set_environment(Environment::new().any_registry());
    assert_eq!(is(&world.create_settled(&service("any", "quay.io/a/b:1")).await, "Ready"), "True");
}

#[tokio::test(start_paused = true)]
async fn the_world_can_be_changed_from_outside() {
    let world = World::start().await;
    let path = "/__emulator/environment";
    let none = world.get(path).await.object();
    assert_eq!(none["anyRegistry"], false);
    let wanted = json!({"missingSecrets": ["token"], "quota": {"cpuThousandths": 1000}});
    let set = world.put(path, &wanted).await.object();
    assert_eq!(world.get(path).await.object(), set);
    assert_eq!(world.put(path, &json!({"missingSecret": []})).await.status, 400);
    let failed = world.create_settled(&service_with_secret("hello")).await;
    assert_eq!(condition(&failed, "Ready")["reason"], "SecretsAccessCheckFailed");
}

/// (Seen in 2022 for a missing image: the reason and the message. Knative: the routes stay.)
#[tokio::test(start_paused = true)]
async fn by_the_older_style_the_configuration_fails() {
    let world = World::with(|builder| builder.failure_style(FailureStyle::Of2022)).await;
    let missing = "docker.io/run-emulator/missing";
    let first = world.create_settled(&service("bad", missing)).await;
    for kind in ["Ready", "ConfigurationsReady"] {
        let condition = condition(&first, kind);
        assert_eq!(condition["reason"], "ContainerMissing", "{kind}");
        assert_eq!(condition["message"], format!("Image '{missing}' not found."), "{kind}");
    }
    assert_eq!(condition(&first, "RoutesReady")["reason"], "RevisionMissing");
    assert_eq!(first["status"].get("url"), None);

    let good = world.create_settled(&hello("hello")).await;
    world.publish("hello").await;
    let failed = world.update_settled("hello", |service| set_image(service, missing)).await;
    assert_eq!(condition(&failed, "Ready")["reason"], "ContainerMissing");
    assert_eq!(is(&failed, "RoutesReady"), "True");
    assert_eq!(failed["status"]["traffic"], good["status"]["traffic"]);
    assert_eq!(world.visited_revision(&url(&good)).await, latest_created(&good));

    let mended = world
        .update_settled("hello", |service| {
            set_image(service, crate::support::HELLO);
            set_env(service, "mended");
        })
        .await;
    assert_eq!(is(&mended, "Ready"), "True");
    assert_eq!(world.visited_revision(&url(&good)).await, latest_created(&mended));
}

/// Knative's conformance tests on the real service, 2022, in the log of which it stands.
#[tokio::test(start_paused = true)]
async fn by_the_older_style_traffic_is_seen_to_move() {
    let world = World::with(|builder| builder.failure_style(FailureStyle::Of2022)).await;
    world.create(&hello("hello")).await;
    let moving = world
        .object_when(&format!("{SERVICES}/hello"), |service| {
            condition(service, "RoutesReady")["reason"] == "AssigningTraffic"
        })
        .await;
    for kind in ["RoutesReady", "Ready"] {
        let condition = condition(&moving, kind);
        assert_eq!(condition["status"], "Unknown", "{kind}");
        assert_eq!(condition["message"], "Assigning traffic to latest specified targets.", "{kind}");
    }
    assert_eq!(is(&moving, "ConfigurationsReady"), "True");
}

/// gcloud 578 has flags for them, in its alpha track, and no public answer shows one that was taken.
#[tokio::test(start_paused = true)]
async fn annotations_of_alpha_flags_are_for_projects_on_a_list() {
    let key = "run.googleapis.com/identity";
    let mut object = hello("hello");
    object["spec"]["template"]["metadata"] = json!({"annotations": {key: "x"}});
    let world = World::start().await;
    let (field, text) = world.post(SERVICES, &object).await.violations().remove(0);
    assert_eq!(field, "spec.template.metadata.annotations");
    assert!(text.contains("preview_annotation"), "{text}");
    world.emulator.set_environment(Environment::new().preview_annotation(key));
    let made = world.create_settled(&object).await;
    assert_eq!(made["spec"]["template"]["metadata"]["annotations"][key], "x");
    object["metadata"]["annotations"] = json!({"run.googleapis.com/presets": "x"});
    assert_eq!(
        world.post(SERVICES, &object).await.violations()[0].0,
        "metadata.annotations",
        "not on that list"
    );
}
