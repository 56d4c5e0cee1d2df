//! One request on its way to the service, and its answer on the way back; both are passed on as they come.

use std::error::Error as StdError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use reqwest::{Body, Url};
use run_api::LoopbackResolver;

use super::headers;
use super::token::Tokens;
use crate::terminal::{ExitStatus, Failure, Printer};

const CONNECT: Duration = Duration::from_secs(10);

/// The way to a service.
pub(super) struct Forward {
    http: reqwest::Client,
    target: Url,
    tokens: Tokens,
    printer: Printer,
    /// Whether it was said that the service takes no requests from the caller.
    told: AtomicBool,
}

impl Forward {
    pub(super) fn new(target: &str, tokens: Tokens, printer: Printer) -> Result<Self, Failure> {
        let bad = |error: &dyn StdError| {
            Failure::new(ExitStatus::Failed, format!("{target} cannot be called: {error}"))
        };
        let url = Url::parse(target).map_err(|error| bad(&error))?;
        run_api::install_crypto_provider();
        let is_here = url.host_str().is_some_and(|host| host == "127.0.0.1" || host.ends_with("localhost"));
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .dns_resolver(LoopbackResolver);
        if is_here {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| bad(&error))?;
        Ok(Self { http, target: url, tokens, printer, told: AtomicBool::new(false) })
    }

    /// The service's answer, or one that says why there is none.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if let Some(why) = headers::refusal(request.headers()) {
            return said(StatusCode::FORBIDDEN, &format!("the request is not forwarded: {why}"));
        }
        match self.forwarded(request).await {
            Ok(answer) => answer,
            Err(why) => {
                self.printer.talk(format_args!("warning: {why}"));
                said(StatusCode::BAD_GATEWAY, &why)
            }
        }
    }

    async fn forwarded(&self, mut request: Request<Incoming>) -> Result<Response<Body>, String> {
        let token = self.tokens.get().await.map_err(|error| error.to_string())?;
        let is_authenticated = token.is_some();
        let here = headers::upgrade(request.headers()).map(|_| hyper::upgrade::on(&mut request));
        let (mut parts, body) = request.into_parts();
        headers::pass(&mut parts.headers);
        parts.headers.remove(header::HOST);
        if let Some(token) = token {
            headers::authenticate(&mut parts.headers, token);
        }
        let mut url = self.target.clone();
        url.set_path(parts.uri.path());
        url.set_query(parts.uri.query());
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        if !body.is_end_stream() {
            *outgoing.body_mut() = Some(Body::wrap(body));
        }
        let answer = self
            .http
            .execute(outgoing)
            .await
            .map_err(|error| format!("no answer from {}: {}", self.target, root(&error.without_url())))?;
        self.look_at(answer.status(), is_authenticated).await;
        match here {
            Some(here) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => Ok(switched(answer, here)),
            _ => {
                let mut answer = Response::<Body>::from(answer);
                headers::pass(answer.headers_mut());
                Ok(answer)
            }
        }
    }

    /// Says once what to do if the service does not take the caller's requests.
    async fn look_at(&self, status: StatusCode, is_authenticated: bool) {
        if status == StatusCode::UNAUTHORIZED {
            self.tokens.refused().await;
        }
        let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if !is_refused || self.told.swap(true, Ordering::Relaxed) {
            return;
        }
        self.printer.talk(format_args!(
            "warning: {} answered {}{}; if that was Cloud Run and not the program, grant roles/run.invoker on the service \
             to the caller",
            self.target,
            status.as_u16(),
            if is_authenticated { "" } else { " to a request without an identity token" },
        ));
    }
}

/// Connects the two ends once both have changed protocols.
fn switched(answer: reqwest::Response, here: hyper::upgrade::OnUpgrade) -> Response<Body> {
    let mut reply = Response::new(Body::from(""));
    *reply.status_mut() = answer.status();
    *reply.headers_mut() = answer.headers().clone();
    headers::pass(reply.headers_mut());
    tokio::spawn(async move {
        // If one end is gone there is nothing to connect.
        let (Ok(mut there), Ok(here)) = (answer.upgrade().await, here.await) else { return };
        let _ = tokio::io::copy_bidirectional(&mut there, &mut TokioIo::new(here)).await;
    });
    reply
}

fn root(error: &dyn StdError) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// An answer of the proxy's own, for people.
fn said(status: StatusCode, text: &str) -> Response<Body> {
    let mut answer = Response::new(Body::from(format!("runctl services proxy: {text}\n")));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}
