use super::*;
use crate::{Error, ErrorKind, MockCloudRun};
use serde_json::{Value, json};

const NOT_READY: &str = "Revision 'hello-2' is not ready and cannot serve traffic. Image 'a/b:2' not found.";

fn service(ready: Value, created: &str, desired: Value, observed: Value) -> Service {
    serde_json::from_value(json!({
        "metadata": {"name": "hello", "namespace": "7", "generation": 2},
        "spec": {"traffic": desired},
        "status": {
            "observedGeneration": 2,
            "conditions": [{"type": "ConfigurationsReady", "status": "True"}, ready],
            "latestCreatedRevisionName": created,
            "latestReadyRevisionName": "hello-1",
            "traffic": observed,
        },
    }))
    .unwrap()
}

fn ready(reason: &str, message: &str) -> Value {
    json!({"type": "Ready", "status": "False", "reason": reason, "message": message})
}

fn floating() -> Value {
    json!([{"latestRevision": true, "percent": 100}])
}

fn all_to_the_first() -> Value {
    json!([{"latestRevision": true, "revisionName": "hello-1", "percent": 100}])
}

fn revision(name: &str, status: &str, reason: &str, message: &str) -> Revision {
    let condition =
        |kind: &str| json!({"type": kind, "status": status, "reason": reason, "message": message});
    serde_json::from_value(json!({
        "metadata": {"name": name},
        "status": {"conditions": [condition("ContainerHealthy"), condition("Ready")], "logUrl": "https://logs"},
    }))
    .unwrap()
}

#[test]
fn a_failed_update_leaves_the_old_revision_serving() {
    let service = service(ready("RevisionFailed", NOT_READY), "hello-2", floating(), all_to_the_first());
    let failed = revision("hello-2", "False", "ContainerMissing", "Image 'a/b:2' not found.");
    let report = FailureReport::of(&service, Some(&failed)).unwrap();
    assert_eq!(report.diagnosis.cause, Cause::ImageMissing { image: Some("a/b:2".to_owned()) });
    assert!(report.left_behind.previous_serves);
    assert_eq!(report.left_behind.latest_waits, 100);
    assert_eq!(
        report.to_string(),
        "service `hello` failed: the image is not in its registry (a/b:2) [image-missing]\n\
         Ready (RevisionFailed): Revision 'hello-2' is not ready and cannot serve traffic. Image 'a/b:2' not found.\n\
         revision hello-2:\n  \
           Ready (ContainerMissing): Image 'a/b:2' not found.\n  \
           ContainerHealthy (ContainerMissing): Image 'a/b:2' not found.\n  \
           logs: https://logs\n\
         still serving: hello-1 100 %\n\
         the next revision that gets ready takes 100 %\n\
         hint: containers[].image: check the name and the tag: was the image pushed, and to this repository?"
    );
}

#[test]
fn without_the_revision_the_services_own_words_must_do() {
    let service = service(ready("RevisionFailed", NOT_READY), "hello-2", floating(), all_to_the_first());
    let report = FailureReport::of(&service, None).unwrap();
    assert_eq!((report.diagnosis.cause.code(), report.revision), ("image-missing", None));
}

// https://github.com/Lore-Hex/quill-router/issues/782
#[test]
fn failed_revision_in_spec() {
    // hello-3 is fine; the traffic still names hello-2 of the failed deployment before.
    let desired =
        json!([{"revisionName": "hello-1", "percent": 50}, {"revisionName": "hello-2", "percent": 50}]);
    let service = service(ready("RevisionFailed", NOT_READY), "hello-3", desired, all_to_the_first());
    assert_eq!(FailureReport::suspect(&service).as_deref(), Some("hello-2"));
    let report = FailureReport::of(&service, None).unwrap();
    assert_eq!(report.left_behind.unable_in_spec, ["hello-2"]);
    assert_eq!(report.left_behind.latest_waits, 0);
    assert_eq!(report.diagnosis.remedies.last(), Some(&Remedy::Repair));
}

