//! Faults in the answers to requests.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use run_api::methods::Operation;

use crate::body::{self, Body, whole};
use crate::error::ApiError;
use crate::faults::{FaultKind, StatusFault};

/// What a fault makes of a request before it is carried out.
pub(super) enum Before {
    /// It is carried out.
    Continue,
    /// It is refused.
    Refuse(ApiError, Option<u32>),
    /// There is no answer.
    Reset,
    /// It is answered with what was.
    Stale,
}

/// What a fault makes of the answer.
pub(super) enum After {
    Answer(Response<Body>),
    Reset,
}

/// Strikes before the request is carried out.
pub(super) async fn before(fault: &FaultKind, operation: Operation, name: &str) -> Before {
    match fault {
        FaultKind::ResetBefore => Before::Reset,
        FaultKind::HangBefore => pending().await,
        FaultKind::StaleRead => Before::Stale,
        FaultKind::Conflict if operation.as_str().contains("iam_policy") => {
            Before::Refuse(ApiError::policy_conflict(), None)
        }
        FaultKind::Conflict => Before::Refuse(ApiError::conflict(name, 1, 2), None),
        FaultKind::TokenExpired => Before::Refuse(ApiError::unauthenticated(), None),
        FaultKind::QuotaExceeded => Before::Refuse(ApiError::quota_exceeded(), None),
        FaultKind::Unavailable => {
            Before::Refuse(ApiError::with_code(503, None, "The service is currently unavailable."), None)
        }
        FaultKind::Status(StatusFault { code, status, message, retry_after_seconds }) => {
            let message = message.as_deref().unwrap_or("A fault of the emulator.");
            Before::Refuse(ApiError::with_code(*code, status.as_deref(), message), *retry_after_seconds)
        }
        FaultKind::Delay(pause) => {
            tokio::time::sleep(pause.duration()).await;
            Before::Continue
        }
        _ => Before::Continue,
    }
}

/// Strikes at the answer of a request that was carried out.
pub(super) async fn after(fault: &FaultKind, answer: Response<Bytes>) -> After {
    After::Answer(match fault {
        FaultKind::ResetAfter => return After::Reset,
        FaultKind::HangAfter => pending().await,
        FaultKind::Truncated => truncated(answer),
        FaultKind::Garbage => whole(body::page(StatusCode::OK, "This is not what you have asked for.")),
        FaultKind::SlowDrip(pause) => dripping(answer, pause.duration()),
        _ => whole(answer),
    })
}

/// The length is that of the whole answer, and half of it comes.
fn truncated(answer: Response<Bytes>) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    let broken = stream::once(async {
        // What was sent so far goes out only while there is nothing more to send.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::UnexpectedEof))
    });
    let frames = stream::iter([Ok(Frame::data(half))]).chain(broken);
    Response::from_parts(parts, StreamBody::new(frames).map_err(Into::into).boxed_unsync())
}

const PIECES: usize = 16;

fn dripping(answer: Response<Bytes>, pause: Duration) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let size = body.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = (0..body.len())
        .step_by(size)
        .map(|start| body.slice(start..(start + size).min(body.len())))
        .collect();
    let frames = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, io::Error>(Frame::data(piece))
    });
    Response::from_parts(parts, StreamBody::new(frames).map_err(Into::into).boxed_unsync())
}
