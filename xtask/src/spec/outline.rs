//! The structure of a specification as a list of short lines, one for each schema, property,
//! operation and parameter, by the same keys as the descriptions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use openapiv3::{
    AdditionalProperties, OpenAPI, Operation, Parameter, ParameterSchemaOrContent, PathItem, ReferenceOr,
    Schema, SchemaKind, Type, VariantOrUnknownOrEmpty,
};
use serde::Serialize;

use super::schemas::{FORMAT, KNOWN_VALUES};

/// Structure by key.
pub(crate) type Outline = BTreeMap<String, Line>;

/// The structure of one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    /// Its type, or what an operation does.
    pub(crate) shape: String,
    /// The known values of an enumeration, or the parameters of an operation.
    pub(crate) members: BTreeSet<String>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shape)?;
        for (at, member) in self.members.iter().enumerate() {
            write!(f, "{}{member}", if at == 0 { " (" } else { ", " })?;
        }
        f.write_str(if self.members.is_empty() { "" } else { ")" })
    }
}

pub(super) fn property_key(schema: &str, property: &str) -> String {
    format!("{schema}.{property}")
}

pub(super) fn operation_key(operation: &str) -> String {
    format!("operation {operation}")
}

pub(super) fn parameter_key(parameter: &str) -> String {
    format!("parameter {parameter}")
}

/// Outlines a specification.
pub(crate) fn outline(spec: &OpenAPI) -> Outline {
    let mut outline = Outline::new();
    for (path, verb, operation) in operations(spec) {
        let id = operation.operation_id.clone().unwrap_or_default();
        outline.insert(operation_key(&id), operation_line(path, verb, operation));
    }
    let Some(components) = &spec.components else { return outline };
    for (key, parameter) in &components.parameters {
        if let ReferenceOr::Item(parameter) = parameter {
            outline.insert(parameter_key(key), parameter_line(parameter));
        }
    }
    for (name, schema) in &components.schemas {
        let ReferenceOr::Item(schema) = schema else { continue };
        let SchemaKind::Type(Type::Object(object)) = &schema.schema_kind else { continue };
        let open = object.additional_properties.is_some();
        let mut shape = if open { "open object" } else { "object" }.to_owned();
        add_notes(schema, &mut shape);
        outline.insert(name.clone(), Line { shape, ..Line::default() });
        for (property, inner) in &object.properties {
            let line = match inner {
                ReferenceOr::Item(schema) => type_line(schema),
                ReferenceOr::Reference { reference } => {
                    Line { shape: referred(reference).to_owned(), ..Line::default() }
                }
            };
            outline.insert(property_key(name, property), line);
        }
    }
    outline
}

/// All operations of a specification with path and verb (`GET`).
pub(crate) fn operations(spec: &OpenAPI) -> impl Iterator<Item = (&str, &'static str, &Operation)> {
    spec.paths.paths.iter().flat_map(|(path, item)| {
        let ReferenceOr::Item(PathItem { get, put, post, delete, .. }) = item else {
            return Vec::new();
        };
        [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete)]
            .into_iter()
            .filter_map(|(verb, operation)| Some((path.as_str(), verb, operation.as_ref()?)))
            .collect()
    })
}

fn operation_line(path: &str, verb: &str, operation: &Operation) -> Line {
    // A parameter that differs between operations has the operation's name before its own.
    let own = format!("{}.", operation.operation_id.as_deref().unwrap_or_default());
    let members = operation
        .parameters
        .iter()
        .filter_map(|parameter| match parameter {
            ReferenceOr::Reference { reference } => Some(referred(reference)),
            ReferenceOr::Item(_) => None,
        })
        .map(|key| key.strip_prefix(&own).unwrap_or(key).to_owned())
        .collect();
    let request = request(operation).unwrap_or("nothing");
    let response = response(operation).unwrap_or("nothing");
    let deprecated = if operation.deprecated { ", deprecated" } else { "" };
    Line { shape: format!("{verb} {path}: {request} -> {response}{deprecated}"), members }
}

