//! The dashboard: a page that shows what the emulator holds, live.
//!
//! `/` is the page, `/__emulator/watch` the stream of events that it draws. It needs nothing from elsewhere.

mod view;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Method, Response, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tokio::time::Instant;

use crate::body::Body;
use crate::engine::Engine;

/// The shortest time between two events: a person sees no more, and a busy emulator has other work.
const PACE: Duration = Duration::from_millis(50);

/// The longest time without an event, so that both sides notice when the other is gone.
const SILENCE: Duration = Duration::from_secs(15);

/// Everything comes from the emulator itself, no script is within the page, and no other page shows it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers a request for the page or a part of it; none for any other path.
pub(crate) fn answer(engine: &Arc<Engine>, method: &Method, path: &str) -> Option<Response<Body>> {
    if method != Method::GET {
        return None;
    }
    Some(match path {
        "/" => file("text/html; charset=utf-8", include_str!("dashboard/index.html")),
        "/__emulator/page.css" => file("text/css; charset=utf-8", include_str!("dashboard/page.css")),
        "/__emulator/page.js" => file("text/javascript; charset=utf-8", include_str!("dashboard/page.js")),
        "/__emulator/watch" => watch(engine.clone()),
        _ => return None,
    })
}

fn file(kind: &'static str, text: &'static str) -> Response<Body> {
    let body = Full::new(Bytes::from_static(text.as_bytes())).map_err(Into::into).boxed_unsync();
    with_headers(body, kind)
}

fn with_headers(body: Body, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Server-sent events: the whole view at first, and again whenever it has changed.
/// (Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>)
fn watch(engine: Arc<Engine>) -> Response<Body> {
    let events = stream::unfold((engine, None::<String>), |(engine, last)| async move {
        if last.is_some() {
            tokio::time::sleep(PACE).await;
        }
        let event = next_event(&engine, last.as_deref()).await;
        let bytes = Bytes::from(
            event.as_deref().map_or_else(|| ":\n\n".to_owned(), |view| format!("data: {view}\n\n")),
        );
        Some((Ok::<_, Infallible>(Frame::data(bytes)), (engine, event.or(last))))
    });
    with_headers(StreamBody::new(events).map_err(Into::into).boxed_unsync(), "text/event-stream")
}

/// The view, once it is another than the last one; none if nothing happens for a long time.
async fn next_event(engine: &Engine, last: Option<&str>) -> Option<String> {
    let until = Instant::now() + SILENCE;
    loop {
        let mut news = std::pin::pin!(engine.news());
        news.as_mut().enable();
        let view =
            engine.with_store(|store| view::View::of(store, &engine.requests(), &engine.faults.active()));
        let view = serde_json::to_string(&view).unwrap_or_default();
        if last != Some(view.as_str()) {
            return Some(view);
        }
        if tokio::time::timeout_at(until, news).await.is_err() {
            return None;
        }
    }
}
