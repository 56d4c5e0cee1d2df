//! Services and revisions for people, after gcloud's layout.

use run_api::Resource;
use run_api::known;
use std::fmt::Write;

use run_api::types::{Condition, Container, ObjectMeta, Revision, RevisionSpec, Service, TrafficTarget};
use run_ops::ServiceView;

/// gcloud's symbol for a condition: ready, failed, or under way.
pub(crate) fn symbol(ready: Option<&Condition>) -> &'static str {
    symbol_of(ready.and_then(|ready| ready.status.as_deref()))
}

/// The same by the status alone.
pub(crate) fn symbol_of(ready: Option<&str>) -> &'static str {
    match ready {
        Some(status) if status.eq_ignore_ascii_case("true") => "✔",
        Some(status) if status.eq_ignore_ascii_case("false") => "X",
        _ => "…",
    }
}

/// The symbol of a service: `!` if it serves, but not the newest revision.
pub(crate) fn service_symbol(service: &Service) -> &'static str {
    let ready = service.condition("Ready").and_then(|ready| ready.status.as_deref());
    symbol_of_service(ready, service.latest_created_revision(), service.latest_ready_revision())
}

/// The same by its parts: the status of Ready, the newest revision, and the newest one that is ready.
pub(crate) fn symbol_of_service(
    ready: Option<&str>,
    created: Option<&str>,
    latest_ready: Option<&str>,
) -> &'static str {
    match symbol_of(ready) {
        "X" if latest_ready.is_some() && created != latest_ready => "!",
        symbol => symbol,
    }
}

/// The region that an object names by its label.
pub(crate) fn region(metadata: Option<&ObjectMeta>) -> &str {
    metadata.and_then(|metadata| metadata.labels.get(known::labels::LOCATION)).map_or("", String::as_str)
}

/// The address to show: the first of the `urls` annotation, or the status' own.
pub(crate) fn url(service: &Service) -> Option<String> {
    url_of(annotation(service.metadata.as_ref(), known::annotations::URLS), service.url())
}

/// The same by its parts: the annotation, and the status' address.
pub(crate) fn url_of(urls: Option<&str>, url: Option<&str>) -> Option<String> {
    // An address is one only once the service has its status.
    let url = url?;
    let first = urls.and_then(|urls| serde_json::from_str::<Vec<String>>(urls).ok()?.into_iter().next());
    Some(first.unwrap_or_else(|| url.to_owned()))
}

/// A time of the API's as gcloud's tables show it, to the second; always in UTC.
pub(crate) fn time(time: Option<&str>) -> String {
    let Some(text) = time else { return String::new() };
    text.parse::<jiff::Timestamp>().map_or_else(
        |_| text.to_owned(),
        |time| time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

/// An annotation of an object.
pub(crate) fn annotation<'a>(metadata: Option<&'a ObjectMeta>, key: &str) -> Option<&'a str> {
    metadata?.annotations.get(key).map(String::as_str)
}

/// A service, and the template of its latest revision.
pub(crate) fn service(service: &Service) -> String {
    let metadata = service.metadata.as_ref();
    let mut text = format!(
        "{} Service {} in region {}\n\n",
        service_symbol(service),
        service.name().unwrap_or_default(),
        region(metadata)
    );
    if let Some(url) = url(service) {
        let _ = writeln!(text, "URL:     {url}");
    }
    if let Some(ingress) = annotation(metadata, known::annotations::INGRESS) {
        let _ = writeln!(text, "Ingress: {ingress}");
    }
    text.push_str("Traffic:\n");
    text.push_str(&traffic(service));
    let by = annotation(metadata, known::annotations::LAST_MODIFIER).unwrap_or("an unknown caller");
    let at = service
        .condition("Ready")
        .and_then(|ready| ready.last_transition_time.clone())
        .or_else(|| metadata?.creation_timestamp.clone())
        .unwrap_or_default();
    let _ = write!(text, "\nLast updated on {at} by {by}:\n");
    if let Some(revision) = service.latest_created_revision() {
        let _ = writeln!(text, "  Revision {revision}");
    }
    let template = service.spec.as_ref().and_then(|spec| spec.template.as_ref());
    if let Some(template) = template {
        text.push_str(&revision_spec(template.spec.as_ref(), template.metadata.as_ref()));
    }
    if let Some(message) = service.condition("Ready").and_then(|ready| ready.message.as_deref()) {
        let _ = write!(text, "\n{} {message}\n", service_symbol(service));
    }
    text.trim_end().to_owned()
}

/// The traffic in force, and what is asked for where that is not in force yet.
pub(crate) fn traffic(service: &Service) -> String {
    let mut text = String::new();
    for target in service.observed_traffic() {
        let _ = writeln!(text, "  {}", target_line(target));
        if let Some(url) = &target.url {
            let _ = writeln!(text, "        {url}");
        }
    }
    if service.observed_generation() != service.generation() {
        text.push_str("  (a change of the service is not in force yet)\n");
    }
    if text.is_empty() {
        text.push_str("  (none yet)\n");
    }
    text
}

