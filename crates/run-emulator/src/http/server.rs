//! The listener and its connections.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::dispatch::Unfinished;
use super::{body, dispatch, gzip, host, respond};
use crate::api::error::ApiError;
use crate::data_plane;
use crate::emulator::LoggedRequest;
use crate::engine::Engine;

const RETRY_ACCEPT: Duration = Duration::from_millis(5);

/// Accepts connections until it is dropped, which ends them all.
pub(crate) async fn serve(engine: Arc<Engine>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that broke before it was accepted is none; out of descriptors is a passing state.
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(RETRY_ACCEPT).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let engine = engine.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(engine.clone(), request));
                    // What a connection ends with concerns its client alone.
                    let _ = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(
    engine: Arc<Engine>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    // An absolute-form target (a client that takes this for its proxy) names the host itself.
    let authority = parts.uri.authority().map(|authority| authority.as_str().to_owned());
    let header = || parts.headers.get(http::header::HOST)?.to_str().ok().map(str::to_owned);
    let authority = authority.or_else(header).unwrap_or_default();
    let body = body::read(body).await;
    let response = match host::classify(&authority) {
        host::Host::DataPlane(name) => data_plane::answer(&engine.table, &name),
        api => {
            let legacy = parts.headers.get("x-goog-api-format-version").is_some_and(|version| version == "1");
            let response = match body {
                Ok(body) => finished(&engine, &api, &parts, &body).await,
                Err(error) => Err(error),
            };
            let response = response.unwrap_or_else(|error| respond::error(&error, legacy));
            engine.log(LoggedRequest {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                status: response.status().as_u16(),
            });
            gzip::compress(response, &parts.headers)
        }
    };
    Ok(response.map(Full::new))
}

/// The answer to a request; one that waits for an operation is asked again whenever something has changed.
async fn finished(
    engine: &Arc<Engine>,
    host: &host::Host,
    parts: &Parts,
    body: &[u8],
) -> Result<Response<Bytes>, ApiError> {
    let start = Instant::now();
    loop {
        // Listening begins before the look, so that no change falls in between.
        let mut changed = pin!(engine.changed.notified());
        changed.as_mut().enable();
        let answer = dispatch::answer(engine, host, parts, body)?;
        let Some(Unfinished { timeout }) = answer.extensions().get().copied() else { return Ok(answer) };
        if tokio::time::timeout_at(start + timeout, changed).await.is_err() {
            return Ok(answer);
        }
    }
}
