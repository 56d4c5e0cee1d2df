//! The lines that Cloud Run's own log has of probes. Pure.
//!
//! (Seen in the logs of public reports, for startup probes over TCP and HTTP and liveness probes over HTTP; the words for
//! gRPC and for readiness are inferred from these.)

use super::probe::{Failed, Kind, Probe};

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Startup,
    Liveness,
    Readiness,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Startup => "STARTUP",
            Self::Liveness => "LIVENESS",
            Self::Readiness => "READINESS",
        }
    }

    /// What comes of a failure.
    fn consequence(self) -> &'static str {
        match self {
            Self::Startup => "The instance was not started.",
            Self::Liveness => "The instance has been shut down.",
            Self::Readiness => "The instance gets no requests until it succeeds.",
        }
    }
}

/// Which probe of which container a line is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) purpose: Purpose,
    pub(super) probe: &'a Probe,
    pub(super) container: &'a str,
    /// The port as the container's configuration has it.
    pub(super) port: i32,
}

impl Subject<'_> {
    pub(super) fn succeeded(&self, attempts: u32) -> String {
        let many = if attempts == 1 { "" } else { "s" };
        format!("{} succeeded after {attempts} attempt{many} for {}.", self.which(), self.place())
    }

    pub(super) fn failed(&self, attempts: u32, failed: Failed) -> String {
        let many = if attempts == 1 { "" } else { "s" };
        let why = match (failed, &self.probe.kind) {
            (Failed::Silent, Kind::Http { .. }) => {
                " Connection failed with status ERROR_CONNECTION_FAILED.".to_owned()
            }
            (Failed::Silent, _) => " Connection failed with status DEADLINE_EXCEEDED.".to_owned(),
            (Failed::Status(status), _) => format!(" HTTP request returned status {status}."),
            (Failed::Unwell, _) => String::new(),
        };
        let (which, place, then) = (self.which(), self.place(), self.purpose.consequence());
        format!("{which} failed {attempts} time{many} consecutively for {place}. {then}{why}")
    }

    fn which(&self) -> String {
        let default = if self.probe.default { "Default " } else { "" };
        let kind = match &self.probe.kind {
            Kind::Tcp => "TCP",
            Kind::Http { .. } => "HTTP",
            Kind::Grpc { .. } => "GRPC",
        };
        format!("{default}{} {kind} probe", self.purpose.word())
    }

    fn place(&self) -> String {
        let path = match &self.probe.kind {
            Kind::Http { path, .. } => format!(" path \"{path}\""),
            _ => String::new(),
        };
        format!("container \"{}\" on port {}{path}", self.container, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use serde_json::{Value, json};

    fn said(purpose: Purpose, probe: Value, text: impl Fn(Subject<'_>) -> String) -> String {
        let probe = Probe::of(&serde_json::from_value(probe).unwrap(), Some(8080)).unwrap();
        text(Subject { purpose, probe: &probe, container: "app-1", port: 8080 })
    }

    /// <https://github.com/1Password/scim-examples/issues/309>, and other logs that are public.
    #[test]
    fn lines_that_were_seen() {
        let default = json!({"tcpSocket": {"port": 8080}, "timeoutSeconds": 240, "periodSeconds": 240,
            "failureThreshold": 1});
        assert_eq!(
            said(Purpose::Startup, default.clone(), |one| one.succeeded(1)),
            "Default STARTUP TCP probe succeeded after 1 attempt for container \"app-1\" on port 8080."
        );
        assert_eq!(
            said(Purpose::Startup, default, |one| one.failed(1, Failed::Silent)),
            "Default STARTUP TCP probe failed 1 time consecutively for container \"app-1\" on port 8080. The instance \
             was not started. Connection failed with status DEADLINE_EXCEEDED."
        );
        let http = json!({"httpGet": {"path": "/health"}});
        let unavailable = Failed::Status(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            said(Purpose::Startup, http.clone(), |one| one.failed(3, unavailable)),
            "STARTUP HTTP probe failed 3 times consecutively for container \"app-1\" on port 8080 path \"/health\". The \
             instance was not started. HTTP request returned status 503 Service Unavailable."
        );
        assert_eq!(
            said(Purpose::Liveness, http, |one| one.failed(3, Failed::Unwell)),
            "LIVENESS HTTP probe failed 3 times consecutively for container \"app-1\" on port 8080 path \"/health\". The \
             instance has been shut down."
        );
    }
}
