//! Probes: how a container is asked how it is.
//!
//! The functions make probes with the server's defaults; what else a probe has can be set on the value:
//!
//! ```
//! use run_api::types::Probe;
//! use run_ops::edit::{self, probe};
//!
//! let slow = Probe { period_seconds: Some(30), failure_threshold: Some(5), ..probe::http("/healthz") };
//! let edit = edit::service().startup_probe(slow).liveness_probe(probe::http("/live")).readiness_probe(None);
//! edit.apply(&mut run_api::types::Service::default())?;
//! # Ok::<(), edit::InvalidEdit>(())
//! ```

use run_api::Workload;
use run_api::types::{Container, GrpcAction, HttpGetAction, Probe, TcpSocketAction};

use super::error::Problem;
use super::list::Edit;

/// Asks by HTTP GET at the container's port: `httpGet.path`.
#[must_use]
pub fn http(path: impl Into<String>) -> Probe {
    let action = HttpGetAction { path: Some(path.into()), ..HttpGetAction::default() };
    Probe { http_get: Some(action), ..Probe::default() }
}

/// Asks by a TCP connection to this port, or to the container's for none: `tcpSocket.port`. For startup probes only.
#[must_use]
pub fn tcp(port: impl Into<Option<u16>>) -> Probe {
    let action = TcpSocketAction { port: port.into().map(i32::from), ..TcpSocketAction::default() };
    Probe { tcp_socket: Some(action), ..Probe::default() }
}

/// Asks by gRPC's health check about this service, or about the server as a whole for none: `grpc.service`.
#[must_use]
pub fn grpc<'a>(service: impl Into<Option<&'a str>>) -> Probe {
    let action = GrpcAction { service: service.into().map(str::to_owned), ..GrpcAction::default() };
    Probe { grpc: Some(action), ..Probe::default() }
}

/// A probe from settings named as in the API, as gcloud's flags take them: `httpGet.path`, `httpGet.port`,
/// `grpc.service`, `grpc.port`, `tcpSocket.port`, `initialDelaySeconds`, `timeoutSeconds`, `periodSeconds`,
/// `failureThreshold`, `successThreshold`.
///
/// ```
/// use run_ops::edit::probe;
///
/// let probe = probe::from_settings([("httpGet.path", "/healthz"), ("periodSeconds", "5")])?;
/// assert_eq!(probe.period_seconds, Some(5));
/// assert!(probe::from_settings([("path", "/healthz")]).is_err());
/// # Ok::<(), run_ops::edit::Problem>(())
/// ```
///
/// # Errors
/// [`Problem::ProbeSetting`] for another name, [`Problem::ProbeNumber`] for a value that should be a number.
pub fn from_settings<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Probe, Problem> {
    let mut probe = Probe::default();
    for (name, value) in settings {
        let number = || value.parse::<i32>().map(Some).map_err(|_| Problem::ProbeNumber(name.to_owned()));
        match name {
            "initialDelaySeconds" => probe.initial_delay_seconds = number()?,
            "timeoutSeconds" => probe.timeout_seconds = number()?,
            "periodSeconds" => probe.period_seconds = number()?,
            "failureThreshold" => probe.failure_threshold = number()?,
            "successThreshold" => probe.success_threshold = number()?,
            "httpGet.path" => {
                probe.http_get.get_or_insert_default().path = Some(value.to_owned());
            }
            "httpGet.port" => probe.http_get.get_or_insert_default().port = number()?,
            "grpc.service" => probe.grpc.get_or_insert_default().service = Some(value.to_owned()),
            "grpc.port" => probe.grpc.get_or_insert_default().port = number()?,
            "tcpSocket.port" => probe.tcp_socket.get_or_insert_default().port = number()?,
            _ => return Err(Problem::ProbeSetting(name.to_owned())),
        }
    }
    Ok(probe)
}

impl<W: Workload> Edit<W> {
    /// Decides when the container has started, or none for the server's default: `startupProbe`. (gcloud:
    /// `--startup-probe`)
    #[must_use]
    pub fn startup_probe(self, probe: impl Into<Option<Probe>>) -> Self {
        self.probe("startupProbe", probe.into(), |container| &mut container.startup_probe)
    }

    /// Restarts the container when it fails, or none: `livenessProbe`. (gcloud: `--liveness-probe`)
    #[must_use]
    pub fn liveness_probe(self, probe: impl Into<Option<Probe>>) -> Self {
        self.probe("livenessProbe", probe.into(), |container| &mut container.liveness_probe)
    }

    /// Keeps requests away while it fails, or none: `readinessProbe`. (gcloud: `--readiness-probe`)
    #[must_use]
    pub fn readiness_probe(self, probe: impl Into<Option<Probe>>) -> Self {
        self.probe("readinessProbe", probe.into(), |container| &mut container.readiness_probe)
    }

    fn probe(
        self,
        name: &'static str,
        probe: Option<Probe>,
        field: impl Fn(&mut Container) -> &mut Option<Box<Probe>> + Send + Sync + 'static,
    ) -> Self {
        if probe.is_none() {
            return self.on_present_container(move |container| *field(container) = None);
        }
        let probe = probe.map(Box::new);
        self.on_container(name, move |container| {
            field(container).clone_from(&probe);
            Ok(())
        })
    }
}
