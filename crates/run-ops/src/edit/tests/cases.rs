//! Cases that properties do not tell: what exactly is written, and what is refused.

use std::time::Duration;

use run_api::known::annotations as known;
use run_api::types::{Instance, Job, Service, WorkerPool};
use run_api::{Resource, Workload};
use serde_json::{Value, json};

use crate::edit::{self, Edit, Problem, probe, volume};

fn object<W: Workload>(value: Value) -> W {
    serde_json::from_value(value).unwrap()
}

/// A service with this pod.
fn with_pod(pod: Value) -> Service {
    object(json!({"metadata": {"name": "hello"}, "spec": {"template": {"spec": pod}}}))
}

fn pod_after(edit: &Edit<Service>, pod: Value) -> Value {
    let mut service = with_pod(pod);
    edit.apply(&mut service).unwrap();
    serde_json::to_value(&service).unwrap()["spec"]["template"]["spec"].take()
}

fn refusal<W: Workload>(edit: &Edit<W>, mut workload: W) -> String {
    edit.apply(&mut workload).unwrap_err().to_string()
}

#[test]
fn the_main_container_is_the_one_with_a_port() {
    let pod = json!({"containers": [{"image": "side"}, {"image": "app", "ports": [{"containerPort": 1}]}]});
    let after =
        pod_after(&edit::service().image("new").container("third").image("x").main_container().cpu(1), pod);
    assert_eq!(after["containers"][0], json!({"image": "side"}));
    assert_eq!(after["containers"][1]["image"], "new");
    assert_eq!(after["containers"][1]["resources"]["limits"]["cpu"], "1");
    assert_eq!(after["containers"][2], json!({"name": "third", "image": "x"}));
}

#[test]
fn a_variable_keeps_its_place_and_its_source() {
    let pod = json!({"containers": [{"env": [
        {"name": "A", "value": "1"}, {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "1"}}},
        {"name": "A", "value": "2", "unknown": true},
    ]}]});
    let after = pod_after(&edit::service().env("A", "3").env("B", "4"), pod.clone());
    assert_eq!(
        after["containers"][0]["env"],
        json!([
            {"name": "A", "value": "1"}, {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "1"}}},
            {"name": "A", "value": "3", "unknown": true}, {"name": "B", "value": "4"},
        ]),
        "of several of one name, the last counts"
    );
    assert_eq!(
        refusal(&edit::service().env("S", "x"), with_pod(pod.clone())),
        "spec.template.spec.containers[0].env: the variable `S` takes its value from a secret; remove that before \
         you give it a value"
    );
    assert_eq!(
        refusal(&edit::service().secret_env("A", "s:1"), with_pod(pod.clone())),
        "spec.template.spec.containers[0].env: the variable `A` has a plain value; remove that before you take it \
         from a secret"
    );
    let swapped = edit::service().remove_secret("S").env("S", "x").remove_env("A").secret_env("A", "s:2");
    let after = pod_after(&swapped, pod);
    assert_eq!(
        after["containers"][0]["env"],
        json!([{"name": "S", "value": "x"}, {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "2"}}}])
    );
}

#[test]
fn a_secret_file_is_a_volume_with_a_mount() {
    let after = pod_after(
        &edit::service().secret_file("/keys/a", "one:1").secret_file("/keys/b", "one:latest"),
        json!({}),
    );
    let name = after["volumes"][0]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("one-") && name.len() == "one-xxx-xxx".len(), "{name}");
    assert_eq!(
        after,
        json!({
            "containers": [{"volumeMounts": [{"mountPath": "/keys", "name": name}]}],
            "volumes": [{"name": name, "secret": {
                "secretName": "one", "items": [{"key": "1", "path": "a"}, {"key": "latest", "path": "b"}],
            }}],
        })
    );
    let again = edit::service().secret_file("/keys/a", "one:1").secret_file("/keys/b", "one:latest");
    assert_eq!(pod_after(&again, after.clone()), after);
    let replaced = edit::service().set_secrets([("/keys/c", "two:3".parse().unwrap())]);
    let replaced = pod_after(&replaced, after.clone());
    assert_eq!(replaced["volumes"].as_array().unwrap().len(), 1);
    assert_eq!(replaced["volumes"][0]["secret"]["secretName"], "two");

    let field = "spec.template.spec.containers[0].volumeMounts";
    assert_eq!(
        refusal(&edit::service().secret_file("/keys/c", "two:1"), with_pod(after)),
        format!("{field}: another secret is mounted at `/keys`, and a directory can hold only one")
    );
    for path in ["keys", "/keys", "/keys/", "keys/a"] {
        assert!(
            refusal(&edit::service().secret_file(path, "two:1"), Service::default())
                .contains(&format!("`{path}` is not the absolute path of a file")),
            "{path}"
        );
    }
    let scratch = edit::service().volume(volume::in_memory("v", None)).mount("/keys", "v");
    assert!(refusal(&scratch.secret_file("/keys/a", "s:1"), Service::default()).contains("is not a secret"));
}