/// The schema that an operation takes.
pub(crate) fn request(operation: &Operation) -> Option<&str> {
    let body = operation.request_body.as_ref()?.as_item()?;
    json_schema(&body.content)
}

/// The schema that an operation answers.
pub(crate) fn response(operation: &Operation) -> Option<&str> {
    let (_, response) = operation.responses.responses.first()?;
    json_schema(&response.as_item()?.content)
}

fn json_schema(content: &openapiv3::Content) -> Option<&str> {
    match content.get("application/json")?.schema.as_ref()? {
        ReferenceOr::Reference { reference } => Some(referred(reference)),
        ReferenceOr::Item(_) => None,
    }
}

fn parameter_line(parameter: &Parameter) -> Line {
    let place = match parameter {
        Parameter::Path { .. } => "path",
        Parameter::Query { .. } => "query",
        Parameter::Header { .. } => "header",
        Parameter::Cookie { .. } => "cookie",
    };
    let kind = match &parameter.parameter_data_ref().format {
        ParameterSchemaOrContent::Schema(ReferenceOr::Item(schema)) => type_line(schema),
        _ => Line::default(),
    };
    Line { shape: format!("{place} {}", kind.shape), ..kind }
}

fn type_line(schema: &Schema) -> Line {
    let mut members = BTreeSet::new();
    let mut shape = shape(schema, &mut members);
    add_notes(schema, &mut shape);
    Line { shape, members }
}

/// The type in words; known values, also those of items and of a map's values, go into `members`.
fn shape(schema: &Schema, members: &mut BTreeSet<String>) -> String {
    let values = schema.schema_data.extensions.get(KNOWN_VALUES).and_then(|values| values.as_array());
    members.extend(values.into_iter().flatten().filter_map(|value| value.as_str()).map(str::to_owned));
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(_)) => {
            match schema.schema_data.extensions.get(FORMAT).and_then(|f| f.as_str()) {
                Some(format) => format!("string ({format})"),
                None => "string".to_owned(),
            }
        }
        SchemaKind::Type(Type::Integer(integer)) => formatted("integer", &integer.format),
        SchemaKind::Type(Type::Number(number)) => formatted("number", &number.format),
        SchemaKind::Type(Type::Boolean(_)) => "boolean".to_owned(),
        SchemaKind::Type(Type::Array(array)) => match &array.items {
            Some(ReferenceOr::Item(items)) => format!("list of {}", shape(items, members)),
            Some(ReferenceOr::Reference { reference }) => {
                format!("list of {}", referred(reference))
            }
            None => "list".to_owned(),
        },
        SchemaKind::Type(Type::Object(object)) => match &object.additional_properties {
            Some(AdditionalProperties::Schema(values)) => match values.as_ref() {
                ReferenceOr::Item(values) => format!("map of {}", shape(values, members)),
                ReferenceOr::Reference { reference } => format!("map of {}", referred(reference)),
            },
            _ => "object".to_owned(),
        },
        SchemaKind::AllOf { all_of } => match all_of.as_slice() {
            [ReferenceOr::Reference { reference }] => referred(reference).to_owned(),
            _ => "allOf".to_owned(),
        },
        _ => "any".to_owned(),
    }
}

fn add_notes(schema: &Schema, shape: &mut String) {
    if schema.schema_data.read_only {
        shape.push_str(", read only");
    }
    if schema.schema_data.deprecated {
        shape.push_str(", deprecated");
    }
}

fn formatted<T: Serialize>(kind: &str, format: &VariantOrUnknownOrEmpty<T>) -> String {
    match serde_json::to_value(format) {
        Ok(serde_json::Value::String(format)) => format!("{kind} ({format})"),
        _ => kind.to_owned(),
    }
}

/// The name at the end of a reference.
pub(crate) fn referred(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
