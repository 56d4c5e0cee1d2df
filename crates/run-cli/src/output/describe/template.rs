//! What a revision runs, with the labels that gcloud has for it.

use std::collections::{BTreeMap, BTreeSet};

use run_api::known::{annotations, labels};
use run_api::types::{Container, ObjectMeta, Probe, RevisionSpec, Volume};
use serde_json::Value;

use crate::output::layout::Layout;

/// The containers and settings of a revision or template.
pub(crate) struct Template<'a> {
    pub(crate) spec: &'a RevisionSpec,
    pub(crate) metadata: Option<&'a ObjectMeta>,
    /// Whether the number of instances is that of the service.
    pub(crate) is_scaled_by_hand: bool,
}

impl Template<'_> {
    /// Writes it, so far to the right.
    pub(crate) fn lay_out(&self, indent: usize, layout: &mut Layout) {
        let Self { spec, metadata, .. } = *self;
        let note = |key: &str| annotation(metadata, key).map(str::to_owned);
        self.containers(indent, layout);
        layout.value(indent, "Service account", spec.service_account_name.clone());
        layout.value(indent, "Concurrency", spec.container_concurrency.map(|value| value.to_string()));
        if !self.is_scaled_by_hand {
            layout.value(indent, "Min instances", note(annotations::MIN_SCALE));
            layout.value(indent, "Max instances", note(annotations::MAX_SCALE));
        }
        let instances = note(annotations::CLOUDSQL_INSTANCES).map(|names| names.replace(',', ", "));
        layout.value(indent, "SQL connections", instances);
        layout.value(indent, "Timeout", spec.timeout_seconds.map(|seconds| format!("{seconds}s")));
        layout.section(indent, "VPC access", self.network(indent + 2));
        let key = note(annotations::ENCRYPTION_KEY);
        layout.value(indent, "CMEK", key.and_then(|key| key.rsplit('/').next().map(str::to_owned)));
        let is_http2 =
            |container: &Container| container.ports.iter().any(|port| port.name.as_deref() == Some("h2c"));
        layout.value(indent, "HTTP/2 Enabled", spec.containers.iter().any(is_http2).then_some("Enabled"));
        let throttled = annotation(metadata, annotations::CPU_THROTTLING);
        layout.value(
            indent,
            "CPU Allocation",
            throttled.map(|throttled| match throttled.eq_ignore_ascii_case("false") {
                true => "CPU is always allocated",
                false => "CPU is only allocated during request processing",
            }),
        );
        let environment = annotation(metadata, annotations::EXECUTION_ENVIRONMENT);
        layout.value(
            indent,
            "Execution Environment",
            environment.map(|environment| match environment {
                "gen1" => "First Generation",
                "gen2" => "Second Generation",
                other => other,
            }),
        );
        layout.value(indent, "Session Affinity", note(annotations::SESSION_AFFINITY));
        layout.section(indent, "Volumes", self.volumes(indent + 2));
        let detection = annotation(metadata, annotations::THREAT_DETECTION);
        let is_on = detection.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        layout.value(indent, "Threat Detection", is_on.then_some("Enabled"));
    }

    /// Writes the containers.
    pub(crate) fn containers(&self, indent: usize, layout: &mut Layout) {
        let mut containers: Vec<&Container> = self.spec.containers.iter().collect();
        containers.sort_by_key(|container| container.name.as_deref().unwrap_or_default());
        for container in containers {
            layout.text(indent, format!("Container {}", container.name.as_deref().unwrap_or("(unnamed)")));
            self.container(container, indent + 2, layout);
        }
    }

    fn container(&self, container: &Container, indent: usize, layout: &mut Layout) {
        let limit = |name: &str| container.resources.as_ref()?.limits.get(name).cloned();
        layout.value(indent, "Image", container.image.clone());
        let base = self.json(annotations::BASE_IMAGES);
        let base = base.get(container.name.as_deref().unwrap_or_default()).and_then(Value::as_str);
        layout.value(indent, "Base Image", base);
        layout.value(indent, "Command", Some(container.command.join(" ")));
        layout.value(indent, "Args", Some(container.args.join(" ")));
        let ports = container.ports.iter().filter_map(|port| Some(port.container_port?.to_string()));
        layout.value(indent, "Port", Some(ports.collect::<Vec<_>>().join(" ")));
        layout.value(indent, "Memory", limit("memory"));
        layout.value(indent, "CPU", limit("cpu"));
        layout.value(indent, "GPU", limit("nvidia.com/gpu"));
        let kind = self.spec.node_selector.get("run.googleapis.com/accelerator").cloned();
        layout.value(indent, "GPU Type", kind.filter(|_| limit("nvidia.com/gpu").is_some()));
        let mut variables = Layout::default();
        let literals = container.env.iter().filter(|variable| variable.value_from.is_none());
        let literals: BTreeMap<&str, &str> = literals
            .filter_map(|variable| {
                Some((variable.name.as_deref()?, variable.value.as_deref().unwrap_or_default()))
            })
            .collect();
        for (name, value) in literals {
            variables.entry(indent + 2, name, value);
        }
        layout.section(indent, "Env vars", variables);
        layout.section(indent, "Volume Mounts", self.mounts(container, indent + 2));
        let mut secrets = Layout::default();
        for (name, secret) in self.secrets(container) {
            secrets.entry(indent + 2, name, secret);
        }
        layout.section(indent, "Secrets", secrets);
        let is_main = self.spec.containers.len() == 1 || !container.ports.is_empty();
        let kind = self.metadata.and_then(|metadata| metadata.labels.get(labels::STARTUP_PROBE_TYPE));
        let kind = kind.filter(|_| is_main).map(String::as_str);
        for (heading, found, kind) in [
            ("Startup Probe", &container.startup_probe, kind),
            ("Liveness Probe", &container.liveness_probe, None),
            ("Readiness Probe", &container.readiness_probe, None),
        ] {
            if let Some(found) = found {
                layout.section(indent, heading, probe(found, kind, indent + 2));
            }
        }
        let needed = self.json(annotations::CONTAINER_DEPENDENCIES);
        let needed = needed.get(container.name.as_deref().unwrap_or_default()).and_then(Value::as_array);
        let needed: Vec<&str> = needed.into_iter().flatten().filter_map(Value::as_str).collect();
        layout.value(indent, "Container Dependencies", Some(needed.join(", ")));
    }

    /// The JSON of an annotation; null if it is none.
    fn json(&self, key: &str) -> Value {
        let text = annotation(self.metadata, key);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn network(&self, indent: usize) -> Layout {
        let mut layout = Layout::default();
        let egress = annotation(self.metadata, annotations::VPC_ACCESS_EGRESS);
        if let Some(connector) = annotation(self.metadata, annotations::VPC_ACCESS_CONNECTOR) {
            layout.value(indent, "Connector", Some(connector));
            layout.value(indent, "Egress", egress);
            return layout;
        }
        let interfaces = self.json(annotations::NETWORK_INTERFACES);
        let Some(first) = interfaces.get(0) else { return layout };
        layout.value(indent, "Network", first.get("network").and_then(Value::as_str));
        layout.value(indent, "Subnet", first.get("subnetwork").and_then(Value::as_str));
        layout.value(indent, "Egress", egress);
        layout
    }

    /// The secrets of a container, as variables and as files.
    fn secrets(&self, container: &Container) -> BTreeMap<String, String> {
        let variables = container.env.iter().filter_map(|variable| {
            let secret = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
            Some((variable.name.clone()?, format!("{}:{}", secret.name.as_deref()?, secret.key.as_deref()?)))
        });
        let files = container.volume_mounts.iter().filter_map(|mount| {
            let secret = self.volume(mount.name.as_deref()?)?.secret.as_ref()?;
            let name = secret.secret_name.as_deref()?;
            let version = secret.items.first().and_then(|item| item.key.as_deref());
            let secret = version.map_or_else(|| name.to_owned(), |version| format!("{name}:{version}"));
            Some((mount.mount_path.clone()?, secret))
        });
        variables.chain(files).collect()
    }

    fn volume(&self, name: &str) -> Option<&Volume> {
        self.spec.volumes.iter().find(|volume| volume.name.as_deref() == Some(name))
    }

    fn mounts(&self, container: &Container, indent: usize) -> Layout {
        let mut mounts: BTreeMap<&str, &str> = BTreeMap::new();
        for mount in &container.volume_mounts {
            if let (Some(path), Some(name)) = (&mount.mount_path, &mount.name) {
                mounts.insert(path, name);
            }
        }
        let mut layout = Layout::default();
        for (path, name) in mounts {
            let Some(volume) = self.volume(name) else {
                layout.entry(indent, path, "volume not found");
                continue;
            };
            if let Some((kind, details)) = volume_details(volume) {
                layout.text(indent, path);
                layout.value(indent + 2, "name", Some(name));
                layout.value(indent + 2, "type", Some(kind));
                let of_mount =
                    details.into_iter().filter(|(label, _)| matches!(*label, "bucket" | "location"));
                for (label, value) in of_mount {
                    layout.value(indent + 2, label, Some(value));
                }
            }
        }
        layout
    }

    fn volumes(&self, indent: usize) -> Layout {
        let mut layout = Layout::default();
        let names: BTreeSet<&str> =
            self.spec.volumes.iter().filter_map(|volume| volume.name.as_deref()).collect();
        for name in names {
            let Some((kind, details)) = self.volume(name).and_then(volume_details) else { continue };
            layout.text(indent, name);
            layout.value(indent + 2, "type", Some(kind));
            for (label, value) in details {
                layout.value(indent + 2, label, Some(value));
            }
        }
        layout
    }
}

