//! From a request to the method that it calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use run_api::methods::{self, Method, Verb};
use run_api::types::{SetIamPolicyRequest, TestIamPermissionsRequest, WaitOperationRequest};

use super::fields::Mask;
use super::host::Host;
use super::respond;
use crate::api::error::ApiError;
use crate::api::list::ListQuery;
use crate::api::scope::Scope;
use crate::api::{configurations, iam, json, locations, operations, revisions, routes, services};
use crate::engine::Engine;
use crate::pages;
use crate::regions;
use crate::rules::Violation;

/// Marks an answer that says less than it would a little later: the client is willing to wait for so long.
#[derive(Clone, Copy)]
pub(super) struct Unfinished {
    pub(super) timeout: Duration,
}

/// (Documented: a wait without a timeout, or with a long one, is cut short by the server.)
const LONGEST_WAIT: Duration = Duration::from_secs(60);

type Answer = Result<Response<Bytes>, ApiError>;

/// A call of one method: who is meant, by which options, with what body.
struct Call<'a> {
    engine: &'a Arc<Engine>,
    method: &'static Method,
    scope: Scope,
    /// The last path parameter: the object's name, if the method is about one.
    name: String,
    query: BTreeMap<String, String>,
    body: &'a [u8],
}

/// Answers a request to the API.
pub(super) fn answer(engine: &Arc<Engine>, host: &Host, parts: &Parts, body: &[u8]) -> Answer {
    let matched =
        Verb::from_http(parts.method.as_str()).and_then(|verb| methods::matching(verb, parts.uri.path()));
    let Some((method, parameters)) = matched.filter(|_| *host != Host::Nowhere) else {
        return Ok(nowhere(parts.uri.path()));
    };
    let parameter =
        |wanted: &str| parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    let named = parameter("namespace").or_else(|| parameter("project")).unwrap_or_default().to_owned();
    let in_namespace = parameter("namespace").is_some();
    let region = match (parameter("location"), host) {
        (Some("-"), _) => None,
        (Some(location), _) => match regions::find(location) {
            Some(region) => Some(region),
            None => return Ok(nowhere(parts.uri.path())),
        },
        (None, Host::Regional(region)) => Some(*region),
        (None, Host::Global) => None,
        (None, _) => Some(engine.config.default_region),
    };
    let lists = method.operation.starts_with("list_");
    if in_namespace && *host == Host::Global && !lists {
        return Err(no_region());
    }
    let name = parameters.last().map(|(_, value)| value.clone()).unwrap_or_default();
    let project = engine.with_store(|store| store.projects.number(&named));
    let query = query(parts.uri.query().unwrap_or_default());
    let scope = Scope { project, named, region };
    let mask = query.get("fields").filter(|_| method.query.contains(&"fields"));
    let mask = mask.filter(|text| !text.is_empty()).map(|text| Mask::parse(text)).transpose()?;
    let answer = Call { engine, method, scope, name, query, body }.run()?;
    match mask {
        Some(mask) => respond::masked(&answer, &mask),
        None => Ok(answer),
    }
}

