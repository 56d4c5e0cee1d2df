//! Which container waits for which.

use std::collections::{BTreeMap, BTreeSet};

use run_api::known::annotations;
use run_api::types::{ObjectMeta, RevisionSpec};

use super::containers;
use super::parts::Parts;
use super::violation::Violations;

/// The annotation that says so: a JSON object of lists of names. (A sample of Google's leaves the quotes away, as YAML
/// allows it.)
const DEPENDENCIES: &str = annotations::CONTAINER_DEPENDENCIES;

/// For each container those that it waits for.
type Waits = BTreeMap<String, Vec<String>>;

/// Reads the annotation.
pub(super) fn read(text: &str) -> Option<Waits> {
    serde_json::from_str(&with_quotes(text)).ok()
}

/// The names exist, nobody waits for itself, and those that are waited for say when they are there.
///
/// (Seen, with their fields: the texts on names and on startup probes, for services and jobs. Seen for v2: that the names
/// exist and have no cycle.)
pub(super) fn order(parts: &Parts<'_>, found: &mut Violations) {
    let Some(waits) = parts.annotation(DEPENDENCIES).and_then(read) else { return };
    let field = parts.annotation_field(DEPENDENCIES);
    let names: BTreeSet<&str> = parts.spec.containers.iter().filter_map(|c| c.name.as_deref()).collect();
    for name in waits.keys().chain(waits.values().flatten()) {
        if !containers::is_name(name) {
            return found.add(field, containers::wrong_name(name));
        }
        if !names.contains(name.as_str()) {
            return found.add(field, format!("Container '{name}' does not exist."));
        }
    }
    if waves(&names, &waits).iter().map(Vec::len).sum::<usize>() < names.len() {
        found.add(field, "Container dependency cycle detected.");
    }
    for (path, container) in parts.containers() {
        let on = container.name.as_ref().and_then(|name| waits.get(name));
        for name in on.into_iter().flatten().filter(|name| !says_when_it_is_there(parts, name)) {
            let text = format!("Dependent container '{name}' must have startup probe specified");
            found.add(format!("{path}.depends_on"), text);
        }
    }
}

/// The container that receives requests has a probe of the server's.
fn says_when_it_is_there(parts: &Parts<'_>, name: &str) -> bool {
    let mut named = parts.spec.containers.iter().filter(|container| container.name.as_deref() == Some(name));
    named
        .all(|container| container.startup_probe.is_some() || (parts.serves() && !container.ports.is_empty()))
}

/// The names of containers in the order in which they start: each waits for some of those before it. (Documented.)
pub(crate) fn start_order(template: &ObjectMeta, spec: &RevisionSpec) -> Vec<Vec<String>> {
    let waits = template.annotations.get(DEPENDENCIES).and_then(|text| read(text)).unwrap_or_default();
    let names = spec.containers.iter().filter_map(|container| container.name.as_deref()).collect();
    let owned = |wave: Vec<&str>| wave.into_iter().map(str::to_owned).collect();
    waves(&names, &waits).into_iter().map(owned).collect()
}

/// Sorts names so that each comes after those that it waits for; those that wait for each other are left out.
fn waves<'a>(names: &BTreeSet<&'a str>, waits: &Waits) -> Vec<Vec<&'a str>> {
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
        let word = !in_string && (c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
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
    use super::super::testing::{job_violations, service, task, violations};
    use super::*;
    use serde_json::json;

    fn with(waits: &str) -> Vec<(String, String)> {
        violations(&service(json!({"spec": {"template": {
            "metadata": {"annotations": {DEPENDENCIES: waits}},
            "spec": {"containers": [
                {"name": "a", "image": "a/b", "ports": [{"containerPort": 80}]},
                {"name": "b", "image": "a/b", "startupProbe": {"tcpSocket": {"port": 1}}},
                {"name": "c", "image": "a/b"},
            ]},
        }}})))
    }

    #[test]
    fn names_exist_and_nobody_waits_for_itself() {
        for good in [r#"{"a":["b"]}"#, "{a: [b]}", "{}", r#"{"a":[]}"#, r#"{"b":["a"],"c":["b"]}"#] {
            assert_eq!(with(good), [], "{good}");
        }
        for bad in [
            r#"{"a":["d"]}"#,
            r#"{"d":["a"]}"#,
            r#"{"a":["b"],"b":["a"]}"#,
            r#"{"a":["a"]}"#,
            "nonsense",
            "{a: b}",
            r#"{"a":["b]}"#,
            "{a: [b}",
        ] {
            let [(field, _)] = &with(bad)[..] else { panic!("{bad}") };
            assert_eq!(*field, format!("spec.template.metadata.annotations[{DEPENDENCIES}]"), "{bad}");
        }
    }

    /// <https://github.com/hashicorp/terraform-provider-google/issues/21035>
    #[test]
    fn an_empty_name_is_none() {
        let [(_, text)] = &with(r#"{"a":[""]}"#)[..] else { panic!("one violation") };
        assert!(text.starts_with("Invalid container name ''. Must conform to RFC 1123: "), "{text}");
    }

    /// <https://github.com/GoogleCloudPlatform/cloud-run-samples/issues/230>
    #[test]
    fn who_is_waited_for_has_a_startup_probe() {
        let text = "Dependent container 'c' must have startup probe specified".to_owned();
        let field = "spec.template.spec.containers[0].depends_on".to_owned();
        assert_eq!(with(r#"{"a":["b","c"]}"#), [(field, text)]);
    }

    #[test]
    fn in_jobs_too() {
        let of = |probe: bool| {
            let mut database = json!({"name": "db", "image": "a/b"});
            if probe {
                database["startupProbe"] = json!({"tcpSocket": {"port": 5432}});
            }
            let mut job = task(json!({"containers": [{"name": "main", "image": "a/b"}, database]}));
            let template = job.spec.as_mut().and_then(|spec| spec.template.as_mut()).unwrap();
            let metadata = template.metadata.get_or_insert_default();
            metadata.annotations.insert(DEPENDENCIES.to_owned(), r#"{"main":["db"]}"#.to_owned());
            job_violations(job)
        };
        let [(field, text)] = &of(false)[..] else { panic!("one violation") };
        assert_eq!(field, "spec.template.spec.template.spec.containers[0].depends_on");
        assert_eq!(text, "Dependent container 'db' must have startup probe specified");
        assert_eq!(of(true), []);
    }
}