/// The type of a volume, and what there is to say about it; none for one of a secret, which is told as such.
fn volume_details(volume: &Volume) -> Option<(&'static str, Vec<(&'static str, String)>)> {
    let truth = |value: Option<bool>| value.map(|value| if value { "True" } else { "False" }.to_owned());
    let given = |label: &'static str, value: Option<String>| value.map(|value| (label, value));
    if let Some(memory) = &volume.empty_dir {
        let kind = if memory.medium.as_deref() == Some("Disk") { "ephemeral-disk" } else { "in-memory" };
        return Some((kind, given("size-limit", memory.size_limit.clone()).into_iter().collect()));
    }
    if let Some(share) = &volume.nfs {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let location = Some(format!("{}:{}", part(&share.server), part(&share.path)));
        let details = [given("location", location), given("read-only", truth(share.read_only))];
        return Some(("nfs", details.into_iter().flatten().collect()));
    }
    let driver = volume.csi.as_ref()?;
    let attribute = |key: &str| driver.volume_attributes.get(key).cloned();
    match driver.driver.as_deref()? {
        "gcsfuse.run.googleapis.com" => {
            let details = [
                given("bucket", attribute("bucketName")),
                given("read-only", truth(driver.read_only)),
                given("mount-options", attribute("mountOptions")),
            ];
            Some(("cloud-storage", details.into_iter().flatten().collect()))
        }
        "cloudsql.run.googleapis.com" => {
            Some(("cloudsql", given("instances", attribute("instances")).into_iter().collect()))
        }
        _ => None,
    }
}

