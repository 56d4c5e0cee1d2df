//! What an object says that it is: its kind, and the names of objects and revisions.

use super::parts::Parts;
use super::violation::Violations;

/// (Inferred: an object of another kind is a mistake of the client's. None is fine.)
pub(super) fn kind(parts: &Parts<'_>, found: &mut Violations) {
    for (field, stated) in [("apiVersion", &parts.api_version), ("kind", &parts.kind)] {
        if let Some(given) = stated.given.filter(|given| *given != stated.own) {
            found.add(field, format!("Expected value '{}' but obtained '{given}'.", stated.own));
        }
    }
}

/// (Seen for services, and gcloud: at most 63 characters; v2 wants fewer than 50. Inferred for the other kinds.)
pub(super) fn object_name(parts: &Parts<'_>, found: &mut Violations) {
    if parts.name().is_empty() {
        found.add("metadata.name", "Resource name is required.");
    } else if !is_label(parts.name()) {
        found.add("metadata.name", WRONG);
    }
}

/// (Seen for the names of revisions.)
const WRONG: &str = "only lowercase, digits, and hyphens; must begin with letter, and may not end with hyphen; must be \
                     less than 64 characters.";

/// (Seen, with both texts: the service's name and a hyphen before, fewer than 64 characters.)
pub(super) fn revision_name(parts: &Parts<'_>, found: &mut Violations) {
    let Some(name) = parts.template_metadata.name.as_deref().filter(|name| !name.is_empty()) else { return };
    if !is_label(name) {
        return found.add("service.spec.template.metadata.name", WRONG);
    }
    let own = name.strip_prefix(parts.name()).and_then(|rest| rest.strip_prefix('-'));
    if own.is_none_or(str::is_empty) {
        found.add(
            "spec.template.metadata.name",
            format!(
                "The revision name must be prefixed by the name of the enclosing Service or Configuration with a \
                 trailing - (\"{}-\"), use only lowercase letters, digits and hyphens, not end with a hyphen, and \
                 be less than 64 characters.",
                parts.name()
            ),
        );
    }
}

/// A DNS-1035 label.
pub(super) fn is_label(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service, violations};
    use serde_json::json;

    #[test]
    fn kinds() {
        assert!(
            refused(&service(json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service"}))).is_empty()
        );
        let job = service(json!({"apiVersion": "run.googleapis.com/v1", "kind": "Job"}));
        assert_eq!(refused(&job), ["apiVersion", "kind"]);
    }

    /// The text is that of recorded answers for names of revisions.
    #[test]
    fn names() {
        let long = "s".repeat(64);
        for bad in ["", "Hello", "1a", "a-", "a.b", "..", &long] {
            assert_eq!(refused(&service(json!({"metadata": {"name": bad}}))), ["metadata.name"], "{bad}");
        }
        for (name, fine) in
            [("hello-1", true), ("hello-", false), ("hello", false), ("other-1", false), ("hello-A", false)]
        {
            let service = service(json!({"spec": {"template": {"metadata": {"name": name}}}}));
            assert_eq!(refused(&service).is_empty(), fine, "{name}");
        }
        let service = service(json!({"spec": {"template": {"metadata": {"name": "hello-A"}}}}));
        let [(field, text)] = &violations(&service)[..] else { panic!("one violation") };
        assert_eq!(field, "service.spec.template.metadata.name");
        assert_eq!(
            text,
            "only lowercase, digits, and hyphens; must begin with letter, and may not end with hyphen; must be less \
             than 64 characters."
        );
    }
}
