//! What becomes of answers that are failures, broken, or none at all.

use std::error::Error as _;
use std::time::Duration;

use run_api::types::Job;
use run_api::{Client, Credentials, Endpoint, Error, ErrorKind, Location};
use tokio::net::TcpListener;

use super::headers::hello;
use super::server::{Answer, Server};

/// What every message here starts with.
const ABOUT: &str = "get_service projects/my-project/locations/us-central1/services/hello: ";

async fn error_of(answer: Answer) -> Error {
    let server = Server::start(answer).await;
    let error = server.client().get_service(&hello()).await.expect_err("an error");
    assert_eq!(error.operation(), Some("get_service"));
    assert_eq!(error.resource(), Some("projects/my-project/locations/us-central1/services/hello"));
    assert_eq!(server.received().len(), 1, "nothing is sent twice");
    error
}

fn message(error: &Error) -> String {
    error.to_string().strip_prefix(ABOUT).unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[tokio::test]
async fn the_present_shape() {
    let error = error_of(Answer::json(
        400,
        r#"{"error": {"code": 400, "message": "The request has errors", "status": "INVALID_ARGUMENT", "details": [
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [
                {"field": "spec.template.spec.containers[0].env", "description": "PORT is reserved."}]}]}}"#,
    ))
    .await;
    assert!(error.is_invalid_argument() && !error.is_retryable() && !error.may_have_been_applied());
    assert_eq!(error.field_violations()[0].field, "spec.template.spec.containers[0].env");
    assert_eq!(
        message(&error),
        "INVALID_ARGUMENT (400): The request has errors; spec.template.spec.containers[0].env: PORT is reserved."
    );
}

#[tokio::test]
async fn the_older_shape() {
    let error = error_of(Answer::json(
        403,
        r#"{"error": {"code": 403, "message": "Permission 'run.services.get' denied.",
            "errors": [{"message": "…", "domain": "global", "reason": "forbidden"}]}}"#,
    ))
    .await;
    assert!(error.is_permission_denied());
    assert_eq!((error.status(), error.reason()), (Some("PERMISSION_DENIED"), Some("forbidden")));
    assert_eq!(message(&error), "PERMISSION_DENIED (403): Permission 'run.services.get' denied.");
}

#[tokio::test]
async fn pages_of_something_else_are_never_not_found() {
    let page = "<!DOCTYPE html>\n<title>Error 404 (Not Found)!!1</title>";
    let error = error_of(Answer::with(404, &[("content-type", "text/html")], page)).await;
    assert!(error.is_foreign_answer() && !error.is_not_found() && !error.is_retryable());
    assert_eq!(
        message(&error),
        "HTTP 404: the answer is not one of the API: <!DOCTYPE html> <title>Error 404 (Not Found)!!1</title>"
    );
    assert_eq!(error.body(), Some(page.as_bytes()));

    let error = error_of(Answer::with(502, &[("content-type", "text/html")], "<h1>Bad Gateway</h1>")).await;
    assert!(error.is_foreign_answer() && error.is_unavailable() && error.is_retryable());
    assert!(error.may_have_been_applied());
    assert_eq!(message(&error), "HTTP 502: the answer is not one of the API: <h1>Bad Gateway</h1>");
}

#[tokio::test]
async fn empty_bodies() {
    let error = error_of(Answer::with(503, &[], "")).await;
    assert!(error.is_unavailable() && error.is_foreign_answer());
    assert_eq!(message(&error), "HTTP 503: the answer is not one of the API: (empty)");

    for status in [200, 204] {
        let error = error_of(Answer::with(status, &[], "")).await;
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::Decode, Some(status)));
        assert!(message(&error).ends_with(": (empty)"), "{error}");
    }
}

#[tokio::test]
async fn a_success_that_is_not_json_keeps_its_status_and_body() {
    let error = error_of(Answer::with(200, &[], "<html>Log in to the Wi-Fi</html>")).await;
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Decode, Some(200)));
    assert!(error.is_foreign_answer() && error.may_have_been_applied());
    assert_eq!(
        message(&error),
        "HTTP 200: the answer's body cannot be read: expected value at line 1 column 1: <html>Log in to the \
         Wi-Fi</html>"
    );
    assert_eq!(error.body(), Some(&b"<html>Log in to the Wi-Fi</html>"[..]));
}

