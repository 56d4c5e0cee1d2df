//! How many instances: the annotations of revisions, and those of services.

use std::collections::BTreeMap;

use run_api::known::annotations::{
    MANUAL_INSTANCE_COUNT as MANUAL_COUNT, MAX_SCALE, MIN_SCALE, SCALING_MODE as MODE, SERVICE_MAX_SCALE,
    SERVICE_MIN_SCALE,
};

use super::parts::Parts;
use super::violation::Violations;

/// Least and most. (Seen for v2: the one is not above the other; a most of zero is none.)
const OF_REVISIONS: [&str; 2] = [MIN_SCALE, MAX_SCALE];
const OF_SERVICES: [&str; 2] = [SERVICE_MIN_SCALE, SERVICE_MAX_SCALE];

pub(super) fn of_revisions(parts: &Parts<'_>, found: &mut Violations) {
    order(&parts.template_metadata.annotations, OF_REVISIONS, "spec.template.metadata", found);
}

/// (Seen for v2: a number of one's own goes with the manual mode alone.)
pub(super) fn of_services(parts: &Parts<'_>, found: &mut Violations) {
    let annotations = &parts.metadata.annotations;
    order(annotations, OF_SERVICES, "metadata", found);
    let manual = annotations.get(MODE).is_some_and(|mode| mode == "manual");
    if annotations.get(MANUAL_COUNT).is_some_and(|count| !count.is_empty()) && !manual {
        let text = "The scaling mode must be set to MANUAL if the number of instances is set.";
        found.add(format!("metadata.annotations[{MANUAL_COUNT}]"), text);
    }
}

fn order(annotations: &BTreeMap<String, String>, keys: [&str; 2], at: &str, found: &mut Violations) {
    let [least, most] = keys.map(|key| annotations.get(key).and_then(|text| text.parse::<u32>().ok()));
    if let (Some(least), Some(most)) = (least, most)
        && most > 0
        && least > most
    {
        let [least_key, most_key] = keys.map(|key| key.rsplit('/').next().unwrap_or(key));
        let text = format!("{most_key} {most} must be greater than or equal to {least_key} {least}");
        found.add(format!("{at}.annotations[{}]", keys[1]), text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service};
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn least_and_most() {
        for (least, most, fine) in
            [("1", "5", true), ("6", "5", false), ("6", "0", true), ("x", "5", false), ("-1", "5", false)]
        {
            let of = |keys: [&str; 2]| json!({"annotations": {keys[0]: least, keys[1]: most}});
            let template = service(json!({"spec": {"template": {"metadata": of(OF_REVISIONS)}}}));
            assert_eq!(refused(&template).is_empty(), fine, "{least} {most}");
            let whole = service(json!({"metadata": of(OF_SERVICES)}));
            assert_eq!(refused(&whole).is_empty(), fine, "{least} {most}");
        }
    }

    #[test]
    fn a_number_of_instances_goes_with_the_manual_mode() {
        let with = |annotations: Value| refused(&service(json!({"metadata": {"annotations": annotations}})));
        assert_eq!(with(json!({MODE: "manual", MANUAL_COUNT: "3"})), [""; 0]);
        let field = format!("metadata.annotations[{MANUAL_COUNT}]");
        let field = &[field][..];
        assert_eq!(with(json!({MODE: "automatic", MANUAL_COUNT: "3"})), field);
        assert_eq!(with(json!({MANUAL_COUNT: "2"})), field);
    }
}