#[test]
fn a_missing_revision_is_named() {
    let message = "Revision 'hello-9' does not exist or is deleted. Update all traffic to route …";
    let desired = json!([{"revisionName": "hello-9", "percent": 100}]);
    let service = service(ready("RevisionMissing", message), "hello-1", desired, all_to_the_first());
    let newest = revision("hello-1", "False", "HealthCheckContainerError", "of another time");
    let report = FailureReport::of(&service, Some(&newest)).unwrap();
    assert_eq!(report.diagnosis.cause, Cause::RevisionMissing { revision: Some("hello-9".to_owned()) });
    assert_eq!(report.revision, None, "it is not the suspect");
    assert_eq!(report.left_behind.unable_in_spec, ["hello-9"]);
}

#[test]
fn a_failed_revision_that_the_service_does_not_mind() {
    let fine = json!({"type": "Ready", "status": "True"});
    let pinned = json!([{"revisionName": "hello-1", "percent": 100}]);
    let service = service(fine, "hello-2", pinned.clone(), pinned);
    let failed =
        revision("hello-2", "False", "HealthCheckContainerError", "The container exited with code 7.");
    let report = FailureReport::of(&service, Some(&failed)).unwrap();
    assert_eq!(report.diagnosis.cause, Cause::ContainerExited { exit_code: Some(7) });
    assert!(report.left_behind.previous_serves && report.left_behind.unable_in_spec.is_empty());
}

#[test]
fn a_revision_that_was_seen_to_be_well_is_not_blamed() {
    let desired = json!([{"revisionName": "hello-2", "percent": 100}]);
    let service = service(ready("", "Something about the route."), "hello-2", desired, all_to_the_first());
    let well = revision("hello-2", "True", "", "");
    assert!(FailureReport::of(&service, Some(&well)).unwrap().left_behind.unable_in_spec.is_empty());
    assert_eq!(FailureReport::of(&service, None).unwrap().left_behind.unable_in_spec, ["hello-2"]);
}

// https://github.com/mishrasanjeev/agentic-org/issues/606
#[test]
fn a_retired_candidate_is_no_failure() {
    let fine = json!({"type": "Ready", "status": "True"});
    let pinned = json!([{"revisionName": "hello-1", "percent": 100}]);
    let service = service(fine, "hello-2", pinned.clone(), pinned);
    let mut retired = revision("hello-2", "True", "Retired", "");
    retired.status.as_mut().unwrap().conditions[0].status = Some("Unknown".to_owned());
    assert_eq!(FailureReport::of(&service, Some(&retired)), None);
}

#[test]
fn what_is_not_about_this_generation_is_no_failure() {
    let mut stale = service(ready("RevisionFailed", NOT_READY), "hello-2", floating(), all_to_the_first());
    stale.status.as_mut().unwrap().observed_generation = Some(1);
    assert_eq!(FailureReport::of(&stale, None), None);
    let deploying = json!({"type": "Ready", "status": "Unknown"});
    assert_eq!(FailureReport::of(&service(deploying, "hello-2", floating(), json!([])), None), None);
}

#[test]
fn after_a_failed_first_deployment_nothing_serves() {
    let mut first = service(ready("RevisionFailed", NOT_READY), "hello-2", floating(), json!([]));
    // Seen: the failing revision as the latest ready one.
    first.status.as_mut().unwrap().latest_ready_revision_name = Some("hello-2".to_owned());
    let report = FailureReport::of(&first, None).unwrap();
    assert!(!report.left_behind.previous_serves);
    assert!(report.to_string().contains("\nnothing serves\n"), "{report}");
}

#[test]
fn the_table_of_codes_is_whole() {
    let source = include_str!("cause.rs");
    let codes: Vec<&str> =
        source.lines().filter_map(|line| line.strip_prefix("/// | `")?.split('`').next()).collect();
    let mut unique = codes.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), codes.len());
    // Each code stands in the table, above its variant, and where it is given out.
    for code in codes {
        assert!(source.contains(&format!("    /// `{code}`")), "{code} has no variant");
        assert!(source.contains(&format!("(\"{code}\", ")), "{code} is never given out");
    }
}

#[tokio::test]
async fn a_revision_that_cannot_be_read_does_not_spoil_the_report() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| {
        Ok(service(ready("RevisionFailed", NOT_READY), "hello-2", floating(), all_to_the_first()))
    });
    api.revisions
        .expect_get()
        .once()
        .withf(|revision| revision.name.as_str() == "hello-2")
        .returning(|_| Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "no")));
    let hello = ServiceRef::new("p", "us-central1", "hello").unwrap();
    let report = Ops::new(api).failure_report(&hello).await.unwrap().unwrap();
    assert_eq!(report.diagnosis.cause.code(), "image-missing");
}

