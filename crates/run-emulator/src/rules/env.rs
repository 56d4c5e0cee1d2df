//! Environment variables, and how many arguments.

use std::collections::BTreeSet;

use super::{Parts, Violations};

/// (Seen for services; documented for jobs and worker pools.)
const RESERVED: [&str; 3] = ["K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
/// Set in the container that receives requests, and only there. (Documented; a sample of Google's sets it in a
/// sidecar. That other kinds than services may use it is inferred.)
const PORT: &str = "PORT";
const RESERVED_PREFIXES: [&str; 2] = ["CLOUD_RUN_", "X_GOOGLE_"];

/// (Documented.)
const MOST: usize = 1000;
const LONGEST: usize = 32_768;

pub(super) fn variables(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        let field = format!("{path}.env");
        let receives = parts.serves() && (!container.ports.is_empty() || parts.spec.containers.len() == 1);
        let reserved: Vec<&str> = container
            .env
            .iter()
            .filter_map(|variable| variable.name.as_deref())
            .filter(|name| {
                RESERVED.contains(name)
                    || (*name == PORT && receives)
                    || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            })
            .collect();
        if !reserved.is_empty() {
            found.add(
                field.clone(),
                format!(
                    "The following reserved env names were provided: {}. These values are automatically set by the \
                     system.",
                    reserved.join(", ")
                ),
            );
        }
        if container.env.len() > MOST {
            found.add(field, format!("must have at most {MOST} environment variables"));
        }
        if container.args.len() > MOST {
            found.add(format!("{path}.args"), format!("must have at most {MOST} arguments"));
        }
        let of_secrets: BTreeSet<&str> = container
            .env
            .iter()
            .filter(|variable| variable.value_from.is_some())
            .filter_map(|variable| variable.name.as_deref())
            .collect();
        let mut names = BTreeSet::new();
        for (at, variable) in container.env.iter().enumerate() {
            if variable.name.as_deref().is_none_or(str::is_empty) {
                found.add(format!("{path}.env[{at}].name"), "must not be empty");
            }
            // (Seen for v2: only plain values may be given twice.)
            let name = variable.name.as_deref().unwrap_or_default();
            if !names.insert(name) && of_secrets.contains(name) {
                let text = format!("Duplicate environment variable '{name}' with a secret.");
                found.add(format!("{path}.env[{at}].name"), text);
            }
            if variable.value.as_ref().is_some_and(|value| value.len() > LONGEST) {
                found.add(format!("{path}.env[{at}].value"), format!("must be at most {LONGEST} bytes"));
            }
            if variable.value.as_deref().is_some_and(|value| !value.is_empty())
                && variable.value_from.is_some()
            {
                found.add(format!("{path}.env[{at}]"), "value and valueFrom exclude each other");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_service;
    use super::super::testing::{refused, service, with_container};
    use serde_json::json;

    #[test]
    fn reserved_names_are_listed() {
        let service =
            with_container(json!({"env": [{"name": "PORT"}, {"name": "A"}, {"name": "CLOUD_RUN_JOB"}]}));
        let violations = check_service(&service);
        assert_eq!(violations[0].field, "spec.template.spec.containers[0].env");
        assert_eq!(
            violations[0].description,
            "The following reserved env names were provided: PORT, CLOUD_RUN_JOB. These values are automatically \
             set by the system."
        );
    }

    #[test]
    fn a_sidecar_may_have_a_port_of_its_own() {
        let env = json!([{"name": "PORT", "value": "8888"}]);
        let receiving = json!({"image": "a/b", "ports": [{"containerPort": 8080}], "env": env});
        let sidecar = json!({"image": "a/b", "env": env});
        let service = service(json!({"spec": {"template": {"spec": {"containers": [receiving, sidecar]}}}}));
        assert_eq!(refused(&service), ["spec.template.spec.containers[0].env"]);
    }

    #[test]
    fn values() {
        let long = "x".repeat(32_769);
        let secret = json!({"secretKeyRef": {"name": "s", "key": "1"}});
        for (variable, field) in [
            (json!({"value": "x"}), "spec.template.spec.containers[0].env[0].name"),
            (json!({"name": "A", "value": long}), "spec.template.spec.containers[0].env[0].value"),
            (
                json!({"name": "A", "value": "x", "valueFrom": secret}),
                "spec.template.spec.containers[0].env[0]",
            ),
        ] {
            assert_eq!(refused(&with_container(json!({"env": [variable]}))), [field]);
        }
        let twice = json!({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]});
        assert!(refused(&with_container(twice)).is_empty(), "the last one wins");
        for both in [
            json!([{"name": "A", "value": "1"}, {"name": "A", "valueFrom": secret}]),
            json!([{"name": "A", "valueFrom": secret}, {"name": "A", "value": "1"}]),
        ] {
            let field = "spec.template.spec.containers[0].env[1].name";
            assert_eq!(refused(&with_container(json!({"env": both}))), [field]);
        }
    }

    #[test]
    fn arguments() {
        let with = |count: usize| refused(&with_container(json!({"args": vec!["x"; count]})));
        assert_eq!(with(1000), [""; 0]);
        assert_eq!(with(1001), ["spec.template.spec.containers[0].args"]);
    }
}
