//! The listener and its connections.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::call::{self, Answer, Unfinished};
use super::dispatch::{self, Resolved};
use super::{body, gzip, host, respond};
use crate::api::error::ApiError;
use crate::data_plane;
use crate::emulator::LoggedRequest;
use crate::engine::Engine;
use crate::page;

/// The body of any answer: whole, or as it comes.
pub(crate) type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

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
                    let service = service_fn(move |request| guarded(answer(engine.clone(), request)));
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

/// A defect of the emulator is an answer, too, and concerns nobody else.
async fn guarded<E>(answer: impl Future<Output = Result<Response<Body>, E>>) -> Result<Response<Body>, E> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        let error = ApiError::internal("run-emulator has failed at this request; its stderr says more.");
        Ok(whole(respond::error(&error, false)))
    })
}

fn whole(answer: Response<Bytes>) -> Response<Body> {
    answer.map(|body| Full::new(body).map_err(Into::into).boxed_unsync())
}

async fn answer(engine: Arc<Engine>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    // An absolute-form target (a client that takes this for its proxy) names the host itself.
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let header = || request.headers().get(http::header::HOST)?.to_str().ok().map(str::to_owned);
    let authority = authority.or_else(header).unwrap_or_default();
    Ok(match host::classify(&authority) {
        host::Host::DataPlane(name) => data_plane::answer(&engine, &name, request).await,
        host::Host::Plain
            if let Some(page) = page::answer(&engine, request.method(), request.uri().path()) =>
        {
            page
        }
        api => whole(api_answer(&engine, &api, request).await),
    })
}

async fn api_answer(engine: &Arc<Engine>, host: &host::Host, request: Request<Incoming>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let legacy = parts.headers.get("x-goog-api-format-version").is_some_and(|version| version == "1");
    let response = match body::read(body).await {
        Ok(body) => call(engine, host, &parts, &body).await,
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

/// The answer to a request; one that waits for an operation is asked again whenever something has changed.
async fn call(engine: &Arc<Engine>, host: &host::Host, parts: &Parts, body: &[u8]) -> Answer {
    let target = match dispatch::resolve(engine, host, parts)? {
        Resolved::Method(target) => target,
        Resolved::Nowhere(page) => return Ok(page),
    };
    let start = Instant::now();
    loop {
        // Listening begins before the look, so that no change falls in between.
        let mut changed = pin!(engine.changed());
        changed.as_mut().enable();
        let answer = call::answer(engine, &target, body)?;
        let Some(Unfinished { timeout }) = answer.extensions().get().copied() else { return Ok(answer) };
        if tokio::time::timeout_at(start + timeout, changed).await.is_err() {
            return Ok(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_in_the_shape_of_the_api() {
        let answer = guarded(async {
            if true {
                panic!("on purpose");
            }
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()).map_err(Into::into).boxed_unsync()))
        });
        let answer = answer.await.unwrap_or_else(|never| match never {});
        assert_eq!(answer.status(), 500);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["status"], "INTERNAL");
    }
}
