//! What the API refuses, and what it fills in. Pure functions on objects.
//!
//! Each rule is a function that adds violations, in a table by subject. Where a rule was learned stands beside
//! it: *seen* in real answers, *documented*, from *Knative*, or *inferred*.

mod annotation_values;
mod annotations;
mod containers;
pub(crate) mod defaults;
mod env;
mod iam;
mod limits;
mod names;
mod resources;
mod traffic;

use run_api::types::{Container, ObjectMeta, RevisionSpec, Service};

pub(crate) use defaults::fill_in;
pub(crate) use iam::check_policy;

/// A field that is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) field: String,
    pub(crate) description: String,
}

/// The violations found so far.
#[derive(Debug, Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push(Violation { field: field.into(), description: description.into() });
    }
}

type Rule = fn(&Parts<'_>, &mut Violations);

const RULES: &[Rule] = &[
    names::kind,
    names::service_name,
    names::revision_name,
    annotations::of_service,
    annotations::of_template,
    annotations::scaling,
    annotation_values::known_values,
    containers::count_and_ports,
    containers::names_are_unique,
    containers::images,
    containers::dependencies,
    env::variables,
    resources::limits,
    limits::concurrency_and_timeout,
    limits::probes,
    limits::mounts,
    traffic::targets,
    traffic::tags,
    traffic::sum,
];

/// Everything that the API refuses in a service that is created or replaced; empty if it is fine.
pub(crate) fn check_service(service: &Service) -> Vec<Violation> {
    let mut violations = Violations::default();
    let parts = Parts::of(service);
    for rule in RULES {
        rule(&parts, &mut violations);
    }
    violations.0
}

/// A service taken apart: what is absent is empty.
struct Parts<'a> {
    service: &'a Service,
    metadata: ObjectMeta,
    template_metadata: ObjectMeta,
    spec: RevisionSpec,
}

impl<'a> Parts<'a> {
    fn of(service: &'a Service) -> Self {
        let template = service.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
        Self {
            service,
            metadata: service.metadata.clone().unwrap_or_default(),
            template_metadata: template.metadata.unwrap_or_default(),
            spec: template.spec.unwrap_or_default(),
        }
    }

    fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// The containers with the path of each.
    fn containers(&self) -> impl Iterator<Item = (String, &Container)> {
        let path = |at: usize| format!("spec.template.spec.containers[{at}]");
        self.spec.containers.iter().enumerate().map(move |(at, container)| (path(at), container))
    }
}

#[cfg(test)]
mod testing {
    use super::*;
    use serde_json::{Value, json};

    /// A service that is fine, merged with a patch (RFC 7396; lists are replaced).
    pub(super) fn service(patch: Value) -> Service {
        let mut service = json!({
            "metadata": {"name": "hello"},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b"}]}}},
        });
        merge(&mut service, patch);
        serde_json::from_value(service).unwrap()
    }

    fn merge(into: &mut Value, patch: Value) {
        match (into, patch) {
            (Value::Object(into), Value::Object(patch)) => {
                for (key, value) in patch {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, patch) => *into = patch,
        }
    }

    /// A service whose one container is this.
    pub(super) fn with_container(container: Value) -> Service {
        let mut whole = json!({"image": "docker.io/a/b"});
        merge(&mut whole, container);
        service(json!({"spec": {"template": {"spec": {"containers": [whole]}}}}))
    }

    /// The fields that are refused.
    pub(super) fn refused(service: &Service) -> Vec<String> {
        check_service(service).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn the_plain_service_is_fine() {
        assert_eq!(check_service(&service(json!({}))), []);
    }
}