impl Call<'_> {
    fn run(self) -> Answer {
        let Self { engine, scope, name, .. } = &self;
        let operation = self.method.operation.trim_end_matches("_in_location");
        match operation {
            "get_service" => respond::json(&engine.with_store(|store| services::get(store, scope, name))?),
            "list_services" => {
                let query = self.list_query()?;
                respond::list("ServiceList", engine.with_store(|store| services::list(store, scope, &query))?)
            }
            "create_service" => {
                let (service, dry_run) = (self.parse("Service")?, self.dry_run()?);
                self.write(|store| services::create(store, scope, service, dry_run))
            }
            "replace_service" => {
                let (service, dry_run) = (self.parse("Service")?, self.dry_run()?);
                self.write(|store| services::replace(store, scope, name, service, dry_run))
            }
            "delete_service" => {
                let dry_run = self.dry_run()?;
                let (status, key, begins) =
                    engine.with_store(|store| services::delete(store, scope, name, dry_run))?;
                if begins {
                    engine.reconcile(key);
                }
                respond::json(&status)
            }
            "get_revision" => respond::json(&engine.with_store(|store| revisions::get(store, scope, name))?),
            "list_revisions" => {
                let query = self.list_query()?;
                respond::list(
                    "RevisionList",
                    engine.with_store(|store| revisions::list(store, scope, &query))?,
                )
            }
            "delete_revision" => {
                let dry_run = self.dry_run()?;
                respond::json(&engine.with_store(|store| revisions::delete(store, scope, name, dry_run))?)
            }
            "get_configuration" => {
                respond::json(&engine.with_store(|store| configurations::get(store, scope, name))?)
            }
            "list_configurations" => {
                let query = self.list_query()?;
                let page = engine.with_store(|store| configurations::list(store, scope, &query))?;
                respond::list("ConfigurationList", page)
            }
            "get_route" => respond::json(&engine.with_store(|store| routes::get(store, scope, name))?),
            "list_routes" => {
                let query = self.list_query()?;
                respond::list("RouteList", engine.with_store(|store| routes::list(store, scope, &query))?)
            }
            "get_service_iam_policy" => {
                let version = self.number("options.requestedPolicyVersion")?;
                respond::json(&engine.with_store(|store| iam::get(store, scope, name, version))?)
            }
            "set_service_iam_policy" => {
                let request: SetIamPolicyRequest = self.parse("SetIamPolicyRequest")?;
                let policy = engine.with_store(|store| {
                    let (policy, key) = iam::set(store, scope, name, request)?;
                    engine.publish(store, &key);
                    Ok(policy)
                })?;
                respond::json(&policy)
            }
            "test_service_iam_permissions" => {
                let request: TestIamPermissionsRequest = self.parse("TestIamPermissionsRequest")?;
                respond::json(&iam::test(request))
            }
            "get_operation" => {
                respond::json(&engine.with_store(|store| operations::get(store, scope, name))?)
            }
            "list_operations" => respond::json(&engine.with_store(|store| operations::list(store, scope))),
            "delete_operation" => {
                engine.with_store(|store| operations::delete(store, scope, name))?;
                respond::json(&serde_json::json!({}))
            }
            "wait_operation" => {
                let request: WaitOperationRequest = self.parse("WaitOperationRequest")?;
                let timeout = request.timeout.as_deref().map(operations::duration).transpose()?;
                let operation = engine.with_store(|store| operations::get(store, scope, name))?;
                let mut answer = respond::json(&operation)?;
                if operation.done != Some(true) {
                    let timeout = timeout.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
                    answer.extensions_mut().insert(Unfinished { timeout });
                }
                Ok(answer)
            }
            "list_locations" => {
                let size = self.number("pageSize")?.and_then(|size| usize::try_from(size).ok());
                let token = self.query.get("pageToken").map(String::as_str);
                respond::json(&locations::list(&scope.named, size, token)?)
            }
            _ => Err(ApiError::not_emulated(self.method.id)),
        }
    }

    /// A write of a service: the store first, then the routes, then the work over time.
    fn write(
        &self,
        work: impl FnOnce(&mut crate::store::Store) -> Result<services::Change, ApiError>,
    ) -> Answer {
        let change = self.engine.with_store(|store| {
            let change = work(store)?;
            self.engine.publish(store, &change.key);
            Ok(change)
        })?;
        if change.reconcile {
            self.engine.reconcile(change.key);
        }
        respond::json(&change.answer)
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, schema: &'static str) -> Result<T, ApiError> {
        json::parse(self.body, schema, &self.engine.config.future_fields)
    }

    fn dry_run(&self) -> Result<bool, ApiError> {
        match self.query.get("dryRun").map(String::as_str) {
            None | Some("") => Ok(false),
            Some("all") => Ok(true),
            Some(other) => Err(ApiError::invalid(format!(
                "Invalid value '{other}' for dryRun: only 'all' is supported."
            ))),
        }
    }

    fn number(&self, name: &str) -> Result<Option<i32>, ApiError> {
        let text = self.query.get(name).filter(|text| !text.is_empty());
        text.map(|text| {
            text.parse()
                .map_err(|_| ApiError::invalid(format!("Invalid value at '{name}' (TYPE_INT32), \"{text}\"")))
        })
        .transpose()
    }

    fn list_query(&self) -> Result<ListQuery, ApiError> {
        let text = |name: &str| self.query.get(name).filter(|text| !text.is_empty()).cloned();
        Ok(ListQuery {
            limit: self.number("limit")?.and_then(|limit| usize::try_from(limit).ok()),
            token: text("continue"),
            labels: text("labelSelector"),
        })
    }
}

/// The answer of Google's front end to a path that leads nowhere. (Seen.)
fn nowhere(path: &str) -> Response<Bytes> {
    let path = path.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    pages::html(
        StatusCode::NOT_FOUND,
        &format!("The requested URL <code>{path}</code> was not found on this server."),
    )
}

/// (Seen for a creation at the global host.)
fn no_region() -> ApiError {
    ApiError::violations(&[Violation {
        field: "region".to_owned(),
        description: "No region provided in host name, please use a regional endpoint.".to_owned(),
    }])
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
