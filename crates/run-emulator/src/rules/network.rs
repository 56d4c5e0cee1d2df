//! Networks and keys: what the annotations of one template say together.

use run_api::known::annotations::{
    ENCRYPTION_KEY as KEY, ENCRYPTION_KEY_SHUTDOWN_HOURS, NETWORK_INTERFACES as INTERFACES,
    POST_KEY_REVOCATION_ACTION_TYPE, REGIONS, VPC_ACCESS_CONNECTOR as CONNECTOR,
};

use super::parts::Parts;
use super::violation::Violations;

const NEED_A_KEY: [&str; 2] = [POST_KEY_REVOCATION_ACTION_TYPE, ENCRYPTION_KEY_SHUTDOWN_HOURS];

/// There is one way into a network. (Seen for v2.)
pub(super) fn paths(parts: &Parts<'_>, found: &mut Violations) {
    if parts.annotation(CONNECTOR).is_some()
        && parts.annotation(INTERFACES).is_some_and(|list| list.trim() != "[]")
    {
        let text = "one and only one of connector and network_interfaces must be set.";
        found.add(parts.annotation_field(INTERFACES), text);
    }
}

/// One region has a service here. (Ours: better refused than taken for one in a single region.)
pub(super) fn one_region(parts: &Parts<'_>, found: &mut Violations) {
    if parts.metadata.annotations.get(REGIONS).is_some_and(|regions| !regions.is_empty()) {
        let text = "The emulator has no services of several regions.";
        found.add(format!("metadata.annotations[{REGIONS}]"), text);
    }
}

/// What happens once a key is revoked is said only where there is one. (Seen for v2.)
pub(super) fn keys(parts: &Parts<'_>, found: &mut Violations) {
    if parts.annotation(KEY).is_some() {
        return;
    }
    for annotation in NEED_A_KEY.into_iter().filter(|annotation| parts.annotation(annotation).is_some()) {
        let text = "encryption_key must be set if this field is set.";
        found.add(parts.annotation_field(annotation), text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{instance, refused, refused_in_instance, service};
    use super::*;
    use serde_json::{Value, json};

    fn with(annotations: Value) -> Vec<String> {
        refused(&service(json!({"spec": {"template": {"metadata": {"annotations": annotations}}}})))
    }

    #[test]
    fn one_way_into_a_network() {
        let interfaces = r#"[{"network":"default"}]"#;
        assert_eq!(with(json!({CONNECTOR: "c"})), [""; 0]);
        assert_eq!(with(json!({INTERFACES: interfaces})), [""; 0]);
        assert_eq!(with(json!({CONNECTOR: "c", INTERFACES: "[]"})), [""; 0]);
        let field = format!("spec.template.metadata.annotations[{INTERFACES}]");
        assert_eq!(with(json!({CONNECTOR: "c", INTERFACES: interfaces})), [field]);
    }

    #[test]
    fn a_service_is_in_one_region() {
        let several = service(json!({"metadata": {"annotations": {REGIONS: "us-central1,europe-west1"}}}));
        assert_eq!(refused(&several), ["metadata.annotations[run.googleapis.com/regions]"]);
    }

    /// A public report on instances: the API takes no connector for them.
    #[test]
    fn instances_have_no_connector() {
        let annotations = json!({"metadata": {"annotations": {CONNECTOR: "c"}}});
        let field = format!("metadata.annotations[{CONNECTOR}]");
        assert_eq!(refused_in_instance(&instance(annotations)), [field]);
    }

    #[test]
    fn a_key_comes_first() {
        let key = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
        let action = json!({NEED_A_KEY[0]: "shut-down", NEED_A_KEY[1]: "2"});
        let fields = NEED_A_KEY.map(|key| format!("spec.template.metadata.annotations[{key}]"));
        assert_eq!(with(action), fields);
        assert_eq!(with(json!({KEY: key, NEED_A_KEY[0]: "shut-down", NEED_A_KEY[1]: "2"})), [""; 0]);
    }
}
