//! Bodies that do not end: each is one error, as soon as it is larger than it may be.

use run_api::types::Service;
use run_api::{AnswerLimits, Client, Endpoint, Error, ErrorKind, ListOptions, Location};

use super::headers::hello;
use super::server::{Answer, Server};

const LIMITS: AnswerLimits = AnswerLimits { object: 3_000, list: 9_000, failure: 2_000 };

/// A body without a length, of which this many bytes come, and then nothing for ever.
fn endless(status: u16, begin: &str, bytes: usize) -> Answer {
    let body = begin.to_owned() + &"x".repeat(bytes - begin.len());
    Answer::Stall(format!("HTTP/1.1 {status} X\r\nconnection: close\r\n\r\n{body}").into_bytes())
}

async fn client_of(answer: Answer, observed: bool) -> (Server, Client) {
    let server = Server::start(answer).await;
    let endpoint = Endpoint::emulator(&server.address.to_string()).expect("valid settings");
    let builder = Client::builder().endpoint(endpoint).ignore_environment().answer_limits(LIMITS);
    let builder = if observed { builder.observe(|_| ()) } else { builder };
    (server, builder.build().expect("valid settings"))
}

fn here() -> Location {
    Location::new("p", "us-central1").expect("a valid location")
}

fn assert_too_large(error: &Error, limit: usize) {
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Decode, Some(200)), "{error}");
    assert!(error.message().contains(&format!("larger than {limit} bytes")), "{error}");
    assert!(!error.is_retryable() && error.may_have_been_applied() && error.body() == Some(b""), "{error}");
}

#[tokio::test]
async fn an_endless_success_is_one_clear_error() {
    for observed in [false, true] {
        let (_server, client) = client_of(endless(200, r#"{"kind": ""#, 3_001), observed).await;
        assert_too_large(&client.get_service(&hello()).await.unwrap_err(), LIMITS.object);
        let created = client.create_service(&here(), &Service::default()).await;
        assert_too_large(&created.unwrap_err(), LIMITS.object);

        let (_server, client) = client_of(endless(200, r#"{"kind": ""#, 9_001), observed).await;
        let listed = client.list_services(&here(), &ListOptions::default()).await;
        assert_too_large(&listed.unwrap_err(), LIMITS.list);
    }
}

#[tokio::test]
async fn an_endless_failure_is_a_foreign_answer() {
    for (status, observed) in [(404, false), (404, true), (503, false)] {
        let begin = r#"{"error": {"code": 404, "status": "NOT_FOUND", "message": ""#;
        // An observer may see as much of it as of an object.
        let bytes = if observed { LIMITS.object } else { LIMITS.failure } + 1;
        let (_server, client) = client_of(endless(status, begin, bytes), observed).await;
        let error = client.get_service(&hello()).await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::Server, Some(status)), "{error}");
        assert!(error.is_foreign_answer() && !error.is_not_found(), "{error}");
    }
}

/// What arrives item by item may go on; an item may not, nor anything else that must be there whole.
#[tokio::test]
async fn a_list_may_be_larger_than_any_item_of_it() {
    let items: Vec<_> = (0..200).map(|at| format!(r#"{{"metadata": {{"name": "service-{at}"}}}}"#)).collect();
    let list = format!(r#"{{"kind": "ServiceList", "items": [{}]}}"#, items.join(", "));
    assert!(list.len() > LIMITS.object);
    let (_server, client) = client_of(Answer::json(200, &list), false).await;
    let mut services = client.items::<Service>(&here(), ListOptions::default());
    let mut seen = 0;
    while let Some(service) = services.next().await.unwrap() {
        assert!(service.metadata.is_some());
        seen += 1;
    }
    assert_eq!(seen, 200);

    for begin in [r#"{"items": [{"kind": ""#, r#"{"kind": ""#, r#"{"unreachable": [""#] {
        // As much as is collected at once.
        let (_server, client) = client_of(endless(200, begin, 40 * 1024), false).await;
        let mut services = client.items::<Service>(&here(), ListOptions::default());
        assert_too_large(&services.next().await.unwrap_err(), LIMITS.object);
        assert!(services.next().await.unwrap().is_none(), "it has ended");
    }
}