#[test]
fn a_shared_secret_volume_is_copied_before_it_is_changed() {
    let pod = json!({
        "containers": [{"name": "a", "volumeMounts": [{"name": "v", "mountPath": "/k"}]},
                       {"name": "b", "volumeMounts": [{"name": "v", "mountPath": "/k"}]}],
        "volumes": [{"name": "v", "secret": {"secretName": "one"}, "unknown": 1}],
    });
    let after = pod_after(&edit::service().secret_file("/k/two", "one:2"), pod.clone());
    let copy = &after["volumes"][1];
    assert_eq!(after["volumes"][0], pod["volumes"][0]);
    assert_eq!(after["containers"][1], pod["containers"][1]);
    assert_eq!(after["containers"][0]["volumeMounts"][0]["name"], copy["name"]);
    assert_eq!(
        copy["secret"]["items"],
        json!([{"key": "latest", "path": "one"}, {"key": "2", "path": "two"}]),
        "the file that it has without items stays"
    );
    let after = pod_after(&edit::service().container("b").remove_secret("/k/one"), pod.clone());
    assert_eq!((&after["volumes"], &after["containers"][0]), (&pod["volumes"], &pod["containers"][0]));
    assert_eq!(after["containers"][1], json!({"name": "b"}));
}

#[test]
fn a_name_for_another_projects_secret_goes_when_nothing_uses_it() {
    let mut job = Job::default();
    let path = "projects/12/secrets/far";
    edit::job()
        .secret_env("A", format!("{path}:1"))
        .secret_file("/k/f", format!("{path}:2"))
        .apply(&mut job)
        .unwrap();
    assert_eq!(job.template_annotation(known::SECRETS), Some("far-12:projects/12/secrets/far"));
    edit::job().remove_secret("A").apply(&mut job).unwrap();
    assert!(job.template_annotation(known::SECRETS).is_some(), "the file still uses it");
    assert_eq!(
        refusal(&edit::job().secret_env("B", "far-12:1"), job.clone()),
        "spec.template.spec.template.spec.containers[0].env: `far-12` stands for a secret of another project in the \
         annotation run.googleapis.com/secrets"
    );
    edit::job().clear_volumes().apply(&mut job).unwrap();
    assert_eq!(job.template_annotation(known::SECRETS), None);
}

#[test]
fn a_port_takes_its_probe_along() {
    let pod = json!({"containers": [{"ports": [{"containerPort": 8080, "name": "http1"}],
                                     "startupProbe": {"tcpSocket": {"port": 8080}}}]});
    let after = pod_after(&edit::service().port(3000).http2(true), pod.clone());
    assert_eq!(after["containers"][0]["ports"], json!([{"containerPort": 3000, "name": "h2c"}]));
    assert_eq!(after["containers"][0]["startupProbe"]["tcpSocket"]["port"], 3000);
    let after = pod_after(&edit::service().port(None), after);
    assert_eq!(after["containers"][0]["ports"], json!([{"containerPort": 8080, "name": "h2c"}]));
    assert_eq!(after["containers"][0]["startupProbe"]["tcpSocket"]["port"], 8080);
    assert_eq!(pod_after(&edit::service().port(None).http2(false), json!({})), json!({}).take());
    let after =
        pod_after(&edit::service().http2(true), json!({"containers": [{"ports": [{"containerPort": 0}]}]}));
    assert_eq!(after["containers"][0]["ports"], json!([{"containerPort": 8080, "name": "h2c"}]));
}

#[test]
fn gpus_of_other_containers_keep_their_type() {
    let edit = edit::service().gpu(1).gpu_type("nvidia-l4").gpu_zonal_redundancy(false).container("b").gpu(1);
    let mut service = Service::default();
    edit.apply(&mut service).unwrap();
    edit::service().container("b").gpu(0).apply(&mut service).unwrap();
    assert_eq!(service.template_annotation(known::GPU_ZONAL_REDUNDANCY_DISABLED), Some("true"));
    edit::service().gpu(0).apply(&mut service).unwrap();
    assert_eq!(service.template_annotation(known::GPU_ZONAL_REDUNDANCY_DISABLED), None);
    assert!(service.pod().unwrap().node_selector.is_empty());
}

