//! Writing manifests.

use run_api::known::annotations as known;
use serde::Serialize;
use serde_json::Value;

use crate::{Error, Result, WRITES_ANNOTATION};

/// Fields of the metadata that belong to one object on one server. (gcloud's `--format=export` drops them.)
const METADATA: [&str; 5] = ["creationTimestamp", "generation", "resourceVersion", "selfLink", "uid"];

/// Annotations that tell who wrote the object, and our own. (gcloud's `--format=export` drops all but ours.)
pub(super) const ANNOTATIONS: [&str; 8] = [
    known::CREATOR,
    known::LAST_MODIFIER,
    known::CLIENT_NAME,
    known::CLIENT_VERSION,
    known::OPERATION_ID,
    "run.googleapis.com/creatorEmail",
    "run.googleapis.com/lastModifierEmail",
    WRITES_ANNOTATION,
];

/// An object as a manifest for another deployment: without its status and what belongs to the object on the server.
///
/// It drops what `gcloud run services describe --format=export` drops, and our own annotation. Namespace and region
/// stay, as there.
///
/// ```
/// use run_ops::manifest;
///
/// let live: run_api::types::Service = serde_json::from_value(serde_json::json!({
///     "apiVersion": "serving.knative.dev/v1", "kind": "Service",
///     "metadata": {"name": "hello", "uid": "1", "generation": 3, "annotations": {"run.googleapis.com/ingress": "all"}},
///     "status": {"url": "https://hello.example"},
/// }))?;
/// let text = manifest::to_yaml(&manifest::export(&live)?)?;
/// assert_eq!(
///     text,
///     "apiVersion: serving.knative.dev/v1\n\
///      kind: Service\n\
///      metadata:\n  annotations:\n    run.googleapis.com/ingress: all\n  name: hello\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the object is not JSON, which objects of the API always are.
pub fn export(object: &impl Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(object).map_err(Error::other)?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("status");
        let metadata = fields.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata {
            metadata.retain(|name, _| !METADATA.contains(&name.as_str()));
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.retain(|name, _| !ANNOTATIONS.contains(&name.as_str()));
            }
        }
    }
    Ok(value)
}

/// An object as YAML: models, JSON values, or [`Object`](super::Object)s. Join several with lines of `---`.
///
/// Text that YAML would take for something else is put in quotes, by the rules of YAML 1.1 as well, which gcloud
/// reads.
///
/// # Errors
/// If the value cannot be written as YAML, which objects of the API always can.
pub fn to_yaml(object: &impl Serialize) -> Result<String> {
    serde_saphyr::to_string(object).map_err(|error| Error::invalid(error.to_string()))
}
