//! Services and revisions for people, after gcloud's layout.

mod template;
mod traffic;

use std::fmt::Write;

use run_api::Resource;
use run_api::known::{self, annotations};
use run_api::types::{Condition, Container, ObjectMeta, Revision, RevisionSpec, Service, Volume};
use run_ops::ServiceView;

use super::layout::Layout;
use template::Template;
pub(crate) use template::annotation;
pub(crate) use traffic::traffic;

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

/// A service, and the template of its latest revision.
pub(crate) fn service(service: &Service) -> String {
    let metadata = service.metadata.as_ref();
    let note = |key: &str| annotation(metadata, key);
    let symbol = service_symbol(service);
    let mut text = format!(
        "{symbol} Service {} in region {}\n{}\n",
        service.name().unwrap_or_default(),
        region(metadata),
        user_labels(metadata).map(|labels| format!("{labels}\n")).unwrap_or_default(),
    );
    let mut way = Layout::default();
    way.value(0, "URL", url(service));
    way.value(0, "Ingress", ingress(metadata));
    way.value(0, "Iap Enabled", note(annotations::IAP_ENABLED));
    text.push_str(&way.render());
    text.push_str("Traffic:\n");
    text.push_str(&traffic(service));
    let mut settings = Layout::default();
    settings.value(0, "Binary Authorization", note(annotations::BINARY_AUTHORIZATION));
    settings.value(0, "Scaling", Some(scaling(metadata)));
    settings.value(0, "Breakglass Justification", note(annotations::BINARY_AUTHORIZATION_BREAKGLASS));
    settings.value(0, "Description", note(annotations::DESCRIPTION));
    settings.value(0, "Threat Detection", is_true(note(annotations::THREAT_DETECTION)).then_some("Enabled"));
    let _ = write!(text, "\n{}", settings.render());
    let by = note(annotations::LAST_MODIFIER).unwrap_or("an unknown caller");
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
    if let Some((metadata, spec)) =
        template.and_then(|template| Some((&template.metadata, template.spec.as_ref()?)))
    {
        let metadata = metadata.as_ref();
        if let Some(labels) = user_labels(metadata) {
            let _ = writeln!(text, "  {labels}");
        }
        let is_scaled_by_hand = note(annotations::SCALING_MODE) == Some("manual");
        let mut layout = Layout::default();
        Template { spec, metadata, is_scaled_by_hand }.lay_out(2, &mut layout);
        text.push_str(&layout.render());
    }
    if let Some(message) = service.condition("Ready").and_then(|ready| ready.message.as_deref()) {
        let _ = writeln!(text, "{symbol} {message}");
    }
    text.trim_end().to_owned()
}

