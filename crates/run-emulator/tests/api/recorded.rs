//! Objects as the real service has returned them: what recorded objects and reports say of each kind.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use crate::jobs::{JOBS, job};
use crate::support::{
    HELLO, NUMBER, REVISIONS, SERVICES, World, condition, hello, is, latest_created, service,
};
use serde_json::{Value, json};

const SERVING: &str = "/apis/serving.knative.dev/v1/namespaces/test-project";
const RUN: &str = "/apis/run.googleapis.com/v1/namespaces/test-project";
const IN_LOCATION: &str = "/v1/projects/test-project/locations/us-central1";

fn types(object: &Value) -> Vec<&str> {
    object["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect()
}

/// Knative's conformance tests of labels and annotations, as Google ran them on the real service in 2022
/// (<https://github.com/knative/specs/tree/main/conformance/tests/results>).
#[tokio::test(start_paused = true)]
async fn routes_and_configurations_carry_what_the_user_gave_the_service() {
    let world = World::start().await;
    let mut object = hello("hello");
    object["metadata"]["labels"] = json!({"team": "red"});
    object["metadata"]["annotations"] =
        json!({"example.com/note": "hi", "run.googleapis.com/description": "d"});
    world.create_settled(&object).await;
    let parts = || async {
        let configuration = world.get(&format!("{SERVING}/configurations/hello")).await.object();
        let route = world.get(&format!("{SERVING}/routes/hello")).await.object();
        [configuration, route]
    };
    for part in parts().await {
        assert_eq!(part["metadata"]["labels"]["team"], "red");
        assert_eq!(
            part["metadata"]["annotations"],
            json!({
                "example.com/note": "hi", "serving.knative.dev/creator": "user@example.com",
                "serving.knative.dev/lastModifier": "user@example.com",
            })
        );
    }
    let found = world.get(&format!("{SERVING}/routes?labelSelector=team%3Dred")).await.object();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    world
        .update("hello", |service| {
            service["metadata"]["labels"] = json!({});
            service["metadata"]["annotations"] = json!({});
        })
        .await;
    for part in parts().await {
        assert_eq!(part["metadata"]["labels"].get("team"), None);
        assert_eq!(part["metadata"]["annotations"].get("example.com/note"), None);
    }
}

/// Recorded services and jobs have containers without names, and their revisions and executions `hello-1`. With the name
/// in the template, gcloud's `--container=hello-1` would mean the one that is there.
#[tokio::test(start_paused = true)]
async fn a_template_keeps_its_containers_without_names() {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    assert_eq!(service["spec"]["template"]["spec"]["containers"][0].get("name"), None);
    let revision = world.revision(&latest_created(&service)).await;
    assert_eq!(revision["spec"]["containers"][0]["name"], "hello-1");
    assert_eq!(revision["status"]["containerStatuses"][0]["name"], "hello-1");
    // What is read and written back is no change.
    let again = world.put(&format!("{SERVICES}/hello"), &service).await.object();
    assert_eq!(again["metadata"]["generation"], 1);

    world.post(JOBS, &job("backup", HELLO, json!({}), json!({}))).await.object();
    let job = world.job_ready("backup").await;
    let containers = |spec: &Value| spec["template"]["spec"]["containers"][0].clone();
    assert_eq!(containers(&job["spec"]["template"]["spec"]).get("name"), None);
    let execution = world.over(&world.run("backup", json!({})).await).await;
    assert_eq!(containers(&execution["spec"])["name"], "backup-1");
}

/// gcloud takes a deciding condition that is False, if it still reads it, for a failed deletion.
#[tokio::test(start_paused = true)]
async fn what_has_failed_and_is_being_deleted_is_unknown() {
    let world = World::start().await;
    world.post(JOBS, &job("bad", "docker.io/run-emulator/exits", json!({}), json!({"maxRetries": 0}))).await;
    world.job_ready("bad").await;
    let execution = world.run("bad", json!({})).await;
    assert_eq!(is(&world.over(&execution).await, "Completed"), "False");
    let path = format!("{RUN}/executions/{execution}");
    world.delete(&path).await.object();
    let deleting = world.get(&path).await.object();
    assert!(deleting["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(is(&deleting, "Completed"), "Unknown");
    world.nothing_at(&path).await;

    let spec = json!({"containers": [{"image": "docker.io/run-emulator/exits"}]});
    world
        .post(&format!("{RUN}/instances"), &json!({"metadata": {"name": "one"}, "spec": spec}))
        .await
        .object();
    let path = format!("{RUN}/instances/one");
    assert_eq!(is(&world.object_settled(&path, "Running").await, "Running"), "False");
    world.delete(&path).await.object();
    let deleting = world.get(&path).await.object();
    assert_eq!([is(&deleting, "Running"), is(&deleting, "Ready")], ["Unknown", "Unknown"]);
    world.nothing_at(&path).await;
}

/// Recorded suffixes: `hc4`, `752`, `sp7`, `8bz`.
#[tokio::test(start_paused = true)]
async fn suffixes_of_revisions_have_no_vowels() {
    let world = World::start().await;
    for at in 0..20 {
        let service = world.create_settled(&hello(&format!("s{at}"))).await;
        let name = latest_created(&service);
        let suffix = name.strip_prefix(&format!("s{at}-00001-")).unwrap();
        assert!(
            suffix.len() == 3 && suffix.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)),
            "{name}"
        );
    }
}

/// Recorded probes have all their numbers, and templates the label that says whose startup probe it is.
#[tokio::test(start_paused = true)]
async fn probes_are_completed() {
    let world = World::start().await;
    const TYPE: &str = "run.googleapis.com/startupProbeType";
    let plain = world.create_settled(&hello("plain")).await;
    assert_eq!(plain["spec"]["template"]["metadata"]["labels"][TYPE], "Default");
    let mut object = hello("probed");
    let container = &mut object["spec"]["template"]["spec"]["containers"][0];
    container["startupProbe"] = json!({"httpGet": {"path": "/started"}, "failureThreshold": 7});
    container["livenessProbe"] = json!({"httpGet": {"path": "/alive"}, "periodSeconds": 0});
    let probed = world.create_settled(&object).await;
    assert_eq!(probed["spec"]["template"]["metadata"]["labels"][TYPE], "Custom");
    let container = &probed["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["startupProbe"],
        json!({
            "httpGet": {"path": "/started", "port": 8080}, "failureThreshold": 7, "periodSeconds": 10,
            "timeoutSeconds": 1,
        })
    );
    assert_eq!(
        container["livenessProbe"],
        json!({
            "httpGet": {"path": "/alive", "port": 8080}, "failureThreshold": 3, "periodSeconds": 10,
            "timeoutSeconds": 1,
        })
    );
    let revision = world.revision(&latest_created(&probed)).await;
    assert_eq!(revision["metadata"]["labels"][TYPE], "Custom");
}

/// A recorded service that was deployed with `--no-default-url`.
#[tokio::test(start_paused = true)]
async fn without_a_default_url_there_is_no_address() {
    let world = World::start().await;
    let mut object = hello("hello");
    object["metadata"]["annotations"] = json!({"run.googleapis.com/default-url-disabled": "true"});
    let hidden = world.create_settled(&object).await;
    assert_eq!((hidden["status"].get("url"), &hidden["status"]["address"]), (None, &json!({})));
    assert_eq!(hidden["metadata"]["annotations"].get("run.googleapis.com/urls"), None);
    let shown = world
        .update("hello", |service| {
            service["metadata"]["annotations"]["run.googleapis.com/default-url-disabled"] = "false".into();
        })
        .await;
    assert!(shown["status"]["url"].is_string() && shown["status"]["address"]["url"].is_string(), "{shown}");
    assert!(shown["metadata"]["annotations"]["run.googleapis.com/urls"].is_string());
}

/// A recorded revision whose container did not start, and its service.
#[tokio::test(start_paused = true)]
async fn a_failure_says_where_the_logs_are() {
    let world = World::start().await;
    let failed = world.create_settled(&service("bad", "docker.io/run-emulator/exits")).await;
    let name = latest_created(&failed);
    let own = format!(
        "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 \
         environment variable within the allocated timeout.\n\nLogs URL: \
         https://console.cloud.google.com/logs/viewer?project={NUMBER}&resource=cloud_run_revision/service_name/bad/\
         revision_name/{name}&advancedFilter=resource.type%3D%22cloud_run_revision%22%0Aresource.labels.service_name\
         %3D%22bad%22%0Aresource.labels.revision_name%3D%22{name}%22\nFor more troubleshooting guidance, see \
         https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"
    );
    let revision = world.revision(&name).await;
    assert_eq!(condition(&revision, "Ready")["message"], own);
    let prefixed = format!("Revision '{name}' is not ready and cannot serve traffic. {own}");
    assert_eq!(condition(&failed, "Ready")["message"], prefixed);
}

/// Recorded revisions: `Ready` first, all others by their names.
#[tokio::test(start_paused = true)]
async fn the_order_of_conditions_of_a_revision() {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    let revision = world.revision(&latest_created(&service)).await;
    assert_eq!(
        types(&revision),
        ["Ready", "Active", "ContainerHealthy", "ContainerReady", "ResourcesAvailable"]
    );
    assert!(revision["status"]["logUrl"].as_str().unwrap().contains("service_name/hello/revision_name/"));
}

/// Recorded executions and tasks.
#[tokio::test(start_paused = true)]
async fn executions_and_tasks() {
    let world = World::start().await;
    world.post(JOBS, &job("backup", "docker.io/a/b:1", json!({"taskCount": 3}), json!({}))).await.object();
    let job = world.job_ready("backup").await;
    let name = world.run("backup", json!({})).await;
    let execution = world.over(&name).await;
    let metadata = &execution["metadata"];
    let label = |label: &str| &metadata["labels"][format!("run.googleapis.com/{label}")];
    assert_eq!((label("job"), label("jobGeneration")), (&json!("backup"), &json!("1")));
    assert_eq!(label("jobUid"), &job["metadata"]["uid"]);
    assert_eq!(label("jobResourceVersion"), &job["metadata"]["resourceVersion"]);
    for annotation in ["creator", "lastModifier", "operation-id"] {
        assert!(
            metadata["annotations"][format!("run.googleapis.com/{annotation}")].is_string(),
            "{annotation}"
        );
    }
    let owner = &metadata["ownerReferences"][0];
    assert_eq!((&owner["apiVersion"], &owner["kind"]), (&json!("serving.knative.dev/v1"), &json!("Job")));
    assert_eq!(types(&execution), ["Completed", "ResourcesAvailable", "Started", "ContainerReady"]);
    assert_eq!(execution["spec"]["parallelism"], 3);
    let image = execution["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.starts_with("docker.io/a/b@sha256:"), "{image}");
    let logs = execution["status"]["logUri"].as_str().unwrap();
    assert!(logs.contains(&format!("viewer?project={NUMBER}&advancedFilter=")), "{logs}");

    let task = &world.tasks(&name).await[0];
    assert_eq!(task["spec"], json!({}));
    assert_eq!((task["metadata"].get("uid"), task["metadata"].get("ownerReferences")), (None, None));
    assert!(task["metadata"]["annotations"]["run.googleapis.com/scheduled-time"].is_string());
}

/// A recorded failed task, and that the counters of an execution add up to its tasks.
#[tokio::test(start_paused = true)]
async fn an_execution_that_fails_accounts_for_all_its_tasks() {
    let world = World::start().await;
    let spec = json!({"taskCount": 5, "parallelism": 1});
    world
        .post(JOBS, &job("bad", "docker.io/run-emulator/exits", spec, json!({"maxRetries": 0})))
        .await
        .object();
    world.job_ready("bad").await;
    let name = world.run("bad", json!({})).await;
    let execution = world.over(&name).await;
    let count = |name: &str| execution["status"][name].as_i64().unwrap_or(0);
    assert_eq!((count("failedCount"), count("cancelledCount"), count("succeededCount")), (1, 4, 0));
    let task = format!("{name}-task0");
    let first = world.get(&format!("{RUN}/tasks/{task}")).await.object();
    assert_eq!(condition(&first, "Completed")["message"], "The container exited with an error.");
    let expected =
        format!("Task {task} failed with exit code: 1 and message: The container exited with an error.");
    assert_eq!(condition(&execution, "Completed")["message"], expected);
}

/// Recorded revisions, jobs and domain mappings name an operation, as services do.
#[tokio::test(start_paused = true)]
async fn what_is_written_names_its_operation() {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    let of = |object: &Value| object["metadata"]["annotations"]["run.googleapis.com/operation-id"].clone();
    let revisions = world.get(REVISIONS).await.object();
    assert_eq!(of(&revisions["items"][0]), of(&service));
    world.post(JOBS, &job("backup", HELLO, json!({}), json!({}))).await.object();
    let job = world.job_ready("backup").await;
    let mapping = json!({"metadata": {"name": "www.example.com"}, "spec": {"routeName": "hello"}});
    let mappings = "/apis/domains.cloudrun.com/v1/namespaces/test-project/domainmappings";
    let mapping = world.post(mappings, &mapping).await.object();
    assert!(of(&mapping).is_string());
    let operation = format!("{IN_LOCATION}/operations/{}", of(&job).as_str().unwrap());
    let operation = world.get(&operation).await.object();
    assert_eq!((&operation["done"], &operation["response"]["kind"]), (&json!(true), &json!("Job")));
}
