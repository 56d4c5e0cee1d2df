//! The form that a specification of ours has: what an import writes, and a person may edit.
//!
//! It is a small part of OpenAPI. The code generator takes more, but panics on much of what it does not like, and
//! turns a slip of the pen (`"type": "strnig"`) into another Rust type without a word. So whatever is not known
//! here is an error that says where it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use anyhow::Result;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads JSON; an error says where in the document it is.
///
/// # Errors
/// If the text is not JSON of this type.
pub(super) fn located<T: DeserializeOwned>(text: &str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(rename = "openapi")]
    _openapi: String,
    #[serde(rename = "info")]
    _info: Info,
    #[serde(rename = "servers")]
    _servers: Vec<Server>,
    pub(super) paths: Entries<PathItem>,
    pub(super) components: Components,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "x-google-revision")]
    _revision: String,
    #[serde(rename = "x-google-sha256")]
    _sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    #[serde(rename = "url")]
    _url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathItem {
    get: Option<Operation>,
    put: Option<Operation>,
    post: Option<Operation>,
    delete: Option<Operation>,
}

impl PathItem {
    pub(super) fn operations(&self) -> impl Iterator<Item = &Operation> {
        [&self.get, &self.put, &self.post, &self.delete].into_iter().flatten()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) operation_id: String,
    #[serde(default)]
    pub(super) parameters: Vec<Reference>,
    pub(super) request_body: Option<RequestBody>,
    pub(super) responses: Responses,
    #[serde(rename = "x-google-method-id")]
    pub(super) method_id: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "deprecated")]
    _deprecated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestBody {
    pub(super) content: Content,
    #[serde(rename = "required")]
    _required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Responses {
    #[serde(rename = "2XX")]
    pub(super) success: Response,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) content: Content,
    #[serde(rename = "description")]
    _description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    #[serde(rename = "application/json")]
    pub(super) json: Media,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Media {
    pub(super) schema: Reference,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    #[serde(rename = "$ref")]
    pub(super) to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Components {
    pub(super) schemas: Entries<Schema>,
    #[serde(default)]
    pub(super) parameters: Entries<Parameter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: Place,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) schema: Schema,
    #[serde(rename = "description")]
    _description: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    Path,
    Query,
}

/// A schema, at the top level or inside another. Without a form (`$ref`, `type`, `allOf`) it stands for any value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    pub(super) all_of: Option<Vec<Reference>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Kind>,
    pub(super) format: Option<String>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) properties: Option<Entries<Schema>>,
    pub(super) additional_properties: Option<Box<Schema>>,
    #[serde(rename = "x-google-format")]
    pub(super) google_format: Option<String>,
    #[serde(rename = "x-known-values")]
    pub(super) known_values: Option<Vec<String>>,
    #[serde(rename = "x-google-schema")]
    _google_schema: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "deprecated")]
    _deprecated: Option<bool>,
    #[serde(rename = "readOnly")]
    _read_only: Option<bool>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Array,
    Boolean,
    Integer,
    Number,
    Object,
    String,
}

impl Kind {
    /// As the specification writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

/// A map in which no key stands twice. (The last one would win without a word.)
pub(super) struct Entries<T>(BTreeMap<String, T>);

impl<T> Entries<T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.0.get(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnceEach<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnceEach<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if entries.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format_args!("`{key}` stands twice")));
                    }
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(OnceEach(PhantomData))
    }
}
