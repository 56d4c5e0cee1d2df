//! Successes that are not what was asked for are not believed.

use run_api::types::{Policy, Service};
use run_api::{Error, ErrorKind, ListOptions, Location, WriteOptions};

use super::headers::hello;
use super::server::{ANYTHING, Answer, Server};

const ENVELOPE: &str = r#"{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no, no"}}"#;
const OTHER_LIST: &str = r#"{"kind": "RevisionList", "metadata": {}, "items": []}"#;
const OTHER_NAME: &str = r#"{"metadata": {"name": "other", "uid": "u"}}"#;

/// What comes of each kind of request when this is the answer.
async fn outcomes(body: &str) -> Vec<(&'static str, Option<Error>)> {
    let server = Server::start(Answer::json(200, body)).await;
    let client = server.client();
    let here = Location::new("p", "us-central1").expect("a location");
    let (options, hello, job) = (ListOptions::default(), hello(), here.job("nightly").expect("a job"));
    let mut service = Service::default();
    service.metadata.get_or_insert_default().name = Some("hello".to_owned());
    let mut items = client.items::<Service>(&here, ListOptions::default());
    vec![
        ("get", client.get_service(&hello).await.err()),
        ("create", client.create_service(&here, &service).await.err()),
        ("replace", client.replace_service(&hello, &service).await.err()),
        ("run", client.run_job(&job, None).await.err()),
        ("get policy", client.get_service_iam_policy(&hello).await.err()),
        ("set policy", client.set_service_iam_policy(&hello, Policy::default()).await.err()),
        ("test", client.test_service_iam_permissions(&hello, &["p"]).await.err()),
        ("list", client.list_services(&here, &options).await.err()),
        ("list all", client.list_all::<Service>(&here, ListOptions::default()).await.err()),
        ("items", items.next().await.err()),
        ("delete", client.delete_service(&hello).await.err()),
        ("try", client.replace(&hello, &service, &WriteOptions::dry_run()).await.err()),
    ]
}

#[tokio::test]
async fn a_success_is_only_believed_if_it_is_what_was_asked_for() {
    let lists = ["list", "list all", "items"];
    let objects = ["get", "create", "replace", "run"];
    let policies = ["get policy", "set policy"];
    for (body, believed, refused) in [
        (ANYTHING, [&objects[..], &policies, &lists, &["test", "delete", "try"]].concat(), vec![]),
        (
            "{}",
            vec!["test", "list", "list all", "items", "delete", "try"],
            [&objects[..], &policies].concat(),
        ),
        (OTHER_NAME, vec!["run", "delete"], [&["get", "create", "replace"][..], &policies].concat()),
        (OTHER_LIST, vec!["test"], [&objects[..], &policies, &lists].concat()),
        (ENVELOPE, vec![], [&objects[..], &policies, &lists, &["test", "delete", "try"]].concat()),
    ] {
        for (what, error) in outcomes(body).await {
            assert!(!(believed.contains(&what) && error.is_some()), "{what} of {body}: {error:?}");
            assert!(!(refused.contains(&what) && error.is_none()), "{what} of {body} is believed");
            // A write may have been applied: what the answer says does not count.
            let doubted = |error: &Error| error.kind() == ErrorKind::Decode && error.may_have_been_applied();
            assert!(error.as_ref().is_none_or(doubted), "{what} of {body}: {error:?}");
        }
    }
}

#[tokio::test]
async fn an_error_in_a_success_is_told_in_its_own_words() {
    let server = Server::start(Answer::json(200, ENVELOPE)).await;
    let error = server.client().get_service(&hello()).await.unwrap_err();
    assert!(error.to_string().ends_with("the answer is a success and holds an error: no, no"), "{error}");
    assert!(!error.is_permission_denied() && error.is_foreign_answer(), "{error}");
}
