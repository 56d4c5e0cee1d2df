//! What must hold between the parts of a specification: references lead somewhere, and names stay apart in Rust.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use heck::{ToPascalCase, ToSnakeCase};
use openapiv3::OpenAPI;

use super::dialect::{Components, Kind, Operation, Place, Schema, Spec, located};
use super::schemas::STRING_FORMATS;

const SCHEMAS: &str = "#/components/schemas/";
const PARAMETERS: &str = "#/components/parameters/";

/// Names of Rust's that the generated code writes without a path.
const TAKEN_TYPES: [&str; 9] =
    ["BTreeMap", "Box", "Default", "Deserialize", "Deserializer", "Option", "Serialize", "String", "Vec"];

/// Names of arguments that the generated client has besides those of an operation's parameters.
const TAKEN_ARGUMENTS: [&str; 1] = ["body"];

/// Reads a specification.
///
/// # Errors
/// If the text is not JSON, has what this form does not know, or contradicts itself (see [`check`]).
pub(crate) fn parse(text: &str) -> Result<OpenAPI> {
    check(&located(text)?)?;
    serde_json::from_str(text).context("not an OpenAPI document")
}

/// Checks a specification.
///
/// # Errors
/// Names the first place that cannot be right.
pub(super) fn check(spec: &Spec) -> Result<()> {
    let components = &spec.components;
    for (name, schema) in components.schemas.iter() {
        let pascal = name.to_pascal_case();
        ensure!(pascal == *name, "schema `{name}` would become the Rust type `{pascal}`; give it that name");
        ensure!(!TAKEN_TYPES.contains(&name), "schema `{name}` has the name of a type of Rust's own");
        named(components, name, schema)?;
    }
    for (key, parameter) in components.parameters.iter() {
        let at = format!("parameter {key}");
        ensure!(
            parameter.place == Place::Query || parameter.required,
            "`{at}` is in the path and therefore `required`"
        );
        inner(components, &at, &parameter.schema)?;
    }
    let mut operations = BTreeMap::new();
    let mut methods = BTreeMap::new();
    for (path, item) in spec.paths.iter() {
        for operation in item.operations() {
            let id = &operation.operation_id;
            ensure!(id.to_snake_case() == *id, "operation `{id}` cannot be the name of a Rust function");
            if let Some(other) = operations.insert(id.as_str(), path) {
                bail!("two operations are named `{id}`: one at `{other}`, one at `{path}`");
            }
            if let Some(other) = methods.insert(operation.method_id.as_str(), id) {
                bail!("operations `{other}` and `{id}` are both of method `{}`", operation.method_id);
            }
            whole_operation(components, path, operation)?;
        }
    }
    ensure!(!operations.is_empty(), "it has no operations");
    Ok(())
}

/// A schema at the top level, which becomes a model.
fn named(components: &Components, name: &str, schema: &Schema) -> Result<()> {
    ensure!(
        schema.kind == Some(Kind::Object) && form(schema) == 1,
        "schema `{name}` is not an object: it needs `\"type\": \"object\"` and nothing else that gives a form"
    );
    only(name, schema, &["properties", "additionalProperties"])?;
    let Some(properties) = &schema.properties else {
        let values = schema.additional_properties.as_deref();
        return values.map_or(Ok(()), |values| inner(components, &format!("{name}{{}}"), values));
    };
    if let Some(values) = &schema.additional_properties {
        ensure!(
            form(values) == 0 || properties.is_empty(),
            "schema `{name}` has both `properties` and values of its own; only `\"additionalProperties\": {{}}` can \
             stand beside properties"
        );
    }
    let mut fields = BTreeMap::new();
    if schema.additional_properties.is_some() {
        fields.insert("extra".to_owned(), "additionalProperties");
    }
    for (property, schema) in properties.iter() {
        let at = format!("{name}.{property}");
        inner(components, &at, schema)?;
        let field = property.to_snake_case();
        ensure!(!field.is_empty(), "`{at}` cannot be the name of a Rust field");
        if let Some(other) = fields.insert(field.clone(), property) {
            bail!("`{name}.{other}` and `{at}` would both be the Rust field `{field}`");
        }
    }
    Ok(())
}

