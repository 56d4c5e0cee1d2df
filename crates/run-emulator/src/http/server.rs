//! The listener and its connections.

use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::connection::{Connection, Reset};
use super::faulty::After;
use super::{admin, exchange, host, origin, resource_manager, respond};
use crate::body::{self, Body, whole};
use crate::dashboard;
use crate::data_plane;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::log::{LogEntry, LoggedRequest};

/// The pause after a connection that could not be accepted, at first and at last: out of descriptors is a state that may
/// last, and must not keep a processor busy.
const RETRY_ACCEPT: [Duration; 2] = [Duration::from_millis(5), Duration::from_secs(1)];
const RETRY_PEEK: Duration = Duration::from_millis(1);

/// Accepts connections until it is dropped, which ends them all.
pub(crate) async fn serve(engine: Arc<Engine>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    let mut pause = RETRY_ACCEPT[0];
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, peer) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Told once, until it is over. A connection that broke before it was accepted is none.
                        if pause == RETRY_ACCEPT[0] && !is_of_connection(&error) {
                            engine.config.listener.tell(|| LogEntry::Refused(error.to_string()));
                        }
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(RETRY_ACCEPT[1]);
                        continue;
                    }
                };
                pause = RETRY_ACCEPT[0];
                let _ = stream.set_nodelay(true);
                let (engine, reset) = (engine.clone(), Reset::default());
                connections.spawn(async move {
                    let Some(is_http2) = begins_with_preface(&stream).await else { return };
                    let stream = TokioIo::new(Connection::new(stream, reset.clone()));
                    let service = service_fn(move |request| {
                        guarded(answer(engine.clone(), reset.clone(), peer, request))
                    });
                    // What a connection ends with concerns its client alone.
                    if is_http2 {
                        let mut server = http2::Builder::new(TokioExecutor::new());
                        let _ = server.timer(TokioTimer::new()).serve_connection(stream, service).await;
                    } else {
                        let mut server = http1::Builder::new();
                        server.timer(TokioTimer::new());
                        let _ = server.serve_connection(stream, service).with_upgrades().await;
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn is_of_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What HTTP/2 begins with that a client speaks without having asked. (RFC 9113, 3.4. No method begins so.)
const PREFACE: &[u8; 4] = b"PRI ";

/// How long a client may take to begin, which is what it may take for the headers of HTTP/1.
const FIRST_BYTES: Duration = Duration::from_secs(30);

/// Whether a client speaks HTTP/2, as gRPC's do; none if it says nothing.
async fn begins_with_preface(stream: &TcpStream) -> Option<bool> {
    let look = async {
        let mut seen = [0; PREFACE.len()];
        loop {
            let length = stream.peek(&mut seen).await.ok().filter(|length| *length > 0)?;
            if seen[..length] != PREFACE[..length] {
                return Some(false);
            }
            if length == PREFACE.len() {
                return Some(true);
            }
            tokio::time::sleep(RETRY_PEEK).await;
        }
    };
    tokio::time::timeout(FIRST_BYTES, look).await.ok().flatten()
}

/// A defect of the emulator is an answer, too, and concerns nobody else.
async fn guarded<E>(answer: impl Future<Output = Result<Response<Body>, E>>) -> Result<Response<Body>, E> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        let error = ApiError::internal("run-emulator has failed at this request; its stderr says more.");
        Ok(whole(respond::error(&error, false)))
    })
}

/// Why there is no answer: a fault has reset the connection.
#[derive(Debug)]
struct NoAnswer;

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault has reset the connection")
    }
}

impl std::error::Error for NoAnswer {}

async fn answer(
    engine: Arc<Engine>,
    reset: Reset,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, NoAnswer> {
    let authority = match origin::authority(&request) {
        Ok(authority) => authority,
        Err(refusal) => return Ok(refuse(&engine, &refusal, request).await),
    };
    let host = host::classify(&authority);
    if let host::Host::DataPlane(name) = host {
        let callers = &engine.config.callers;
        return Ok(data_plane::answer(&engine.table, callers, &name, peer.ip(), request).await);
    }
    if let Err(refusal) = origin::check(&authority, &engine.config.allowed_hosts, &request) {
        return Ok(refuse(&engine, &refusal, request).await);
    }
    let path = request.uri().path();
    match host {
        host::Host::ResourceManager => Ok(whole(resource_manager::answer(&engine, request.method(), path))),
        host::Host::Plain if let Some(page) = dashboard::answer(&engine, request.method(), path) => Ok(page),
        host::Host::Plain if path.starts_with(admin::PATH) => Ok(admin::answer(&engine, request).await),
        api => match exchange::answer(&engine, &api, request).await {
            After::Answer(answer) => Ok(answer),
            After::Reset => {
                reset.ask();
                Err(NoAnswer)
            }
        },
    }
}

/// Refuses a request before anything is made of it, and logs it.
async fn refuse(engine: &Engine, refusal: &ApiError, request: Request<Incoming>) -> Response<Body> {
    let mut entry = LoggedRequest::of(&request);
    entry.status = refusal.code;
    engine.log(entry);
    // A client that is still sending would see a reset instead of the answer.
    let _ = body::read(request.into_body()).await;
    whole(respond::error(refusal, false))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_in_the_shape_of_the_api() {
        let answer = guarded::<NoAnswer>(async { panic!("on purpose") });
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 500);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["status"], "INTERNAL");
    }
}