/// The labels that somebody gave; none if there are none.
fn user_labels(metadata: Option<&ObjectMeta>) -> Option<String> {
    let is_reserved = |key: &str| {
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        ["knative.dev", "googleapis.com"].iter().any(|reserved| {
            domain.strip_suffix(reserved).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    };
    let labels = metadata?.labels.iter().filter(|(key, _)| !is_reserved(key));
    let labels: Vec<String> = labels.map(|(key, value)| format!("{key}:{value}")).collect();
    Some(labels.join(" ")).filter(|labels| !labels.is_empty())
}

/// From where requests may come, and what still holds if that is something else.
fn ingress(metadata: Option<&ObjectMeta>) -> Option<String> {
    let wanted = annotation(metadata, annotations::INGRESS);
    let observed = annotation(metadata, annotations::INGRESS_STATUS);
    match (wanted, observed) {
        (None, None) => None,
        (wanted, observed) if wanted == observed => wanted.map(str::to_owned),
        (wanted, observed) => {
            Some(format!("{} (currently {})", wanted.unwrap_or("-"), observed.unwrap_or("-")))
        }
    }
}

fn scaling(metadata: Option<&ObjectMeta>) -> String {
    let count = |key: &str| annotation(metadata, key);
    if count(annotations::SCALING_MODE) == Some("manual") {
        return format!(
            "Manual (Instances: {})",
            count(annotations::MANUAL_INSTANCE_COUNT).unwrap_or_default()
        );
    }
    let min = count(annotations::SERVICE_MIN_SCALE).unwrap_or("0");
    match count(annotations::SERVICE_MAX_SCALE).filter(|max| !max.is_empty()) {
        Some(max) => format!("Auto (Min: {min}, Max: {max})"),
        None => format!("Auto (Min: {min})"),
    }
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The containers of a task, below its settings.
pub(super) fn containers(containers: &[Container], volumes: &[Volume]) -> String {
    let spec = RevisionSpec {
        containers: containers.to_vec(),
        volumes: volumes.to_vec(),
        ..RevisionSpec::default()
    };
    let mut layout = Layout::default();
    Template { spec: &spec, metadata: None, is_scaled_by_hand: false }.containers(2, &mut layout);
    layout.render_wide()
}

/// A revision.
pub(crate) fn revision(revision: &Revision) -> String {
    let metadata = revision.metadata.as_ref();
    let conditions = revision.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let ready = conditions.iter().find(|condition| condition.type_.as_deref() == Some("Ready"));
    let name = metadata.and_then(|metadata| metadata.name.as_deref()).unwrap_or_default();
    let mut text = format!(
        "{} Revision {name} in region {}\n{}\n",
        symbol(ready),
        region(metadata),
        user_labels(metadata).map(|labels| format!("{labels}\n")).unwrap_or_default(),
    );
    let mut layout = Layout::default();
    if let Some(spec) = &revision.spec {
        Template { spec, metadata, is_scaled_by_hand: false }.lay_out(0, &mut layout);
    }
    text.push_str(&layout.render());
    if let Some(message) = ready.and_then(|ready| ready.message.as_deref()) {
        let _ = writeln!(text, "{} {message}", symbol(ready));
    }
    // What stands in the way is in the other conditions, too.
    let failed = conditions.iter().filter(|condition| {
        condition.type_.as_deref() != Some("Ready")
            && condition.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("false"))
            && condition.message != ready.and_then(|ready| ready.message.clone())
    });
    for condition in failed {
        let words = [&condition.reason, &condition.message].map(|word| word.as_deref().unwrap_or_default());
        let kind = condition.type_.as_deref().unwrap_or_default();
        let line = format!("{} {kind} {}", symbol(Some(condition)), words.join(": "));
        let _ = writeln!(text, "{}", line.trim_end_matches([' ', ':']));
    }
    text.trim_end().to_owned()
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
    fn what_is_in_force_of_the_ingress_and_the_scaling() {
        let of = |annotations: serde_json::Value| -> ObjectMeta {
            serde_json::from_value(json!({"annotations": annotations})).unwrap()
        };
        for (metadata, expected) in [
            (of(json!({})), None),
            (of(json!({annotations::INGRESS: "all", annotations::INGRESS_STATUS: "all"})), Some("all")),
            (
                of(json!({annotations::INGRESS: "internal", annotations::INGRESS_STATUS: "all"})),
                Some("internal (currently all)"),
            ),
            (of(json!({annotations::INGRESS: "internal"})), Some("internal (currently -)")),
        ] {
            assert_eq!(ingress(Some(&metadata)).as_deref(), expected);
        }
        for (metadata, expected) in [
            (of(json!({})), "Auto (Min: 0)"),
            (
                of(json!({annotations::SERVICE_MIN_SCALE: "1", annotations::SERVICE_MAX_SCALE: "5"})),
                "Auto (Min: 1, Max: 5)",
            ),
            (
                of(json!({annotations::SCALING_MODE: "manual", annotations::MANUAL_INSTANCE_COUNT: "3"})),
                "Manual (Instances: 3)",
            ),
        ] {
            assert_eq!(scaling(Some(&metadata)), expected);
        }
    }

    #[test]
    fn only_labels_of_people_are_told() {
        let metadata = json!({"labels": {
            "team": "x", "example.com/env": "y", "cloud.googleapis.com/location": "r",
            "serving.knative.dev/service": "s", "my-knative.dev/z": "1",
        }});
        let metadata: ObjectMeta = serde_json::from_value(metadata).unwrap();
        assert_eq!(user_labels(Some(&metadata)).unwrap(), "example.com/env:y my-knative.dev/z:1 team:x");
        assert_eq!(user_labels(None), None);
    }

    /// The states of `cargo xtask parity`, whose layouts it compares with gcloud's.
    #[test]
    fn all_that_there_is_to_tell_of_a_service() {
        let mut shown = String::new();
        for state in [
            include_str!("../../../../tests/parity/states/full.json"),
            include_str!("../../../../tests/parity/states/pair.json"),
            include_str!("../../../../tests/parity/states/connector.json"),
            include_str!("../../../../tests/parity/states/gpu.json"),
        ] {
            let mut object = serde_json::from_str::<Vec<serde_json::Value>>(state).unwrap().remove(0);
            object["status"] = json!({
                "url": "https://app.example", "latestCreatedRevisionName": "app-1", "latestReadyRevisionName": "app-1",
                "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "T", "message": "It is ill."}],
                "traffic": [{"latestRevision": true, "revisionName": "app-1", "percent": 100}],
            });
            let whole: Service = serde_json::from_value(object.clone()).unwrap();
            object["metadata"]["labels"]["cloud.googleapis.com/location"] = "europe-west1".into();
            let of_revision = json!({
                "metadata": {"name": "app-1", "annotations": object["spec"]["template"]["metadata"]["annotations"]},
                "spec": object["spec"]["template"]["spec"], "status": object["status"],
            });
            let run: Revision = serde_json::from_value(of_revision).unwrap();
            shown.push_str(&format!("{}\n\n{}\n\n", service(&whole), revision(&run)));
        }
        insta::assert_snapshot!(shown);
    }
}
