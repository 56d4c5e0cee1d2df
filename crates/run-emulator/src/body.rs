//! The bodies of requests and answers.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::error::ApiError;

/// The body of any answer: whole, or as it comes.
pub(crate) type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// An answer that is there as a whole.
pub(crate) fn whole(answer: Response<Bytes>) -> Response<Body> {
    answer.map(|body| Full::new(body).map_err(Into::into).boxed_unsync())
}

/// A page with one sentence, as Google's front end answers with.
pub(crate) fn page(status: StatusCode, sentence: &str) -> Response<Bytes> {
    let title = format!("Error {} ({})", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{title}!!1</title>\n<p><b>{}.</b> \
         <ins>That’s an error.</ins>\n<p>{sentence} <ins>That’s all we know.</ins>\n",
        status.as_u16()
    );
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The largest body that is understood; the real limit is not known.
const LARGEST: usize = 4 * 1024 * 1024;

/// How much of a body that is too large is read and thrown away. A client that is still sending when the
/// connection closes would see a reset instead of the answer.
const DISCARDED: usize = 16 * LARGEST;

/// The longest time without any byte of a body that has begun. (Inferred: Google's front end is patient, but not for
/// ever.)
const SILENCE: Duration = Duration::from_secs(60);

/// The whole body of a request.
pub(crate) async fn read(mut body: Incoming) -> Result<Bytes, ApiError> {
    let mut kept = BytesMut::new();
    let mut seen = 0;
    loop {
        let Ok(frame) = timeout(SILENCE, body.frame()).await else { return Err(ApiError::too_slow(SILENCE)) };
        let Some(frame) = frame else { break };
        let frame = frame
            .map_err(|error| ApiError::invalid(format!("The request body could not be read: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= LARGEST {
            kept.extend_from_slice(&data);
        } else if seen > DISCARDED {
            break;
        }
    }
    if seen > LARGEST { Err(ApiError::too_large(LARGEST)) } else { Ok(kept.freeze()) }
}
