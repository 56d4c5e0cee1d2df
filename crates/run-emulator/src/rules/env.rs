//! Environment variables, and how many arguments.

use std::collections::BTreeSet;

use run_api::types::{Container, EnvVar};

use super::parts::Parts;
use super::violation::Violations;

/// (Seen for services; documented for jobs and worker pools.)
const RESERVED: [&str; 3] = ["K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
/// Set in the container that receives requests; a sample of Google's sets it in a sidecar. (Seen for v2: a job whose only
/// container sets it is refused. That other containers and kinds may use it is inferred.)
const PORT: &str = "PORT";
const RESERVED_PREFIXES: [&str; 2] = ["CLOUD_RUN_", "X_GOOGLE_"];

/// (Documented; seen for v2: they count for all containers together.)
const MOST: usize = 1000;
const LONGEST: usize = 32_768;

pub(super) fn variables(parts: &Parts<'_>, found: &mut Violations) {
    let alone = parts.spec.containers.len() == 1;
    for (path, container) in parts.containers() {
        let receives = parts.serves() && (alone || !container.ports.is_empty());
        let port_is_taken = receives || (alone && parts.execution.is_some());
        check(&container.env, &format!("{path}.env"), port_is_taken, found);
    }
}

/// How many variables and arguments all containers have together.
pub(super) fn numbers(parts: &Parts<'_>, found: &mut Violations) {
    totals(&parts.spec.containers, |name| format!("{}.containers[0].{name}", parts.at), found);
}

/// The same of some containers.
pub(super) fn totals(containers: &[Container], field: impl Fn(&str) -> String, found: &mut Violations) {
    let variables: usize = containers.iter().map(|container| container.env.len()).sum();
    if variables > MOST {
        found.add(field("env"), format!("The limit on EnvVars across all containers is {MOST}."));
    }
    let arguments: usize = containers.iter().map(|container| container.args.len()).sum();
    if arguments > MOST {
        found.add(field("args"), format!("The limit on args across all containers is {MOST}."));
    }
}

/// The variables of one container, or of one override.
pub(super) fn check(env: &[EnvVar], field: &str, port_is_taken: bool, found: &mut Violations) {
    let reserved: Vec<&str> = env
        .iter()
        .filter_map(|variable| variable.name.as_deref())
        .filter(|name| {
            RESERVED.contains(name)
                || (*name == PORT && port_is_taken)
                || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        })
        .collect();
    if !reserved.is_empty() {
        found.add(
            field,
            format!(
                "The following reserved env names were provided: {}. These values are automatically set by the \
                 system.",
                reserved.join(", ")
            ),
        );
    }
    let of_secrets: BTreeSet<&str> = env
        .iter()
        .filter(|variable| variable.value_from.is_some())
        .filter_map(|variable| variable.name.as_deref())
        .collect();
    let mut names = BTreeSet::new();
    for (at, variable) in env.iter().enumerate() {
        let name = variable.name.as_deref().unwrap_or_default();
        if name.is_empty() {
            found.add(format!("{field}[{at}].name"), "must not be empty");
        }
        // (Documented: only plain values may be given twice.)
        if !names.insert(name) && of_secrets.contains(name) {
            let text = format!("Duplicate environment variable '{name}' with a secret.");
            found.add(format!("{field}[{at}].name"), text);
        }
        if variable.value.as_ref().is_some_and(|value| value.len() > LONGEST) {
            found.add(format!("{field}[{at}].value"), format!("length cannot exceed {LONGEST}"));
        }
        // (Documented.)
        if variable.value.as_deref().is_some_and(|value| !value.is_empty()) && variable.value_from.is_some() {
            found.add(format!("{field}[{at}]"), "value and valueFrom exclude each other");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        refused, refused_in_job, refused_in_worker_pool, service, task, violations, with_container,
        worker_pool,
    };
    use serde_json::{Value, json};

    #[test]
    fn reserved_names_are_listed() {
        let service =
            with_container(json!({"env": [{"name": "PORT"}, {"name": "A"}, {"name": "CLOUD_RUN_JOB"}]}));
        let [(field, text)] = &violations(&service)[..] else { panic!("one violation") };
        assert_eq!(field, "spec.template.spec.containers[0].env");
        assert_eq!(
            text,
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
        // Seen for v2, in a job with one container.
        let alone = task(json!({"containers": [{"image": "a/b", "env": env}]}));
        assert_eq!(refused_in_job(alone), ["spec.template.spec.template.spec.containers[0].env"]);
        let template = json!({"spec": {"containers": [{"image": "a/b", "env": env}, {"image": "a/c"}]}});
        assert_eq!(refused_in_worker_pool(&worker_pool(json!({"spec": {"template": template}}))), [""; 0]);
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
    fn numbers_count_for_all_containers() {
        let variables =
            |count: usize| (0..count).map(|at| json!({"name": format!("V{at}")})).collect::<Vec<_>>();
        let with = |first: Value, second: Value| {
            let mut containers =
                [json!({"image": "a/b", "ports": [{"containerPort": 1}]}), json!({"image": "a/b"})];
            for (container, more) in containers.iter_mut().zip([first, second]) {
                container.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            }
            refused(&service(json!({"spec": {"template": {"spec": {"containers": containers}}}})))
        };
        let args = |count: usize| json!({"args": vec!["x"; count]});
        assert_eq!(with(args(400), args(600)), [""; 0]);
        assert_eq!(with(args(401), args(600)), ["spec.template.spec.containers[0].args"]);
        let env = |count: usize| json!({"env": variables(count)});
        assert_eq!(with(env(500), env(500)), [""; 0]);
        assert_eq!(with(env(600), env(600)), ["spec.template.spec.containers[0].env"]);
    }
}
