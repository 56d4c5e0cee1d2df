//! Numbers: concurrency, timeouts, probes; and volume mounts.

use std::collections::BTreeSet;

use run_api::types::Probe;

use super::{Parts, Violations};

/// (Seen for v2, and documented.)
pub(super) fn concurrency_and_timeout(parts: &Parts<'_>, found: &mut Violations) {
    if parts.spec.container_concurrency.is_some_and(|value| !(0..=1000).contains(&value)) {
        found.add("spec.template.spec.containerConcurrency", "must be between 0 and 1000");
    }
    if parts.spec.timeout_seconds.is_some_and(|value| !(1..=3600).contains(&value)) {
        found.add("spec.template.spec.timeoutSeconds", "must be between 1 and 3600 seconds");
    }
}

/// (Seen for v2: one action each; the delays are documented. That a timeout fits into its period is documented,
/// too, but the service does not insist.)
pub(super) fn probes(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        for (name, probe, longest_delay) in [
            ("startupProbe", &container.startup_probe, 240),
            ("livenessProbe", &container.liveness_probe, 3600),
            ("readinessProbe", &container.readiness_probe, 3600),
        ] {
            let Some(probe) = probe else { continue };
            let field = format!("{path}.{name}");
            let actions = actions(probe);
            if actions != 1 {
                found.add(
                    field.clone(),
                    format!("must have exactly one of httpGet, tcpSocket and grpc, but has {actions}"),
                );
            }
            if name == "readinessProbe" && probe.tcp_socket.is_some() {
                found.add(format!("{field}.tcpSocket"), "is not supported");
            }
            if probe.initial_delay_seconds.is_some_and(|delay| !(0..=longest_delay).contains(&delay)) {
                found.add(
                    format!("{field}.initialDelaySeconds"),
                    format!("must be between 0 and {longest_delay}"),
                );
            }
        }
    }
}

fn actions(probe: &Probe) -> usize {
    [probe.http_get.is_some(), probe.tcp_socket.is_some(), probe.grpc.is_some()]
        .into_iter()
        .filter(|has| *has)
        .count()
}

/// The built-in volume of Cloud SQL's sockets. (Documented.)
const BUILT_IN: &str = "cloudsql";

/// (Seen for v2: absolute paths without colons, of volumes that exist.)
pub(super) fn mounts(parts: &Parts<'_>, found: &mut Violations) {
    let volumes: BTreeSet<&str> =
        parts.spec.volumes.iter().filter_map(|volume| volume.name.as_deref()).collect();
    for (at, volume) in parts.spec.volumes.iter().enumerate() {
        if volume.name.as_deref() == Some(BUILT_IN) {
            found.add(format!("{}.volumes[{at}].name", parts.at), format!("'{BUILT_IN}' is reserved."));
        }
    }
    for (path, container) in parts.containers() {
        for (at, mount) in container.volume_mounts.iter().enumerate() {
            let target = mount.mount_path.as_deref().unwrap_or_default();
            if !target.starts_with('/') || target.contains(':') {
                let text = format!("'{target}' must be an absolute path without colons");
                found.add(format!("{path}.volumeMounts[{at}].mountPath"), text);
            }
            let name = mount.name.as_deref().unwrap_or_default();
            if name != BUILT_IN && !volumes.contains(name) {
                found.add(format!("{path}.volumeMounts[{at}].name"), format!("Unknown volume '{name}'."));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service, with_container};
    use serde_json::json;

    #[test]
    fn numbers() {
        for (spec, fine) in [
            (json!({"containerConcurrency": 1000, "timeoutSeconds": 3600}), true),
            (json!({"containerConcurrency": 1001}), false),
            (json!({"containerConcurrency": -1}), false),
            (json!({"timeoutSeconds": 3601}), false),
            (json!({"timeoutSeconds": 0}), false),
        ] {
            assert_eq!(
                refused(&service(json!({"spec": {"template": {"spec": spec}}}))).is_empty(),
                fine,
                "{spec}"
            );
        }
    }

    #[test]
    fn a_volume_may_not_be_named_like_the_built_in_one() {
        let volumes = json!([{"name": "data", "emptyDir": {}}, {"name": "cloudsql", "emptyDir": {}}]);
        let service = service(json!({"spec": {"template": {"spec": {"volumes": volumes}}}}));
        assert_eq!(refused(&service), ["spec.template.spec.volumes[1].name"]);
    }

    #[test]
    fn probes() {
        for (probe, count) in [
            (json!({"startupProbe": {"tcpSocket": {"port": 1}, "initialDelaySeconds": 240}}), 0),
            (json!({"startupProbe": {"tcpSocket": {"port": 1}, "initialDelaySeconds": 241}}), 1),
            (json!({"startupProbe": {}}), 1),
            (json!({"livenessProbe": {"tcpSocket": {"port": 1}, "httpGet": {"path": "/"}}}), 1),
            (json!({"readinessProbe": {"tcpSocket": {"port": 1}}}), 1),
        ] {
            assert_eq!(refused(&with_container(probe.clone())).len(), count, "{probe}");
        }
    }

    #[test]
    fn mounts() {
        for (mount, count) in [
            (json!({"name": "cloudsql", "mountPath": "/cloudsql"}), 0),
            (json!({"name": "other", "mountPath": "/x"}), 1),
            (json!({"name": "cloudsql", "mountPath": "x"}), 1),
            (json!({"name": "cloudsql", "mountPath": "/a:b"}), 1),
        ] {
            assert_eq!(refused(&with_container(json!({"volumeMounts": [mount]}))).len(), count, "{mount}");
        }
    }
}
