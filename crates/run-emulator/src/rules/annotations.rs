//! Annotations with reserved prefixes: which there are, where they belong, and what they say.

mod syntax;
mod table;

use std::collections::BTreeMap;

use super::parts::Parts;
use super::violation::Violations;

use syntax::Syntax;
use table::{PREVIEW, find};

/// Prefixes of which only known keys are accepted. (Documented.)
pub(super) const RESERVED: [&str; 4] =
    ["run.googleapis.com/", "serving.knative.dev/", "autoscaling.knative.dev/", "cloud.googleapis.com/"];

/// (Seen, with both texts: an annotation that there is not, and one that belongs on other kinds of objects.)
pub(super) fn known(parts: &Parts<'_>, found: &mut Violations) {
    for (at, place, metadata) in parts.all_metadata() {
        for key in metadata.annotations.keys().filter(|key| is_reserved(key)) {
            match find(key) {
                None => found.add(format!("{at}.annotations"), refusal_of_unknown(key)),
                Some(annotation) if !annotation.on.contains(&place) => found.add(
                    format!("{at}.annotations[{key}]"),
                    format!(
                        "Annotation '{key}' is not supported on resources of kind '{}'. Supported kinds are: {}",
                        place.name(),
                        annotation.kinds()
                    ),
                ),
                Some(_) => {}
            }
        }
    }
}

/// What is said of an annotation that there is not. (Seen: the first sentence.)
pub(crate) fn refusal_of_unknown(key: &str) -> String {
    let refusal = format!("'{key}' is not a supported annotation.");
    if PREVIEW.contains(&key) {
        format!(
            "{refusal} (Some projects have it; the emulator takes it after `Environment::preview_annotation`.)"
        )
    } else {
        refusal
    }
}

/// Whether only known keys have its prefix.
pub(super) fn is_reserved(key: &str) -> bool {
    RESERVED.iter().any(|prefix| key.starts_with(prefix))
}

/// (The table says where each form was learned. An empty value is none: gcloud leaves one behind when it clears a list.)
pub(super) fn values(parts: &Parts<'_>, found: &mut Violations) {
    for (at, place, metadata) in parts.all_metadata() {
        for (key, value) in metadata.annotations.iter().filter(|(_, value)| !value.is_empty()) {
            let annotation = find(key).filter(|annotation| annotation.on.contains(&place));
            if let Some(problem) = annotation.and_then(|annotation| annotation.value.problem(key, value)) {
                found.add(format!("{at}.annotations[{key}]"), problem);
            }
        }
    }
}

/// Brings booleans into the form of the server. (Seen: gcloud writes Python's form and reads the other.)
pub(super) fn normalise(annotations: &mut BTreeMap<String, String>) {
    for (key, value) in annotations {
        if matches!(value.as_str(), "True" | "False")
            && find(key).is_some_and(|annotation| annotation.value == Syntax::Boolean)
        {
            value.make_ascii_lowercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{job, refused, refused_in_job, service, violations};
    use serde_json::{Value, json};

    fn on_service(key: &str, value: &str) -> Vec<(String, String)> {
        violations(&service(json!({"metadata": {"annotations": {key: value}}})))
    }

    fn on_template(key: &str, value: &str) -> Vec<(String, String)> {
        violations(&service(json!({"spec": {"template": {"metadata": {"annotations": {key: value}}}}})))
    }

    #[test]
    fn an_annotation_that_there_is_not() {
        let key = "run.googleapis.com/memory";
        let text = "'run.googleapis.com/memory' is not a supported annotation.".to_owned();
        assert_eq!(on_service(key, "1"), [("metadata.annotations".to_owned(), text.clone())]);
        assert_eq!(on_template(key, "1"), [("spec.template.metadata.annotations".to_owned(), text)]);
        assert_eq!(on_service("team.example.com/memory", "1"), []);
    }

    /// <https://github.com/garbetjie/terraform-google-cloud-run/issues/16>
    #[test]
    fn a_misplaced_annotation_is_told_apart_from_an_unknown_one() {
        let key = "run.googleapis.com/vpc-access-connector";
        let [(field, text)] = &on_service(key, "c")[..] else { panic!("one violation") };
        assert_eq!(field, "metadata.annotations[run.googleapis.com/vpc-access-connector]");
        assert_eq!(
            text,
            "Annotation 'run.googleapis.com/vpc-access-connector' is not supported on resources of kind 'Service'. \
             Supported kinds are: Revision, Execution"
        );
        let misplaced = on_template("run.googleapis.com/ingress", "all");
        assert!(
            misplaced[0].1.ends_with("of kind 'Revision'. Supported kinds are: Service, Instance"),
            "{misplaced:?}"
        );
        // Knative refuses it on the service, too.
        assert_eq!(on_service("autoscaling.knative.dev/maxScale", "5").len(), 1);
        assert_eq!(on_template("autoscaling.knative.dev/maxScale", "5"), []);
    }

    /// Recorded objects have it there, and the document lists it for jobs.
    #[test]
    fn annotations_that_real_objects_have() {
        assert_eq!(on_service("run.googleapis.com/execution-environment", "gen2"), []);
        let key = "run.googleapis.com/binary-authorization";
        let template = json!({"spec": {"template": {"metadata": {"annotations": {key: "default"}}}}});
        assert_eq!(refused_in_job(job(template)), [""; 0]);
    }

    /// gcloud's flag takes any text: `--breakglass=because`.
    #[test]
    fn breakglass_is_free_text() {
        assert_eq!(on_service("run.googleapis.com/binary-authorization-breakglass", "because"), []);
    }

    /// A recorded answer.
    #[test]
    fn a_boolean_is_one() {
        let [(field, text)] = &on_template("run.googleapis.com/cpu-throttling", "1")[..] else { panic!() };
        assert_eq!(field, "spec.template.metadata.annotations[run.googleapis.com/cpu-throttling]");
        assert_eq!(text, "Invalid value 1. Annotation run.googleapis.com/cpu-throttling must be a boolean");
        assert_eq!(on_template("run.googleapis.com/cloudsql-instances", ""), [], "cleared by gcloud");
    }

    /// gcloud 578 has flags for them, in its alpha track.
    #[test]
    fn what_alpha_flags_write_is_for_some_projects() {
        let [(_, text)] = &on_template("run.googleapis.com/identity", "x")[..] else { panic!() };
        assert!(text.starts_with("'run.googleapis.com/identity' is not a supported annotation. ("), "{text}");
    }

    #[test]
    fn each_template_has_its_own_place() {
        let annotations = |value: Value| json!({"spec": {"template": {"metadata": {"annotations": value}}}});
        let affinity = json!({"run.googleapis.com/sessionAffinity": "true"});
        assert_eq!(refused(&service(annotations(affinity.clone()))), [""; 0]);
        let field = "spec.template.metadata.annotations[run.googleapis.com/sessionAffinity]";
        assert_eq!(refused_in_job(job(annotations(affinity))), [field]);
    }
}
