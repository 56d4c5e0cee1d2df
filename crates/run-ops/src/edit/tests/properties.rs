//! Properties of all edits, on random objects of all kinds.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use run_api::Workload;
use run_api::known::annotations as known;
use run_api::types::{Instance, Job, Service, WorkerPool};
use serde_json::{Map, Value, json};

use crate::edit::{Edit, probe, volume};

/// An edit that all workloads have, and where it may change something: parts of paths as [`leaves`] has them.
struct Case<W> {
    name: &'static str,
    edit: Edit<W>,
    touches: &'static [&'static str],
}

fn case<W>(name: &'static str, touches: &'static [&'static str], edit: Edit<W>) -> Case<W> {
    Case { name, edit, touches }
}

/// Edits with what takes them back.
fn reversible<W: Workload>() -> Vec<(Case<W>, Edit<W>)> {
    let new = Edit::<W>::new;
    vec![
        (case("command", &["/command"], new().command(["run", "it"])), new().command::<String>([])),
        (case("args", &["/args"], new().args(["--all"])), new().args::<String>([])),
        (case("workdir", &["/workingDir"], new().working_dir("/w")), new().working_dir(None)),
        (case("env", &["/env/A/"], new().env("A", "1")), new().remove_env("A")),
        (
            case("secret", &["/env/S/", known::SECRETS], new().secret_env("S", "sec:1")),
            new().remove_secret("S"),
        ),
        (
            case(
                "far-secret",
                &["/env/F/", known::SECRETS],
                new().secret_env("F", "projects/7/secrets/far:2"),
            ),
            new().remove_secret("F"),
        ),
        (
            case(
                "file",
                &["/volumes/", "/volumeMounts/", known::SECRETS],
                new().secret_file("/keys/k", "key:1"),
            ),
            new().remove_secret("/keys/k"),
        ),
        (case("cpu", &["/limits/cpu"], new().cpu("1000m")), new().remove_limit("cpu")),
        (case("memory", &["/limits/memory"], new().memory("1Gi")), new().remove_limit("memory")),
        (
            case(
                "gpu",
                &[
                    "/limits/nvidia.com/gpu",
                    "/nodeSelector/run.googleapis.com/accelerator",
                    known::GPU_ZONAL_REDUNDANCY_DISABLED,
                ],
                new().gpu(1).gpu_type("nvidia-l4").gpu_zonal_redundancy(false),
            ),
            new().gpu(0),
        ),
        (
            case("startup", &["/startupProbe/"], new().startup_probe(probe::http("/s"))),
            new().startup_probe(None),
        ),
        (
            case("live", &["/livenessProbe/"], new().liveness_probe(probe::grpc("svc"))),
            new().liveness_probe(None),
        ),
        (
            case("ready", &["/readinessProbe/"], new().readiness_probe(probe::http("/r"))),
            new().readiness_probe(None),
        ),
        (
            case("volume", &["/volumes/new/"], new().volume(volume::in_memory("new", "1Mi"))),
            new().remove_volume("new"),
        ),
        (case("mount", &["/volumeMounts//new/"], new().mount("/new", "v1")), new().remove_mount("/new")),
        (
            case("account", &["/serviceAccountName"], new().service_account("me@x")),
            new().service_account(None),
        ),
        (case("label", &["/labels/team"], new().label("team", "a")), new().remove_label("team")),
        (
            case("annotation", &["/annotations/mine"], new().annotation("mine", "1")),
            new().remove_annotation("mine"),
        ),
        (
            case("template-annotation", &["/annotations/ours"], new().template_annotation("ours", "1")),
            new().remove_template_annotation("ours"),
        ),
        (case("description", &[known::DESCRIPTION], new().description("text")), new().description(None)),
        (case("stage", &[known::LAUNCH_STAGE], new().launch_stage("BETA")), new().launch_stage(None)),
        (
            case("binauthz", &[known::BINARY_AUTHORIZATION], new().binary_authorization("default")),
            new().binary_authorization(None),
        ),
        (
            case("breakglass", &[known::BINARY_AUTHORIZATION_BREAKGLASS], new().breakglass("because")),
            new().breakglass(None),
        ),
        (
            case("gen", &[known::EXECUTION_ENVIRONMENT], new().execution_environment("gen2")),
            new().execution_environment(None),
        ),
        (
            case(
                "key",
                &[
                    known::ENCRYPTION_KEY,
                    known::POST_KEY_REVOCATION_ACTION_TYPE,
                    known::ENCRYPTION_KEY_SHUTDOWN_HOURS,
                ],
                new().encryption_key("k").key_revocation_action("shut-down").key_shutdown_hours(3),
            ),
            new().encryption_key(None),
        ),
        (
            case(
                "network",
                &[known::NETWORK_INTERFACES, known::VPC_ACCESS_EGRESS],
                new().network("net").subnet("sub").network_tags(["t"]).vpc_egress("all-traffic"),
            ),
            new().clear_network(),
        ),
        (
            case(
                "connector",
                &[known::VPC_ACCESS_CONNECTOR, known::VPC_ACCESS_EGRESS],
                new().vpc_connector("c"),
            ),
            new().vpc_connector(None),
        ),
        (
            case("sql", &[known::CLOUDSQL_INSTANCES], new().add_cloud_sql(["p:r:one"])),
            new().remove_cloud_sql(["p:r:one"]),
        ),
    ]
}

/// Edits that nothing takes back, and those that take away.
fn one_way<W: Workload>() -> Vec<Case<W>> {
    let new = Edit::<W>::new;
    vec![
        case("image", &["/image"], new().image("a/b:2")),
        case("port", &["/ports/", "/startupProbe/tcpSocket/port"], new().port(9000)),
        case("no-port", &["/ports/", "/startupProbe/tcpSocket/port"], new().port(None)),
        case("http2", &["/ports/"], new().http2(true)),
        case("no-http2", &["/ports/"], new().http2(false)),
        case("set-env", &["/env/"], new().set_env([("A", "1"), ("NEW", "2")])),
        case("clear-env", &["/env/"], new().clear_env()),
        case(
            "clear-secrets",
            &["/env/", "/volumes/", "/volumeMounts/", known::SECRETS],
            new().clear_secrets(),
        ),
        case(
            "set-secrets",
            &["/env/", "/volumes/", "/volumeMounts/", known::SECRETS],
            new().set_secrets([("S", "sec:9".parse().unwrap()), ("/keys/k", "key:1".parse().unwrap())]),
        ),
        case("clear-volumes", &["/volumes/", "/volumeMounts/", known::SECRETS], new().clear_volumes()),
        case("clear-mounts", &["/volumeMounts/"], new().clear_mounts()),
        case("clear-labels", &["/labels/"], new().clear_labels()),
        case(
            "sidecar",
            &["/containers/side/image", "/containers/side/name"],
            new().container("side").image("c:1"),
        ),
        case("rename", &["/containers/", known::CONTAINER_DEPENDENCIES], new().container_name("renamed")),
        case("remove", &["/containers/", known::CONTAINER_DEPENDENCIES], new().remove_container("side")),
        case("set-sql", &[known::CLOUDSQL_INSTANCES], new().set_cloud_sql(["p:r:two", "p:r:three"])),
        case("clear-sql", &[known::CLOUDSQL_INSTANCES], new().set_cloud_sql::<String>([])),
        case(
            "client",
            &[known::CLIENT_NAME, known::CLIENT_VERSION, "/image"],
            new().client("me", "1").image("x"),
        ),
    ]
}

fn all<W: Workload>() -> Vec<Case<W>> {
    let mut all: Vec<Case<W>> = reversible().into_iter().map(|(case, _)| case).collect();
    let clears = reversible::<W>().into_iter().map(|(case, edit)| Case { edit, ..case });
    all.extend(clears);
    all.extend(one_way());
    all
}

/// The scalars of an object by their paths. Lists of named things go by the names, and what is empty is not there.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    fn walk(value: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(key, field)| walk(field, &format!("{path}/{key}"), found))
            }
            Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
                let key = ["mountPath", "name"].iter().find_map(|key| item.get(key)?.as_str());
                walk(
                    item,
                    &format!("{path}/{}", key.map_or_else(|| index.to_string(), str::to_owned)),
                    found,
                );
            }),
            Value::Null => {}
            scalar => {
                found.insert(path.to_owned(), scalar.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(value, "", &mut found);
    found
}

fn leaves_of<W: Workload>(workload: &W) -> BTreeMap<String, Value> {
    leaves(&serde_json::to_value(workload).unwrap())
}

fn variable() -> impl Strategy<Value = Value> {
    let name = select(vec!["A", "B", "S", "F", "Z"]);
    let value = prop_oneof![
        "[a-z]{0,3}".prop_map(|value| json!({"value": value})),
        ("[1-9]", select(vec!["sec", "other", "alias"]))
            .prop_map(|(key, name)| json!({"valueFrom": {"secretKeyRef": {"name": name, "key": key}}})),
        Just(json!({"value": "v", "unknown": {"deep": [1, 2]}})),
    ];
    (name, value).prop_map(|(name, mut value)| {
        value["name"] = json!(name);
        value
    })
}

fn unique(items: Vec<Value>, key: &str) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item[key].to_string())).collect()
}

