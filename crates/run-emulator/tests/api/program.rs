//! This very test binary as a program that runs in place of an image.
//!
//! The emulator starts it with the arguments of [`command`], so that the one test below runs, which is a server then
//! and nothing otherwise. What it does is said by the variable `MODE` and by the paths of requests.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use run_emulator::{EmulatorBuilder, LocalCommand};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::support::{Lines, World, logged, service};

pub(crate) const IMAGE: &str = "docker.io/mine/app";
const SWITCH: &str = "RUN_EMULATOR_TEST_PROGRAM";

/// How to run this binary as a program.
fn command() -> LocalCommand {
    let this = std::env::current_exe().unwrap();
    LocalCommand::new(this.to_str().unwrap()).args(["program::serve", "--exact", "--nocapture", "-q"])
}

/// An emulator that runs it.
pub(crate) async fn world(lines: &Lines, settings: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> World {
    World::with(|builder| settings(logged(builder, lines).run(IMAGE, command()).secret("token", "hidden")))
        .await
}

/// A public service of it.
pub(crate) fn app(mode: &str) -> Value {
    let mut object = service("app", IMAGE);
    object["metadata"]["annotations"] = json!({"run.googleapis.com/invoker-iam-disabled": "true"});
    container(&mut object)["env"] = environment(mode);
    object
}

/// The variables that make it a program, with a mode.
pub(crate) fn environment(mode: &str) -> Value {
    json!([{"name": SWITCH, "value": "1"}, {"name": "MODE", "value": mode}])
}

pub(crate) fn container(service: &mut Value) -> &mut Value {
    &mut service["spec"]["template"]["spec"]["containers"][0]
}

#[test]
fn serve() {
    if std::env::var_os(SWITCH).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run());
    }
}

#[allow(clippy::disallowed_methods, clippy::exit, clippy::print_stdout, reason = "it is a program")]
async fn run() {
    let mode = std::env::var("MODE").unwrap_or_default();
    println!("began");
    let (name, value) = mode.split_once(':').unwrap_or((&mode, ""));
    match name {
        "exit" => std::process::exit(value.parse().unwrap()),
        "silent" => return tokio::time::sleep(Duration::from_secs(1000)).await,
        "slow" => tokio::time::sleep(Duration::from_millis(value.parse().unwrap())).await,
        _ => {}
    }
    let mut asked_to_end = signal(SignalKind::terminate()).unwrap();
    let port = match name {
        "sidecar" => value.to_owned(),
        "elsewhere" => "0".to_owned(),
        _ => std::env::var("PORT").unwrap(),
    };
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    println!("listens");
    loop {
        let (connection, _) = tokio::select! {
            accepted = listener.accept() => accepted.unwrap(),
            _ = asked_to_end.recv() => {
                println!("was asked to end");
                std::process::exit(0);
            }
        };
        let connection = TokioIo::new(connection);
        if name == "h2c" {
            let server = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(connection, service_fn(answer)));
            continue;
        }
        tokio::spawn(http1::Builder::new().serve_connection(connection, service_fn(answer)).with_upgrades());
    }
}

/// Whether it says that it is not well, which a request may change.
static UNWELL: AtomicBool = AtomicBool::new(false);

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

fn text(text: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(text.into()).map_err(|never| match never {}).boxed_unsync())
}

#[allow(clippy::disallowed_methods, clippy::exit, clippy::print_stdout, reason = "it is a program")]
async fn answer(mut request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let (name, value) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    Ok(match name {
        "env" => {
            let all: BTreeMap<String, String> = std::env::vars().collect();
            text(json!(all).to_string())
        }
        "headers" => text(
            json!({
                "target": request.uri().to_string(), "headers": shown(request.headers()),
                "version": format!("{:?}", request.version()),
            })
            .to_string(),
        ),
        "echo" => Response::new(request.into_body().boxed_unsync()),
        "length" => text(request.into_body().collect().await.unwrap().to_bytes().len().to_string()),
        "sleep" => {
            println!("sleeps");
            tokio::time::sleep(Duration::from_millis(value.parse().unwrap())).await;
            text("slept")
        }
        "drip" => {
            let first = stream::once(async { Ok(Frame::data(Bytes::from_static(b"first"))) });
            let body = StreamBody::new(futures::StreamExt::chain(first, stream::pending()));
            Response::new(BodyExt::boxed_unsync(body))
        }
        "be" => {
            UNWELL.store(value == "unwell", Ordering::Relaxed);
            text("")
        }
        // What a server of gRPC says to a question of the health protocol: 1 is SERVING, 2 is NOT_SERVING.
        "grpc.health.v1.Health" => {
            let asked = request.into_body().collect().await.unwrap().to_bytes();
            let serving = if asked.ends_with(b"mine") { 1 } else { 2 };
            grpc(Bytes::copy_from_slice(&[0, 0, 0, 0, 2, 8, serving]))
        }
        "grpc" => grpc(request.into_body().collect().await.unwrap().to_bytes()),
        "crash" => std::process::exit(3),
        "cookie" => {
            let mut answer = text("");
            answer.headers_mut().insert(header::SET_COOKIE, "mine=1".parse().unwrap());
            answer.headers_mut().insert(header::CACHE_CONTROL, "public".parse().unwrap());
            answer
        }
        "socket" => {
            let client = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let (mut read, mut write) = tokio::io::split(TokioIo::new(client.await.unwrap()));
                tokio::io::copy(&mut read, &mut write).await
            });
            let mut answer = text("");
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            answer.headers_mut().insert(header::CONNECTION, "Upgrade".parse().unwrap());
            answer.headers_mut().insert(header::UPGRADE, "websocket".parse().unwrap());
            answer
        }
        "well" => {
            let mut answer = text("");
            let unwell = UNWELL.load(Ordering::Relaxed);
            if unwell || std::env::var("MODE").is_ok_and(|mode| mode == "unwell") {
                *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            answer
        }
        _ => {
            let revision = std::env::var("K_REVISION").unwrap_or_default();
            text(json!({"revision": revision, "process": std::process::id()}).to_string())
        }
    })
}

/// A message and, after it, how it went.
fn grpc(message: Bytes) -> Response<Body> {
    let status = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
    let frames = [Ok(Frame::data(message)), Ok(Frame::trailers(status))];
    let mut answer = Response::new(BodyExt::boxed_unsync(StreamBody::new(stream::iter(frames))));
    answer.headers_mut().insert(header::CONTENT_TYPE, "application/grpc".parse().unwrap());
    answer
}

fn shown(headers: &HeaderMap) -> BTreeMap<&str, &str> {
    headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect()
}