fn target_line(target: &TrafficTarget) -> String {
    let revision = target.revision_name.as_deref().unwrap_or("?");
    let name = match target.latest_revision {
        Some(true) => format!("LATEST (currently {revision})"),
        _ => revision.to_owned(),
    };
    let tag = target.tag.as_deref().map(|tag| format!(" [tag: {tag}]")).unwrap_or_default();
    format!("{:>3}% {name}{tag}", target.percent.unwrap_or(0))
}

/// A revision.
pub(crate) fn revision(revision: &Revision) -> String {
    let metadata = revision.metadata.as_ref();
    let conditions = revision.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let ready = conditions.iter().find(|condition| condition.type_.as_deref() == Some("Ready"));
    let name = metadata.and_then(|metadata| metadata.name.as_deref()).unwrap_or_default();
    let mut text = format!("{} Revision {name} in region {}\n\n", symbol(ready), region(metadata));
    text.push_str(&revision_spec(revision.spec.as_ref(), metadata));
    if !conditions.is_empty() {
        text.push_str("\nConditions:\n");
    }
    for condition in conditions {
        let words: Vec<&str> =
            [&condition.reason, &condition.message].into_iter().flatten().map(String::as_str).collect();
        let kind = condition.type_.as_deref().unwrap_or_default();
        let line = format!("  {} {kind:<18} {}", symbol(Some(condition)), words.join(": "));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.trim_end().to_owned()
}

/// A container.
pub(super) fn container(container: &Container) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "  Container {}", container.name.as_deref().unwrap_or("(unnamed)"));
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "    {:<16} {value}", format!("{name}:"));
        }
    };
    let limit = |name: &str| container.resources.as_ref()?.limits.get(name).cloned();
    line("Image", container.image.clone());
    line("Command", Some(container.command.join(" ")));
    line("Args", Some(container.args.join(" ")));
    line("Port", container.ports.first().and_then(|port| port.container_port).map(|port| port.to_string()));
    line("Memory", limit("memory"));
    line("CPU", limit("cpu"));
    let literals: Vec<_> = container.env.iter().filter(|variable| variable.value_from.is_none()).collect();
    if !literals.is_empty() {
        text.push_str("    Env vars:\n");
    }
    for variable in literals {
        let (name, value) = (variable.name.as_deref(), variable.value.as_deref());
        let _ = writeln!(text, "      {:<14} {}", name.unwrap_or_default(), value.unwrap_or_default());
    }
    let secrets = container.env.iter().filter_map(|variable| {
        let secret = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
        Some((variable.name.as_deref()?, format!("{}:{}", secret.name.as_deref()?, secret.key.as_deref()?)))
    });
    for (at, (name, secret)) in secrets.enumerate() {
        let head = if at == 0 { "    Secrets:\n" } else { "" };
        let _ = writeln!(text, "{head}      {name:<14} {secret}");
    }
    text
}

fn revision_spec(spec: Option<&RevisionSpec>, metadata: Option<&ObjectMeta>) -> String {
    let mut text = String::new();
    let Some(spec) = spec else { return text };
    for one in &spec.containers {
        text.push_str(&container(one));
    }
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "  {:<18} {value}", format!("{name}:"));
        }
    };
    line("Service account", spec.service_account_name.clone());
    line("Concurrency", spec.container_concurrency.map(|value| value.to_string()));
    let scale =
        |key: &str| annotation(metadata, &format!("autoscaling.knative.dev/{key}")).map(str::to_owned);
    line("Min instances", scale("minScale"));
    line("Max instances", scale("maxScale"));
    line("Timeout", spec.timeout_seconds.map(|seconds| format!("{seconds}s")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_that_serves_but_not_the_newest_revision_is_marked() {
        let status = |ready: &str, created: &str| {
            serde_json::from_value::<Service>(json!({"status": {
                "conditions": [{"type": "Ready", "status": ready}],
                "latestCreatedRevisionName": created, "latestReadyRevisionName": "a",
            }}))
            .unwrap()
        };
        assert_eq!(service_symbol(&status("True", "a")), "✔");
        assert_eq!(service_symbol(&status("False", "a")), "X");
        assert_eq!(service_symbol(&status("False", "b")), "!");
        assert_eq!(service_symbol(&status("Unknown", "b")), "…");
    }

    #[test]
    fn traffic_lines() {
        let service: Service = serde_json::from_value(json!({"status": {"traffic": [
            {"revisionName": "a", "percent": 90},
            {"revisionName": "b", "latestRevision": true, "percent": 10, "tag": "t", "url": "http://t---x"},
        ]}}))
        .unwrap();
        assert_eq!(
            traffic(&service),
            "   90% a\n   10% LATEST (currently b) [tag: t]\n        http://t---x\n"
        );
    }
}
