//! Answers.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::fields::Mask;
use crate::error::ApiError;

/// An object.
pub(super) fn json<T: Serialize>(value: &T) -> Result<Response<Bytes>, ApiError> {
    let value = serde_json::to_value(value).map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(with_status(StatusCode::OK, &value))
}

/// A list. An empty one has no `items` (seen). `metadata` is always there: recorded lists have none, but gcloud
/// pages revisions by it and could not read a list without.
pub(super) fn list<T: Serialize>(
    api_version: &str,
    kind: &str,
    (items, next): (Vec<T>, Option<run_api::types::ListMeta>),
) -> Result<Response<Bytes>, ApiError> {
    let mut list = serde_json::json!({"apiVersion": api_version, "kind": kind});
    let value =
        |value: serde_json::Result<Value>| value.map_err(|error| ApiError::invalid(error.to_string()));
    if !items.is_empty() {
        list["items"] = value(serde_json::to_value(items))?;
    }
    list["metadata"] = value(serde_json::to_value(next.unwrap_or_default()))?;
    Ok(with_status(StatusCode::OK, &list))
}

/// What a field mask leaves of an answer.
pub(super) fn masked(answer: &Response<Bytes>, mask: &Mask) -> Result<Response<Bytes>, ApiError> {
    let value =
        serde_json::from_slice(answer.body()).map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(with_status(answer.status(), &mask.apply(value)))
}

/// A refusal.
pub(super) fn error(error: &ApiError, legacy: bool) -> Response<Bytes> {
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_status(status, &error.body(legacy))
}

fn with_status(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{body:#}\n")));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    response
}
