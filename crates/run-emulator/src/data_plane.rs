//! Requests to the services themselves.

mod hello;
mod table;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

pub(crate) use table::Table;

use crate::engine::Engine;
use crate::http::{Body, body};
use crate::pages;

/// Answers a request to a host of the data plane.
pub(crate) async fn answer(engine: &Engine, host: &str, request: Request<Incoming>) -> Response<Body> {
    // A hello server reads what it is sent and makes nothing of it.
    let _ = body::read(request.into_body()).await;
    hello(&engine.table, host).map(|body| Full::new(body).map_err(Into::into).boxed_unsync())
}

fn hello(table: &Table, host: &str) -> Response<Bytes> {
    let Some(route) = table.route(host) else {
        return pages::html(StatusCode::NOT_FOUND, "The requested URL was not found on this server.");
    };
    if !route.public {
        return pages::html(
            StatusCode::FORBIDDEN,
            "Your client does not have permission to get URL from this server.",
        );
    }
    match route.pick() {
        Some(body) => {
            let mut response = Response::new(body);
            response
                .headers_mut()
                .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
            response
        }
        None => pages::html(StatusCode::SERVICE_UNAVAILABLE, "The service has no revision that can serve."),
    }
}
