//! Requests to the services themselves.

mod hello;
mod table;

use bytes::Bytes;
use http::{Response, StatusCode};

pub(crate) use table::Table;

use crate::pages;

/// Answers a request to a host of the data plane.
pub(crate) fn answer(table: &Table, host: &str) -> Response<Bytes> {
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
