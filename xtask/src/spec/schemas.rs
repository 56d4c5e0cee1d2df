//! Discovery schemas → OpenAPI schemas.
//!
//! The code generator decides from formats and defaults what Rust type a field gets, so the
//! specification carries none that would give a lossy one: timestamps, durations, bytes and
//! 64-bit integers stay strings, as they are on the wire. What they mean is kept in
//! `x-google-format`, from which the schema table is made.

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use openapiv3::{
    AdditionalProperties, AnySchema, ArrayType, BooleanType, IntegerType, NumberType, ObjectType,
    ReferenceOr, SchemaData, SchemaKind, StringType, Type,
};
use serde_json::Value;

use super::discovery::Schema;
use super::naming;

/// The extension that holds the original format of a string.
pub(crate) const FORMAT: &str = "x-google-format";
/// The extension that lists the values of an enumeration, which stays open.
pub(crate) const KNOWN_VALUES: &str = "x-known-values";
/// The extension that holds the original name of a renamed schema.
pub(crate) const ORIGINAL_NAME: &str = "x-google-schema";

/// The formats of strings that are kept aside.
pub(super) const STRING_FORMATS: [&str; 6] =
    ["byte", "date-time", "google-datetime", "google-duration", "google-fieldmask", "int64"];

/// The reference to a schema of ours.
pub(super) fn reference<T>(google: &str) -> ReferenceOr<T> {
    ReferenceOr::Reference { reference: format!("#/components/schemas/{}", naming::type_name(google)) }
}

/// A schema of the document, under its own name.
///
/// # Errors
/// If it is not an object, has a property that the generated `extra` field would collide with,
/// or contains something that the converter does not know.
pub(super) fn named(name: &str, schema: &Schema, open: bool) -> Result<openapiv3::Schema> {
    if schema.kind.as_deref() != Some("object") || schema.reference.is_some() {
        bail!("schema `{name}` is not an object");
    }
    if let Some(key) = schema.unknown.keys().next() {
        bail!("schema `{name}`: unknown construct `{key}`");
    }
    let mut properties = IndexMap::new();
    for (property, inner) in &schema.properties {
        if property == "extra" {
            bail!(
                "schema `{name}` has a property named `extra`, which is the name of the Rust \
                 field that collects unknown properties"
            );
        }
        let at = format!("{name}.{property}");
        properties.insert(property.clone(), boxed(value(&at, inner)?));
    }
    let additional_properties = match &schema.additional_properties {
        Some(values) if schema.properties.is_empty() => {
            Some(AdditionalProperties::Schema(Box::new(value(name, values)?)))
        }
        Some(_) => bail!("schema `{name}` has both `properties` and `additionalProperties`"),
        None => open.then(|| AdditionalProperties::Schema(Box::new(any()))),
    };
    let mut data = SchemaData { deprecated: schema.deprecated, ..SchemaData::default() };
    if naming::type_name(name) != name {
        data.extensions.insert(ORIGINAL_NAME.to_owned(), name.into());
    }
    Ok(openapiv3::Schema {
        schema_data: data,
        schema_kind: SchemaKind::Type(Type::Object(ObjectType {
            properties,
            additional_properties,
            ..ObjectType::default()
        })),
    })
}

/// A schema without a name: of a property, an item, a map's values or a parameter.
pub(super) fn value(at: &str, schema: &Schema) -> Result<ReferenceOr<openapiv3::Schema>> {
    if let Some(key) = schema.unknown.keys().next() {
        bail!("`{at}`: unknown construct `{key}`");
    }
    let mut data =
        SchemaData { deprecated: schema.deprecated, read_only: schema.read_only, ..SchemaData::default() };
    let schema_kind = match (&schema.reference, schema.kind.as_deref()) {
        // A reference has no room for a description of its own; `allOf` with one part has.
        (Some(google), None) => SchemaKind::AllOf { all_of: vec![reference(google)] },
        (None, Some("any")) => SchemaKind::Any(AnySchema::default()),
        (None, Some(kind)) => SchemaKind::Type(typed(at, kind, schema, &mut data.extensions)?),
        _ => bail!("`{at}`: unknown construct: neither exactly a `type` nor a `$ref`"),
    };
    Ok(ReferenceOr::Item(openapiv3::Schema { schema_data: data, schema_kind }))
}

fn typed(at: &str, kind: &str, schema: &Schema, extensions: &mut IndexMap<String, Value>) -> Result<Type> {
    let format = schema.format.as_deref();
    if schema.known_values.is_some() && kind != "string" {
        bail!("`{at}`: unknown construct: `enum` of type `{kind}`");
    }
    Ok(match (kind, format) {
        ("boolean", None) => Type::Boolean(BooleanType::default()),
        ("integer", Some("int32")) => {
            Type::Integer(IntegerType { format: format.map(str::to_owned).into(), ..IntegerType::default() })
        }
        ("number", Some("float" | "double")) => {
            Type::Number(NumberType { format: format.map(str::to_owned).into(), ..NumberType::default() })
        }
        ("string", _) => {
            if let Some(format) = format {
                if !STRING_FORMATS.contains(&format) {
                    bail!("`{at}`: unknown construct: string with format `{format}`");
                }
                extensions.insert(FORMAT.to_owned(), format.into());
            }
            if let Some(values) = &schema.known_values {
                extensions.insert(KNOWN_VALUES.to_owned(), values.clone().into());
            }
            Type::String(StringType::default())
        }
        ("array", None) => {
            let items = schema.items.as_deref().with_context(|| format!("`{at}` has no `items`"))?;
            array(bare(value(&format!("{at}[]"), items)?))
        }
        ("object", None) => {
            let values = schema
                .additional_properties
                .as_deref()
                .with_context(|| format!("`{at}`: unknown construct: an object without a name"))?;
            let values = bare(value(&format!("{at}{{}}"), values)?);
            Type::Object(ObjectType {
                additional_properties: Some(AdditionalProperties::Schema(Box::new(values))),
                ..ObjectType::default()
            })
        }
        (_, None) => bail!("`{at}`: unknown construct: type `{kind}` without a format"),
        (_, Some(format)) => {
            bail!("`{at}`: unknown construct: type `{kind}` with format `{format}`")
        }
    })
}

/// A list with items of the given kind.
pub(super) fn list_of(items: ReferenceOr<openapiv3::Schema>) -> ReferenceOr<openapiv3::Schema> {
    ReferenceOr::Item(openapiv3::Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Type(array(items)),
    })
}

fn array(items: ReferenceOr<openapiv3::Schema>) -> Type {
    let items = Some(boxed(items));
    Type::Array(ArrayType { items, min_items: None, max_items: None, unique_items: false })
}

/// Items and map values have no description, so a reference needs no wrapping there.
fn bare(schema: ReferenceOr<openapiv3::Schema>) -> ReferenceOr<openapiv3::Schema> {
    match schema {
        ReferenceOr::Item(openapiv3::Schema { schema_kind: SchemaKind::AllOf { mut all_of }, .. })
            if all_of.len() == 1 =>
        {
            all_of.remove(0)
        }
        other => other,
    }
}

fn any() -> ReferenceOr<openapiv3::Schema> {
    ReferenceOr::Item(openapiv3::Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Any(AnySchema::default()),
    })
}

fn boxed(schema: ReferenceOr<openapiv3::Schema>) -> ReferenceOr<Box<openapiv3::Schema>> {
    match schema {
        ReferenceOr::Item(schema) => ReferenceOr::Item(Box::new(schema)),
        ReferenceOr::Reference { reference } => ReferenceOr::Reference { reference },
    }
}
