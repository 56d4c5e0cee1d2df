use run_api::types::{Job, Service};
use serde_json::{Value, json};

use super::*;

fn service(value: Value) -> Service {
    serde_json::from_value(value).unwrap()
}

fn diff(live: Value, planned: Value, wanted: Value) -> String {
    Diff::between(&service(live), &service(planned), &service(wanted)).to_string()
}

fn pod(pod: Value) -> Value {
    json!({"spec": {"template": {"spec": pod}}})
}

#[test]
fn what_the_server_keeps_is_no_difference() {
    let live = json!({
        "metadata": {
            "name": "s", "namespace": "123", "uid": "u", "generation": 7, "resourceVersion": "r",
            "labels": {"cloud.googleapis.com/location": "l"},
            "annotations": {
                "serving.knative.dev/creator": "a", "serving.knative.dev/lastModifier": "b",
                "run.googleapis.com/operation-id": "1", "run.googleapis.com/client-name": "gcloud",
                "run-rs.dev/writes": "x", "run.googleapis.com/urls": "[]", "run.googleapis.com/iap-enabled": "True",
            },
        },
        "spec": {"template": {
            "metadata": {"name": "s-00007-abc", "labels": {"client.knative.dev/nonce": "n"}},
            "spec": {"containers": [{"image": "a", "resources": {"limits": {"cpu": "1000m"}}}]},
        }},
        "status": {"url": "https://x"},
    });
    let planned = json!({
        "metadata": {
            "name": "s", "namespace": "my-project", "generation": 8,
            "labels": {"cloud.googleapis.com/location": "l"},
            "annotations": {"run.googleapis.com/operation-id": "2", "run.googleapis.com/iap-enabled": "true"},
        },
        "spec": {"template": {
            "metadata": {}, "spec": {"volumes": [], "containers": [{"image": "a", "resources": {"limits": {"cpu": "1"}}}]},
        }},
    });
    assert_eq!(diff(live.clone(), planned.clone(), json!({})), "");
    let mut named = planned;
    named["spec"]["template"]["metadata"]["name"] = json!("s-v2");
    assert_eq!(
        diff(live, named.clone(), named),
        "~ spec.template.metadata.name: s-00007-abc → s-v2",
        "a name that is asked for counts"
    );
}

#[test]
fn things_with_names_go_by_them() {
    let live = pod(json!({
        "containers": [
            {"name": "a", "image": "1", "env": [{"name": "X", "value": "x"}, {"name": "Y", "value": "y"}]},
            {"name": "b", "image": "1", "volumeMounts": [{"mountPath": "/m", "name": "v"}]},
        ],
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
    }));
    let planned = pod(json!({
        "containers": [
            {"name": "b", "image": "2", "volumeMounts": [{"mountPath": "/n", "name": "v"}]},
            {"name": "a", "image": "1", "env": [{"name": "Y", "value": "z"}, {"name": "X", "value": "x"}], "args": ["p"]},
        ],
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1024Mi", "medium": "Memory"}}],
    }));
    assert_eq!(
        diff(live.clone(), planned, json!({})),
        "+ spec.template.spec.containers[a].args: (not shown)\n\
         ~ spec.template.spec.containers[a].env[Y].value (not shown)\n\
         ~ spec.template.spec.containers[b].image: 1 → 2\n\
         - spec.template.spec.containers[b].volumeMounts[/m]: {\"mountPath\":\"/m\",\"name\":\"v\"}\n\
         + spec.template.spec.containers[b].volumeMounts[/n]: {\"mountPath\":\"/n\",\"name\":\"v\"}\n\
         + spec.template.spec.volumes[v].emptyDir.medium: Memory"
    );
    let without = pod(json!({"containers": [{"name": "b", "image": "1"}], "volumes": []}));
    let text = diff(live, without, json!({}));
    assert!(text.starts_with("- spec.template.spec.containers[a]: (not shown)\n"), "{text}");
}