#[test]
fn percentages_out_of_all_bounds_do_no_harm() {
    let targets = || json!([{"revisionName": "hello-1", "percent": i32::MAX}, {"revisionName": "hello-1", "percent": 1}, {"percent": i32::MAX}, {"percent": 2}]);
    let ready = json!({"type": "Ready", "status": "False", "message": "m"});
    let service = service(ready, "hello-2", targets(), targets());
    assert!(!FailureReport::of(&service, None).unwrap().left_behind.previous_serves);
}

#[test]
fn what_an_operation_ended_with() {
    use run_api::Error as Api;
    let lost = || Api::from_kind(run_api::ErrorKind::Timeout, "").with_operation("replace_service");
    for (error, expected) in [
        (Error::new(ErrorKind::Deadline, ""), vec![Remedy::WaitLonger]),
        (Error::new(ErrorKind::Deadline, "").with_api(lost()), vec![Remedy::WaitLonger]),
        (Error::new(ErrorKind::Superseded, ""), vec![Remedy::FindWriter]),
        (Error::new(ErrorKind::Contended, ""), vec![Remedy::FindWriter]),
        (
            Error::new(ErrorKind::Contended, "").with_api(Api::from_status(409, "ABORTED", "")),
            vec![Remedy::FindWriter, Remedy::RepeatUpdate],
        ),
        (Error::new(ErrorKind::OutcomeUnknown, ""), vec![Remedy::Compare]),
        (Error::new(ErrorKind::OutcomeUnknown, "").with_api(lost()), vec![Remedy::Compare]),
        (Error::new(ErrorKind::AlreadyExists, ""), vec![Remedy::UpdateOrRename]),
        (Error::new(ErrorKind::Failed, "Mystery"), vec![Remedy::ReadLogs]),
        (Error::new(ErrorKind::Gone, ""), vec![]),
        (Error::new(ErrorKind::Cancelled, ""), vec![]),
        (Error::new(ErrorKind::Unexpected, ""), vec![]),
        (Error::invalid("no"), vec![]),
        (Error::invalid("no").with_remedy(Remedy::ListRevisions), vec![Remedy::ListRevisions]),
        (Error::from(Api::invalid_input("x")), vec![]),
        (Error::from(Api::from_kind(run_api::ErrorKind::Credentials, "")), vec![Remedy::SignIn]),
        (
            Error::from(Api::from_status(400, "FAILED_PRECONDITION", ""))
                .with_remedy(Remedy::AskOrganisation),
            vec![Remedy::AskOrganisation],
        ),
    ] {
        assert_eq!(error.remedies(), expected, "{error:?}");
    }
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/182
#[test]
fn act_as_denied_names_role_and_account() {
    let message = "Permission 'iam.serviceaccounts.actAs' denied on service account run@p.iam.gserviceaccount.com (or it may not exist).";
    let error = Error::from(run_api::Error::from_status(403, "PERMISSION_DENIED", message));
    let diagnosis = Diagnosis::of_error(&error).unwrap();
    assert_eq!(
        diagnosis.to_string(),
        "the caller may not deploy as the service account (run@p.iam.gserviceaccount.com) [act-as-denied]\n\
         hint: grant roles/iam.serviceAccountUser on run@p.iam.gserviceaccount.com to the caller\n\
         hint: serviceAccountName: use an account that the caller may act as"
    );
}

#[test]
fn only_a_write_may_have_been_applied() {
    for (operation, doubt) in [("get_service", false), ("replace_service", true)] {
        let error = run_api::Error::from_status(503, "UNAVAILABLE", "").with_operation(operation);
        assert_eq!(Error::from(error).remedies() == [Remedy::Compare], doubt, "{operation}");
    }
}

#[test]
fn the_server_says_how_long_to_wait() {
    let wait = std::time::Duration::from_secs(30);
    let error = run_api::Error::from_status(429, "RESOURCE_EXHAUSTED", "").with_retry_after(wait);
    assert_eq!(Error::from(error).remedies(), [Remedy::SlowDown { wait: Some(wait) }]);
}
