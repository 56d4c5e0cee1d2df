//! What happens around every generated request: headers, credentials, and a trace of it.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderName, HeaderValue, StatusCode, header};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use tokio::time::Instant;
use tracing::debug;

use super::Shared;
use super::observe::{Exchange, buffered};
use crate::error::ErrorKind;
use crate::{Error, Result, generated};

/// Asks for the error shape that has a status and details.
const ERROR_FORMAT: HeaderName = HeaderName::from_static("x-goog-api-format-version");

/// What one call carries through the generated client, and what comes back beside its result.
#[derive(Clone)]
pub(crate) struct CallContext {
    shared: Arc<Shared>,
    host: Option<String>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    status: StatusCode,
    /// Hooks can only fail with text; this is the whole error.
    failure: Option<Error>,
}

impl CallContext {
    pub(super) fn new(shared: Arc<Shared>, host: Option<String>) -> Self {
        Self { shared, host, seen: Arc::default() }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.seen().status
    }

    pub(super) fn take_failure(&self) -> Option<Error> {
        self.seen().failure.take()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn prepare(&self, request: &mut reqwest::Request) -> Result<()> {
        let credentials = self.shared.credentials.headers().await?;
        if !credentials.is_empty() {
            self.shared.check_universe().await?;
        }
        let headers = request.headers_mut();
        headers.insert(ERROR_FORMAT, HeaderValue::from_static("2"));
        if let Some(host) = &self.host {
            let host =
                HeaderValue::try_from(host).map_err(|_| Error::invalid_input("the region is not valid"))?;
            headers.insert(header::HOST, host);
        }
        headers.extend(credentials);
        Ok(())
    }
}

impl Shared {
    /// A credential of another universe must not be sent to this one.
    async fn check_universe(&self) -> Result<()> {
        let universe = self.universe.get_or_init(|| self.credentials.universe()).await;
        if self.trusted || self.endpoint.is_google(universe) {
            return Ok(());
        }
        let to = self.endpoint.base_url(crate::endpoint::Host::Global);
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("the credential belongs to the universe {universe}, and {to} is not in it"),
        ))
    }
}

impl ClientHooks<CallContext> for generated::Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        _: &OperationInfo,
    ) -> std::result::Result<(), progenitor_client::Error<E>> {
        let context = self.inner();
        context.prepare(request).await.map_err(|error| {
            let text = error.to_string();
            context.seen().failure = Some(error);
            progenitor_client::Error::Custom(text)
        })
    }

    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let (verb, url) = (request.method().clone(), request.url().clone());
        let observer = self.inner().shared.observer.clone();
        let sent = observer.as_ref().and_then(|_| request.body()?.as_bytes().map(<[u8]>::to_vec));
        let start = Instant::now();
        let mut result = self.client().execute(request).await;
        if let Some(observer) = observer {
            let (buffered, body) = match result {
                Ok(answer) => match buffered(answer).await {
                    Ok((answer, body)) => (Ok(answer), body),
                    Err(error) => (Err(error), bytes::Bytes::new()),
                },
                Err(error) => (Err(error), bytes::Bytes::new()),
            };
            observer(&Exchange {
                operation: info.operation_id,
                method: verb.as_str(),
                url: url.as_str(),
                request_body: sent.as_deref(),
                answer: match &buffered {
                    Ok(answer) => Ok((answer.status().as_u16(), &body)),
                    Err(error) => Err(error.to_string()),
                },
                elapsed: start.elapsed(),
            });
            result = buffered;
        }
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let operation = info.operation_id;
        match &result {
            Ok(answer) => {
                let status = answer.status();
                self.inner().seen().status = status;
                debug!(operation, %verb, %url, status = status.as_u16(), elapsed_ms, "answered");
            }
            Err(error) => debug!(operation, %verb, %url, %error, elapsed_ms, "not answered"),
        }
        result
    }
}