#[tokio::test]
async fn json_of_another_shape_is_not_quoted() {
    let secret = r#"{"spec": {"template": {"spec": {"containers": [{"env": [{"name": "K", "value": "hunter2"}]}]}}},
        "metadata": {"generation": [7]}}"#;
    let error = error_of(Answer::json(200, secret)).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(message(&error).contains("invalid type: sequence, expected i32"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"kind\":";
    let error = error_of(Answer::Bytes(head.as_bytes().to_vec())).await;
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Transport, None));
    assert!(error.is_retryable() && error.may_have_been_applied());
    let text = message(&error);
    assert!(text.contains("broke before the answer was complete: "), "{text}");

    for (status, kind) in [
        (503, ErrorKind::Server),
        (429, ErrorKind::Server),
        (404, ErrorKind::Transport),
        (409, ErrorKind::Transport),
    ] {
        let head = head.replace("200", &status.to_string());
        let error = error_of(Answer::Bytes(head.into_bytes())).await;
        assert_eq!(error.kind(), kind, "a {status} that only its body would explain: {error}");
        assert_eq!(error.http_status(), (kind == ErrorKind::Server).then_some(status));
    }
}

#[tokio::test]
async fn no_answer_at_all() {
    let resets =
        [Answer::Reset, Answer::Bytes(Vec::new()), Answer::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())];
    for answer in resets {
        let error = error_of(answer).await;
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::Transport, None), "{error}");
        assert!(error.is_retryable() && error.may_have_been_applied());
        assert!(message(&error).starts_with("the connection to http://127.0.0.1:"), "{error}");
        assert!(error.source().is_some());
    }
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = Client::builder().endpoint(Endpoint::emulator(&address).unwrap()).build().unwrap();
    let error = client.get_service(&hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_retryable() && !error.may_have_been_applied());
    assert!(message(&error).starts_with(&format!("no connection to http://{address}: ")), "{error}");
}

/// The other end speaks no TLS, which lasts; or breaks the handshake off, which may pass.
#[tokio::test]
async fn a_handshake_that_fails() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let plain: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    for (answer, kind) in [(plain, ErrorKind::Unreachable), (b"", ErrorKind::Connect)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _hello = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(answer).await.unwrap();
        });
        let client = Client::builder()
            .endpoint(Endpoint::fixed(&base).unwrap())
            .credentials(Credentials::anonymous())
            .build()
            .unwrap();
        let error = client.get_service(&hello()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.is_retryable(), kind == ErrorKind::Connect, "{error}");
        assert!(!error.may_have_been_applied());
        assert!(message(&error).starts_with(&format!("no connection to {base}: ")), "{error}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_timeout_before_and_in_the_answer() {
    for sent in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let server = Server::start(Answer::Stall(sent.as_bytes().to_vec())).await;
        let client = Client::builder()
            .endpoint(Endpoint::fixed(&server.url()).unwrap())
            .credentials(Credentials::anonymous())
            .request_timeout(Duration::from_millis(30))
            .build()
            .unwrap();
        let error = client.get_service(&hello()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.is_deadline_exceeded() && error.is_retryable() && error.may_have_been_applied());
        assert!(message(&error).starts_with(&format!("no answer from {} in time", server.url())), "{error}");
    }
}

#[tokio::test]
async fn retry_after_is_passed_on() {
    let body = r#"{"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}"#;
    let error = error_of(Answer::with(429, &[("retry-after", "17")], body)).await;
    assert!(error.is_rate_limited() && error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
    assert_eq!(error_of(Answer::json(429, body)).await.retry_after(), None);
}

#[tokio::test]
async fn lists_and_creations_name_what_they_are_about() {
    let server = Server::start(Answer::with(500, &[], "")).await;
    let client = server.client();
    let here = Location::new("my-project", "us-central1").unwrap();
    let about = |error: Error| error.to_string().split(": ").next().unwrap_or_default().to_owned();

    let error = client.list_jobs(&here, &Default::default()).await.unwrap_err();
    assert_eq!(about(error), "list_jobs projects/my-project/locations/us-central1");
    let error = client.list::<Job>(&here.project, &Default::default()).await.unwrap_err();
    assert_eq!(about(error), "list_jobs projects/my-project");
    let error = client.create_worker_pool(&here, &Default::default()).await.unwrap_err();
    assert_eq!(about(error), "create_worker_pool projects/my-project/locations/us-central1");
    let named = serde_json::from_str(r#"{"metadata": {"name": "w"}}"#).unwrap();
    let error = client.create_worker_pool(&here, &named).await.unwrap_err();
    assert_eq!(about(error), "create_worker_pool projects/my-project/locations/us-central1/workerpools/w");
}
