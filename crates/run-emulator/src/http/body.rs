//! Request bodies.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::error::ApiError;

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
