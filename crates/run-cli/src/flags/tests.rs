//! Each flag alone: what it writes, and where.

use clap::Parser;
use run_api::Location;
use run_api::types::Service;
use serde_json::{Value, json};

use super::ServiceFlags;

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Command {
    #[command(flatten)]
    flags: ServiceFlags,
}

fn existing() -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": "hello", "uid": "u",
            "labels": {"keep": "1", "cloud.googleapis.com/location": "us-central1"},
            "annotations": {
                "run.googleapis.com/description": "d", "run.googleapis.com/custom-audiences": "[\"a\"]",
                "run.googleapis.com/maxScale": "9", "run.googleapis.com/minScale": "1",
            },
        },
        "spec": {"template": {
            "metadata": {
                "labels": {"keep": "1"},
                "annotations": {
                    "autoscaling.knative.dev/maxScale": "5", "autoscaling.knative.dev/minScale": "2",
                    "run.googleapis.com/vpc-access-connector": "c",
                    "run.googleapis.com/cloudsql-instances": "p:r:old",
                    "run.googleapis.com/encryption-key": "k",
                },
            },
            "spec": {
                "containerConcurrency": 80, "timeoutSeconds": 300, "serviceAccountName": "old@p",
                "volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}],
                "containers": [
                    {
                        "name": "app", "image": "a/b:1", "ports": [{"name": "http1", "containerPort": 8080}],
                        "command": ["old"], "args": ["old"], "workingDir": "/old",
                        "env": [
                            {"name": "A", "value": "1"}, {"name": "B", "value": "2"},
                            {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "1"}}},
                        ],
                        "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
                        "startupProbe": {"tcpSocket": {"port": 8080}},
                        "livenessProbe": {"httpGet": {"path": "/"}},
                        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                    },
                    {"name": "side", "image": "c/d:1"},
                ],
            },
        }},
    })
}

fn edited(flags: &[&str]) -> Result<Value, String> {
    let flags = Command::try_parse_from(flags).map_err(|error| error.to_string())?.flags;
    let location = Location::new("my-project", "us-central1").unwrap();
    let edit = flags.edit(&location).map_err(|failure| failure.to_string())?;
    let mut service: Service = serde_json::from_value(existing()).unwrap();
    edit.apply(&mut service).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(service).unwrap())
}

/// What is not as it was, as `pointer: value`.
fn changes(before: &Value, after: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match (before, after) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                let (left, right) =
                    (left.get(key).unwrap_or(&Value::Null), right.get(key).unwrap_or(&Value::Null));
                let key = key.rsplit('/').next().unwrap_or_default();
                changes(left, right, &format!("{path}.{key}"), found);
            }
        }
        (left, right) if left == right => {}
        (_, right) => found.push((path.to_owned(), right.clone())),
    }
}

