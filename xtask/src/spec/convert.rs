//! A discovery document as a whole → an OpenAPI document. No input or output happens here.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use openapiv3::{Components, Info, OpenAPI, PathItem, Paths, ReferenceOr, Server};

use super::discovery::Document;
use super::prose::Prose;
use super::{closure, methods, naming, parameters, schemas};

/// The extension that holds the revision of the discovery document.
pub(crate) const REVISION: &str = "x-google-revision";
/// The extension that holds the SHA-256 of the discovery document.
pub(crate) const SHA256: &str = "x-google-sha256";

/// What a document becomes.
#[derive(Debug)]
pub(crate) struct Conversion {
    /// The specification, without descriptions.
    pub(crate) spec: OpenAPI,
    /// The texts that the discovery document has for it.
    pub(crate) google: Prose,
    /// The ids of all methods, sorted.
    pub(crate) method_ids: Vec<String>,
}

/// Converts a document whose text has the given SHA-256.
///
/// # Errors
/// If the document contains something that cannot be carried over faithfully.
pub(crate) fn convert(document: &Document, sha256: &str) -> Result<Conversion> {
    let mut google = Prose::default();
    let schemas = convert_schemas(document, &mut google)?;
    let (paths, parameters) = convert_methods(document, &mut google)?;
    let spec = OpenAPI {
        openapi: "3.0.3".to_owned(),
        info: Info {
            title: document.title.clone(),
            version: document.version.clone(),
            extensions: IndexMap::from([
                (REVISION.to_owned(), document.revision.clone().into()),
                (SHA256.to_owned(), sha256.into()),
            ]),
            ..Info::default()
        },
        servers: vec![Server {
            url: document.root_url.trim_end_matches('/').to_owned(),
            ..Server::default()
        }],
        paths,
        components: Some(Components {
            schemas: schemas.into_iter().map(|(k, v)| (k, ReferenceOr::Item(v))).collect(),
            parameters,
            ..Components::default()
        }),
        ..OpenAPI::default()
    };
    let method_ids = document.methods().into_iter().map(|method| method.id.clone()).collect();
    Ok(Conversion { spec, google, method_ids })
}

fn convert_schemas(document: &Document, google: &mut Prose) -> Result<BTreeMap<String, openapiv3::Schema>> {
    let writable = closure::writable(document)?;
    let mut converted = BTreeMap::new();
    let mut origins: BTreeMap<String, String> = BTreeMap::new();
    for original in closure::reachable(document)? {
        let Some(schema) = document.schemas.get(&original) else { continue };
        let name = naming::type_name(&original);
        if let Some(other) = origins.insert(name.clone(), original.clone()) {
            bail!("schemas `{other}` and `{original}` would both be named `{name}`");
        }
        google.set_schema(&name, schema.description.as_deref());
        for (property, inner) in &schema.properties {
            google.set_property(&name, property, inner.description.as_deref());
        }
        let open = writable.contains(&original);
        converted.insert(name, schemas::named(&original, schema, open)?);
    }
    Ok(converted)
}

type SharedParameters = IndexMap<String, ReferenceOr<openapiv3::Parameter>>;

fn convert_methods(document: &Document, google: &mut Prose) -> Result<(Paths, SharedParameters)> {
    let methods = document.methods();
    let names = naming::operations(methods.iter().map(|method| method.id.as_str()))?;
    let mut operations = Vec::new();
    let mut uses = Vec::new();
    let mut texts = BTreeMap::new();
    for method in methods {
        let name = &names[method.id.as_str()];
        let converted = methods::convert(document, method, name)?;
        google.set_operation(name, method.description.as_deref());
        for (parameter, text) in &converted.parameters {
            let key = (name.clone(), parameter.parameter_data_ref().name.clone());
            texts.insert(key, text.clone());
            uses.push((name.clone(), parameter.clone()));
        }
        operations.push((name.clone(), converted));
    }

    let (shared, keys) = parameters::share(uses);
    for ((operation, parameter), text) in &texts {
        google.set_parameter(&format!("{operation}.{parameter}"), text.as_deref());
        google.set_parameter(parameter, text.as_deref());
    }
    let mut items: BTreeMap<String, PathItem> = BTreeMap::new();
    for (name, mut converted) in operations {
        converted.operation.parameters = keys
            .get(&name)
            .into_iter()
            .flatten()
            .map(|key| ReferenceOr::ref_(&format!("#/components/parameters/{key}")))
            .collect();
        let item = items.entry(converted.path.clone()).or_default();
        methods::place(item, &converted.http_method, converted.operation)
            .with_context(|| format!("operation `{name}` at `{}`", converted.path))?;
    }
    let paths = Paths {
        paths: items.into_iter().map(|(path, item)| (path, ReferenceOr::Item(item))).collect(),
        ..Paths::default()
    };
    let shared = shared.into_iter().map(|(key, item)| (key, ReferenceOr::Item(item))).collect();
    Ok((paths, shared))
}
