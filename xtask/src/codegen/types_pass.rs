//! The pass over the generated models.

use anyhow::{Context, Result, bail};
use quote::ToTokens;
use syn::parse_quote;
use syn::punctuated::Punctuated;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Expr, ExprLit, GenericArgument, Item, ItemImpl, ItemStruct, Lit, LitStr, Meta, PathArguments,
    Token, Type,
};

use super::generate;
use super::post_pass::Tidy;

/// Optional objects that most owners lack, in models of which there are many: boxed, so that these stay small.
const BOXED: [(&str, &str); 5] = [
    ("Container", "liveness_probe"),
    ("Container", "readiness_probe"),
    ("Container", "security_context"),
    ("Container", "startup_probe"),
    ("EnvVar", "value_from"),
];

/// Makes every model `Default`, its lists and maps tolerant of JSON `null`, and reads 64-bit integers from text.
///
/// # Errors
/// If the generator wrote something other than structs and their impls, or there are lists or maps of 64-bit integers,
/// which nothing reads yet.
pub(super) fn apply(mut models: syn::File) -> Result<syn::File> {
    Tidy.visit_file_mut(&mut models);
    let mut items: Vec<Item> = vec![
        parse_quote!(
            use std::collections::BTreeMap;
        ),
        parse_quote!(
            use serde::{Deserialize, Deserializer, Serialize};
        ),
    ];
    for item in models.items {
        match item {
            Item::Struct(model) if list_of(&model).is_some() => {
                let (name, docs) = (&model.ident, &model.attrs);
                let docs = docs.iter().filter(|attribute| attribute.path().is_ident("doc"));
                let kind = list_of(&model);
                items.push(parse_quote!(#(#docs)* pub type #name = crate::List<#kind>;));
            }
            Item::Struct(mut model) => {
                improve(&mut model)?;
                items.push(Item::Struct(model));
            }
            // For conversions that can fail, of which there are none without constraints.
            Item::Mod(module) if module.ident == "error" => {}
            // All models derive it.
            Item::Impl(block) if is_default(&block) => {}
            Item::Impl(block) => items.push(Item::Impl(block)),
            other => bail!("the code generator wrote an unexpected item: `{}`", start_of(&other)),
        }
    }
    items.push(parse_quote! {
        /// The API leaves empty lists and maps out, but people write `null` in YAML.
        pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
        where
            D: Deserializer<'de>,
            T: Default + Deserialize<'de>,
        {
            Ok(Option::deserialize(deserializer)?.unwrap_or_default())
        }
    });
    Ok(generate::file(items))
}

/// The kind of the objects in a list as Kubernetes has it: all of these are `run_api::List`.
fn list_of(model: &ItemStruct) -> Option<&Type> {
    let names: Vec<String> =
        model.fields.iter().filter_map(|field| Some(field.ident.as_ref()?.to_string())).collect();
    if names != ["api_version", "items", "kind", "metadata", "unreachable"] {
        return None;
    }
    let items = model.fields.iter().nth(1)?;
    let Type::Path(path) = &items.ty else { return None };
    match &path.path.segments.last()?.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(kind) => Some(kind),
            _ => None,
        },
        _ => None,
    }
}

fn improve(model: &mut ItemStruct) -> Result<()> {
    for attribute in &mut model.attrs {
        if attribute.path().is_ident("derive") {
            *attribute = parse_quote!(#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]);
        }
    }
    for field in &mut model.fields {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        if BOXED.contains(&(model.ident.to_string().as_str(), name.as_str())) {
            field.ty = boxed(&field.ty)?;
        }
        let is_int64 = is_int64(&field.ty).with_context(|| format!("`{}.{name}`", model.ident))?;
        for attribute in &mut field.attrs {
            if attribute.path().is_ident("serde") {
                improve_serde(attribute, is_int64)?;
            }
        }
        if field.ident.as_ref().is_some_and(|name| name == "extra") {
            // It comes from `additionalProperties`, where there is no place for a description.
            field
                .attrs
                .insert(0, parse_quote!(#[doc = " Fields that this version of the crate does not know."]));
        }
    }
    Ok(())
}

/// `Option<T>` as `Option<Box<T>>`.
fn boxed(optional: &Type) -> Result<Type> {
    let inner = match optional {
        Type::Path(path) => path.path.segments.last().filter(|segment| segment.ident == "Option"),
        _ => None,
    };
    match inner.map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => {
            let object = &arguments.args;
            Ok(parse_quote!(Option<Box<#object>>))
        }
        _ => bail!("a field to be boxed is not optional: `{}`", start_of(optional)),
    }
}

/// Whether it is an integer that the API writes as text.
fn is_int64(field: &Type) -> Result<bool> {
    let tokens = field.to_token_stream().to_string();
    if !tokens.split_whitespace().any(|word| word == "i64") {
        return Ok(false);
    }
    if tokens != "Option < i64 >" {
        bail!("nothing reads 64-bit integers that the API writes as text in `{tokens}`");
    }
    Ok(true)
}

/// Lets `null` stand for the default where there is one, reads 64-bit integers from text, and shortens paths in strings.
fn improve_serde(attribute: &mut Attribute, is_int64: bool) -> Result<()> {
    let mut parts: Vec<Meta> =
        attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?.into_iter().collect();
    for part in &mut parts {
        if let Meta::NameValue(pair) = part
            && pair.path.is_ident("skip_serializing_if")
            && let Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) = &mut pair.value
        {
            let compact = path.value().replace(' ', "");
            let short = compact
                .strip_prefix("::std::collections::")
                .or_else(|| compact.strip_prefix("::std::option::"))
                .or_else(|| compact.strip_prefix("::std::vec::"))
                .unwrap_or(&compact);
            *path = LitStr::new(short, path.span());
        }
    }
    if parts.iter().any(|part| part.path().is_ident("default")) {
        parts.push(parse_quote!(deserialize_with = "null_as_default"));
    }
    if is_int64 {
        parts.push(parse_quote!(default));
        parts.push(parse_quote!(with = "crate::int64"));
    }
    *attribute = parse_quote!(#[serde(#(#parts),*)]);
    Ok(())
}

fn is_default(block: &ItemImpl) -> bool {
    block
        .trait_
        .as_ref()
        .and_then(|(path, _)| path.segments.last())
        .is_some_and(|segment| segment.ident == "Default")
}

/// The first words of an item, to name it in a message.
pub(super) fn start_of(item: &impl ToTokens) -> String {
    item.to_token_stream().to_string().chars().take(100).collect()
}
