//! Manifests: YAML and JSON files with objects of Cloud Run.
//!
//! ```
//! use run_ops::manifest::{self, Object};
//!
//! let text = "
//! apiVersion: serving.knative.dev/v1
//! kind: Service
//! metadata:
//!   name: hello
//! spec:
//!   template:
//!     spec:
//!       containerConcurrency: '80'
//!       containers:
//!       - image: us-docker.pkg.dev/cloudrun/container/hello
//! ---
//! apiVersion: run.googleapis.com/v1
//! kind: Job
//! metadata:
//!   name: nightly
//! ";
//! let documents = manifest::read(text)?;
//! let Object::Service(service) = documents[0].object() else { panic!() };
//! let revision = service.spec.as_ref().and_then(|spec| spec.template.as_ref()?.spec.as_ref());
//! assert_eq!(revision.and_then(|spec| spec.container_concurrency), Some(80));
//! assert_eq!((documents[1].object().kind(), documents[1].object().name()), ("Job", Some("nightly")));
//!
//! let error = manifest::read(&text.replace("'80'", "many")).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "document 1, line 9, spec.template.spec.containerConcurrency: it is text, but a whole number is expected"
//! );
//! # Ok::<(), manifest::InvalidManifest>(())
//! ```
//!
//! # How values are read
//!
//! As the API reads JSON (that of protobuf): integers may be written as text, `null` is the same as nothing, and text is
//! only what is written as text, so that a variable's value `8080` needs quotes. Of YAML, booleans are `true` and `false`
//! alone, as in YAML 1.2, and `0444` is octal, as in YAML 1.1, which modes of files are written in. A list of objects (`kind: List`, `ServiceList`) is read
//! as its items.
//!
//! Fields that the models do not know are kept where models have `extra`, in [`Document::raw`] in any case, and listed
//! by [`Document::unknown_fields`].

mod decode;
mod error;
mod export;
mod node;
mod object;

use run_api::Resource;
use serde_json::Value;

pub use decode::UnknownField;
pub use error::{Fault, InvalidManifest};
pub use export::{export, to_yaml};
pub use object::Object;

use node::Node;

/// One object of a manifest, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    number: usize,
    line: u64,
    raw: Value,
    object: Object,
    unknown: Vec<UnknownField>,
}

/// Reads all objects of a manifest. Empty documents are passed over.
///
/// # Errors
/// All faults that were found, up to twenty, each with document, line and field. Values are not part of them.
pub fn read(text: &str) -> Result<Vec<Document>, InvalidManifest> {
    let mut documents = Vec::new();
    let mut faults = Vec::new();
    let nodes = node::parse(text).map_err(InvalidManifest::one)?;
    let several = nodes.len() > 1;
    for (index, node) in nodes.into_iter().enumerate() {
        let number = index + 1;
        for item in items(node) {
            match document(number, &item) {
                Ok(document) => documents.push(document),
                Err(found) => faults.extend(found),
            }
        }
    }
    if faults.is_empty() { Ok(documents) } else { Err(InvalidManifest::new(faults, several)) }
}

/// Reads a manifest that must hold exactly one object, of this kind.
///
/// ```
/// use run_api::Resource;
/// use run_api::types::Job;
/// use run_ops::manifest;
///
/// let job: Job = manifest::read_one(r#"{"apiVersion": "run.googleapis.com/v1", "kind": "Job", "metadata": {"name": "n"}}"#)?;
/// assert_eq!(job.name(), Some("n"));
/// assert!(manifest::read_one::<run_api::types::Service>("kind: Job\napiVersion: run.googleapis.com/v1").is_err());
/// # Ok::<(), manifest::InvalidManifest>(())
/// ```
///
/// # Errors
/// As [`read`]; and if there is no object, another one, or more than one.
pub fn read_one<K: Resource>(text: &str) -> Result<K, InvalidManifest> {
    let mut documents = read(text)?.into_iter();
    let fault = |number, line, message| Err(InvalidManifest::one(Fault::new(number, line, "", message)));
    let Some(first) = documents.next() else {
        return fault(1, 1, format!("it is empty, but a {} is expected", K::NOUN));
    };
    if let Some(second) = documents.next() {
        return fault(second.number, second.line, "there is a second object, but one is expected".to_owned());
    }
    let kind = first.object.kind();
    if kind != K::KIND {
        return fault(1, first.line, format!("it is a {kind}, but a {} is expected", K::KIND));
    }
    serde_json::from_value(first.raw).or_else(|error| fault(1, first.line, error.to_string()))
}

impl Document {
    /// Which document of the manifest it is in, from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The line on which the object begins, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The object, taken out.
    #[must_use]
    pub fn into_object(self) -> Object {
        self.object
    }

    /// The object as JSON in the API's form: with all fields that were written, known or not.
    #[must_use]
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    /// The fields that the API document does not know.
    #[must_use]
    pub fn unknown_fields(&self) -> &[UnknownField] {
        &self.unknown
    }
}

/// The objects of a document: itself, or its items if it is a list.
fn items(node: Node) -> Vec<Node> {
    node.into_items().unwrap_or_else(|node| vec![node])
}

fn document(number: usize, node: &Node) -> Result<Document, Vec<Fault>> {
    let fault = |field: &str, message: String| vec![Fault::new(number, node.line_of(field), field, message)];
    if !node.is_map() {
        return Err(fault("", "it is not an object with apiVersion, kind and metadata".to_owned()));
    }
    let Some(kind) = node.text("kind") else {
        return Err(fault("kind", format!("it is missing; it is one of {}", object::kinds())));
    };
    let Some((kind, expected)) = object::find(kind) else {
        return Err(fault(
            "kind",
            format!("`{kind}` is not a kind of Cloud Run's; it is one of {}", object::kinds()),
        ));
    };
    match node.text("apiVersion") {
        Some(version) if version == expected => {}
        Some(version) => {
            return Err(fault("apiVersion", format!("`{version}` has no {kind}; it is `{expected}`")));
        }
        None => return Err(fault("apiVersion", format!("it is missing; it is `{expected}`"))),
    }
    let decoded = decode::object(number, node, kind)?;
    let object =
        Object::from_raw(kind, decoded.value.clone()).map_err(|error| fault("", error.to_string()))?;
    Ok(Document { number, line: node.line(), raw: decoded.value, object, unknown: decoded.unknown })
}

#[cfg(test)]
mod tests;
