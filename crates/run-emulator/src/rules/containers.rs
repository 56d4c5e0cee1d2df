//! Containers: how many, their ports and names.

use std::collections::BTreeSet;

use super::parts::Parts;
use super::violation::Violations;

const MOST: usize = 10;

/// (Seen for v2: one to ten containers, one port each. Seen: a port of 0, which Go's types always write, is none.)
pub(super) fn count_and_ports(parts: &Parts<'_>, found: &mut Violations) {
    let count = parts.spec.containers.len();
    if count == 0 {
        found.add(field(parts), "must contain at least one container");
    } else if count > MOST {
        found.add(field(parts), format!("at most {MOST} containers are allowed, but there are {count}"));
    }
    for (path, container) in parts.containers() {
        if container.ports.len() > 1 {
            found.add(format!("{path}.ports"), "ports should contain 0 or 1 port");
        }
        for (at, port) in container.ports.iter().enumerate() {
            let field = |name: &str| format!("{path}.ports[{at}].{name}");
            if !matches!(port.name.as_deref(), None | Some("" | "http1" | "h2c")) {
                found.add(field("name"), "must be one of empty, 'http1' or 'h2c'");
            }
            if port.container_port.is_some_and(|number| !(0..=65535).contains(&number)) {
                found.add(field("containerPort"), "must be between 1 and 65535");
            }
            // (Documented.)
            if !matches!(port.protocol.as_deref(), None | Some("" | "TCP")) {
                found.add(field("protocol"), "must be 'TCP'");
            }
        }
    }
}

/// (Seen, with this text: of the containers of a service, exactly one has a port.)
pub(super) fn one_receives(parts: &Parts<'_>, found: &mut Violations) {
    let count = parts.spec.containers.len();
    let with_port = parts.spec.containers.iter().filter(|container| !container.ports.is_empty()).count();
    if with_port > 1 || (count > 1 && with_port == 0) {
        let text = "Revision template should contain exactly one container with an exposed port.";
        found.add(field(parts), text);
    }
}

/// What would be taken for given and is not there. (Seen for a user below zero, of the security context. The document calls
/// both unsupported; the words of the first were seen for other fields, that it is refused is inferred.)
pub(super) fn unsupported(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        if !container.env_from.is_empty() {
            let field = format!("{path}.env_from");
            found.add(&*field, format!("{field} should be empty"));
        }
        let user = container.security_context.as_ref().and_then(|context| context.run_as_user);
        if user.is_some_and(|user| user < 0) {
            found.add(format!("{path}.securityContext.runAsUser"), "must not be negative");
        }
    }
}

fn field(parts: &Parts<'_>) -> String {
    format!("{}.containers", parts.at)
}

/// (Seen for v2: both rules. The text of the first was seen for a name in the dependencies.)
pub(super) fn names(parts: &Parts<'_>, found: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (path, container) in parts.containers() {
        let Some(name) = container.name.as_deref().filter(|name| !name.is_empty()) else { continue };
        if !is_name(name) {
            found.add(format!("{path}.name"), wrong_name(name));
        } else if !seen.insert(name) {
            found.add(format!("{path}.name"), format!("must not have duplicate container names: '{name}'"));
        }
    }
}

/// Whether a text may be the name of a container.
pub(super) fn is_name(name: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.starts_with(alphanumeric)
        && name.ends_with(alphanumeric)
        && name.chars().all(|c| alphanumeric(c) || matches!(c, '-' | '.'))
}

/// What is said of another one.
pub(super) fn wrong_name(name: &str) -> String {
    format!(
        "Invalid container name '{name}'. Must conform to RFC 1123: only lowercase letters, digits, hyphens, and periods \
         are allowed, must begin and end with a letter or digit, and be less than 64 characters"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service, violations, with_container};
    use serde_json::{Value, json};

    const FIELD: &str = "spec.template.spec.containers";

    fn with(containers: Value) -> Vec<(String, String)> {
        violations(&service(json!({"spec": {"template": {"spec": {"containers": containers}}}})))
    }

    fn fields(containers: Value) -> Vec<String> {
        with(containers).into_iter().map(|(field, _)| field).collect()
    }

    /// Recorded answers for the number of ports, with this text.
    #[test]
    fn ports() {
        let plain = json!({"image": "a/b"});
        let port = json!({"image": "a/b", "ports": [{"containerPort": 80}]});
        assert_eq!(fields(json!([])), [FIELD]);
        assert_eq!(fields(json!([port, port])), [FIELD]);
        assert!(fields(json!([port, plain])).is_empty());
        let many: Vec<Value> = std::iter::once(port).chain(std::iter::repeat_n(plain.clone(), 10)).collect();
        assert_eq!(fields(Value::Array(many)), [FIELD]);
        let bad =
            with_container(json!({"ports": [{"name": "grpc", "containerPort": 65_536, "protocol": "UDP"}]}));
        let path = "spec.template.spec.containers[0].ports[0]";
        let wrong = ["name", "containerPort", "protocol"].map(|name| format!("{path}.{name}"));
        assert_eq!(refused(&bad), wrong);
        let text = "Revision template should contain exactly one container with an exposed port.";
        assert_eq!(with(json!([plain, plain])), [(FIELD.to_owned(), text.to_owned())]);
    }

    /// Knative's conformance tests on the real service, 2022: `TestShouldNotContainerConstraints/TestInvalidUID`. The words
    /// *should be empty*: <https://github.com/hashicorp/terraform-provider-google/issues/9159>
    #[test]
    fn what_is_not_supported() {
        let at = "spec.template.spec.containers[0]";
        for (container, expected) in [
            (json!({"securityContext": {}, "envFrom": []}), None),
            (json!({"securityContext": {"runAsUser": 1000}}), None),
            (
                json!({"securityContext": {"runAsUser": -10}}),
                Some((".securityContext.runAsUser", "must not be negative".to_owned())),
            ),
            (
                json!({"envFrom": [{"secretRef": {"localObjectReference": {"name": "s"}}}]}),
                Some((".env_from", format!("{at}.env_from should be empty"))),
            ),
        ] {
            let expected = expected.map(|(field, text)| (format!("{at}{field}"), text));
            assert_eq!(violations(&with_container(container)), Vec::from_iter(expected));
        }
    }

    /// Knative's conformance tests on the real service, 2022.
    #[test]
    fn a_port_of_zero_is_none() {
        let given =
            with_container(json!({"ports": [{"name": "h2c", "containerPort": 0, "protocol": "TCP"}]}));
        assert_eq!(refused(&given), [""; 0]);
    }

    /// <https://github.com/hashicorp/terraform-provider-google/issues/21035>
    #[test]
    fn container_names_are_dns_names() {
        for good in ["web", "1", "a.b-c", &"x".repeat(63)] {
            assert_eq!(refused(&with_container(json!({"name": good}))), [""; 0], "{good}");
        }
        for bad in ["My_App", "-a", "a-", "app.", "a b", &"x".repeat(64)] {
            let [(field, text)] = &violations(&with_container(json!({"name": bad})))[..] else {
                panic!("{bad}")
            };
            assert_eq!(field, "spec.template.spec.containers[0].name");
            assert!(
                text.starts_with(&format!("Invalid container name '{bad}'. Must conform to RFC 1123: ")),
                "{text}"
            );
        }
        let twice = json!([{"name": "a", "image": "a/b", "ports": [{"containerPort": 1}]}, {"name": "a", "image": "a/b"}]);
        assert_eq!(fields(twice), [format!("{FIELD}[1].name")]);
    }
}
