//! Domain mappings: what is refused, and what the server fills in.

use run_api::Resource;
use run_api::types::DomainMapping;

use super::parts::Parts;
use super::violation::Violations;
use super::{defaults, names};

const API_VERSION: &str = DomainMapping::API_VERSION;
const KIND: &str = DomainMapping::KIND;

/// The mode without a certificate. (Documented.)
pub(crate) const NO_CERTIFICATE: &str = "NONE";
/// (Seen: a mapping that was created without a mode has this one.)
const AUTOMATIC: &str = "AUTOMATIC";

/// Completes a domain mapping before it is checked and stored. Doing it twice changes nothing.
pub(crate) fn fill_in_domain_mapping(mapping: &mut DomainMapping) {
    defaults::or_else(&mut mapping.api_version, API_VERSION);
    defaults::or_else(&mut mapping.kind, KIND);
    let spec = mapping.spec.get_or_insert_default();
    if spec.certificate_mode.as_deref() == Some("CERTIFICATE_MODE_UNSPECIFIED") {
        spec.certificate_mode = None;
    }
    defaults::or_else(&mut spec.certificate_mode, AUTOMATIC);
}

/// (Inferred: a DNS name of at least two labels, in lower case.)
pub(super) fn name(parts: &Parts<'_>, found: &mut Violations) {
    if parts.name().is_empty() {
        found.add("metadata.name", "Resource name is required.");
    } else if !is_domain(parts.name()) {
        found.add("metadata.name", format!("'{}' is not a valid domain name.", parts.name()));
    }
}

/// Whether a name is that of a domain.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}

/// (Documented: the service. That it is required is inferred.)
pub(super) fn route_name(parts: &Parts<'_>, found: &mut Violations) {
    let spec = parts.mapping.and_then(|mapping| mapping.spec.as_ref());
    let route = spec.and_then(|spec| spec.route_name.as_deref()).unwrap_or_default();
    if !names::is_label(route) {
        found.add("spec.routeName", format!("'{route}' is not a valid route name."));
    }
}

/// (Documented.)
pub(super) fn certificate_mode(parts: &Parts<'_>, found: &mut Violations) {
    let spec = parts.mapping.and_then(|mapping| mapping.spec.as_ref());
    let mode = spec.and_then(|spec| spec.certificate_mode.as_deref());
    if let Some(mode) = mode.filter(|mode| ![NO_CERTIFICATE, AUTOMATIC].contains(mode)) {
        found.add(
            "spec.certificateMode",
            format!("'{mode}' is not a valid value, should be {NO_CERTIFICATE}, {AUTOMATIC}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_domain_mapping;
    use super::*;
    use serde_json::json;

    fn refused(name: &str, route: &str, mode: &str) -> Vec<String> {
        let mapping = json!({
            "metadata": {"name": name}, "spec": {"routeName": route, "certificateMode": mode},
        });
        let mut mapping: DomainMapping = serde_json::from_value(mapping).unwrap();
        fill_in_domain_mapping(&mut mapping);
        check_domain_mapping(&mapping).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn mappings() {
        for name in ["example.com", "www.example.com", "a-b.1.example"] {
            assert!(refused(name, "hello", "").is_empty(), "{name}");
        }
        for name in ["", "example", "Example.com", "a..com", ".com", "-a.com", "a.com.", "a_b.com"] {
            assert_eq!(refused(name, "hello", "AUTOMATIC"), ["metadata.name"], "{name}");
        }
        assert_eq!(refused("example.com", "", "NONE"), ["spec.routeName"]);
        assert_eq!(refused("example.com", "hello", "SOME"), ["spec.certificateMode"]);
        assert!(refused("example.com", "hello", "CERTIFICATE_MODE_UNSPECIFIED").is_empty());
    }
}
