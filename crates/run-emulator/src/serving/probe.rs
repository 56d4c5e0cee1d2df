//! Probes: whether a program has begun to listen, and whether it is well.

mod ask;

use std::net::Ipv4Addr;
use std::time::Duration;

use http::StatusCode;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::rules::defaults;

/// A probe. (Documented: which fields there are and their defaults.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) kind: Kind,
    /// It is the startup probe of a container that was given none.
    pub(super) default: bool,
    /// The port to look at; that of the container if none is named.
    port: Option<i32>,
    pub(super) delay: Duration,
    pub(super) period: Duration,
    timeout: Duration,
    /// How often it may fail in a row.
    pub(super) attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Does something listen?
    Tcp,
    /// Does it answer with a status from 200 to 399?
    Http { path: String, headers: Vec<(String, String)> },
    /// Does it say that a service, or all of it, is well?
    Grpc { service: String },
}

/// Why a probe has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nothing listens.
    Silent,
    /// It answers with this status.
    Status(StatusCode),
    /// It answers badly, or not in time.
    Unwell,
}

/// The pauses between two looks for a listener.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Probe {
    /// The probe of a container; none for one that only runs a command within it, which there is no way to do.
    pub(super) fn of(probe: &run_api::types::Probe, container: Option<i32>) -> Option<Self> {
        let (kind, port) = if let Some(http) = &probe.http_get {
            let path = http.path.clone().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
            let headers = http.http_headers.iter();
            let headers = headers.filter_map(|one| Some((one.name.clone()?, one.value.clone()?)));
            (Kind::Http { path, headers: headers.collect() }, http.port)
        } else if let Some(grpc) = &probe.grpc {
            (Kind::Grpc { service: grpc.service.clone().unwrap_or_default() }, grpc.port)
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
            default: *probe == defaults::startup_probe(container),
            port: port.filter(|port| *port > 0),
            delay: seconds(probe.initial_delay_seconds, 0),
            period: seconds(probe.period_seconds, 10),
            timeout: seconds(probe.timeout_seconds, 1),
            attempts: attempts.filter(|most| *most > 0).unwrap_or(3),
        })
    }

    /// The port to look at on this machine, where that of the container is another one.
    pub(super) fn port(&self, container: Option<i32>, given: u16) -> u16 {
        let port = self.port.filter(|port| container != Some(*port));
        port.and_then(|port| u16::try_from(port).ok()).unwrap_or(given)
    }

    /// The port as the configuration has it.
    pub(super) fn configured(&self, container: Option<i32>) -> i32 {
        self.port.or(container).unwrap_or_default()
    }

    /// Looks until the program is well or has had its chances; at which attempt it was.
    ///
    /// As long as nothing listens it looks more often than the period says, so that nobody waits for the next
    /// attempt in vain; the time that a program has in all is the same.
    pub(super) async fn run(&self, port: u16) -> Result<u32, Failed> {
        sleep(self.delay).await;
        let start = Instant::now();
        let mut failed = Failed::Silent;
        for attempt in 0..self.attempts {
            let begin = start + self.period * attempt;
            sleep_until(begin).await;
            let last = attempt + 1 == self.attempts;
            match self.attempt(port, begin + if last { self.timeout } else { self.period }).await {
                Ok(()) => return Ok(attempt + 1),
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
                Ok(Ok(stream)) => return self.ask(stream, port, deadline).await,
                _ if Instant::now() + pause >= end => return Err(Failed::Silent),
                _ => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One look at a program that has listened before.
    pub(super) async fn look(&self, port: u16) -> Result<(), Failed> {
        let deadline = Instant::now() + self.timeout;
        match timeout_at(deadline, TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await {
            Ok(Ok(stream)) => self.ask(stream, port, deadline).await,
            _ => Err(Failed::Silent),
        }
    }

    /// Whether what listens is well.
    async fn ask(&self, stream: TcpStream, port: u16, deadline: Instant) -> Result<(), Failed> {
        let asked = async {
            match &self.kind {
                Kind::Tcp => Ok(()),
                Kind::Http { path, headers } => match ask::status(stream, port, path, headers).await {
                    Ok(status) if status.is_success() || status.is_redirection() => Ok(()),
                    Ok(status) => Err(Failed::Status(status)),
                    Err(_) => Err(Failed::Unwell),
                },
                Kind::Grpc { service } => match ask::serves(stream, port, service).await {
                    Ok(true) => Ok(()),
                    _ => Err(Failed::Unwell),
                },
            }
        };
        timeout_at(deadline, asked).await.unwrap_or(Err(Failed::Unwell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn probe(value: Value) -> Option<Probe> {
        Probe::of(&serde_json::from_value(value).unwrap(), Some(8080))
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
        assert_eq!((plain.default, plain.configured(Some(1))), (true, 8080));
        let http = probe(json!({"httpGet": {"path": "/ok"}, "initialDelaySeconds": 3})).unwrap();
        assert_eq!(http.kind, Kind::Http { path: "/ok".to_owned(), headers: Vec::new() });
        assert_eq!((http.delay, http.attempts), (Duration::from_secs(3), 3));
        assert_eq!(http.port(Some(8080), 25_000), 25_000);
        assert_eq!((http.default, http.configured(Some(1))), (false, 1));
        let grpc = probe(json!({"grpc": {"port": 1, "service": "mine"}})).unwrap();
        assert_eq!(grpc.kind, Kind::Grpc { service: "mine".to_owned() });
        assert_eq!(probe(json!({"exec": {"command": ["true"]}})), None);
    }

    fn quick(kind: Kind, attempts: u32) -> Probe {
        let (period, timeout) = (Duration::from_millis(40), Duration::from_millis(30));
        Probe { kind, default: false, port: None, delay: Duration::ZERO, period, timeout, attempts }
    }

    fn http() -> Kind {
        Kind::Http { path: "/ok".to_owned(), headers: vec![("x-probe".to_owned(), "1".to_owned())] }
    }

    #[tokio::test]
    async fn something_listens_or_does_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(quick(Kind::Tcp, 1).run(port).await, Ok(1));
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
        assert_eq!(quick(http(), 2).run(port).await, Ok(2));
        server.await.unwrap();
    }
}
