//! What probes ask of a program that listens.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The status of an answer over HTTP/1. (Documented: probes over HTTP are HTTP/1.)
pub(super) async fn status(
    stream: TcpStream,
    port: u16,
    path: &str,
    headers: &[(String, String)],
) -> Result<StatusCode, Error> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut request = Request::get(path).header(header::HOST, format!("127.0.0.1:{port}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Empty::<Bytes>::new())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut answer = std::pin::pin!(sender.send_request(request));
    tokio::select! {
        answer = &mut answer => Ok(answer?.status()),
        ended = connection => {
            ended?;
            Ok(answer.await?.status())
        }
    }
}

/// Whether a server of gRPC says that a service of its is well.
/// (The protocol: <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>.)
pub(super) async fn serves(stream: TcpStream, port: u16, service: &str) -> Result<bool, Error> {
    let request = Request::post(format!("http://127.0.0.1:{port}/grpc.health.v1.Health/Check"))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .body(Full::new(message(&question(service)?)?))?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let answer = async {
        let answer = sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        verdict(head.status, &head.headers, body).await
    };
    tokio::select! {
        answer = answer => answer,
        ended = connection => {
            ended?;
            Ok(false)
        }
    }
}

async fn verdict(status: StatusCode, headers: &HeaderMap, body: Incoming) -> Result<bool, Error> {
    let body = body.collect().await?;
    let failed = |headers: &HeaderMap| headers.get("grpc-status").is_some_and(|status| status != "0");
    let trailers = body.trailers().is_some_and(failed);
    Ok(status == StatusCode::OK && !failed(headers) && !trailers && is_serving(&body.to_bytes()))
}

/// A `HealthCheckRequest`: the name of a service, as field 1.
fn question(service: &str) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::new();
    if !service.is_empty() {
        bytes.put_u8(1 << 3 | 2);
        let mut length = service.len();
        while length > 0x7f {
            bytes.put_u8(u8::try_from(length & 0x7f)? | 0x80);
            length >>= 7;
        }
        bytes.put_u8(u8::try_from(length)?);
        bytes.put_slice(service.as_bytes());
    }
    Ok(bytes.freeze())
}

/// A message as gRPC sends it: not compressed, its length, itself.
fn message(bytes: &[u8]) -> Result<Bytes, Error> {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(bytes.len())?);
    framed.put_slice(bytes);
    Ok(framed.freeze())
}

/// Whether a `HealthCheckResponse` says `SERVING`: field 1 is 1, and there is no other.
fn is_serving(framed: &[u8]) -> bool {
    framed.get(5..).is_some_and(|message| message == [1 << 3, 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_health_protocol() {
        assert_eq!(message(&question("").unwrap()).unwrap()[..], [0, 0, 0, 0, 0]);
        assert_eq!(message(&question("a").unwrap()).unwrap()[..], [0, 0, 0, 0, 3, 0x0a, 1, b'a']);
        let long = question(&"x".repeat(300)).unwrap();
        assert_eq!((&long[..3], long.len()), (&[0x0a, 0xac, 0x02][..], 303));
        for (framed, expected) in [
            (&[0, 0, 0, 0, 2, 8, 1][..], true),
            (&[0, 0, 0, 0, 2, 8, 2], false),
            (&[0, 0, 0, 0, 0], false),
            (&[], false),
        ] {
            assert_eq!(is_serving(framed), expected, "{framed:?}");
        }
    }
}