#[test]
fn things_without_names_go_by_their_places() {
    let traffic = |shares: &[(&str, i32)]| {
        let targets: Vec<_> =
            shares.iter().map(|(name, percent)| json!({"revisionName": name, "percent": percent})).collect();
        json!({"spec": {"traffic": targets}})
    };
    assert_eq!(
        diff(traffic(&[("a", 90), ("b", 10)]), traffic(&[("a", 100)]), json!({})),
        "~ spec.traffic[0].percent: 90 → 100\n- spec.traffic[1]: {\"percent\":10,\"revisionName\":\"b\"}"
    );
    let (unnamed, named) = (
        pod(json!({"containers": [{"image": "1"}]})),
        pod(json!({"containers": [{"name": "c", "image": "1"}]})),
    );
    assert_eq!(diff(unnamed, named, json!({})), "+ spec.template.spec.containers[0].name: c");
    let twice =
        pod(json!({"containers": [{"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}]}));
    let other =
        pod(json!({"containers": [{"env": [{"name": "A", "value": "2"}, {"name": "A", "value": "1"}]}]}));
    assert_ne!(
        diff(twice, other, json!({})),
        "",
        "of several of one name the last counts, so their order does"
    );
}

#[test]
fn other_kinds_are_compared_alike() {
    let job = |tasks: i32| -> Job {
        serde_json::from_value(json!({"spec": {"template": {"spec": {"taskCount": tasks}}}})).unwrap()
    };
    let diff = Diff::between(&job(1), &job(2), &job(2));
    assert_eq!(diff.changes().len(), 1);
    assert_eq!(diff.to_string(), "~ spec.template.spec.taskCount: 1 → 2");
    assert!(!diff.changes()[0].may_be_secret());
}

/// What is new or gone as a whole shows its fields, and no command line.
#[test]
fn an_object_that_is_not_there_yet() {
    let wanted = pod(
        json!({"containers": [{"name": "app", "image": "i", "args": ["--token=hunter2"]}], "timeoutSeconds": 60}),
    );
    let text = diff(json!({}), wanted.clone(), wanted.clone());
    assert_eq!(
        text,
        "+ spec.template.spec.containers[app]: (not shown)\n+ spec.template.spec.timeoutSeconds: 60"
    );
    let text = diff(wanted.clone(), json!({}), json!({}));
    assert!(text.starts_with("- spec.template.spec.containers[app]: (not shown)\n- "), "{text}");
}

mod replacing {
    use super::*;
    use crate::{MockCloudRun, Ops};
    use async_trait::async_trait;
    use run_api::{Location, ServiceRef};

    #[async_trait]
    impl DryRunApi<Service> for MockCloudRun {
        async fn dry_create(&self, _: &Location, object: &Service) -> Result<Service, run_api::Error> {
            Ok(object.clone())
        }
    }

    fn stored(image: &str) -> Service {
        service(json!({
            "metadata": {"name": "hello", "uid": "u", "generation": 1, "resourceVersion": "1"},
            "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
        }))
    }

    fn hello() -> ServiceRef {
        ServiceRef::new("my-project", "us-central1", "hello").unwrap()
    }

    /// A proxy gives the answer to the read before to the dry run.
    #[tokio::test(start_paused = true)]
    async fn no_difference_is_believed_of_another_answer() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().returning(|_| Ok(stored("old")));
        let mut looks = 0;
        api.services.expect_dry_replace().times(2).returning(move |_, body| {
            looks += 1;
            Ok(if looks == 1 { stored("old") } else { body.clone() })
        });
        api.services.expect_replace().once().returning(|_, body| {
            let mut answer = body.clone();
            let metadata = answer.metadata.as_mut().unwrap();
            (metadata.generation, metadata.resource_version) = (Some(2), Some("2".to_owned()));
            Ok(answer)
        });
        assert!(Ops::new(api).replace(&hello(), &stored("new")).await.unwrap().changed());
    }

    /// A passing fault of a dry run is none of its answers.
    #[tokio::test(start_paused = true)]
    async fn dry_runs_are_tried_again() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().returning(|_| Ok(stored("old")));
        let mut looks = 0;
        api.services.expect_dry_replace().times(2).returning(move |_, body| {
            looks += 1;
            if looks == 1 {
                Err(run_api::Error::from_status(503, "UNAVAILABLE", "passing"))
            } else {
                Ok(body.clone())
            }
        });
        assert!(!Ops::new(api).replace(&hello(), &stored("old")).await.unwrap().changed());
    }
}
