//! The tables: what the API's objects and operations are, as data.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use openapiv3::{
    AdditionalProperties, NumberFormat, ObjectType, OpenAPI, Operation, Parameter, ReferenceOr, Schema,
    SchemaKind, Type, VariantOrUnknownOrEmpty,
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::visit_mut::VisitMut;
use syn::{Item, parse_quote};

use super::generate;
use super::post_pass::Tidy;
use crate::spec::methods::METHOD_ID;
use crate::spec::outline::{self, referred};
use crate::spec::schemas::FORMAT;

/// The table of schemas, sorted by name.
///
/// # Errors
/// If a schema is of a kind that the table cannot express.
pub(super) fn schemas(spec: &OpenAPI) -> Result<syn::File> {
    let mut rows = Vec::new();
    for (name, object) in objects(spec)? {
        let mut fields = Vec::new();
        for (property, schema) in &object.properties {
            let kind = boxed_kind(schema).with_context(|| format!("`{name}.{property}`"))?;
            fields.push((property, quote!(field(#property, #kind))));
        }
        fields.sort_by_key(|(property, _)| *property);
        let fields = fields.into_iter().map(|(_, tokens)| tokens);
        rows.push((name, quote!(Schema { name: #name, fields: &[#(#fields),*] })));
    }
    rows.sort_by_key(|(name, _)| *name);
    let rows = rows.into_iter().map(|(_, tokens)| tokens);
    Ok(generate::file(vec![
        parse_quote!(
            use crate::schema::{Field, Kind, Schema};
        ),
        parse_quote! {
            /// All schemas, sorted by name.
            pub static SCHEMAS: &[Schema] = &[#(#rows),*];
        },
        parse_quote! {
            const fn field(name: &'static str, kind: Kind) -> Field {
                Field { name, kind }
            }
        },
    ]))
}

/// The table of methods, sorted by id.
///
/// # Errors
/// If an operation does not say what it came from or answers.
pub(super) fn methods(spec: &OpenAPI) -> Result<syn::File> {
    let mut rows = Vec::new();
    for (path, verb, operation) in outline::operations(spec) {
        let name = operation.operation_id.as_deref().unwrap_or_default();
        let row = method(spec, path, verb, operation).with_context(|| format!("operation `{name}`"))?;
        rows.push(row);
    }
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    let names: Vec<&str> = rows.iter().map(|row| row.operation.as_str()).collect();
    let variants: Vec<_> = names.iter().map(|name| variant(name)).collect();
    let docs: Vec<&str> = rows.iter().map(|row| row.docs.as_str()).collect();
    let rows = rows.iter().map(|row| &row.tokens);
    let mut file = generate::file(vec![
        parse_quote!(
            use crate::methods::{Method, Verb};
        ),
        parse_quote! {
            /// An operation of the API, one for each of its methods, in the order of [`all`](crate::methods::all).
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum Operation {
                #(#[doc = #docs] #variants),*
            }
        },
        parse_quote! {
            impl Operation {
                /// The name, for example `get_service`.
                #[must_use]
                pub const fn as_str(self) -> &'static str {
                    match self {
                        #(Self::#variants => #names),*
                    }
                }
            }
        },
        parse_quote! {
            /// All methods, sorted by id.
            pub static METHODS: &[Method] = &[#(#rows),*];
        },
    ]);
    Tidy.visit_file_mut(&mut file);
    Ok(file)
}

/// Checks that every schema became a model of that name, since the tables refer to them so.
///
/// # Errors
/// If the generator named one differently.
pub(super) fn check_names(spec: &OpenAPI, models: &syn::File) -> Result<()> {
    let names: BTreeSet<String> = models
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(model) => Some(model.ident.to_string()),
            Item::Type(alias) => Some(alias.ident.to_string()),
            _ => None,
        })
        .collect();
    for (name, _) in objects(spec)? {
        if !names.contains(name) {
            bail!("schema `{name}` did not become a type of that name");
        }
    }
    Ok(())
}

/// All schemas with their names.
pub(super) fn objects(spec: &OpenAPI) -> Result<Vec<(&str, &ObjectType)>> {
    let schemas = spec.components.iter().flat_map(|components| &components.schemas);
    schemas
        .map(|(name, schema)| match schema {
            ReferenceOr::Item(Schema { schema_kind: SchemaKind::Type(Type::Object(object)), .. }) => {
                Ok((name.as_str(), object))
            }
            _ => bail!("schema `{name}` is not an object"),
        })
        .collect()
}

fn boxed_kind(schema: &ReferenceOr<Box<Schema>>) -> Result<TokenStream> {
    match schema {
        ReferenceOr::Item(schema) => kind(schema),
        ReferenceOr::Reference { reference } => Ok(object(reference)),
    }
}

fn object(reference: &str) -> TokenStream {
    let name = referred(reference);
    quote!(Kind::Object(#name))
}

fn kind(schema: &Schema) -> Result<TokenStream> {
    let format = schema.schema_data.extensions.get(FORMAT).and_then(|format| format.as_str());
    Ok(match &schema.schema_kind {
        SchemaKind::Type(Type::String(_)) => match format {
            None | Some("google-fieldmask") => quote!(Kind::String),
            Some("int64") => quote!(Kind::Int64),
            Some("byte") => quote!(Kind::Bytes),
            Some("google-datetime" | "date-time") => quote!(Kind::Timestamp),
            Some("google-duration") => quote!(Kind::Duration),
            Some(other) => bail!("the table has no kind for strings of format `{other}`"),
        },
        SchemaKind::Type(Type::Boolean(_)) => quote!(Kind::Bool),
        SchemaKind::Type(Type::Integer(_)) => quote!(Kind::Int32),
        SchemaKind::Type(Type::Number(number)) => match number.format {
            VariantOrUnknownOrEmpty::Item(NumberFormat::Float) => quote!(Kind::Float32),
            _ => quote!(Kind::Float64),
        },
        SchemaKind::Type(Type::Array(array)) => {
            let items = array.items.as_ref().context("a list of nothing")?;
            let items = boxed_kind(items)?;
            quote!(Kind::List(&#items))
        }
        SchemaKind::Type(Type::Object(object)) => match &object.additional_properties {
            Some(AdditionalProperties::Schema(values)) => {
                let values = match values.as_ref() {
                    ReferenceOr::Item(schema) => kind(schema)?,
                    ReferenceOr::Reference { reference } => self::object(reference),
                };
                quote!(Kind::Map(&#values))
            }
            _ => bail!("an object without a name"),
        },
        SchemaKind::AllOf { all_of } => match all_of.as_slice() {
            [ReferenceOr::Reference { reference }] => object(reference),
            _ => bail!("`allOf` of other than one reference"),
        },
        SchemaKind::Any(_) => quote!(Kind::Any),
        _ => bail!("the table has no kind for it"),
    })
}

/// A row of the table of methods.
struct Row {
    id: String,
    operation: String,
    docs: String,
    tokens: TokenStream,
}

/// `get_service` as a variant: `GetService`.
pub(super) fn variant(operation: &str) -> proc_macro2::Ident {
    let words = operation.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    format_ident!("{}", words.collect::<String>())
}

fn method(spec: &OpenAPI, path: &str, verb: &str, operation: &Operation) -> Result<Row> {
    let id = operation.extensions.get(METHOD_ID).and_then(|id| id.as_str());
    let id = id.with_context(|| format!("it has no `{METHOD_ID}`"))?;
    let name = operation.operation_id.as_deref().context("it has no `operationId`")?;
    let verb = match verb {
        "GET" => format_ident!("Get"),
        "POST" => format_ident!("Post"),
        "PUT" => format_ident!("Put"),
        _ => format_ident!("Delete"),
    };
    let query = query_parameters(spec, operation)?;
    let request = match outline::request(operation) {
        Some(schema) => quote!(Some(#schema)),
        None => quote!(None),
    };
    let response = outline::response(operation).context("it answers nothing")?;
    let variant = variant(name);
    let tokens = quote! {
        Method {
            id: #id,
            operation: Operation::#variant,
            verb: Verb::#verb,
            path: #path,
            query: &[#(#query),*],
            request: #request,
            response: #response,
        }
    };
    let texts = [operation.summary.as_deref(), operation.description.as_deref(), Some(&format!("(`{id}`)"))];
    let docs = texts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    Ok(Row { id: id.to_owned(), operation: name.to_owned(), docs, tokens })
}

fn query_parameters<'a>(spec: &'a OpenAPI, operation: &'a Operation) -> Result<Vec<&'a str>> {
    let mut names = Vec::new();
    for parameter in &operation.parameters {
        let parameter = match parameter {
            ReferenceOr::Item(parameter) => Some(parameter),
            ReferenceOr::Reference { reference } => spec
                .components
                .as_ref()
                .and_then(|components| components.parameters.get(referred(reference)))
                .and_then(ReferenceOr::as_item),
        };
        let parameter = parameter.context("a parameter refers to nothing")?;
        if let Parameter::Query { parameter_data, .. } = parameter {
            names.push(parameter_data.name.as_str());
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::import;

    const SMALL: &str = include_str!("../../tests/data/small.discovery.json");

    /// The specification of the small document with some text replaced.
    fn edited(from: &str, to: &str) -> OpenAPI {
        let text = import::import(SMALL, None, false).unwrap().spec;
        assert!(text.contains(from), "nothing to replace: {from}");
        serde_json::from_str(&text.replacen(from, to, 1)).unwrap()
    }

    #[test]
    fn a_format_without_a_kind_is_refused() {
        let error = schemas(&edited("\"byte\"", "\"hex\"")).err().unwrap();
        assert_eq!(format!("{error:#}"), "`Policy.etag`: the table has no kind for strings of format `hex`");
    }

    #[test]
    fn an_operation_without_its_method_is_refused() {
        let error = methods(&edited("x-google-method-id", "x-other")).err().unwrap();
        assert_eq!(format!("{error:#}"), "operation `list_services`: it has no `x-google-method-id`");
    }

    #[test]
    fn a_schema_that_became_another_type_is_noticed() {
        let spec = edited("\"Empty\": {", "\"empty\": {");
        let models = generate::models(&edited("Success", "Yes")).unwrap();
        let error = check_names(&spec, &models).unwrap_err();
        assert_eq!(error.to_string(), "schema `empty` did not become a type of that name");
    }
}
