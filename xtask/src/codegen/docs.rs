//! What the specification says in extensions, said where the generator looks: in descriptions, so that it reaches the
//! documentation of the models, and in the types of 64-bit integers, which the wire has as text.

use openapiv3::{
    IntegerFormat, IntegerType, OpenAPI, ReferenceOr, Schema, SchemaKind, Type, VariantOrUnknownOrEmpty,
};

use crate::spec::schemas::{FORMAT, KNOWN_VALUES};

/// The specification with completed descriptions, and numbers for 64-bit integers.
pub(super) fn complete(spec: &OpenAPI) -> OpenAPI {
    let mut spec = spec.clone();
    let Some(components) = &mut spec.components else { return spec };
    for (_, schema) in &mut components.schemas {
        let ReferenceOr::Item(Schema { schema_kind: SchemaKind::Type(Type::Object(object)), .. }) = schema
        else {
            continue;
        };
        for (_, property) in &mut object.properties {
            if let ReferenceOr::Item(property) = property {
                complete_property(property);
            }
        }
    }
    spec
}

fn complete_property(property: &mut Schema) {
    if property.schema_data.extensions.get(FORMAT).is_some_and(|format| format == "int64") {
        property.schema_kind = SchemaKind::Type(Type::Integer(IntegerType {
            format: VariantOrUnknownOrEmpty::Item(IntegerFormat::Int64),
            ..IntegerType::default()
        }));
    }
    let data = &mut property.schema_data;
    let mut notes = Vec::new();
    if let Some(values) = data.extensions.get(KNOWN_VALUES).and_then(|values| values.as_array()) {
        let values: Vec<String> =
            values.iter().filter_map(|v| v.as_str()).map(|v| format!("`{v}`")).collect();
        notes.push(format!("Known values: {}; there may be others.", values.join(", ")));
    }
    match data.extensions.get(FORMAT).and_then(|format| format.as_str()) {
        Some("int64") => notes.push("In JSON the API writes it as text, and takes a number, too.".to_owned()),
        Some("byte") => notes.push("Bytes in base64.".to_owned()),
        Some("google-datetime" | "date-time") => {
            notes.push("A time in RFC 3339 form.".to_owned());
        }
        Some("google-duration") => notes.push("A duration in seconds, such as `3.5s`.".to_owned()),
        Some("google-fieldmask") => notes.push("Field paths separated by commas.".to_owned()),
        _ => {}
    }
    if data.read_only {
        notes.push("Set by the server.".to_owned());
    }
    if data.deprecated {
        notes.push("Deprecated by the API.".to_owned());
    }
    if !notes.is_empty() {
        let notes = notes.join(" ");
        data.description = Some(match data.description.take() {
            Some(text) => format!("{text}\n\n{notes}"),
            None => notes,
        });
    }
}
