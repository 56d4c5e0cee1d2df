use super::*;
use crate::{MockCloudRun, ServiceEdit, new_service};
use serde_json::{Value, json};

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

fn object() -> Service {
    new_service(&hello(), "docker.io/a/b:1")
}

fn with(mut service: Service, edit: impl FnOnce(&mut Service)) -> Service {
    edit(&mut service);
    service
}

fn with_traffic(service: Service, traffic: Value) -> Service {
    with(service, |service| {
        service.spec.as_mut().unwrap().traffic = serde_json::from_value(traffic).unwrap();
    })
}

fn codes(
    request: PreflightRequest,
    current: Option<&Service>,
    states: &[(&str, RevisionState)],
) -> Vec<&'static str> {
    let states = states.iter().map(|(name, state)| ((*name).to_owned(), state.clone())).collect();
    let report = Preflight::of(&hello(), &request, current, &states, &Permissions::new());
    report.findings.iter().map(Finding::code).collect()
}

#[test]
fn what_the_object_tells() {
    let annotated = |key: &str, stage: Option<&str>| {
        with(object(), |service| {
            service
                .template_mut()
                .metadata
                .get_or_insert_default()
                .annotations
                .insert(key.to_owned(), "x".to_owned());
            let annotations = &mut service.metadata.as_mut().unwrap().annotations;
            annotations
                .extend(stage.map(|stage| ("run.googleapis.com/launch-stage".to_owned(), stage.to_owned())));
        })
    };
    let named = |name: &str| {
        with(object(), |service| {
            service.template_mut().metadata.get_or_insert_default().name = Some(name.to_owned());
        })
    };
    let image = |image: &str| {
        with(object(), |service| {
            service.set_image(image);
        })
    };
    let env = |name: &str| {
        with(object(), |service| {
            service.set_env(name, "x");
        })
    };
    let sidecar = with(object(), |service| {
        let containers = &mut service.template_mut().spec.as_mut().unwrap().containers;
        let ports =
            serde_json::from_value(json!({"image": "a/b", "ports": [{"containerPort": 80}]})).unwrap();
        containers[0].env = serde_json::from_value(json!([{"name": "PORT", "value": "1"}])).unwrap();
        containers.push(ports);
    });
    for (service, expected) in [
        (object(), &[][..]),
        (env("PORT"), &["reserved-env"]),
        (env("K_SERVICE"), &["reserved-env"]),
        (env("CLOUD_RUN_JOB"), &["reserved-env"]),
        (env("PORTS"), &[]),
        (sidecar, &[]),
        (image("quay.io/a/b"), &["image-host"]),
        (image("ghcr.io/a/b"), &[]),
        (image("localhost/a"), &["image-host"]),
        (image("europe-docker.pkg.dev/p/r/i@sha256:0"), &[]),
        (image("eu.gcr.io/p/i"), &[]),
        (image("nginx"), &[]),
        (image("library/nginx:1.0"), &[]),
        (named("hello-v1"), &[]),
        (named("hello-"), &["revision-name-invalid"]),
        (named("other-v1"), &["revision-name-invalid"]),
        (named("hello-V1"), &["revision-name-invalid"]),
        (annotated("run.googleapis.com/mesh", None), &["launch-stage"]),
        (annotated("run.googleapis.com/mesh", Some("BETA")), &[]),
        (annotated("run.googleapis.com/cpu-throttling", None), &[]),
        (with_traffic(object(), json!([{"latestRevision": true, "percent": 99}])), &["traffic-invalid"]),
    ] {
        assert_eq!(codes(PreflightRequest::new(service.clone()), None, &[]), expected, "{service:?}");
    }
}

// https://github.com/fullsend-ai/fullsend/issues/6945
#[test]
fn pinned_traffic() {
    let current = with_traffic(object(), json!([{"revisionName": "hello-1", "percent": 100}]));
    let next = with(current.clone(), |service| {
        service.set_image("docker.io/a/b:2");
    });
    let request = PreflightRequest::new(next.clone());
    assert_eq!(codes(request.clone(), Some(&current), &[]), ["traffic-pinned"]);
    assert!(codes(request.without_traffic(), Some(&current), &[]).is_empty(), "it is meant so");
    assert!(
        codes(PreflightRequest::new(current.clone()), Some(&current), &[]).is_empty(),
        "no revision is made"
    );
    let promoted = with_traffic(
        with(next, |service| {
            service.set_revision_suffix("2");
        }),
        json!([{"revisionName": "hello-2", "percent": 100}]),
    );
    let missing = [("hello-2", RevisionState::Missing)];
    assert!(
        codes(PreflightRequest::new(promoted), Some(&current), &missing).is_empty(),
        "the new one is named"
    );
}

