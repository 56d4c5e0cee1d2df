//! The one question that gcloud asks of another API: the number of a project, and its id.
//!
//! It asks as soon as a manifest has a namespace, which its own exports have, and for `--iap`. (From gcloud's source.)

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::json;

use super::respond;
use crate::body;
use crate::engine::Engine;
use crate::error::ApiError;

const PROJECTS: &str = "/v1/projects/";

/// Answers a request to Cloud Resource Manager.
pub(super) fn answer(engine: &Engine, method: &Method, path: &str) -> Response<Bytes> {
    let named = path.strip_prefix(PROJECTS).filter(|named| !named.is_empty() && !named.contains('/'));
    let Some(named) = named.filter(|_| method == Method::GET) else {
        return body::page(StatusCode::NOT_FOUND, "The requested URL was not found on this server.");
    };
    let (id, number) = engine.with_store(|store| {
        let number = store.projects.number(named);
        (store.projects.id(number).unwrap_or(named).to_owned(), number)
    });
    let project = json!({
        "projectNumber": number.to_string(), "projectId": id, "name": id, "lifecycleState": "ACTIVE",
    });
    respond::json(&project).unwrap_or_else(|error: ApiError| respond::error(&error, false))
}
