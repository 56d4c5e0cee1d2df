//! Labels: the system's own, and what Google Cloud takes for one.

use super::annotations::is_reserved;
use super::parts::Parts;
use super::violation::Violations;
use run_api::known;

/// Labels of the system. Clients that read, edit and replace send them back; gcloud copies those of a job to its
/// executions. (Seen in recorded objects, or read by gcloud.)
const OWN: [&str; 19] = [
    known::labels::LOCATION,
    known::labels::EXECUTION,
    known::labels::JOB,
    known::labels::JOB_GENERATION,
    known::labels::JOB_RESOURCE_VERSION,
    known::labels::JOB_UID,
    known::labels::LAST_UPDATED_TIME,
    "run.googleapis.com/multi-region-id",
    known::labels::RUNNING_STATE,
    known::labels::SATISFIES_PZS,
    known::labels::SERVING_STATE,
    known::labels::STARTUP_PROBE_TYPE,
    "run.googleapis.com/supportsPzs",
    known::labels::WORKER_POOL,
    known::labels::WORKER_POOL_UID,
    known::labels::CONFIGURATION,
    known::labels::CONFIGURATION_GENERATION,
    known::labels::SERVICE,
    known::labels::SERVICE_UID,
];

/// While a route leads to the revision. (Seen.)
const ROUTE: &str = known::labels::ROUTE;

/// What clients add for themselves: gcloud's nonce, which makes a revision of a template that is as it was. (Seen.)
const OF_CLIENTS: &str = "client.knative.dev/";

const LONGEST: usize = 63;

/// (The rule is documented; the text is that of annotations.)
pub(super) fn known(parts: &Parts<'_>, found: &mut Violations) {
    for (at, _, metadata) in parts.all_metadata() {
        for key in metadata.labels.keys().filter(|key| is_reserved(key) && !is_own(key)) {
            found.add(format!("{at}.labels"), format!("'{key}' is not a supported label."));
        }
    }
}

/// (Seen for services, their templates and jobs, with these texts; documented:
/// <https://cloud.google.com/resource-manager/docs/labels-overview#requirements>.)
pub(super) fn naming_style(parts: &Parts<'_>, found: &mut Violations) {
    for (at, _, metadata) in parts.all_metadata() {
        for (key, value) in &metadata.labels {
            if is_reserved(key) || key.starts_with(OF_CLIENTS) {
                continue;
            }
            if let Some(problem) = problem(key, value) {
                let text = format!("At least one label does not conform to GCP naming style. {problem}");
                found.add(format!("{at}.labels"), text);
            }
        }
    }
}

fn is_own(key: &str) -> bool {
    key == ROUTE || OWN.contains(&key)
}

fn problem(key: &str, value: &str) -> Option<String> {
    let begins = key.starts_with(|c: char| c.is_alphabetic() && !c.is_uppercase());
    if !begins || !fits(key) {
        return Some(format!(
            "Label key '{key}' violates format constraints. The key must start with a lowercase character, can only \
             contain lowercase letters, numeric characters, underscores and dashes. The key can be at most 63 \
             characters long. International characters are allowed."
        ));
    }
    (!fits(value)).then(|| {
        format!(
            "Label value '{value}' violates format constraints. The value can only contain lowercase letters, numeric \
             characters, underscores and dashes. The value can be at most 63 characters long. International \
             characters are allowed."
        )
    })
}

fn fits(text: &str) -> bool {
    text.chars().count() <= LONGEST
        && text.chars().all(|c| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{job, refused, refused_in_job, service, violations};
    use super::*;
    use serde_json::json;

    /// <https://github.com/DataDog/datadog-ci/issues/1955>, <https://github.com/pulumi/pulumi-gcp/issues/1387>,
    /// <https://github.com/GoogleContainerTools/skaffold/issues/7630>
    #[test]
    fn labels_are_those_of_google_cloud() {
        let long = "x".repeat(64);
        for (key, value, fine) in [
            ("team", "red", true),
            ("team", "", true),
            ("dd_sls_ci", "v4_1_2", true),
            ("größe", "日本", true),
            ("version", "v1.2.3", false),
            ("Team", "x", false),
            ("1st", "x", false),
            ("team", "Red", false),
            ("team", "a b", false),
            ("app.kubernetes.io/name", "x", false),
            ("pulumiLabels.%", "x", false),
            ("team.example", "x", false),
            ("", "x", false),
            (&long, "x", false),
            ("team", &long, false),
        ] {
            let labels = json!({"labels": {key: value}});
            let wrong = |at: &str| if fine { vec![] } else { vec![format!("{at}.labels")] };
            let own = service(json!({"metadata": labels}));
            assert_eq!(refused(&own), wrong("metadata"), "{key} {value}");
            let template = service(json!({"spec": {"template": {"metadata": labels}}}));
            assert_eq!(refused(&template), wrong("spec.template.metadata"), "{key} {value}");
            assert_eq!(refused_in_job(job(json!({"metadata": labels}))), wrong("metadata"), "{key} {value}");
        }
        let [(_, text)] = &violations(&service(json!({"metadata": {"labels": {"version": "v1.2.3"}}})))[..]
        else {
            panic!("one violation")
        };
        assert_eq!(
            text,
            "At least one label does not conform to GCP naming style. Label value 'v1.2.3' violates format \
             constraints. The value can only contain lowercase letters, numeric characters, underscores and dashes. \
             The value can be at most 63 characters long. International characters are allowed."
        );
    }

    /// Real dumps have them, `run.googleapis.com/satisfiesPzs` among them, and come back as they were read.
    #[test]
    fn the_system_s_own_labels_stay_allowed() {
        assert!(is_own("run.googleapis.com/satisfiesPzs"));
        let all: std::collections::BTreeMap<&str, &str> =
            OWN.into_iter().chain([ROUTE, "client.knative.dev/nonce"]).map(|key| (key, "V.1")).collect();
        assert_eq!(refused(&service(json!({"spec": {"template": {"metadata": {"labels": all}}}}))), [""; 0]);
        assert_eq!(refused_in_job(job(json!({"metadata": {"labels": all}}))), [""; 0]);
        let unknown = service(json!({"metadata": {"labels": {"run.googleapis.com/team": "red"}}}));
        assert_eq!(refused(&unknown), ["metadata.labels"]);
    }
}
