//! The values of annotations that have few.

use std::collections::BTreeMap;

use super::{Parts, Violations, defaults};

/// Keys of which all values are known, on the service or on the template. (From gcloud's flags and the API's
/// document; the text of the refusal is ours.)
const CHOICES: [(&str, &[&str]); 5] = [
    ("run.googleapis.com/ingress", &["all", "internal", "internal-and-cloud-load-balancing"]),
    ("run.googleapis.com/scalingMode", &["automatic", "manual"]),
    ("run.googleapis.com/execution-environment", &["gen1", "gen2"]),
    ("run.googleapis.com/vpc-access-egress", &["all", "all-traffic", "private-ranges-only"]),
    ("run.googleapis.com/launch-stage", &["ALPHA", "BETA", "GA"]),
];

/// Keys whose values are whole numbers.
const NUMBERS: [&str; 3] =
    ["run.googleapis.com/minScale", "run.googleapis.com/maxScale", "run.googleapis.com/manualInstanceCount"];

pub(super) fn known_values(parts: &Parts<'_>, found: &mut Violations) {
    for (at, annotations) in [
        ("metadata.annotations", &parts.metadata.annotations),
        ("spec.template.metadata.annotations", &parts.template_metadata.annotations),
    ] {
        check(at, annotations, found);
    }
}

fn check(at: &str, annotations: &BTreeMap<String, String>, found: &mut Violations) {
    for (key, value) in annotations.iter().filter(|(_, value)| !value.is_empty()) {
        let choices = CHOICES.iter().find(|(choice, _)| choice == key).map(|(_, choices)| *choices);
        let choices =
            choices.or_else(|| defaults::BOOLEANS.contains(&key.as_str()).then_some(&["true", "false"]));
        let fits = match choices {
            Some(choices) => choices.contains(&value.as_str()),
            None => !NUMBERS.contains(&key.as_str()) || value.parse::<u32>().is_ok(),
        };
        if !fits {
            let wanted = choices.map_or("a whole number".to_owned(), |choices| choices.join(", "));
            found.add(format!("{at}[{key}]"), format!("'{value}' is not a valid value, should be {wanted}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service};
    use serde_json::json;

    #[test]
    fn values() {
        for (key, value, fine) in [
            ("ingress", "internal", true),
            ("ingress", "none", false),
            ("launch-stage", "BETA", true),
            ("launch-stage", "beta", false),
            ("invoker-iam-disabled", "true", true),
            ("invoker-iam-disabled", "yes", false),
            ("maxScale", "3", true),
            ("maxScale", "-3", false),
            ("maxScale", "", true),
            ("description", "anything", true),
        ] {
            let key = format!("run.googleapis.com/{key}");
            let annotations = json!({&key: value});
            let found = refused(&service(json!({"metadata": {"annotations": annotations}})));
            let expected = if fine { vec![] } else { vec![format!("metadata.annotations[{key}]")] };
            assert_eq!(found, expected, "{key} {value}");
        }
        let annotations = json!({"run.googleapis.com/execution-environment": "gen3"});
        let template = service(json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}));
        let field = "spec.template.metadata.annotations[run.googleapis.com/execution-environment]";
        assert_eq!(refused(&template), [field]);
    }
}
