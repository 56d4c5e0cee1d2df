//! Requests to the services themselves.

mod affinity;
mod bodies;
mod headers;
mod proxy;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use crate::access::Callers;
use crate::body::{self, Body, whole};
use crate::serving::{Backend, Table, Target};

/// Answers a request to a host of the data plane.
pub(crate) async fn answer(
    table: &Table,
    callers: &Callers,
    host: &str,
    client: IpAddr,
    request: Request<Incoming>,
) -> Response<Body> {
    let earlier = affinity::earlier(request.headers());
    let (answer, target) = match find(table, callers, host, earlier.as_deref(), &request) {
        Err((status, sentence)) => (refuse(body::page(status, sentence), request).await, None),
        Ok(target) => {
            let answer = match target.backend.clone() {
                Backend::Hello(text) => hello(text, request).await,
                Backend::Program(server) => proxy::answer(server, client, request).await,
            };
            (answer, Some(target))
        }
    };
    remembered(answer, target.filter(|target| target.sticky && earlier.as_ref() != Some(&target.revision)))
}

/// The revision for a request, or the status and the sentence that say why there is none.
fn find(
    table: &Table,
    callers: &Callers,
    host: &str,
    earlier: Option<&str>,
    request: &Request<Incoming>,
) -> Result<Target, (StatusCode, &'static str)> {
    let Some(route) = table.route(host) else {
        return Err((StatusCode::NOT_FOUND, "The requested URL was not found on this server."));
    };
    if proxy::is_tunnel(request) {
        return Err((StatusCode::BAD_REQUEST, "Your client has issued a malformed request."));
    }
    if request.method() == Method::TRACE {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "The request method is inappropriate for the URL."));
    }
    if is_reserved(request.uri().path()) {
        return Err((StatusCode::NOT_FOUND, "The requested URL was not found on this server."));
    }
    if !route.public && !callers.may_invoke(request.headers(), &route.policy) {
        return Err((
            StatusCode::FORBIDDEN,
            "Your client does not have permission to get URL from this server.",
        ));
    }
    let none = (StatusCode::SERVICE_UNAVAILABLE, "The service has no revision that can serve.");
    table.pick(&route, earlier).ok_or(none)
}

/// Whether Google's front end keeps a path to itself. (Seen for `/healthz`; documented for the others, with the remark that
/// some other paths that end with `z` are, too, but not which.)
fn is_reserved(path: &str) -> bool {
    matches!(path, "/healthz" | "/eventlog") || path.starts_with("/_ah/")
}

/// Reads what the client sends and makes nothing of it.
async fn refuse(page: Response<Bytes>, request: Request<Incoming>) -> Response<Body> {
    let _ = body::read(request.into_body()).await;
    whole(page)
}

async fn hello(text: Bytes, request: Request<Incoming>) -> Response<Body> {
    let mut answer = Response::new(text);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    refuse(answer, request).await
}

fn remembered(mut answer: Response<Body>, target: Option<Target>) -> Response<Body> {
    if let Some(target) = target {
        affinity::remember(answer.headers_mut(), &target.revision);
    }
    answer
}