// https://github.com/google/exposure-notifications-server/issues/360
#[test]
fn first_deploy_no_traffic() {
    let request = PreflightRequest::new(object()).without_traffic();
    assert_eq!(codes(request.clone(), None, &[]), ["first-deploy-no-traffic"]);
    assert!(codes(request, Some(&object()), &[]).is_empty());
}

#[test]
fn names_that_are_taken_and_traffic_that_cannot_be() {
    let named = with(object(), |service| {
        service.set_revision_suffix("v1");
    });
    let there = [("hello-v1", RevisionState::Able)];
    let request = PreflightRequest::new(named.clone());
    assert_eq!(codes(request.clone(), Some(&object()), &there), ["revision-name-taken"]);
    assert!(codes(request, Some(&named), &there).is_empty(), "it is the present one's");

    let traffic =
        json!([{"revisionName": "hello-9", "percent": 40}, {"latestRevision": true, "percent": 60}]);
    let request = PreflightRequest::new(with_traffic(object(), traffic));
    let missing = [("hello-9", RevisionState::Missing)];
    assert_eq!(codes(request.clone(), Some(&object()), &missing), ["traffic-unable"]);
    assert!(codes(request, Some(&object()), &[("hello-9", RevisionState::Deploying)]).is_empty());

    let deleted = with(object(), |service| {
        service.metadata.as_mut().unwrap().deletion_timestamp = Some("2026-01-01T00:00:00Z".to_owned());
    });
    assert_eq!(codes(PreflightRequest::new(object()), Some(&deleted), &[]), ["being-deleted"]);
}

fn denied() -> run_api::Error {
    run_api::Error::from_status(
        403,
        "PERMISSION_DENIED",
        "Permission 'run.services.get' denied on resource …",
    )
}

// https://github.com/BasedHardware/omi/issues/11103
#[tokio::test]
async fn describe_403_is_not_missing() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| Err(denied()));
    api.services
        .expect_test_iam_permissions()
        .once()
        .withf(|_, asked| asked == ["run.services.update"])
        .returning(|_, _| Ok(Vec::new()));
    let request = PreflightRequest::new(object()).without_traffic();
    let report = Ops::new(api).preflight(&hello(), &request).await.unwrap();
    assert_eq!(report.exists, None);
    assert!(report.blocks());
    assert_eq!(
        report.to_string(),
        "service `hello`:\n\
         blocks: the caller lacks run.services.get [missing-permission]\n  \
           hint: grant roles/run.viewer on the service or its project to the caller\n\
         blocks: the caller lacks run.services.update [missing-permission]\n  \
           hint: grant roles/run.developer on the service or its project to the caller"
    );
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/473
#[tokio::test]
async fn public_not_public() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| Ok(object()));
    api.services.expect_test_iam_permissions().once().returning(|_, asked| {
        Ok(asked.iter().filter(|name| !name.contains("setIam")).map(ToString::to_string).collect())
    });
    let request = PreflightRequest::new(object()).setting_policy();
    let report = Ops::new(api).preflight(&hello(), &request).await.unwrap();
    let missing =
        Finding::MissingPermission { permission: "run.services.setIamPolicy", role: Some("roles/run.admin") };
    assert_eq!(report.findings, [missing]);
}

#[tokio::test]
async fn a_question_that_is_refused_is_a_warning() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| Err(run_api::Error::from_status(404, "NOT_FOUND", "no")));
    api.services.expect_test_iam_permissions().times(2).returning(|_, asked| match asked {
        ["run.services.create"] => {
            Err(run_api::Error::from_status(400, "INVALID_ARGUMENT", "not valid here"))
        }
        asked => Ok(asked.iter().map(ToString::to_string).collect()),
    });
    let report = Ops::new(api).preflight(&hello(), &PreflightRequest::new(object())).await.unwrap();
    assert_eq!(report.findings, [Finding::PermissionUnknown { permission: "run.services.create" }]);
    assert!(!report.blocks());
}

#[tokio::test]
async fn revisions_that_may_not_be_read_are_a_finding() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| Ok(object()));
    api.services
        .expect_test_iam_permissions()
        .returning(|_, asked| Ok(asked.iter().map(ToString::to_string).collect()));
    api.revisions.expect_get().once().returning(|_| Err(denied()));
    let desired = with_traffic(object(), json!([{"revisionName": "hello-1", "percent": 100}]));
    let report = Ops::new(api).preflight(&hello(), &PreflightRequest::new(desired)).await.unwrap();
    assert_eq!(report.findings, [Finding::missing("run.revisions.get")]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_not_taken_for_an_answer() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().returning(|_| Err(run_api::Error::from_status(503, "UNAVAILABLE", "busy")));
    assert!(Ops::new(api).preflight(&hello(), &PreflightRequest::new(object())).await.is_err());
}
