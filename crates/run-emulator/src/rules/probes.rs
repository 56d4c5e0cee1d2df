//! Probes.

use run_api::types::Probe;

use super::parts::Parts;
use super::violation::Violations;

/// What one of the three probes may say: its longest delay, and its longest period and timeout, in seconds.
struct Bounds {
    name: &'static str,
    delay: i32,
    period: i32,
}

/// (Documented, and seen for v2: the periods, and that a readiness probe has no delay.)
const BOUNDS: [Bounds; 3] = [
    Bounds { name: "startupProbe", delay: 240, period: 240 },
    Bounds { name: "livenessProbe", delay: 3600, period: 3600 },
    Bounds { name: "readinessProbe", delay: 0, period: 300 },
];

/// (Seen for v2, but for the success threshold, which is documented. That a timeout fits into its period is documented,
/// too, but the service does not insist.)
pub(super) fn probes(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        let given = [&container.startup_probe, &container.liveness_probe, &container.readiness_probe];
        for (bounds, probe) in BOUNDS.iter().zip(given) {
            if let Some(probe) = probe {
                actions(probe, bounds, &format!("{path}.{}", bounds.name), found);
                numbers(probe, bounds, &format!("{path}.{}", bounds.name), found);
            }
        }
    }
}

fn actions(probe: &Probe, bounds: &Bounds, field: &str, found: &mut Violations) {
    let given = [probe.http_get.is_some(), probe.tcp_socket.is_some(), probe.grpc.is_some()];
    if given.into_iter().filter(|has| *has).count() != 1 {
        found.add(field, "Exactly one probe action must be set.");
    }
    if probe.tcp_socket.is_some() && bounds.name != "startupProbe" {
        let which = bounds.name.trim_end_matches("Probe");
        let text = format!("Cloud Run currently does not support TCP socket in {which} probe.");
        found.add(format!("{field}.tcpSocket"), text);
    }
    let ports = [
        ("httpGet", probe.http_get.as_ref().and_then(|action| action.port)),
        ("tcpSocket", probe.tcp_socket.as_ref().and_then(|action| action.port)),
        ("grpc", probe.grpc.as_ref().and_then(|action| action.port)),
    ];
    for (action, port) in ports {
        if port.is_some_and(|port| !(0..=65535).contains(&port)) {
            found.add(format!("{field}.{action}.port"), "if specified, must be between 1 and 65535");
        }
    }
    for (at, header) in probe.http_get.iter().flat_map(|action| &action.http_headers).enumerate() {
        let name = header.name.as_deref().unwrap_or_default();
        let value = header.value.as_deref().unwrap_or_default();
        let fits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !fits || value.contains(['\r', '\n']) {
            let text = "a valid HTTP header must consist of alphanumeric characters or '-'";
            found.add(format!("{field}.httpGet.httpHeaders[{at}]"), text);
        }
    }
}

/// Zero is the default for all of them: Go's types write it for what was not given.
fn numbers(probe: &Probe, bounds: &Bounds, field: &str, found: &mut Violations) {
    if probe.initial_delay_seconds.is_some_and(|delay| !(0..=bounds.delay).contains(&delay)) {
        let text = match bounds.delay {
            0 => "Initial delay is not supported for readiness probe.".to_owned(),
            most => format!("initial_delay_seconds must be a number between 0 and {most}"),
        };
        found.add(format!("{field}.initialDelaySeconds"), text);
    }
    for (name, text, seconds) in [
        ("periodSeconds", "period_seconds", probe.period_seconds),
        ("timeoutSeconds", "timeout_seconds", probe.timeout_seconds),
    ] {
        if seconds.is_some_and(|seconds| !(0..=bounds.period).contains(&seconds)) {
            let text = format!("{text} must be a number between 0 and {}", bounds.period);
            found.add(format!("{field}.{name}"), text);
        }
    }
    if probe.failure_threshold.is_some_and(|threshold| threshold < 0) {
        found.add(format!("{field}.failureThreshold"), "Must be a positive number if set.");
    }
    if probe.success_threshold.is_some_and(|threshold| !(0..=1).contains(&threshold)) {
        found.add(format!("{field}.successThreshold"), "Must be 1 if set.");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, with_container};
    use serde_json::json;

    #[test]
    fn what_probes_may_say() {
        let port = json!({"port": 1});
        for (name, probe, field) in [
            ("startup", json!({"tcpSocket": port, "initialDelaySeconds": 240, "periodSeconds": 240}), None),
            ("startup", json!({"tcpSocket": port, "initialDelaySeconds": 241}), Some("initialDelaySeconds")),
            ("startup", json!({"httpGet": {}, "periodSeconds": 241}), Some("periodSeconds")),
            ("startup", json!({"httpGet": {}, "failureThreshold": -1}), Some("failureThreshold")),
            ("startup", json!({"httpGet": {}, "successThreshold": 2}), Some("successThreshold")),
            ("startup", json!({"httpGet": {}, "timeoutSeconds": 11}), None),
            ("startup", json!({"httpGet": {"port": 65_536}}), Some("httpGet.port")),
            ("startup", json!({"grpc": {"port": 0, "service": ""}}), None),
            ("startup", json!({"exec": {"command": ["true"]}}), Some("")),
            ("startup", json!({}), Some("")),
            ("liveness", json!({"httpGet": {"path": "/"}, "initialDelaySeconds": 3600}), None),
            ("liveness", json!({"httpGet": {}, "initialDelaySeconds": 3601}), Some("initialDelaySeconds")),
            ("liveness", json!({"tcpSocket": port}), Some("tcpSocket")),
            ("liveness", json!({"grpc": port, "httpGet": {"path": "/"}}), Some("")),
            ("readiness", json!({"tcpSocket": port}), Some("tcpSocket")),
            ("readiness", json!({"grpc": port, "initialDelaySeconds": 0}), None),
            ("readiness", json!({"grpc": port, "initialDelaySeconds": 5}), Some("initialDelaySeconds")),
            (
                "readiness",
                json!({"grpc": port, "periodSeconds": 300, "timeoutSeconds": 301}),
                Some("timeoutSeconds"),
            ),
            (
                "readiness",
                json!({"httpGet": {"httpHeaders": [{"name": "X-A", "value": "1"}, {"name": "X Probe"}]}}),
                Some("httpGet.httpHeaders[1]"),
            ),
        ] {
            let at = format!("spec.template.spec.containers[0].{name}Probe");
            let expected =
                field.map(|field| if field.is_empty() { at.clone() } else { format!("{at}.{field}") });
            let found = refused(&with_container(json!({format!("{name}Probe"): probe})));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{name} {probe}");
        }
    }
}
