//! HTTP/2 without TLS: from clients, and to programs that speak it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::program::{app, container, environment, world};
use crate::support::{Lines, SERVICES, World, bounded, hello, host_of, is, url};

/// A program that speaks HTTP/2 alone, behind a port whose name says so.
fn h2c() -> Value {
    let mut object = app("h2c");
    container(&mut object)["ports"] = json!([{"name": "h2c"}]);
    object
}

/// A request by a client that speaks HTTP/2 without having asked, as gRPC's do.
async fn send(world: &World, host: &str, path: &str, body: Bytes) -> Response<Incoming> {
    let stream = TcpStream::connect(world.emulator.addr()).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("http://{host}{path}")).header("te", "trailers");
    bounded(sender.send_request(request.body(Full::new(body)).unwrap())).await.unwrap()
}

async fn json_of(answer: Response<Incoming>) -> Value {
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// Knative's conformance tests on the real service, 2022: `TestProtocols/h2c`.
#[tokio::test]
async fn a_program_whose_port_is_named_h2c_is_spoken_to_in_http_2() {
    let world = world(&Lines::default(), |builder| builder).await;
    let service = world.create_settled(&h2c()).await;
    assert_eq!(is(&service, "Ready"), "True", "{service}");
    let host = host_of(&url(&service)).to_owned();
    let seen = world.send(&host, "GET", "/headers?a=b", b"").await.object();
    assert_eq!(seen["version"], "HTTP/2.0");
    assert_eq!(seen["target"], format!("http://{host}/headers?a=b"));
    assert_eq!(seen["headers"]["x-forwarded-proto"], "http");
    // HTTP/1 goes on where the port is not named so.
    let service = world
        .update_settled("app", |service| {
            let container = container(service);
            container["env"] = environment("");
            container["ports"] = json!([{"name": "http1"}]);
        })
        .await;
    let seen = world.send(host_of(&url(&service)), "GET", "/headers", b"").await.object();
    assert_eq!(seen["version"], "HTTP/1.1");
    let seen = json_of(send(&world, &host, "/headers", Bytes::new()).await).await;
    assert_eq!((&seen["version"], &seen["headers"]["host"]), (&json!("HTTP/1.1"), &json!(host)));
}

/// What servers of gRPC need: messages both ways, `te`, and the status in trailers.
#[tokio::test]
async fn trailers_go_through() {
    let world = world(&Lines::default(), |builder| builder).await;
    let service = world.create_settled(&h2c()).await;
    let host = host_of(&url(&service)).to_owned();
    let seen = json_of(send(&world, &host, "/headers", Bytes::new()).await).await;
    assert_eq!(seen["headers"]["te"], "trailers");
    let answer = send(&world, &host, "/grpc/Method", Bytes::from_static(b"message")).await;
    assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), "message");
}

/// Documented: the limit of 32 MiB is one of HTTP/1.
#[tokio::test]
async fn a_body_to_http_2_may_be_longer() {
    let world = world(&Lines::default(), |builder| builder).await;
    let service = world.create_settled(&h2c()).await;
    let length = 33 * 1024 * 1024;
    let answer = send(&world, host_of(&url(&service)), "/length", vec![0; length].into()).await;
    assert_eq!(json_of(answer).await, json!(length));
}

#[tokio::test]
async fn the_api_understands_it() {
    let world = World::start().await;
    let body = Bytes::from(hello("hello").to_string());
    let answer = send(&world, "us-central1-run.googleapis.com", SERVICES, body).await;
    assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));
    assert_eq!(json_of(answer).await["metadata"]["name"], "hello");
    let answer = send(&world, "evil.example.com", SERVICES, Bytes::new()).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "the host is looked at as in HTTP/1");
}
