//! The parts of a Google API discovery document that the converter understands.
//!
//! Maps are ordered, so that the order of the document never matters. Objects whose keys carry
//! meaning keep what they do not know in `unknown`, and the converter refuses it: a construct
//! that is silently ignored would be a field that is silently wrong.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::dialect;

/// The name and the version of the API that the importer is made for. Another one needs more than another name here:
/// `specs/README.md` lists what.
const API: (&str, &str) = ("run", "v1");

/// A discovery document. Keys about authentication, icons and hosts are of no interest here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    name: String,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) revision: String,
    pub(crate) root_url: String,
    #[serde(default)]
    pub(crate) service_path: String,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    pub(crate) resources: BTreeMap<String, Resource>,
    #[serde(default)]
    pub(crate) schemas: BTreeMap<String, Schema>,
}

/// A node of the resource tree.
#[derive(Debug, Deserialize)]
pub(crate) struct Resource {
    #[serde(default)]
    pub(crate) methods: BTreeMap<String, Method>,
    #[serde(default)]
    pub(crate) resources: BTreeMap<String, Resource>,
}

/// One method of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) http_method: String,
    /// `path` folds many methods onto one template (`v1/{+name}`); this one does not.
    pub(crate) flat_path: Option<String>,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Parameter>,
    pub(crate) request: Option<Body>,
    pub(crate) response: Option<Body>,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) deprecated: bool,
    #[serde(rename = "path")]
    _path: Option<String>,
    #[serde(rename = "parameterOrder")]
    _parameter_order: Option<Vec<String>>,
    #[serde(rename = "scopes")]
    _scopes: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

/// What a method takes or answers: always a named schema.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    #[serde(rename = "$ref")]
    pub(crate) reference: String,
}

/// A path or query parameter.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameter {
    pub(crate) location: String,
    #[serde(flatten)]
    pub(crate) shape: Schema,
    #[serde(default)]
    pub(crate) repeated: bool,
}

/// A schema, at the top level or inside another.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Schema {
    #[serde(rename = "$ref")]
    pub(crate) reference: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) properties: BTreeMap<String, Schema>,
    pub(crate) additional_properties: Option<Box<Schema>>,
    pub(crate) items: Option<Box<Schema>>,
    #[serde(rename = "enum")]
    pub(crate) known_values: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) deprecated: bool,
    #[serde(default)]
    pub(crate) read_only: bool,
    #[serde(rename = "id")]
    _id: Option<String>,
    #[serde(rename = "enumDescriptions")]
    _enum_descriptions: Option<Vec<String>>,
    #[serde(rename = "enumDeprecated")]
    _enum_deprecated: Option<Vec<bool>>,
    /// Whether a parameter must be given; in schemas it is prose ("required on create").
    #[serde(rename = "required")]
    _required: Option<bool>,
    #[serde(rename = "pattern")]
    _pattern: Option<String>,
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

/// Reads the discovery document of the API.
///
/// # Errors
/// If the text is not JSON, is not a discovery document, or is that of another API or version.
pub(crate) fn parse(text: &str) -> Result<Document> {
    let value: Value = serde_json::from_str(text).context("not JSON")?;
    match value.get("kind").and_then(Value::as_str) {
        Some("discovery#restDescription") => {}
        Some(other) => bail!(
            "not a discovery document: its `kind` is `{other}` where `discovery#restDescription` \
             was expected"
        ),
        None => bail!("not a discovery document: it has no `kind`"),
    }
    let document: Document = dialect::located(text).context("not a discovery document that can be read")?;
    let (name, version) = (&document.name, &document.version);
    if (name.as_str(), version.as_str()) != API {
        bail!("it describes {name} {version}; the importer is for {} {} alone", API.0, API.1);
    }
    if document.methods().is_empty() {
        bail!("it has no methods, so that nothing would be left of the bindings");
    }
    Ok(document)
}

impl Document {
    /// All methods of the resource tree, sorted by id.
    pub(crate) fn methods(&self) -> Vec<&Method> {
        fn collect<'a>(resources: &'a BTreeMap<String, Resource>, into: &mut Vec<&'a Method>) {
            for resource in resources.values() {
                into.extend(resource.methods.values());
                collect(&resource.resources, into);
            }
        }
        let mut methods = Vec::new();
        collect(&self.resources, &mut methods);
        methods.sort_by(|a, b| a.id.cmp(&b.id));
        methods
    }
}
