//! Discovery methods → OpenAPI operations.

use anyhow::{Result, bail};
use indexmap::IndexMap;
use openapiv3::{
    MediaType, Operation, Parameter, PathItem, ReferenceOr, RequestBody, Response, Responses, StatusCode,
};

use super::discovery::{Document, Method};
use super::{parameters, schemas};

/// The extension that holds the id of the method that an operation came from.
pub(crate) const METHOD_ID: &str = "x-google-method-id";

/// An operation and where it belongs. Its parameters are not in it yet: they are shared.
pub(super) struct Converted {
    pub(super) path: String,
    pub(super) http_method: String,
    pub(super) operation: Operation,
    pub(super) parameters: Vec<(Parameter, Option<String>)>,
}

/// Converts one method.
///
/// # Errors
/// If it answers nothing, or has something that the converter does not know.
pub(super) fn convert(document: &Document, method: &Method, name: &str) -> Result<Converted> {
    if let Some(key) = method.unknown.keys().next() {
        bail!("method `{}`: unknown construct `{key}`", method.id);
    }
    let Some(answer) = &method.response else {
        bail!("method `{}` has no response", method.id);
    };
    let (path, names) = parameters::path(method, &document.service_path)?;
    let is_read = name.starts_with("get_") || name.starts_with("list_");
    let mut all: Vec<_> = names.iter().map(|name| (parameters::in_path(name), None)).collect();
    all.extend(parameters::in_query(method, &document.parameters, is_read)?);

    let request_body = method.request.as_ref().map(|body| {
        ReferenceOr::Item(RequestBody {
            content: json(&body.reference),
            required: true,
            ..RequestBody::default()
        })
    });
    // One success range and no declared error: then every failure reaches the caller as the
    // whole response, whatever its body is.
    let success = Response {
        description: "Success".to_owned(),
        content: json(&answer.reference),
        ..Response::default()
    };
    let responses = Responses {
        responses: IndexMap::from([(StatusCode::Range(2), ReferenceOr::Item(success))]),
        ..Responses::default()
    };
    let operation = Operation {
        operation_id: Some(name.to_owned()),
        request_body,
        responses,
        deprecated: method.deprecated,
        extensions: IndexMap::from([(METHOD_ID.to_owned(), method.id.clone().into())]),
        ..Operation::default()
    };
    Ok(Converted { path, http_method: method.http_method.clone(), operation, parameters: all })
}

fn json(schema: &str) -> IndexMap<String, MediaType> {
    let media = MediaType { schema: Some(schemas::reference(schema)), ..MediaType::default() };
    IndexMap::from([("application/json".to_owned(), media)])
}

/// Puts an operation in its place.
///
/// # Errors
/// If the place is taken, or the HTTP method is not one of the four that the API uses.
pub(super) fn place(item: &mut PathItem, http_method: &str, operation: Operation) -> Result<()> {
    let slot = match http_method {
        "GET" => &mut item.get,
        "PUT" => &mut item.put,
        "POST" => &mut item.post,
        "DELETE" => &mut item.delete,
        other => bail!("unknown construct: HTTP method `{other}`"),
    };
    if slot.replace(operation).is_some() {
        bail!("two methods answer {http_method} there");
    }
    Ok(())
}
