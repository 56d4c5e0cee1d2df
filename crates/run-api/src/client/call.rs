//! One request: the host it needs, its hooks, and its error told in this crate's terms.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;

use http::StatusCode;
use progenitor_client::{Error as CallError, ResponseValue};

use super::{CallContext, Client};
use crate::endpoint::Host;
use crate::error::ErrorKind;
use crate::types::ObjectMeta;
use crate::{Error, Location, Named, ProjectId, ResourceRef, Result, generated};

/// The one value of `dryRun` that the API knows.
pub(super) const DRY_RUN: &str = "all";

type Answer<T> = std::result::Result<ResponseValue<T>, CallError<()>>;

/// The ids of a resource as they stand in a path.
pub(super) struct Ids<'a> {
    pub(super) project: &'a str,
    pub(super) region: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Ids<'a> {
    fn of<K: Named>(resource: &'a ResourceRef<K>) -> Self {
        Self {
            project: resource.project().as_str(),
            region: resource.region().as_str(),
            name: resource.name.as_ref(),
        }
    }
}

impl Client {
    /// A request about one resource, to the host of its region.
    pub(super) async fn call_on<'a, K, T, F, Fut>(
        &self,
        operation: &'static str,
        resource: &'a ResourceRef<K>,
        send: F,
    ) -> Result<T>
    where
        K: Named,
        F: FnOnce(generated::Client, Ids<'a>) -> Fut,
        Fut: Future<Output = Answer<T>>,
    {
        self.call(operation, resource, Host::Regional(resource.region()), |api| send(api, Ids::of(resource)))
            .await
    }

    /// A request about one resource, to the host without a region.
    pub(super) async fn call_on_globally<'a, K, T, F, Fut>(
        &self,
        operation: &'static str,
        resource: &'a ResourceRef<K>,
        send: F,
    ) -> Result<T>
    where
        K: Named,
        F: FnOnce(generated::Client, Ids<'a>) -> Fut,
        Fut: Future<Output = Answer<T>>,
    {
        self.call(operation, resource, Host::Global, |api| send(api, Ids::of(resource))).await
    }

    /// A request about what is in one region, with the project for its path.
    pub(super) async fn call_in<'a, T, F, Fut>(
        &self,
        operation: &'static str,
        location: &'a Location,
        send: F,
    ) -> Result<T>
    where
        F: FnOnce(generated::Client, &'a str) -> Fut,
        Fut: Future<Output = Answer<T>>,
    {
        let host = Host::Regional(&location.region);
        self.call(operation, location, host, |api| send(api, location.project.as_str())).await
    }

    /// A request about what is in all regions, with the project for its path.
    pub(super) async fn call_in_all_regions<'a, T, F, Fut>(
        &self,
        operation: &'static str,
        project: &'a ProjectId,
        send: F,
    ) -> Result<T>
    where
        F: FnOnce(generated::Client, &'a str) -> Fut,
        Fut: Future<Output = Answer<T>>,
    {
        let resource = format!("projects/{project}");
        self.call(operation, &resource, Host::Global, |api| send(api, project.as_str())).await
    }

    /// A request that creates a resource, with the project for its path.
    pub(super) async fn call_for_new<'a, K, T, F, Fut>(
        &self,
        operation: &'static str,
        location: &'a Location,
        metadata: Option<&ObjectMeta>,
        send: F,
    ) -> Result<T>
    where
        K: Named,
        F: FnOnce(generated::Client, &'a str) -> Fut,
        Fut: Future<Output = Answer<T>>,
    {
        let resource = match metadata.and_then(|metadata| metadata.name.as_deref()) {
            Some(name) => format!("{location}/{}/{name}", K::COLLECTION),
            None => location.to_string(),
        };
        let host = Host::Regional(&location.region);
        self.call(operation, &resource, host, |api| send(api, location.project.as_str())).await
    }

    /// Sends one request through the generated client, at the host that the operation needs.
    pub(super) async fn call<T, F, Fut>(
        &self,
        operation: &'static str,
        resource: &(impl fmt::Display + Sync),
        host: Host<'_>,
        send: F,
    ) -> Result<T>
    where
        F: FnOnce(generated::Client) -> Fut,
        Fut: Future<Output = Answer<T>>,
    {
        let base = self.0.endpoint.base_url(host);
        let context = CallContext::new(self.0.clone(), self.0.endpoint.host_header(host));
        let api = generated::Client::new_with_client(&base, self.0.http.clone(), context.clone());
        match send(api).await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(error) => Err(told(error, &context, &base).await.about(operation, resource)),
        }
    }
}

async fn told(error: CallError<()>, context: &CallContext, base: &str) -> Error {
    match error {
        CallError::UnexpectedResponse(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            match answer.bytes().await {
                Ok(body) => Error::from_answer(status, &headers, body),
                Err(error) if needs_body(status) => transport(error, base),
                Err(_) => Error::from_answer(status, &headers, bytes::Bytes::new()),
            }
        }
        CallError::InvalidResponsePayload(body, source) => {
            Error::from_undecodable(context.status(), body, source)
        }
        CallError::CommunicationError(error) => transport(error, base),
        CallError::ResponseBodyError(error) => transport(error, base),
        CallError::InvalidRequest(text) => Error::invalid_input(text),
        CallError::Custom(text) => context.take_failure().unwrap_or_else(|| Error::invalid_input(text)),
        // Neither is generated: no operation upgrades, and none declares an error type.
        CallError::InvalidUpgrade(error) => transport(error, base),
        CallError::ErrorResponse(answer) => {
            Error::from_answer(answer.status(), answer.headers(), bytes::Bytes::new())
        }
    }
}

/// Whether only the body tells the failure: a 404 or a 409 may be the API's word or a proxy's.
fn needs_body(status: StatusCode) -> bool {
    status.is_client_error()
        && !matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

fn transport(error: reqwest::Error, base: &str) -> Error {
    let error = error.without_url();
    let (kind, what) = if error.is_connect() {
        (ErrorKind::Connect, format!("no connection to {base}"))
    } else if error.is_timeout() {
        (ErrorKind::Timeout, format!("no answer from {base} in time"))
    } else if error.is_builder() {
        (ErrorKind::InvalidInput, "the request can not be made".to_owned())
    } else {
        (ErrorKind::Transport, format!("the connection to {base} broke before the answer was complete"))
    };
    let message = match root_cause(&error) {
        Some(cause) => format!("{what}: {cause}"),
        None => what,
    };
    Error::new(kind, message).with_source(error)
}

fn root_cause(error: &dyn StdError) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}
