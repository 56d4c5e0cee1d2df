//! Readers of the models' timestamps.

use anyhow::Result;
use heck::ToSnakeCase;
use openapiv3::{ObjectType, OpenAPI, ReferenceOr};
use quote::{format_ident, quote};
use syn::parse_quote;

use super::generate;
use super::tables;
use crate::spec::schemas::FORMAT;

/// For every timestamp a method of the field's name, which reads it as a time.
///
/// # Errors
/// If a schema is not an object.
pub(super) fn timestamps(spec: &OpenAPI) -> Result<syn::File> {
    let mut items = vec![
        parse_quote!(
            use jiff::Timestamp;
        ),
        parse_quote!(
            use super::types::*;
        ),
    ];
    for (name, object) in tables::objects(spec)? {
        let fields: Vec<_> = fields(object).collect();
        if fields.is_empty() {
            continue;
        }
        let model = format_ident!("{name}");
        let readers = fields.iter().map(|property| {
            let field = format_ident!("{}", property.to_snake_case());
            let docs = format!(" `{property}` as a time; none if it is absent or not in RFC 3339 form.");
            quote! {
                #[doc = #docs]
                #[must_use]
                pub fn #field(&self) -> Option<Timestamp> {
                    self.#field.as_deref()?.parse().ok()
                }
            }
        });
        items.push(parse_quote!(impl #model { #(#readers)* }));
    }
    Ok(generate::file(items))
}

fn fields(object: &ObjectType) -> impl Iterator<Item = &str> {
    object.properties.iter().filter_map(|(name, schema)| match schema {
        ReferenceOr::Item(schema) => {
            let format = schema.schema_data.extensions.get(FORMAT)?.as_str()?;
            matches!(format, "google-datetime" | "date-time").then_some(name.as_str())
        }
        ReferenceOr::Reference { .. } => None,
    })
}