/// A schema inside another, or of a parameter.
fn inner(components: &Components, at: &str, schema: &Schema) -> Result<()> {
    match form(schema) {
        0 => return only(at, schema, &[]),
        1 => {}
        _ => bail!("`{at}` has more than one of `$ref`, `allOf` and `type`"),
    }
    if let Some(to) = &schema.reference {
        only(at, schema, &[])?;
        return refers_to_schema(components, at, to);
    }
    if let Some(parts) = &schema.all_of {
        only(at, schema, &[])?;
        let [part] = parts.as_slice() else {
            bail!("`{at}`: `allOf` has {} parts where only one makes sense: the type", parts.len());
        };
        return refers_to_schema(components, at, &part.to);
    }
    let format = schema.format.as_deref();
    match (schema.kind, format) {
        (Some(Kind::String), None) => {
            only(at, schema, &["x-google-format", "x-known-values"])?;
            if let Some(format) = schema.google_format.as_deref() {
                ensure!(
                    STRING_FORMATS.contains(&format),
                    "`{at}`: `x-google-format` `{format}` is not known"
                );
            }
            Ok(())
        }
        (Some(Kind::String), Some(format)) => {
            bail!(
                "`{at}`: a string has its format `{format}` in `x-google-format`, so that it stays a string"
            )
        }
        (Some(Kind::Boolean), None) => only(at, schema, &[]),
        (Some(Kind::Integer), Some("int32")) => only(at, schema, &["format"]),
        (Some(Kind::Number), Some("float" | "double")) => only(at, schema, &["format"]),
        (Some(Kind::Array), None) => {
            only(at, schema, &["items"])?;
            let Some(items) = &schema.items else { bail!("`{at}` is a list without `items`") };
            inner(components, &format!("{at}[]"), items)
        }
        (Some(Kind::Object), None) => {
            only(at, schema, &["additionalProperties"])?;
            let Some(values) = &schema.additional_properties else {
                bail!("`{at}` is an object without a name; give it one among the schemas and refer to that")
            };
            inner(components, &format!("{at}{{}}"), values)
        }
        (Some(kind), format) => {
            let format = format.map_or_else(|| "without a format".to_owned(), |f| format!("of format `{f}`"));
            bail!("`{at}`: type `{}` {format} is not known", kind.name())
        }
        (None, _) => Ok(()),
    }
}

/// How many of the things that give a schema its form it has.
fn form(schema: &Schema) -> usize {
    [schema.reference.is_some(), schema.all_of.is_some(), schema.kind.is_some()]
        .into_iter()
        .filter(|has| *has)
        .count()
}

/// Refuses what does not go with the form of a schema.
fn only(at: &str, schema: &Schema, allowed: &[&str]) -> Result<()> {
    for (key, is_there) in [
        ("format", schema.format.is_some()),
        ("items", schema.items.is_some()),
        ("properties", schema.properties.is_some()),
        ("additionalProperties", schema.additional_properties.is_some()),
        ("x-google-format", schema.google_format.is_some()),
        ("x-known-values", schema.known_values.is_some()),
    ] {
        ensure!(!is_there || allowed.contains(&key), "`{at}`: `{key}` does not belong there");
    }
    Ok(())
}

fn refers_to_schema(components: &Components, at: &str, to: &str) -> Result<()> {
    let there = to.strip_prefix(SCHEMAS).is_some_and(|name| components.schemas.get(name).is_some());
    ensure!(there, "`{at}` refers to `{to}`, which is not there");
    Ok(())
}

fn whole_operation(components: &Components, path: &str, operation: &Operation) -> Result<()> {
    let id = &operation.operation_id;
    let bodies = operation.request_body.iter().map(|body| &body.content);
    for content in bodies.chain([&operation.responses.success.content]) {
        refers_to_schema(components, &format!("operation {id}"), &content.json.schema.to)?;
    }
    let wanted = in_braces(path)
        .ok_or_else(|| anyhow::anyhow!("operation `{id}`: braces in `{path}` do not come in pairs"))?;
    let mut in_path = Vec::new();
    let mut arguments = BTreeSet::new();
    for reference in &operation.parameters {
        let to = &reference.to;
        let found = to.strip_prefix(PARAMETERS).and_then(|key| components.parameters.get(key));
        let Some(parameter) = found else { bail!("operation `{id}` refers to `{to}`, which is not there") };
        let argument = parameter.name.to_snake_case();
        ensure!(
            !TAKEN_ARGUMENTS.contains(&argument.as_str()) && arguments.insert(argument.clone()),
            "operation `{id}`: parameter `{}` would be the second Rust argument `{argument}`",
            parameter.name
        );
        if parameter.place == Place::Path {
            in_path.push(parameter.name.as_str());
        }
    }
    ensure!(
        in_path == wanted,
        "operation `{id}`: its parameters in the path are {in_path:?}, but `{path}` has {wanted:?}"
    );
    Ok(())
}