fn changed(flags: &[&str]) -> Value {
    let after = edited(flags).unwrap_or_else(|error| panic!("{flags:?}: {error}"));
    let (mut before, mut after) = (existing(), after);
    // The containers by name, so that changes of one do not show the other.
    for object in [&mut before, &mut after] {
        let spec = object.pointer_mut("/spec/template/spec").unwrap();
        let containers = spec["containers"].take();
        for container in containers.as_array().unwrap() {
            spec[container["name"].as_str().unwrap_or("?")] = container.clone();
        }
        spec.as_object_mut().unwrap().remove("containers");
    }
    let mut found = Vec::new();
    changes(&before, &after, "", &mut found);
    let short = |path: String| {
        path.replace(".spec.template.spec", "p")
            .replace(".spec.template.metadata.annotations", "T")
            .replace(".metadata.annotations", "S")
            .replace(".spec.template.metadata.labels", "TL")
            .replace(".metadata.labels", "SL")
    };
    found.into_iter().map(|(path, value)| (short(path), value)).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn flags_of_containers() {
    for (flags, expected) in [
        (&["--image=a/b:2"][..], json!({"p.app.image": "a/b:2"})),
        (
            &["--command=python,-m", "--args", "-x,y"],
            json!({"p.app.args": ["-x", "y"], "p.app.command": ["python", "-m"]}),
        ),
        (&["--command=", "--args="], json!({"p.app.args": null, "p.app.command": null})),
        (&["--workdir=/w"], json!({"p.app.workingDir": "/w"})),
        (&["--workdir="], json!({"p.app.workingDir": null})),
        (
            &["--cpu=2", "--memory=1Gi"],
            json!({"p.app.resources.limits.cpu": "2", "p.app.resources.limits.memory": "1Gi"}),
        ),
        (&["--cpu=1"], json!({})),
        (
            &["--port=3000"],
            json!({
                "p.app.ports": [{"name": "http1", "containerPort": 3000}], "p.app.startupProbe.tcpSocket.port": 3000,
            }),
        ),
        (&["--port=default"], json!({})),
        (&["--use-http2"], json!({"p.app.ports": [{"name": "h2c", "containerPort": 8080}]})),
        (&["--no-use-http2"], json!({})),
        (
            &["--gpu=1", "--gpu-type=nvidia-l4"],
            json!({
                "p.app.resources.limits.gpu": "1", "p.nodeSelector": {"run.googleapis.com/accelerator": "nvidia-l4"},
            }),
        ),
        (&["--no-gpu-zonal-redundancy"], json!({"T.gpu-zonal-redundancy-disabled": "true"})),
        (
            &["--set-env-vars=C=3"],
            json!({"p.app.env": [
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "1"}}}, {"name": "C", "value": "3"},
            ]}),
        ),
        (
            &["--update-env-vars=A=9", "--remove-env-vars=B"],
            json!({"p.app.env": [
                {"name": "A", "value": "9"}, {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "1"}}},
            ]}),
        ),
        (
            &["--clear-env-vars"],
            json!({"p.app.env": [
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "1"}}},
            ]}),
        ),
        (
            &["--update-secrets=T=token:latest", "--remove-secrets=S"],
            json!({"p.app.env": [
                {"name": "A", "value": "1"}, {"name": "B", "value": "2"},
                {"name": "T", "valueFrom": {"secretKeyRef": {"name": "token", "key": "latest"}}},
            ]}),
        ),
        (
            &["--clear-secrets"],
            json!({"p.app.env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
        ),
        (
            &["--startup-probe=httpGet.path=/h,periodSeconds=5"],
            json!({
                "p.app.startupProbe.httpGet": {"path": "/h"}, "p.app.startupProbe.periodSeconds": 5,
                "p.app.startupProbe.tcpSocket": null,
            }),
        ),
        (
            &["--startup-probe=", "--liveness-probe="],
            json!({"p.app.livenessProbe": null, "p.app.startupProbe": null}),
        ),
        (&["--readiness-probe=grpc.port=9"], json!({"p.app.readinessProbe": {"grpc": {"port": 9}}})),
        (
            &["--add-volume-mount=volume=v,mount-path=/w"],
            json!({
                "p.app.volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/w"}],
            }),
        ),
        (&["--clear-volume-mounts"], json!({"p.app.volumeMounts": null})),
        (&["--remove-volume-mount=/v"], json!({"p.app.volumeMounts": null})),
        (&["--depends-on=side"], json!({"T.container-dependencies": "{\"app\":[\"side\"]}"})),
        (&["--remove-containers=side"], json!({"p.side": null})),
    ] {
        assert_eq!(changed(flags), expected, "{flags:?}");
    }
}