fn probe(probe: &Probe, kind: Option<&str>, indent: usize) -> Layout {
    let (mut action, mut path, mut port) = ("TCP", None, None);
    if let Some(http) = &probe.http_get {
        (action, path) = ("HTTP", http.path.clone());
    }
    if let Some(socket) = &probe.tcp_socket {
        port = socket.port;
    }
    if let Some(grpc) = &probe.grpc {
        (action, port) = ("GRPC", grpc.port);
    }
    let mut layout = Layout::default();
    layout.text(indent, format!("{action} every {}s", probe.period_seconds.unwrap_or_default()));
    layout.value(indent, "Path", path);
    layout.value(indent, "Port", port.map(|port| port.to_string()));
    let delay = probe.initial_delay_seconds.unwrap_or_default();
    layout.value(indent, "Initial delay", Some(format!("{delay}s")));
    layout.value(indent, "Timeout", probe.timeout_seconds.map(|timeout| format!("{timeout}s")));
    layout.value(indent, "Success threshold", probe.success_threshold.map(|times| times.to_string()));
    layout.value(indent, "Failure threshold", probe.failure_threshold.map(|times| times.to_string()));
    layout.value(indent, "Type", kind);
    layout
}

/// An annotation of an object.
pub(crate) fn annotation<'a>(metadata: Option<&'a ObjectMeta>, key: &str) -> Option<&'a str> {
    metadata?.annotations.get(key).map(String::as_str)
}
