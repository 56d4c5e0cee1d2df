//! Looking on at the requests of a client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::body;

/// One request and what came of it, for whoever looks on: a log, a recorder.
///
/// Headers are left out, and with them the credential. Bodies are whole: environment variables in them may hold
/// secrets, and the observer must know what it does with those.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// The operation, for example `get_service`.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: &'a str,
    /// The URL with its query.
    pub url: &'a str,
    /// The body that was sent.
    pub request_body: Option<&'a [u8]>,
    /// The status and body of the answer, or why there is none.
    pub answer: Result<(u16, &'a [u8]), String>,
    /// From the first byte sent to the last one read.
    pub elapsed: Duration,
}

/// Whom to tell of every request.
pub(crate) type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// Reads an answer to its end, or as far as it may go and a little further, and puts it together again, so that an
/// observer can have the body, too.
pub(super) async fn buffered(
    mut answer: reqwest::Response,
    limit: usize,
) -> reqwest::Result<(reqwest::Response, Bytes)> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = body::read(&mut answer, limit).await?;
    let mut again = http::Response::new(body.clone());
    *again.status_mut() = status;
    *again.headers_mut() = headers;
    Ok((reqwest::Response::from(again), body))
}
