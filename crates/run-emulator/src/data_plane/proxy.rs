//! Requests that a program answers.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::bodies::{Limited, Timed};
use super::headers;
use crate::body::{self, Body, whole};
use crate::serving::{Lease, Refusal, Server};

/// The longest body of a request to a program that speaks HTTP/1. (Documented; there is no limit for HTTP/2.)
const LONGEST_REQUEST: u64 = 32 * 1024 * 1024;

/// Why a program did not answer.
enum Failure {
    TooLarge,
    Refused(Refusal),
    /// It broke off, or what it says is no HTTP.
    Broken,
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

impl From<hyper::Error> for Failure {
    fn from(_: hyper::Error) -> Self {
        Self::Broken
    }
}

/// A connection to a program, which ends when nobody needs it.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where requests to a program go in.
enum Sender {
    Http1(http1::SendRequest<Limited>),
    Http2(http2::SendRequest<Limited>),
}

impl Sender {
    /// Begins to speak. (Documented: with HTTP/2, the program is spoken to without asking.)
    async fn begin(stream: TcpStream, version: Version) -> hyper::Result<(Self, Connection)> {
        let stream = TokioIo::new(stream);
        if version == Version::HTTP_2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
            return Ok((Self::Http2(sender), Connection(tokio::spawn(connection).abort_handle())));
        }
        let (sender, connection) = http1::handshake(stream).await?;
        Ok((Self::Http1(sender), Connection(tokio::spawn(connection.with_upgrades()).abort_handle())))
    }

    async fn send(&mut self, request: Request<Limited>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }
}

/// Sends a request to a program and gives back its answer.
pub(super) async fn answer(
    server: Arc<Server>,
    client: IpAddr,
    request: Request<Incoming>,
) -> Response<Body> {
    // (Seen: the time for a request includes that of a cold start.)
    let deadline = Instant::now() + server.plan.timeout;
    let failure = if request.body().size_hint().lower() > longest(server.plan.version) {
        // A client that is still sending when the connection closes would see a reset instead of the answer.
        let _ = body::read(request.into_body()).await;
        Failure::TooLarge
    } else {
        match timeout_at(deadline, exchange(&server, deadline, client, request)).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(failure)) => failure,
            Err(_) => return page(StatusCode::GATEWAY_TIMEOUT, "The upstream request timed out."),
        }
    };
    match failure {
        Failure::TooLarge => {
            page(StatusCode::PAYLOAD_TOO_LARGE, "Your client issued a request that was too large.")
        }
        Failure::Refused(Refusal::Busy) => page(
            StatusCode::TOO_MANY_REQUESTS,
            "The request was aborted because there was no available instance.",
        ),
        Failure::Refused(Refusal::Down) | Failure::Broken => page(
            StatusCode::SERVICE_UNAVAILABLE,
            "The request failed because the instance could not start, or the connection to it had an error.",
        ),
    }
}

fn page(status: StatusCode, sentence: &str) -> Response<Body> {
    whole(body::page(status, sentence))
}

async fn exchange(
    server: &Arc<Server>,
    deadline: Instant,
    client: IpAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Failure> {
    let lease = server.lease().await.map_err(Failure::Refused)?;
    let stream = TcpStream::connect(lease.address).await?;
    stream.set_nodelay(true)?;
    let version = server.plan.version;
    let (mut sender, connection) = Sender::begin(stream, version).await?;
    let upgrades = headers::upgrade(request.headers()).is_some().then(|| on(&mut request));
    let (request, exceeded) = outgoing(request, version, client);
    let mut answer = match sender.send(request).await {
        Ok(answer) => answer,
        Err(_) if exceeded.load(Ordering::Relaxed) => return Err(Failure::TooLarge),
        Err(error) => return Err(error.into()),
    };
    let status = answer.status();
    headers::for_client(answer.headers_mut(), status);
    *answer.version_mut() = Version::HTTP_11;
    if status == StatusCode::SWITCHING_PROTOCOLS
        && let Some(from_client) = upgrades
    {
        let tunnel = tunnel(from_client, on(&mut answer), lease, connection);
        tokio::spawn(timeout_at(deadline, tunnel));
        return Ok(answer.map(|_| whole(Response::default()).into_body()));
    }
    Ok(answer.map(|body| Timed::new(body, deadline, (lease, connection)).boxed_unsync()))
}

fn longest(version: Version) -> u64 {
    if version == Version::HTTP_2 { u64::MAX } else { LONGEST_REQUEST }
}

/// The request as the program is to see it.
fn outgoing(
    request: Request<Incoming>,
    version: Version,
    client: IpAddr,
) -> (Request<Limited>, Arc<std::sync::atomic::AtomicBool>) {
    let (mut parts, body) = request.into_parts();
    let named = parts.uri.authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    let host = named.or_else(|| parts.headers.get(header::HOST).cloned());
    // A client that takes this for its proxy names the host in the target; one that connects names nothing else.
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let target = match (version, host.as_ref().and_then(|host| host.to_str().ok())) {
        (Version::HTTP_2, Some(host)) => format!("http://{host}{target}"),
        _ => target.to_owned(),
    };
    parts.uri = match Uri::try_from(target) {
        Ok(uri) => uri,
        Err(_) => Uri::from_static("/"),
    };
    headers::for_program(&mut parts.headers, host, version, client, (rand::random(), rand::random()));
    parts.version = version;
    let (body, exceeded) = Limited::new(body, longest(version));
    (Request::from_parts(parts, body), exceeded)
}

/// Whether a request asks for a tunnel to the host, which is not to be had.
pub(super) fn is_tunnel(request: &Request<Incoming>) -> bool {
    request.method() == Method::CONNECT
}

/// Carries bytes both ways until the program ends it.
async fn tunnel(client: OnUpgrade, program: OnUpgrade, _lease: Lease, _connection: Connection) {
    let (Ok(client), Ok(program)) = tokio::join!(client, program) else { return };
    let (mut from_client, mut to_client) = split(TokioIo::new(client));
    let (mut from_program, mut to_program) = split(TokioIo::new(program));
    let up = async {
        // A client that has said all may still listen.
        let _ = copy(&mut from_client, &mut to_program).await;
        let _ = to_program.shutdown().await;
        std::future::pending::<()>().await;
    };
    let down = async {
        let _ = copy(&mut from_program, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}
