//! Reading the body of an answer, which must not go on for ever.

use bytes::{Bytes, BytesMut};

/// The body, or its beginning if it is larger than `limit`: then it is cut behind the piece that goes beyond it, and so
/// longer than the limit.
pub(super) async fn read(answer: &mut reqwest::Response, limit: usize) -> reqwest::Result<Bytes> {
    let Some(first) = answer.chunk().await? else { return Ok(Bytes::new()) };
    if first.len() > limit {
        return Ok(first);
    }
    let Some(second) = answer.chunk().await? else { return Ok(first) };
    let mut body = BytesMut::from(first);
    body.extend_from_slice(&second);
    while body.len() <= limit {
        match answer.chunk().await? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(body.freeze())
}