fn container() -> impl Strategy<Value = Value> {
    let mounts = subsequence(
        vec![("/keys", "v1"), ("/keys2", "v1"), ("/tmp", "v2"), ("/data/", "v3"), ("/odd", "unknown")],
        0..=3,
    );
    let limits = btree_map(select(vec!["cpu", "memory", "odd"]), select(vec!["1", "1000m", "2"]), 0..3);
    (
        option::of("[a-z]{1,4}:[0-9]"),
        vec(variable(), 0..4),
        mounts,
        limits,
        option::of((select(vec![8080, 9000, 0]), option::of(select(vec!["h2c", "http1"])))),
        option::of(select(vec![8080, 1])),
        any::<bool>(),
    )
        .prop_map(|(image, env, mounts, limits, port, probe, extra)| {
            let mut container = Map::new();
            if let Some(image) = image {
                container.insert("image".to_owned(), json!(image));
            }
            container.insert("env".to_owned(), json!(unique(env, "name")));
            let mounts: Vec<Value> = mounts
                .into_iter()
                .map(|(path, name)| json!({"mountPath": path, "name": name, "x": 1}))
                .collect();
            container.insert("volumeMounts".to_owned(), json!(mounts));
            if !limits.is_empty() {
                container.insert("resources".to_owned(), json!({"limits": limits, "claims": ["x"]}));
            }
            if let Some((number, name)) = port {
                let name = name.map_or(json!({}), |name| json!({"name": name}));
                let mut port = json!({"containerPort": number, "hostPort": 3});
                port.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
                container.insert("ports".to_owned(), json!([port]));
            }
            if let Some(port) = probe {
                container.insert("startupProbe".to_owned(), json!({"tcpSocket": {"port": port}, "x": true}));
            }
            if extra {
                container.insert("restartPolicy".to_owned(), json!("Always"));
            }
            Value::Object(container)
        })
}

