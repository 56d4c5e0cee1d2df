//! Startup probes: whether a program has begun to listen, and to be well.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// A startup probe. (Documented: which fields there are and their defaults.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    kind: Kind,
    /// The port to look at; that of the container if none is named.
    port: Option<i32>,
    delay: Duration,
    period: Duration,
    timeout: Duration,
    attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Does something listen? (gRPC health checks are probed so, too.)
    Tcp,
    /// Does it answer with a status from 200 to 399?
    Http { path: String, headers: Vec<(String, String)> },
}

/// Why a probe has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nothing listens.
    Silent,
    /// It answers badly, or not in time.
    Unwell,
}

/// The pauses between two looks for a listener.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Probe {
    /// The probe of a container; none for one that only runs a command within it, which there is no way to do.
    pub(super) fn of(probe: &run_api::types::Probe) -> Option<Self> {
        let (kind, port) = if let Some(http) = &probe.http_get {
            let path = http.path.clone().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
            let headers = http.http_headers.iter();
            let headers = headers.filter_map(|one| Some((one.name.clone()?, one.value.clone()?)));
            (Kind::Http { path, headers: headers.collect() }, http.port)
        } else if let Some(grpc) = &probe.grpc {
            (Kind::Tcp, grpc.port)
        } else {
            (Kind::Tcp, probe.tcp_socket.as_ref()?.port)
        };
        let seconds = |given: Option<i32>, default: u64| {
            let given = given.and_then(|given| u64::try_from(given).ok());
            Duration::from_secs(given.filter(|given| *given > 0).unwrap_or(default))
        };
        let attempts = probe.failure_threshold.and_then(|most| u32::try_from(most).ok());
        Some(Self {
            kind,
            port: port.filter(|port| *port > 0),
            delay: seconds(probe.initial_delay_seconds, 0),
            period: seconds(probe.period_seconds, 10),
            timeout: seconds(probe.timeout_seconds, 1),
            attempts: attempts.filter(|most| *most > 0).unwrap_or(3),
        })
    }

    /// Whether it is about this port of the container, which has another one here.
    pub(super) fn port(&self, container: Option<i32>, given: u16) -> u16 {
        let port = self.port.filter(|port| container != Some(*port));
        port.and_then(|port| u16::try_from(port).ok()).unwrap_or(given)
    }

    /// Looks until the program is well or has had its chances.
    ///
    /// As long as nothing listens it looks more often than the period says, so that nobody waits for the next
    /// attempt in vain; the time that a program has in all is the same.
    pub(super) async fn run(&self, port: u16) -> Result<(), Failed> {
        sleep(self.delay).await;
        let start = Instant::now();
        let mut failed = Failed::Silent;
        for attempt in 0..self.attempts {
            let begin = start + self.period * attempt;
            sleep_until(begin).await;
            let last = attempt + 1 == self.attempts;
            match self.attempt(port, begin + if last { self.timeout } else { self.period }).await {
                Ok(()) => return Ok(()),
                Err(why) => failed = why,
            }
        }
        Err(failed)
    }

    /// One attempt: until somebody listens, and then for the timeout.
    async fn attempt(&self, port: u16, end: Instant) -> Result<(), Failed> {
        let mut pause = FIRST_PAUSE;
        loop {
            let deadline = end.min(Instant::now() + self.timeout);
            match timeout_at(deadline, TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await {
                Ok(Ok(stream)) => {
                    let well = timeout_at(deadline, self.is_well(stream, port)).await;
                    return if well == Ok(true) { Ok(()) } else { Err(Failed::Unwell) };
                }
                _ if Instant::now() + pause >= end => return Err(Failed::Silent),
                _ => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether what listens is well.
    async fn is_well(&self, stream: TcpStream, port: u16) -> bool {
        match &self.kind {
            Kind::Tcp => true,
            Kind::Http { path, headers } => get(stream, port, path, headers)
                .await
                .is_ok_and(|status| status.is_success() || status.is_redirection()),
        }
    }
}

async fn get(
    stream: TcpStream,
    port: u16,
    path: &str,
    headers: &[(String, String)],
) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn probe(value: Value) -> Option<Probe> {
        Probe::of(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn settings() {
        let plain = probe(json!({"tcpSocket": {"port": 8080}, "periodSeconds": 240, "timeoutSeconds": 240,
            "failureThreshold": 1}))
        .unwrap();
        let whole = Duration::from_secs(240);
        assert_eq!(
            (plain.delay, plain.period, plain.timeout, plain.attempts),
            (Duration::ZERO, whole, whole, 1)
        );
        assert_eq!((plain.port(Some(8080), 25_000), plain.port(Some(1), 25_000)), (25_000, 8080));
        let http = probe(json!({"httpGet": {"path": "/ok"}, "initialDelaySeconds": 3})).unwrap();
        assert_eq!(http.kind, Kind::Http { path: "/ok".to_owned(), headers: Vec::new() });
        assert_eq!((http.delay, http.attempts), (Duration::from_secs(3), 3));
        assert_eq!(http.port(Some(8080), 25_000), 25_000);
        assert_eq!(probe(json!({"grpc": {"port": 1}})).unwrap().kind, Kind::Tcp);
        assert_eq!(probe(json!({"exec": {"command": ["true"]}})), None);
    }

    fn quick(kind: Kind, attempts: u32) -> Probe {
        let (period, timeout) = (Duration::from_millis(40), Duration::from_millis(30));
        Probe { kind, port: None, delay: Duration::ZERO, period, timeout, attempts }
    }

    fn http() -> Kind {
        Kind::Http { path: "/ok".to_owned(), headers: vec![("x-probe".to_owned(), "1".to_owned())] }
    }

    #[tokio::test]
    async fn something_listens_or_does_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(quick(Kind::Tcp, 1).run(port).await, Ok(()));
        assert_eq!(quick(http(), 2).run(port).await, Err(Failed::Unwell), "it listens and says nothing");
        drop(listener);
        let start = Instant::now();
        assert_eq!(quick(Kind::Tcp, 2).run(port).await, Err(Failed::Silent));
        assert!(start.elapsed() > Duration::from_millis(40), "the second attempt is one period later");
    }

    #[tokio::test]
    async fn it_must_answer_well_in_one_of_the_attempts() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            for status in ["503 No", "204 Fine"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut seen = [0; 1024];
                let length = stream.read(&mut seen).await.unwrap();
                let seen = String::from_utf8_lossy(&seen[..length]).to_lowercase();
                assert!(seen.starts_with("get /ok http/1.1\r\n") && seen.contains("x-probe: 1"), "{seen}");
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        assert_eq!(quick(http(), 2).run(port).await, Ok(()));
        server.await.unwrap();
    }
}