#[test]
fn dependencies_are_looked_at_when_all_containers_are_there() {
    let mut service = Service::default();
    let edit = edit::service()
        .container_name("app")
        .depends_on(["db"])
        .container("db")
        .image("db:1")
        .startup_probe(probe::tcp(5432));
    edit.apply(&mut service).unwrap();
    assert_eq!(service.template_annotation(known::CONTAINER_DEPENDENCIES), Some(r#"{"app":["db"]}"#));
    edit::service().container("db").container_name("store").apply(&mut service).unwrap();
    assert_eq!(service.template_annotation(known::CONTAINER_DEPENDENCIES), Some(r#"{"app":["store"]}"#));
    let field = "spec.template.metadata.annotations[run.googleapis.com/container-dependencies]";
    assert_eq!(
        refusal(&edit::service().depends_on(["nobody"]), service.clone()),
        format!("{field}: there is no container named `nobody`")
    );
    edit::service().remove_container("store").apply(&mut service).unwrap();
    assert_eq!(service.template_annotation(known::CONTAINER_DEPENDENCIES), None);

    // As a sample of Google's has it: YAML where JSON is meant.
    let mut sample: Service = object(json!({"spec": {"template": {
        "metadata": {"annotations": {known::CONTAINER_DEPENDENCIES: "{nginx: [hello]}"}},
        "spec": {"containers": [{"name": "nginx", "ports": [{}]}, {"name": "hello"}, {"name": "more"}]},
    }}}));
    edit::service().depends_on(["hello", "more"]).apply(&mut sample).unwrap();
    assert_eq!(
        sample.template_annotation(known::CONTAINER_DEPENDENCIES),
        Some(r#"{"nginx":["hello","more"]}"#)
    );
    sample.template_annotations_mut().insert(known::CONTAINER_DEPENDENCIES.to_owned(), "{".to_owned());
    assert!(refusal(&edit::service().depends_on(["hello"]), sample).starts_with(field));
    assert_eq!(
        refusal(&edit::service().image("x").depends_on(["b"]).container("b").image("y"), Service::default()),
        format!("{field}: the container has no name to refer to it by")
    );
}

#[test]
fn booleans_of_gcloud_are_known_in_any_case() {
    let value = json!({
        "metadata": {"annotations": {known::DEFAULT_URL_DISABLED: "True", known::INVOKER_IAM_DISABLED: "False"}},
        "spec": {"template": {"metadata": {"annotations": {known::CPU_THROTTLING: "False"}}}},
    });
    let service: Service = object(value);
    let same = edit::service().default_url(false).invoker_iam_check(true).cpu_throttling(false).iap(false);
    let mut edited = service.clone();
    same.apply(&mut edited).unwrap();
    assert_eq!(edited, service);
    edit::service().default_url(true).iap(true).cpu_throttling(true).apply(&mut edited).unwrap();
    assert_eq!(edited.annotation(known::DEFAULT_URL_DISABLED), None);
    assert_eq!(edited.annotation(known::IAP_ENABLED), Some("true"));
    assert_eq!(edited.template_annotation(known::CPU_THROTTLING), Some("true"));
}

#[test]
fn settings_of_services() {
    let mut service = Service::default();
    let edit = edit::service()
        .concurrency(7)
        .timeout(Duration::from_secs(90))
        .min_instances(1)
        .max_instances(5)
        .service_min_instances(2)
        .service_max_instances(9)
        .session_affinity(true)
        .deploy_health_check(false)
        .ingress("internal")
        .startup_cpu_boost(true)
        .add_custom_audiences(["https://a"])
        .add_custom_audiences(["https://b", "https://a"])
        .description("for tests");
    edit.apply(&mut service).unwrap();
    assert_eq!(
        serde_json::to_value(&service).unwrap(),
        json!({
            "metadata": {"annotations": {
                "run.googleapis.com/minScale": "2",
                "run.googleapis.com/maxScale": "9",
                "run.googleapis.com/ingress": "internal",
                "run.googleapis.com/custom-audiences": r#"["https://a","https://b"]"#,
                "run.googleapis.com/description": "for tests",
            }},
            "spec": {"template": {
                "metadata": {"annotations": {
                    "autoscaling.knative.dev/minScale": "1",
                    "autoscaling.knative.dev/maxScale": "5",
                    "run.googleapis.com/sessionAffinity": "true",
                    "run.googleapis.com/health-check-disabled": "true",
                    "run.googleapis.com/startup-cpu-boost": "true",
                }},
                "spec": {"containerConcurrency": 7, "timeoutSeconds": 90},
            }},
        })
    );
    edit::service().manual_scaling(3).min_instances(0).concurrency(None).apply(&mut service).unwrap();
    let annotations = service.annotations();
    assert_eq!(annotations.get("run.googleapis.com/scalingMode").map(String::as_str), Some("manual"));
    assert_eq!(annotations.get("run.googleapis.com/manualInstanceCount").map(String::as_str), Some("3"));
    assert!(!annotations.contains_key("run.googleapis.com/minScale"));
    assert_eq!(service.template_annotation(known::MIN_SCALE), None);
    edit::service().automatic_scaling().set_custom_audiences::<String>([]).apply(&mut service).unwrap();
    assert_eq!(service.annotation(known::MANUAL_INSTANCE_COUNT), None);
    assert_eq!(service.annotation(known::SCALING_MODE), Some("automatic"));
    assert_eq!(service.annotation(known::CUSTOM_AUDIENCES), None);
    let short = edit::service().timeout(Duration::from_millis(1500));
    assert_eq!(
        refusal(&short, service),
        "spec.template.spec.timeoutSeconds: it must be a whole number of seconds"
    );
}

#[test]
fn settings_of_the_other_kinds() {
    let mut job = Job::default();
    let edit = edit::job()
        .tasks(10)
        .parallelism(2)
        .max_retries(0)
        .timeout(Duration::from_secs(60))
        .delay_execution(true);
    edit.apply(&mut job).unwrap();
    assert_eq!(
        serde_json::to_value(&job).unwrap(),
        json!({"spec": {"template": {"spec": {
            "taskCount": 10, "parallelism": 2, "delayExecution": true,
            "template": {"spec": {"maxRetries": 0, "timeoutSeconds": "60"}},
        }}}})
    );
    let mut pool: WorkerPool = object(json!({"metadata": {"name": "p".repeat(70)}}));
    let edit = edit::worker_pool()
        .min_instances(1)
        .max_instances(4)
        .max_surge(20)
        .max_unavailable(0)
        .revision_suffix("v2");
    edit.apply(&mut pool).unwrap();
    assert_eq!(pool.annotation(known::SERVICE_MAX_SCALE), Some("4"));
    assert_eq!(pool.annotation(known::MAX_SURGE), Some("20"));
    assert_eq!(pool.annotation(known::MAX_UNAVAILABLE), None);
    let name = pool.spec.unwrap().template.unwrap().metadata.unwrap().name.unwrap();
    assert!(name.len() == 63 && name.ends_with("p-v2"), "{name}");
    assert_eq!(
        refusal(&edit::worker_pool().revision_suffix("v2"), WorkerPool::default()),
        "metadata.name: the object has no name yet"
    );
    let mut instance = Instance::default();
    edit::instance()
        .restart_policy("Never")
        .ingress("internal")
        .invoker_iam_check(false)
        .apply(&mut instance)
        .unwrap();
    assert_eq!(
        serde_json::to_value(&instance).unwrap(),
        json!({
            "metadata": {"annotations": {
                "run.googleapis.com/ingress": "internal", "run.googleapis.com/invoker-iam-disabled": "true",
            }},
            "spec": {"restartPolicy": "Never"},
        })
    );
}

#[test]
fn a_client_signs_what_it_changed() {
    let base = json!({"spec": {"template": {"spec": {"containers": [{"image": "a"}]}}}});
    let mut service: Service = object(base.clone());
    edit::service().client("me", "1").image("a").apply(&mut service).unwrap();
    assert_eq!(serde_json::to_value(&service).unwrap(), base, "nothing changed, nothing is signed");
    edit::service().client("me", "1").description("d").apply(&mut service).unwrap();
    assert_eq!(
        (service.annotation(known::CLIENT_NAME), service.template_annotation(known::CLIENT_NAME)),
        (Some("me"), None)
    );
    edit::service().client("me", "2").image("b").apply(&mut service).unwrap();
    assert_eq!(service.annotation(known::CLIENT_VERSION), Some("2"));
    assert_eq!(service.template_annotation(known::CLIENT_VERSION), Some("2"));
}

#[test]
fn networks_are_edited_in_part() {
    let mut service = Service::default();
    edit::service()
        .network("n")
        .network_tags(["a", "b"])
        .vpc_egress("all-traffic")
        .apply(&mut service)
        .unwrap();
    edit::service().subnet("s").network(None).apply(&mut service).unwrap();
    assert_eq!(
        service.template_annotation(known::NETWORK_INTERFACES),
        Some(r#"[{"subnetwork":"s","tags":["a","b"]}]"#)
    );
    edit::service().subnet(None).network_tags::<String>([]).apply(&mut service).unwrap();
    assert!(service.template_annotations().is_empty(), "the egress goes with the last of them");
    edit::service().vpc_connector("c").vpc_egress("all-traffic").apply(&mut service).unwrap();
    edit::service().vpc_connector(None).apply(&mut service).unwrap();
    assert!(service.template_annotations().is_empty());
    assert_eq!(
        refusal(&edit::instance().add_cloud_sql(["db"]), Instance::default()),
        "metadata.annotations[run.googleapis.com/cloudsql-instances]: `db` is not the name of a Cloud SQL instance in \
         the form PROJECT:REGION:INSTANCE"
    );
}

#[test]
fn labels_of_the_platform_stay() {
    let labels = json!({"team": "a", "cloud.googleapis.com/location": "r", "goog-managed-by": "x"});
    let mut service: Service = object(json!({
        "metadata": {"labels": labels},
        "spec": {"template": {"metadata": {"labels": {"team": "b", "client.knative.dev/nonce": "n"}}}},
    }));
    edit::service().label("env", "test").clear_labels().label("env", "prod").apply(&mut service).unwrap();
    let keys: Vec<&str> = service.labels().keys().map(String::as_str).collect();
    assert_eq!(keys, ["cloud.googleapis.com/location", "env", "goog-managed-by"]);
    assert_eq!(service.template_label("env"), Some("prod"));
    assert_eq!(
        (service.template_label("team"), service.template_label("client.knative.dev/nonce")),
        (None, Some("n"))
    );
}

#[test]
fn volumes_of_every_type() {
    let bucket = volume::mount_options(volume::cloud_storage("b", "bucket"), ["implicit-dirs", "uid=1000"]);
    let edit = edit::service()
        .volume(volume::in_memory("m", "1Gi"))
        .volume(volume::ephemeral_disk("d", None))
        .volume(volume::read_only(bucket))
        .volume(volume::nfs("n", "10.0.0.1", "/export"))
        .volume(volume::secret("s", &"token:3".parse().unwrap(), "token"))
        .volume(volume::cloud_sql("q", ["p:r:a", "p:r:b"]));
    assert_eq!(
        pod_after(&edit, json!({}))["volumes"],
        json!([
            {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
            {"name": "d", "emptyDir": {"medium": "Disk"}},
            {"name": "b", "csi": {
                "driver": "gcsfuse.run.googleapis.com", "readOnly": true,
                "volumeAttributes": {"bucketName": "bucket", "mountOptions": "implicit-dirs,uid=1000"},
            }},
            {"name": "n", "nfs": {"server": "10.0.0.1", "path": "/export"}},
            {"name": "s", "secret": {"secretName": "token", "items": [{"key": "3", "path": "token"}]}},
            {"name": "q", "csi": {
                "driver": "cloudsql.run.googleapis.com", "volumeAttributes": {"instances": "p:r:a,p:r:b"},
            }},
        ])
    );
}

#[test]
fn probes_from_settings() {
    let probe =
        probe::from_settings([("grpc.port", "1"), ("grpc.service", "s"), ("failureThreshold", "2")]).unwrap();
    assert_eq!(
        serde_json::to_value(probe).unwrap(),
        json!({"grpc": {"port": 1, "service": "s"}, "failureThreshold": 2})
    );
    assert_eq!(
        probe::from_settings([("periodSeconds", "x")]),
        Err(Problem::ProbeNumber("periodSeconds".to_owned()))
    );
    assert_eq!(probe::from_settings([("exec", "x")]), Err(Problem::ProbeSetting("exec".to_owned())));
}

#[test]
fn a_wrong_secret_or_quantity_is_refused_when_applied() {
    let edit = edit::service().secret_env("A", "no-version");
    assert_eq!(
        refusal(&edit, Service::default()),
        "spec.template.spec.containers[0].env: the secret `no-version` has no version; `no-version:latest` is its \
         latest one"
    );
    let error = refusal(&edit::service().memory("1 GB"), Service::default());
    assert!(error.starts_with("spec.template.spec.containers[0].resources.limits: `1 GB` is no"), "{error}");
    assert_eq!(
        format!("{:?}", edit::service().env("TOKEN", "hunter2")),
        r#"Edit { kind: "Service", changes: 1, .. }"#
    );
}