fn annotations() -> impl Strategy<Value = BTreeMap<String, String>> {
    let some = subsequence(
        vec![
            (known::DESCRIPTION, "old"),
            (known::EXECUTION_ENVIRONMENT, "gen1"),
            (known::NETWORK_INTERFACES, r#"[{"network":"old","x":1},{"network":"second"}]"#),
            (known::VPC_ACCESS_EGRESS, "private-ranges-only"),
            (known::CLOUDSQL_INSTANCES, "p:r:one,p:r:old"),
            (known::SECRETS, "alias:projects/9/secrets/remote"),
            (known::CONTAINER_DEPENDENCIES, r#"{"c1":["c0"]}"#),
            (known::CPU_THROTTLING, "True"),
            (known::ENCRYPTION_KEY_SHUTDOWN_HOURS, "5"),
            ("example.com/note", "x"),
        ],
        0..=6,
    );
    some.prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

fn workload<W: Workload>() -> impl Strategy<Value = W> {
    let pod = (
        vec(container(), 0..4),
        any::<bool>(),
        subsequence(
            vec![
                json!({"name": "v1", "secret": {"secretName": "key", "items": [{"key": "1", "path": "k"}, {"key": "2", "path": "l"}], "x": 1}}),
                json!({"name": "v2", "emptyDir": {"medium": "Memory"}}),
                json!({"name": "v3", "csi": {"driver": "d", "volumeAttributes": {"a": "b"}}, "x": {"y": 1}}),
            ],
            0..=3,
        ),
        option::of(Just("old@x")),
        any::<bool>(),
    )
        .prop_map(|(mut containers, named, volumes, account, extra)| {
            // The server takes one port only.
            for container in containers.iter_mut().skip_while(|container| container.get("ports").is_none()).skip(1) {
                container.as_object_mut().unwrap().remove("ports");
            }
            if named {
                for (index, container) in containers.iter_mut().enumerate() {
                    container["name"] = json!(format!("c{index}"));
                }
            }
            let mut pod = json!({"containers": containers, "volumes": volumes});
            if let Some(account) = account {
                pod["serviceAccountName"] = json!(account);
            }
            if extra {
                pod["initContainers"] = json!([{"name": "i", "env": [{"valueFrom": {"secretKeyRef": {"name": "alias"}}}]}]);
                pod["nodeSelector"] = json!({"zone": "a"});
            }
            pod
        });
    let labels =
        subsequence(vec![("team", "old"), ("cloud.googleapis.com/location", "r"), ("x", "y")], 0..=3)
            .prop_map(|labels| {
                labels.into_iter().map(|(k, v)| (k, v.to_owned())).collect::<BTreeMap<_, _>>()
            });
    (option::of(pod), annotations(), annotations(), labels, any::<bool>()).prop_map(
        |(pod, of_object, of_template, labels, extra)| {
            let mut object = json!({"metadata": {"name": "n", "labels": labels, "annotations": of_object}});
            let template_metadata = json!({"labels": labels, "annotations": of_template});
            match (W::KIND, pod) {
                (_, None) => {}
                ("Instance", Some(pod)) => object["spec"] = pod,
                ("Job", Some(pod)) => {
                    object["spec"] = json!({"template": {
                        "metadata": template_metadata,
                        "spec": {"taskCount": 2, "x": 1, "template": {"spec": pod, "y": 2}},
                    }});
                }
                (_, Some(pod)) => {
                    object["spec"] =
                        json!({"template": {"metadata": template_metadata, "spec": pod, "z": 3}});
                }
            }
            if extra {
                object["unknown"] = json!({"a": [1, {"b": null}]});
            }
            serde_json::from_value(object).unwrap()
        },
    )
}

fn applied<W: Workload>(edit: &Edit<W>, workload: &W) -> Option<W> {
    let mut edited = workload.clone();
    match edit.apply(&mut edited) {
        Ok(()) => Some(edited),
        Err(error) => {
            assert_eq!(&edited, workload, "an edit that failed changed something");
            assert!(!error.field().is_empty());
            None
        }
    }
}

fn changed(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// Every edit changes what it names, once, and nothing else.
fn check_each<W: Workload>(workload: &W) {
    for Case { name, edit, touches } in all::<W>() {
        let Some(once) = applied(&edit, workload) else { continue };
        let (before, after) = (leaves_of(workload), leaves_of(&once));
        for path in changed(&before, &after) {
            assert!(touches.iter().any(|part| path.contains(part)), "{name} changed {path}");
        }
        // Not `assert_eq`: two whole objects are nothing to look at.
        assert!(before != after || &once == workload, "{name} changed nothing, but added something empty");
        assert!(applied(&edit, &once).as_ref() == Some(&once), "{name} twice");
    }
}

/// What is set where nothing was, and taken away again, leaves nothing behind.
fn check_and_back<W: Workload>(workload: &W) {
    for (case, back) in reversible::<W>() {
        let Some(cleared) = applied(&back, workload) else { continue };
        let Some(there) = applied(&case.edit, &cleared) else { continue };
        let again = applied(&back, &there).unwrap();
        assert_eq!(changed(&leaves_of(&cleared), &leaves_of(&again)), [""; 0], "{} and back", case.name);
    }
}

/// Edits of different things commute. Those that change which container is which are left out.
fn check_order<W: Workload>(workload: &W, distance: usize) {
    let structure = ["no-port", "no-http2", "rename", "remove", "port", "http2", "sidecar", "client"];
    let leafs: Vec<Case<W>> = all().into_iter().filter(|case| !structure.contains(&case.name)).collect();
    let overlap = |a: &Case<W>, b: &Case<W>| {
        a.touches.iter().any(|x| b.touches.iter().any(|y| x.contains(y) || y.contains(x)))
    };
    for (index, one) in leafs.iter().enumerate() {
        let other = &leafs[(index + distance) % leafs.len()];
        if overlap(one, other) {
            continue;
        }
        let both = |a: &Case<W>, b: &Case<W>| applied(&b.edit, &applied(&a.edit, workload)?);
        let (Some(ab), Some(ba)) = (both(one, other), both(other, one)) else { continue };
        assert_eq!(changed(&leaves_of(&ab), &leaves_of(&ba)), [""; 0], "{} and {}", one.name, other.name);
    }
}

macro_rules! for_kind {
    ($module:ident, $kind:ty) => {
        mod $module {
            use super::*;

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(24))]
                #[test]
                fn an_edit_changes_what_it_names_once(object in workload::<$kind>()) {
                    check_each(&object);
                }

                #[test]
                fn set_and_clear_is_the_beginning(object in workload::<$kind>()) {
                    check_and_back(&object);
                }

                #[test]
                fn edits_of_different_things_commute(object in workload::<$kind>(), distance in 1_usize..60) {
                    check_order(&object, distance);
                }
            }
        }
    };
}

for_kind!(services, Service);
for_kind!(jobs, Job);
for_kind!(worker_pools, WorkerPool);
for_kind!(instances, Instance);

/// What an edit makes of an empty object, without what tells the kinds apart.
fn outcome<W: Workload>(edit: &Edit<W>) -> (Value, BTreeMap<String, String>, BTreeMap<String, String>) {
    let workload = applied(edit, &W::default()).unwrap();
    let pod = workload.pod();
    let pod = json!({
        "containers": pod.map(|pod| pod.containers),
        "volumes": pod.map(|pod| pod.volumes),
        "account": pod.and_then(|pod| pod.service_account_name),
        "selector": pod.map(|pod| pod.node_selector),
    });
    let mut annotations = workload.annotations().clone();
    annotations.extend(workload.template_annotations().clone());
    (pod, annotations, workload.template_labels().clone())
}

#[test]
fn the_same_edit_does_the_same_to_all_workloads() {
    let (jobs, pools, instances) = (all::<Job>(), all::<WorkerPool>(), all::<Instance>());
    for (index, service) in all::<Service>().iter().enumerate() {
        let expected = outcome(&service.edit);
        assert_eq!(outcome(&jobs[index].edit), expected, "{}", service.name);
        assert_eq!(outcome(&pools[index].edit), expected, "{}", service.name);
        assert_eq!(outcome(&instances[index].edit), expected, "{}", service.name);
    }
}
