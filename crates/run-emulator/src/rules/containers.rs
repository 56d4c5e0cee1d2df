//! Containers: how many, their ports, names, images and order.

use std::collections::{BTreeMap, BTreeSet};

use run_api::types::{ObjectMeta, RevisionSpec};

use super::{Parts, Violations};

/// The annotation that says which container waits for which: a JSON object of lists of names. (A sample of
/// Google's leaves the quotes away, as YAML allows it.)
const DEPENDENCIES: &str = "run.googleapis.com/container-dependencies";

/// (Seen for v2: one to ten containers, one port each.)
pub(super) fn count_and_ports(parts: &Parts<'_>, found: &mut Violations) {
    let count = parts.spec.containers.len();
    if !(1..=10).contains(&count) {
        found.add(field(parts), format!("must have between 1 and 10 containers, but has {count}"));
    }
    for (path, container) in parts.containers() {
        if container.ports.len() > 1 {
            found.add(format!("{path}.ports"), "should contain 0 or 1 port");
        }
        for port in &container.ports {
            if !matches!(port.name.as_deref(), None | Some("" | "http1" | "h2c")) {
                found.add(format!("{path}.ports[0].name"), "should be one of '', 'http1', 'h2c'");
            }
            if port.container_port.is_some_and(|number| !(1..=65535).contains(&number)) {
                found.add(format!("{path}.ports[0].containerPort"), "should be between 1 and 65535");
            }
        }
    }
}

/// (Seen for v2: of the containers of a service, exactly one has a port.)
pub(super) fn one_receives(parts: &Parts<'_>, found: &mut Violations) {
    let count = parts.spec.containers.len();
    let with_port = parts.spec.containers.iter().filter(|container| !container.ports.is_empty()).count();
    if with_port > 1 || (count > 1 && with_port == 0) {
        found.add(field(parts), format!("exactly one container must have a port, but {with_port} have one"));
    }
}

fn field(parts: &Parts<'_>) -> String {
    format!("{}.containers", parts.at)
}

pub(super) fn names_are_unique(parts: &Parts<'_>, found: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (path, container) in parts.containers() {
        let name = container.name.as_deref().filter(|name| !name.is_empty());
        if name.is_some_and(|name| !seen.insert(name)) {
            found.add(
                format!("{path}.name"),
                format!("Duplicate container name '{}'.", name.unwrap_or_default()),
            );
        }
    }
}

/// (Seen, with this text. Which hosts are accepted depends on the surroundings.)
pub(super) fn images(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        let image = container.image.as_deref().unwrap_or_default();
        if !is_reference(image) {
            found.add(format!("{path}.image"), wrong_image(image));
        }
    }
}

/// What is said of an image that is refused.
pub(crate) fn wrong_image(image: &str) -> String {
    format!(
        "Expected an image path like [host/]repo-path[:tag and/or @digest], where host is one of [region.]gcr.io, \
         [region-]docker.pkg.dev or docker.io but obtained {image}."
    )
}

/// Whether a text has the form of an image reference.
pub(crate) fn is_reference(image: &str) -> bool {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    !name.is_empty()
        && name.chars().all(allowed)
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with(['.', '-', ':']))
        && digest.is_none_or(|digest| digest.strip_prefix("sha256:").is_some_and(hex))
}

/// (Seen for v2: the names must exist, and nobody waits for itself.)
pub(super) fn dependencies(parts: &Parts<'_>, found: &mut Violations) {
    let Some(text) = parts.template_metadata.annotations.get(DEPENDENCIES) else { return };
    let field = format!("spec.template.metadata.annotations[{DEPENDENCIES}]");
    let Ok(waits) = serde_json::from_str::<BTreeMap<String, Vec<String>>>(&with_quotes(text)) else {
        return found.add(field, "must be a JSON object of lists of container names");
    };
    let names: BTreeSet<&str> = parts.spec.containers.iter().filter_map(|c| c.name.as_deref()).collect();
    for name in waits.keys().chain(waits.values().flatten()) {
        if !names.contains(name.as_str()) {
            return found.add(field, format!("Dependency on unknown container '{name}'."));
        }
    }
    if waves(&names, &waits).iter().map(Vec::len).sum::<usize>() < names.len() {
        found.add(field, "Container dependencies have a cycle.");
    }
}

