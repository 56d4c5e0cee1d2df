//! From flags to the edit of a service object. Pure.

use run_api::types::{ContainerPort, EnvVar, Service};
use run_ops::ServiceEdit;

use super::arguments::Arguments;
use crate::terminal::Failure;

/// What a deployment changes.
#[derive(Debug)]
pub(super) struct Edit {
    image: String,
    env: Option<Vec<(String, String)>>,
    cpu: Option<String>,
    memory: Option<String>,
    port: Option<i32>,
    /// None: not said; the default: nothing, so that the server chooses.
    concurrency: Option<Option<i32>>,
    timeout: Option<i32>,
    service_account: Option<String>,
    labels: Vec<(String, String)>,
}

impl Edit {
    pub(super) fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let concurrency = match arguments.concurrency.as_deref() {
            None => None,
            Some("default") => Some(None),
            Some(number) => Some(Some(number.parse().map_err(|_| {
                Failure::usage(format!("--concurrency: `{number}` is neither a number nor `default`"))
            })?)),
        };
        Ok(Self {
            image: arguments.image.clone(),
            env: arguments.set_env_vars.as_deref().map(|text| pairs("--set-env-vars", text)).transpose()?,
            cpu: arguments.cpu.clone(),
            memory: arguments.memory.clone(),
            port: arguments.port.map(i32::from),
            concurrency,
            timeout: arguments.timeout.as_deref().map(seconds).transpose()?,
            service_account: arguments.service_account.clone(),
            labels: arguments
                .labels
                .as_deref()
                .map(|text| pairs("--labels", text))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// Edits an object, new or existing.
    pub(super) fn apply(&self, service: &mut Service) {
        let container = service.container_mut();
        container.image = Some(self.image.clone());
        if let Some(env) = &self.env {
            container.env.retain(|variable| variable.value_from.is_some());
            for (name, value) in env {
                container.env.retain(|variable| variable.name.as_ref() != Some(name));
                container.env.push(EnvVar {
                    name: Some(name.clone()),
                    value: Some(value.clone()),
                    ..EnvVar::default()
                });
            }
        }
        if let Some(port) = self.port {
            set_port(container, port);
        }
        for (resource, quantity) in [("cpu", &self.cpu), ("memory", &self.memory)] {
            if let Some(quantity) = quantity {
                service.set_limit(resource, quantity);
            }
        }
        let spec = service.template_mut().spec.get_or_insert_default();
        if let Some(concurrency) = self.concurrency {
            spec.container_concurrency = concurrency;
        }
        if let Some(timeout) = self.timeout {
            spec.timeout_seconds = Some(timeout);
        }
        if let Some(account) = &self.service_account {
            spec.service_account_name = Some(account.clone());
        }
        self.mark(service);
    }

    /// Labels, and who deploys.
    fn mark(&self, service: &mut Service) {
        let client = [
            ("run.googleapis.com/client-name", "runctl"),
            ("run.googleapis.com/client-version", env!("CARGO_PKG_VERSION")),
        ];
        let template = service.template_mut().metadata.get_or_insert_default();
        template.labels.extend(self.labels.iter().cloned());
        template.annotations.extend(client.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let metadata = service.metadata.get_or_insert_default();
        metadata.labels.extend(self.labels.iter().cloned());
        metadata.annotations.extend(client.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}

/// Moves the port, and a startup probe that knocks there, along.
fn set_port(container: &mut run_api::types::Container, number: i32) {
    if container.ports.is_empty() {
        container.ports.push(ContainerPort::default());
    }
    let old = container.ports[0].container_port.replace(number);
    let socket = container.startup_probe.as_mut().and_then(|probe| probe.tcp_socket.as_mut());
    if let Some(socket) = socket.filter(|socket| socket.port == old) {
        socket.port = Some(number);
    }
}

/// `KEY=VALUE,…`, or with another separator `^SEPARATOR^KEY=VALUE…`. (gcloud's escaping.)
fn pairs(flag: &str, text: &str) -> Result<Vec<(String, String)>, Failure> {
    let (separator, text) = match text.strip_prefix('^').and_then(|rest| rest.split_once('^')) {
        Some((separator, rest)) if !separator.is_empty() => (separator, rest),
        _ => (",", text),
    };
    let pair = |part: &str| match part.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        // The part itself may be a secret that lost its name.
        _ => Err(Failure::usage(format!("{flag}: each entry must look like KEY=VALUE"))),
    };
    text.split(separator).filter(|part| !part.is_empty()).map(pair).collect()
}

/// Seconds, from `300`, `300s`, `5m` or `1h`.
fn seconds(text: &str) -> Result<i32, Failure> {
    let (number, factor) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let parsed =
        number.parse::<i32>().ok().filter(|number| *number > 0).and_then(|number| number.checked_mul(factor));
    parsed
        .ok_or_else(|| Failure::usage(format!("--timeout: `{text}` is not a duration such as `300` or `5m`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::{Value, json};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn edit(flags: &[&str]) -> Result<Edit, Failure> {
        let base = ["deploy", "hello", "--image", "docker.io/a/b:2"];
        let Command { arguments } = Command::parse_from(base.iter().chain(flags));
        Edit::of(&arguments)
    }

    fn existing() -> Service {
        serde_json::from_value(json!({
            "metadata": {"name": "hello", "generation": 3},
            "spec": {"template": {
                "metadata": {"labels": {"keep": "1"}},
                "spec": {"containers": [{
                    "image": "docker.io/a/b:1", "ports": [{"containerPort": 8080}],
                    "startupProbe": {"tcpSocket": {"port": 8080}},
                    "env": [{"name": "OLD", "value": "1"}, {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s"}}}],
                }]},
            }},
        }))
        .unwrap()
    }

    fn applied(flags: &[&str]) -> Value {
        let mut service = existing();
        edit(flags).unwrap().apply(&mut service);
        serde_json::to_value(service).unwrap()
    }

    #[test]
    fn flags_reach_their_fields() {
        let service = applied(&[
            "--set-env-vars=A=1,B=x=y",
            "--cpu=2",
            "--memory=1Gi",
            "--port=3000",
            "--concurrency=7",
            "--timeout=5m",
            "--service-account=a@b",
            "--labels=team=x",
        ]);
        let spec = &service["spec"]["template"]["spec"];
        let container = &spec["containers"][0];
        assert_eq!(container["image"], "docker.io/a/b:2");
        assert_eq!(
            container["env"],
            json!([
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s"}}},
                {"name": "A", "value": "1"},
                {"name": "B", "value": "x=y"},
            ])
        );
        assert_eq!(container["resources"]["limits"], json!({"cpu": "2", "memory": "1Gi"}));
        assert_eq!(container["ports"][0]["containerPort"], 3000);
        assert_eq!(
            container["startupProbe"]["tcpSocket"]["port"], 3000,
            "the probe knocks where the port is"
        );
        assert_eq!(
            (&spec["containerConcurrency"], &spec["timeoutSeconds"], &spec["serviceAccountName"]),
            (&json!(7), &json!(300), &json!("a@b"))
        );
        assert_eq!(service["metadata"]["labels"]["team"], "x");
        assert_eq!(service["spec"]["template"]["metadata"]["labels"], json!({"keep": "1", "team": "x"}));
    }

    #[test]
    fn what_can_not_be_is_refused() {
        for (flags, message) in [
            (["--set-env-vars=hunter2"], "--set-env-vars: each entry must look like KEY=VALUE"),
            (["--concurrency=many"], "--concurrency: `many` is neither a number nor `default`"),
            (["--timeout=soon"], "--timeout: `soon` is not a duration such as `300` or `5m`"),
            (["--timeout=0"], "--timeout: `0` is not a duration such as `300` or `5m`"),
        ] {
            let failure = edit(&flags).unwrap_err();
            assert!(failure.to_string().starts_with(message), "{failure}");
        }
    }

    #[test]
    fn another_separator() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(pairs("", "^;^A=1,2;B=3").unwrap(), [pair("A", "1,2"), pair("B", "3")]);
        assert_eq!(pairs("", "A=").unwrap(), [pair("A", "")]);
    }
}
