//! From a request to the method that it calls.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use run_api::methods::{self, Method, Verb};

use super::fields::Mask;
use super::host::Host;
use crate::access::Who;
use crate::body;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::regions;
use crate::rules::Violation;
use crate::store::Scope;

/// What a request calls: which method, on whom, with which options.
pub(super) struct Target {
    pub(super) method: &'static Method,
    pub(super) scope: Scope,
    /// The last path parameter: the object's name, if the method is about one.
    pub(super) name: String,
    /// Whether that is an object's name, and not that of a project or a location.
    pub(super) has_name: bool,
    pub(super) query: BTreeMap<String, String>,
    /// The fields that the client wants of the answer.
    pub(super) mask: Option<Mask>,
    /// What the request says of its caller.
    pub(super) headers: HeaderMap,
}

impl Target {
    /// The collection that the method belongs to, for example `services`.
    pub(super) fn collection(&self) -> &'static str {
        self.method.id.rsplit('.').nth(1).unwrap_or_default()
    }

    /// Who has sent the request.
    pub(super) fn who<'a>(&self, engine: &'a Engine) -> Who<'a> {
        engine.config.callers.who(&self.headers)
    }

    /// The name of the object that the request is about: from the path, or from the body of a creation; empty if there
    /// is none.
    pub(super) fn object(&self, body: &[u8]) -> String {
        if self.has_name {
            return self.name.clone();
        }
        if !self.method.operation.as_str().starts_with("create_") {
            return String::new();
        }
        let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        body["metadata"]["name"].as_str().unwrap_or_default().to_owned()
    }
}

/// What a request is about.
pub(super) enum Resolved {
    /// A method of the API.
    Method(Target),
    /// Nothing that there is: the front end's own page.
    Nowhere(Response<Bytes>),
}

/// Finds what a request calls.
pub(super) fn resolve(engine: &Engine, host: &Host, parts: &Parts) -> Result<Resolved, ApiError> {
    let path = parts.uri.path();
    let matched = Verb::from_http(parts.method.as_str()).and_then(|verb| methods::matching(verb, path));
    let Some((method, parameters)) = matched.filter(|_| *host != Host::Nowhere) else {
        return Ok(nowhere(path));
    };
    let parameter =
        |wanted: &str| parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    let named = parameter("namespace").or_else(|| parameter("project")).unwrap_or_default().to_owned();
    let in_namespace = parameter("namespace").is_some();
    let region = match (parameter("location"), host) {
        (Some("-"), _) => None,
        (Some(location), _) => match regions::find(location) {
            Some(region) => Some(region),
            None => return Ok(nowhere(path)),
        },
        (None, Host::Regional(region)) => Some(*region),
        (None, Host::Global) => None,
        (None, _) => Some(engine.config.default_region),
    };
    let lists = method.operation.as_str().starts_with("list_");
    if in_namespace && *host == Host::Global && !lists {
        return Err(no_region(method.id));
    }
    let last = parameters.last();
    let has_name = last.is_some_and(|(name, _)| !["namespace", "project", "location"].contains(name));
    let name = last.map(|(_, value)| value.clone()).unwrap_or_default();
    let project = engine.with_store(|store| store.projects.number(&named));
    let query = query(parts.uri.query().unwrap_or_default());
    let mask = query.get("fields").filter(|_| method.query.contains(&"fields"));
    let mask = mask.filter(|text| !text.is_empty()).map(|text| Mask::parse(text)).transpose()?;
    let mut scope = Scope::new(project, named, region);
    if let Who::Known(caller) = engine.config.callers.who(&parts.headers) {
        scope.caller = caller.account().to_owned();
    }
    Ok(Resolved::Method(Target {
        method,
        scope,
        name,
        has_name,
        query,
        mask,
        headers: parts.headers.clone(),
    }))
}

/// The answer of Google's front end to a path that leads nowhere. (Seen.)
fn nowhere(path: &str) -> Resolved {
    let path = path.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Resolved::Nowhere(body::page(
        StatusCode::NOT_FOUND,
        &format!("The requested URL <code>{path}</code> was not found on this server."),
    ))
}

/// (Seen for a creation at the global host. What is said of services of several regions, which gcloud writes there, is
/// ours.)
fn no_region(method: &str) -> ApiError {
    let mut descriptions = vec!["No region provided in host name, please use a regional endpoint."];
    if method.starts_with("run.namespaces.services.") {
        descriptions.push("The emulator has no services of several regions.");
    }
    let violation = |text: &str| Violation { field: "region".to_owned(), description: text.to_owned() };
    ApiError::violations(&descriptions.into_iter().map(violation).collect::<Vec<_>>())
}

fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