/// The names of containers in the order in which they start: each waits for some of those before it. (Documented.)
pub(crate) fn start_order(template: &ObjectMeta, spec: &RevisionSpec) -> Vec<Vec<String>> {
    let text = template.annotations.get(DEPENDENCIES).map_or("{}", String::as_str);
    let waits = serde_json::from_str(&with_quotes(text)).unwrap_or_default();
    let names = spec.containers.iter().filter_map(|container| container.name.as_deref()).collect();
    let owned = |wave: Vec<&str>| wave.into_iter().map(str::to_owned).collect();
    waves(&names, &waits).into_iter().map(owned).collect()
}

/// Sorts names so that each comes after those that it waits for; those that wait for each other are left out.
fn waves<'a>(names: &BTreeSet<&'a str>, waits: &BTreeMap<String, Vec<String>>) -> Vec<Vec<&'a str>> {
    let mut started: BTreeSet<&str> = BTreeSet::new();
    let mut waves = Vec::new();
    loop {
        let ready =
            |name: &&str| waits.get(*name).is_none_or(|on| on.iter().all(|on| started.contains(on.as_str())));
        let next: Vec<&str> = names.difference(&started).copied().filter(ready).collect();
        if next.is_empty() {
            return waves;
        }
        started.extend(&next);
        waves.push(next);
    }
}

/// The same text with quotes around bare words.
fn with_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let (mut in_string, mut in_word) = (false, false);
    for c in text.chars() {
        let word = !in_string && (c.is_ascii_alphanumeric() || c == '-');
        if word != in_word {
            quoted.push('"');
            in_word = word;
        }
        quoted.push(c);
        in_string ^= c == '"';
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service, with_container};
    use super::*;
    use serde_json::{Value, json};

    const FIELD: &str = "spec.template.spec.containers";

    fn fields(containers: Value) -> Vec<String> {
        refused(&service(json!({"spec": {"template": {"spec": {"containers": containers}}}})))
    }

    #[test]
    fn ports() {
        let plain = json!({"image": "a/b"});
        let port = json!({"image": "a/b", "ports": [{"containerPort": 80}]});
        assert_eq!(fields(json!([])), [FIELD]);
        assert_eq!(fields(json!([plain, plain])), [FIELD]);
        assert_eq!(fields(json!([port, port])), [FIELD]);
        assert!(fields(json!([port, plain])).is_empty());
        let bad = with_container(json!({"ports": [{"name": "grpc", "containerPort": 0}]}));
        let path = "spec.template.spec.containers[0].ports[0]";
        assert_eq!(refused(&bad), [format!("{path}.name"), format!("{path}.containerPort")]);
    }

    #[test]
    fn references() {
        let digest = format!("gcr.io/a/b@sha256:{}", "0".repeat(64));
        for good in ["nginx", "docker.io/a/b:1.0", "europe-docker.pkg.dev/p/r/i", "localhost:5000/a", &digest]
        {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", " ", "a b", "http://a/b?", "a//b", "/a", "a@sha256:00", "a@", "../a"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn dependencies() {
        let with = |waits: &str| {
            refused(&service(json!({"spec": {"template": {
                "metadata": {"annotations": {DEPENDENCIES: waits}},
                "spec": {"containers": [
                    {"name": "a", "image": "a/b", "ports": [{"containerPort": 80}]}, {"name": "b", "image": "a/b"},
                ]},
            }}})))
        };
        for good in [r#"{"a":["b"]}"#, "{a: [b]}", "{}", r#"{"a":[]}"#] {
            assert!(with(good).is_empty(), "{good}");
        }
        for bad in [
            r#"{"a":["c"]}"#,
            r#"{"a":["b"],"b":["a"]}"#,
            r#"{"a":["a"]}"#,
            "nonsense",
            "{a: b}",
            r#"{"a":["b]}"#,
            "{a: [b}",
        ] {
            assert_eq!(with(bad).len(), 1, "{bad}");
        }
    }
}
