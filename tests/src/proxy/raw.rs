//! HTTP/1.1 as bytes.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// The lines of the head after the first one, without what is about the connection.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads one request; none if the client hung up before its end.
    pub(crate) async fn read(client: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(4096);
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if client.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let body_at = head + 4;
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        let is = |line: &str, name: &str| line.to_ascii_lowercase().starts_with(name);
        let (mut headers, mut length) = (Vec::new(), 0);
        for line in lines {
            if is(line, "content-length:") {
                length = line[15..].trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            } else if !is(line, "connection:") {
                headers.push(line.to_owned());
            }
        }
        while bytes.len() < body_at + length {
            if client.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        }
        let body = bytes[body_at..body_at + length].to_vec();
        Ok(Some(Self { method: method.to_owned(), target: target.to_owned(), headers, body }))
    }

    /// A read at the same host.
    pub(crate) fn get(&self, target: String) -> Self {
        Self { method: "GET".to_owned(), target, headers: self.headers.clone(), body: Vec::new() }
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The last segment of the path: the name of an object, with a verb perhaps, or a collection.
    pub(crate) fn last_segment(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { method, target, headers, body } = self;
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        for line in headers {
            head += line;
            head += "\r\n";
        }
        head += &format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }
}

/// Sends a request and returns all of the answer, as far as it came.
pub(crate) async fn exchange(to: SocketAddr, request: &Request) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(to).await?;
    server.write_all(&request.bytes()).await?;
    let mut answer = Vec::with_capacity(8192);
    while server.read_buf(&mut answer).await? > 0 {}
    Ok(answer)
}

/// An answer with this status line, these lines besides, and this body; the connection ends with it.
pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for line in headers {
        head += line;
        head += "\r\n";
    }
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