/// The names in braces, in order; `None` if braces do not come in pairs.
fn in_braces(path: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        if before.contains('}') || name.contains('{') {
            return None;
        }
        names.push(name);
        rest = tail;
    }
    (!rest.contains('}')).then_some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::spec::import::{import, parse_spec};

    const SMALL: &str = include_str!("../../tests/data/small.discovery.json");

    fn small() -> Value {
        serde_json::from_str(&import(SMALL, None, false).unwrap().spec).unwrap()
    }

    /// What is said about a specification: one line, without the position, which is of no interest here.
    fn error(text: &str) -> String {
        let error = parse_spec(text).map(drop).unwrap_err();
        let error = format!("{error:#}");
        assert!(!error.contains('\n'), "{error}");
        error.split(" at line ").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_a_person_can_get_wrong_is_an_error_of_one_line_that_says_where() {
        let property = "/components/schemas/Container/properties/probe";
        let get = "/paths/~1apis~1v1~1namespaces~1{namespace}~1services~1{service}/get";
        let list = "/paths/~1apis~1v1~1namespaces~1{namespace}~1services/get";
        let limit = json!({ "$ref": "#/components/schemas/Limit" });
        let mut elsewhere = small().pointer(get).unwrap().clone();
        elsewhere["operationId"] = json!("get_elsewhere");
        elsewhere["x-google-method-id"] = json!("run.elsewhere.get");
        let mut errors = String::new();
        for (place, value) in [
            ("/paths", json!({})),
            ("/pats", json!({})),
            ("/info/version", json!(1)),
            ("/components/schemas/Limit", json!({ "type": "string" })),
            ("/components/schemas/Limit", json!({ "oneOf": [limit] })),
            ("/components/schemas/limit", json!({ "type": "object" })),
            ("/components/schemas/Option", json!({ "type": "object" })),
            ("/components/schemas/Limit/additionalProperties", json!({ "type": "string" })),
            (property, json!({ "$ref": "#/components/schemas/Gone" })),
            (property, json!({ "$ref": "other.json#/Limit" })),
            (property, json!({ "allOf": [{ "$ref": "#/components/schemas/Gone" }] })),
            (property, json!({ "allOf": [] })),
            (property, json!({ "allOf": [limit, limit] })),
            (property, json!({ "oneOf": [limit] })),
            (property, json!({ "$ref": "#/components/schemas/Limit", "type": "string" })),
            (property, json!({ "$ref": "#/components/schemas/Limit", "items": {} })),
            (property, json!({ "type": "strnig" })),
            (property, json!({ "type": "boolean", "default": true })),
            (property, json!({ "type": "boolean", "description": 1 })),
            (property, json!({ "type": "integer" })),
            (property, json!({ "type": "integer", "format": "int64" })),
            (property, json!({ "type": "string", "format": "byte" })),
            (property, json!({ "type": "string", "x-google-format": "hex" })),
            (property, json!({ "type": "string", "properties": {} })),
            (property, json!({ "type": "array" })),
            (
                property,
                json!({ "type": "array", "items": { "type": "array", "items": { "$ref": "Limit" } } }),
            ),
            (property, json!({ "type": "object" })),
            (property, json!({ "type": "object", "properties": {} })),
            (property, json!({ "type": "object", "additionalProperties": { "type": "number" } })),
            ("/components/schemas/Container/properties/read_only", json!({ "type": "boolean" })),
            ("/components/schemas/Container/properties/extra", json!({ "type": "boolean" })),
            ("/components/schemas/Container/properties/--", json!({ "type": "boolean" })),
            ("/components/parameters/kinds/in", json!("header")),
            ("/components/parameters/kinds/name", json!("Continue")),
            ("/components/parameters/kinds/name", json!("body")),
            ("/components/parameters/kinds/schema", json!({ "type": "float" })),
            ("/components/parameters/service/required", json!(false)),
            ("/components/parameters/service/name", json!("name")),
            (&format!("{get}/operationId"), json!("getService")),
            (&format!("{get}/operationId"), json!("list_services")),
            (&format!("{get}/operationId"), Value::Null),
            (&format!("{get}/x-google-method-id"), json!("run.namespaces.services.list")),
            (&format!("{get}/parameters"), json!([])),
            (&format!("{get}/responses/default"), json!({})),
            (&format!("{get}/responses"), json!({})),
            (&format!("{get}/responses/2XX/content/application~1json/schema"), json!({ "type": "string" })),
            (
                &format!("{get}/responses/2XX/content/application~1json/schema"),
                json!({ "$ref": "#/components/schemas/Gone" }),
            ),
            (&format!("{list}/parameters/1"), json!({ "$ref": "#/components/parameters/gone" })),
            ("/paths/~1v1~1{name", json!({ "get": elsewhere })),
        ] {
            let mut spec = small();
            let (parent, key) = place.rsplit_once('/').unwrap();
            match spec.pointer_mut(parent).unwrap_or_else(|| panic!("{parent}")) {
                Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
                parent => parent[key.replace("~1", "/")] = value.clone(),
            }
            errors.push_str(&format!("{place} = {value}\n    {}\n", error(&spec.to_string())));
        }
        insta::assert_snapshot!(errors);
    }

    #[test]
    fn texts_that_are_no_specification() {
        let small = small().to_string();
        let twice = small.replacen(r#""readOnly":{"#, r#""args":{"type":"boolean"},"readOnly":{"#, 1);
        assert_ne!(twice, small);
        for (text, expected) in [
            ("", "EOF while parsing a value"),
            ("[]", "invalid length 0, expected struct Spec with 5 elements"),
            ("{", "EOF while parsing an object"),
            ("{}", "missing field `openapi`"),
            (&format!("{small} {{"), "trailing characters"),
            (&twice, "components.schemas.Container.properties: `args` stands twice"),
        ] {
            assert_eq!(error(text), expected, "{text}");
        }
    }
}