#[test]
fn flags_of_services() {
    for (flags, expected) in [
        (&["--concurrency=10"][..], json!({"p.containerConcurrency": 10})),
        (&["--concurrency=default"], json!({"p.containerConcurrency": null})),
        (&["--timeout=1h"], json!({"p.timeoutSeconds": 3600})),
        (&["--timeout=5m"], json!({})),
        (&["--session-affinity"], json!({"T.sessionAffinity": "true"})),
        (&["--cpu-throttling"], json!({"T.cpu-throttling": "true"})),
        (
            &["--no-cpu-throttling", "--no-cpu-boost"],
            json!({"T.cpu-throttling": "false", "T.startup-cpu-boost": "false"}),
        ),
        (&["--no-cpu-boost", "--cpu-boost"], json!({"T.startup-cpu-boost": "true"})),
        (&["--no-deploy-health-check"], json!({"T.health-check-disabled": "true"})),
        (&["--min-instances=1", "--max-instances=7"], json!({"T.minScale": "1", "T.maxScale": "7"})),
        (&["--min-instances=0", "--max-instances=default"], json!({"T.minScale": null, "T.maxScale": null})),
        (&["--min=3", "--max=default"], json!({"S.minScale": "3", "S.maxScale": null})),
        (
            &["--scaling=3"],
            json!({
                "S.manualInstanceCount": "3", "S.scalingMode": "manual", "S.maxScale": null, "S.minScale": null,
            }),
        ),
        (&["--scaling-cpu-target=0.5"], json!({"T.scaling-cpu-target": "0.5"})),
        (&["--ingress=internal"], json!({"S.ingress": "internal"})),
        (&["--no-default-url"], json!({"S.default-url-disabled": "true"})),
        (&["--no-invoker-iam-check"], json!({"S.invoker-iam-disabled": "true"})),
        (&["--iap"], json!({"S.iap-enabled": "true"})),
        (&["--no-iap", "--no-ssh"], json!({})),
        (&["--ssh"], json!({"S.ssh-enabled": "true"})),
        (&["--mesh=projects/p/m"], json!({"T.mesh": "projects/p/m"})),
        (&["--add-custom-audiences=b"], json!({"S.custom-audiences": "[\"a\",\"b\"]"})),
        (&["--set-custom-audiences=b,c"], json!({"S.custom-audiences": "[\"b\",\"c\"]"})),
        (&["--clear-custom-audiences"], json!({"S.custom-audiences": null})),
        (&["--service-account=new@p"], json!({"p.serviceAccountName": "new@p"})),
        (&["--service-account="], json!({"p.serviceAccountName": null})),
        (&["--execution-environment=gen2"], json!({"T.execution-environment": "gen2"})),
        (&["--clear-key"], json!({"T.encryption-key": null})),
        (
            &["--key=x", "--post-key-revocation-action-type=shut-down", "--encryption-key-shutdown-hours=5"],
            json!({
                "T.encryption-key": "x", "T.post-key-revocation-action-type": "shut-down",
                "T.encryption-key-shutdown-hours": "5",
            }),
        ),
        (
            &["--binary-authorization=default", "--breakglass=fire"],
            json!({
                "S.binary-authorization": "default", "S.binary-authorization-breakglass": "fire",
            }),
        ),
        (
            &["--network=n", "--subnet=s", "--network-tags=a,b"],
            json!({
                "T.network-interfaces": "[{\"network\":\"n\",\"subnetwork\":\"s\",\"tags\":[\"a\",\"b\"]}]",
            }),
        ),
        (
            &["--vpc-egress=all-traffic", "--vpc-connector=d"],
            json!({
                "T.vpc-access-connector": "d", "T.vpc-access-egress": "all-traffic",
            }),
        ),
        (&["--clear-vpc-connector"], json!({"T.vpc-access-connector": null})),
        (
            &["--add-cloudsql-instances=db"],
            json!({"T.cloudsql-instances": "p:r:old,my-project:us-central1:db"}),
        ),
        (&["--set-cloudsql-instances=p:eu:db"], json!({"T.cloudsql-instances": "p:eu:db"})),
        (&["--labels=team=x,env=y"], json!({"SL.team": "x", "SL.env": "y", "TL.team": "x", "TL.env": "y"})),
        (&["--update-labels=keep=2"], json!({"SL.keep": "2", "TL.keep": "2"})),
        (&["--clear-labels"], json!({"SL.keep": null, "TL": null})),
        (&["--update-annotations=k=v"], json!({"S.k": "v"})),
        (&["--description="], json!({"S.description": null})),
        (
            &["--add-volume=name=m,type=in-memory,size-limit=1Gi"],
            json!({"p.volumes": [
                {"name": "v", "emptyDir": {"medium": "Memory"}},
                {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
            ]}),
        ),
        (&["--remove-volume=v"], json!({"p.volumes": null, "p.app.volumeMounts": null})),
    ] {
        assert_eq!(changed(flags), expected, "{flags:?}");
    }
}

#[test]
fn volumes_of_every_type() {
    for (flag, volume) in [
        (
            "name=b,type=cloud-storage,bucket=k,readonly=true",
            json!({
                "name": "b",
                "csi": {"driver": "gcsfuse.run.googleapis.com", "readOnly": true, "volumeAttributes": {"bucketName": "k"}},
            }),
        ),
        (
            "name=b,type=cloud-storage,bucket=k,mount-options=uid=1;gid=2",
            json!({
                "name": "b",
                "csi": {
                    "driver": "gcsfuse.run.googleapis.com",
                    "volumeAttributes": {"bucketName": "k", "mountOptions": "uid=1,gid=2"},
                },
            }),
        ),
        (
            "name=n,type=nfs,location=10.0.0.1:/share",
            json!({"name": "n", "nfs": {"server": "10.0.0.1", "path": "/share"}}),
        ),
        (
            "name=d,type=ephemeral-disk,size-limit=10Gi",
            json!({"name": "d", "emptyDir": {"medium": "Disk", "sizeLimit": "10Gi"}}),
        ),
        (
            "name=s,type=secret,secret=token,version=3,path=file",
            json!({
                "name": "s", "secret": {"secretName": "token", "items": [{"key": "3", "path": "file"}]},
            }),
        ),
    ] {
        let after = edited(&[&format!("--add-volume={flag}")]).unwrap();
        assert_eq!(after["spec"]["template"]["spec"]["volumes"][1], volume, "{flag}");
    }
    let mounted = edited(&["--add-volume=name=m,type=in-memory,mount-path=/m"]).unwrap();
    let mounts = &mounted["spec"]["template"]["spec"]["containers"][0]["volumeMounts"];
    assert_eq!(mounts[1], json!({"name": "m", "mountPath": "/m"}));
}

#[test]
fn what_cannot_be_is_refused() {
    for (flags, message) in [
        (&["--set-env-vars=hunter2"][..], "--set-env-vars: each entry must look like KEY=VALUE"),
        (&["--set-env-vars=A=1", "--update-env-vars=B=1"], "cannot be used with"),
        (&["--update-env-vars=S=1"], "the variable `S` takes its value from a secret"),
        (&["--update-secrets=A=s:1"], "the variable `A` has a plain value"),
        (&["--update-secrets=T=token"], "--update-secrets: the secret `token` has no version"),
        (&["--env-vars-file=/no/such/file"], "--env-vars-file: /no/such/file: "),
        (&["--concurrency=many"], "`many` is neither a number nor `default`"),
        (&["--timeout=soon"], "`soon` is not a duration such as"),
        (&["--timeout=0"], "a request must be given a second at least"),
        (&["--scaling=x"], "`x` is neither a number nor `auto`"),
        (&["--memory=lots"], "lots"),
        (&["--startup-probe=path=/"], "--startup-probe: a probe has no setting `path`"),
        (
            &["--liveness-probe=periodSeconds=x"],
            "--liveness-probe: the setting `periodSeconds` is not a number",
        ),
        (&["--ingress=outside"], "invalid value 'outside'"),
        (&["--add-volume=type=nfs"], "--add-volume: a volume needs name="),
        (&["--add-volume=name=a,type=nfs"], "--add-volume: a volume of type nfs needs location="),
        (&["--add-volume=name=a,type=tape"], "--add-volume: there is no type `tape`"),
        (
            &["--add-volume=name=a,type=in-memory,bucket=b"],
            "--add-volume: a volume of type in-memory has no bucket=",
        ),
        (&["--add-volume-mount=volume=v"], "--add-volume-mount: a mount is volume=VOLUME,mount-path=PATH"),
        (&["--depends-on=nobody"], "nobody"),
        (&["--set-cloudsql-instances=eu:db"], "--set-cloudsql-instances: `eu:db` is not the name"),
    ] {
        let error = edited(flags).unwrap_err();
        assert!(error.contains(message), "{flags:?}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn no_flag_is_no_change() {
    let location = Location::new("my-project", "us-central1").unwrap();
    let flags = |typed: &[&str]| Command::try_parse_from(typed).unwrap().flags.edit(&location).unwrap();
    assert!(flags(&[]).is_empty());
    assert!(!flags(&["--remove-env-vars=X"]).is_empty());
}
