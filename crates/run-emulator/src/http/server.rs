//! The listener and its connections.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{dispatch, host, respond};
use crate::api::error::ApiError;
use crate::core::Core;
use crate::data_plane;
use crate::emulator::LoggedRequest;

/// The largest request body; the real limit is not known.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// Accepts connections until it is dropped, which ends them all.
pub(crate) async fn serve(core: Arc<Core>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that broke before it was accepted is none; out of descriptors is a passing state.
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let core = core.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(core.clone(), request));
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

async fn answer(core: Arc<Core>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    // An absolute-form target (a client that takes this for its proxy) names the host itself.
    let authority = parts.uri.authority().map(|authority| authority.as_str().to_owned());
    let header = || parts.headers.get(http::header::HOST)?.to_str().ok().map(str::to_owned);
    let authority = authority.or_else(header).unwrap_or_default();
    let response = match host::classify(&authority) {
        host::Host::DataPlane(name) => data_plane::answer(&core.table, &name),
        api => {
            let legacy = parts.headers.get("x-goog-api-format-version").is_some_and(|version| version == "1");
            let response = match Limited::new(body, LARGEST_BODY).collect().await {
                Ok(body) => dispatch::answer(&core, &api, &parts, &body.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => Err(ApiError::too_large(LARGEST_BODY)),
                Err(error) => Err(ApiError::invalid(format!("The request body could not be read: {error}"))),
            };
            let response = response.unwrap_or_else(|error| respond::error(&error, legacy));
            core.log(LoggedRequest {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                status: response.status().as_u16(),
            });
            response
        }
    };
    Ok(response.map(Full::new))
}
