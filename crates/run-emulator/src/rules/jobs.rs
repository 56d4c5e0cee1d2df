//! Jobs: what is refused in them alone, and what the server fills in.

use std::ops::RangeInclusive;

use run_api::known::annotations::EXECUTION_ENVIRONMENT as ENVIRONMENT;
use run_api::types::Job;
use run_api::{Resource, Workload};

use super::annotations;
use super::defaults::{self, Defaults};
use super::parts::Parts;
use super::violation::Violations;

const KIND: &str = Job::KIND;
/// Where the containers of a job are.
const AT: &str = Job::POD_PATH;

/// (Documented: at most so many tasks in an execution.)
pub(crate) const TASK_COUNTS: RangeInclusive<i32> = 1..=10_000;
/// (Seen for v2.)
const MOST_RETRIES: RangeInclusive<i32> = 0..=10;
/// A week, in seconds. (Documented.)
pub(super) const TIMEOUTS: RangeInclusive<i64> = 1..=168 * 3600;

const TASK_COUNT: i32 = 1;
const MAX_RETRIES: i32 = 3;
/// As text, since the field has 64 bits. (Seen.)
const TIMEOUT_SECONDS: i64 = 600;
const GEN2: &str = "gen2";

/// Completes a job before it is checked and stored. Doing it twice changes nothing. (Seen in a recorded job; the
/// names of containers are inferred from services.)
pub(crate) fn fill_in_job(job: &mut Job, defaults: &Defaults) {
    defaults::or_else(&mut job.api_version, defaults::RUN_API_VERSION);
    defaults::or_else(&mut job.kind, KIND);
    let metadata = job.metadata.get_or_insert_default();
    annotations::normalise(&mut metadata.annotations);
    let template = job.spec.get_or_insert_default().template.get_or_insert_default();
    let own = &mut template.metadata.get_or_insert_default().annotations;
    annotations::normalise(own);
    own.entry(ENVIRONMENT.to_owned()).or_insert_with(|| GEN2.to_owned());
    let execution = template.spec.get_or_insert_default();
    if execution.task_count.is_none_or(|count| count == 0) {
        execution.task_count = Some(TASK_COUNT);
    }
    let task = execution.template.get_or_insert_default().spec.get_or_insert_default();
    task.max_retries.get_or_insert(MAX_RETRIES);
    task.timeout_seconds.get_or_insert(TIMEOUT_SECONDS);
    defaults::or_else(&mut task.service_account_name, &defaults.service_account);
    defaults::limits_and_probes(&mut task.containers);
}

/// (Documented, and seen for v2.)
pub(super) fn numbers(parts: &Parts<'_>, found: &mut Violations) {
    let Some(execution) = parts.execution else { return };
    if execution.task_count.is_some_and(|count| !TASK_COUNTS.contains(&count)) {
        found.add("spec.template.spec.taskCount", "must be a number between 0 and 10000");
    }
    if execution.parallelism.is_some_and(|parallelism| parallelism < 0) {
        found.add("spec.template.spec.parallelism", "must not be negative");
    }
    let Some(task) = execution.template.as_ref().and_then(|template| template.spec.as_ref()) else { return };
    if task.max_retries.is_some_and(|retries| !MOST_RETRIES.contains(&retries)) {
        found.add(format!("{AT}.maxRetries"), "must be a number between 0 and 10");
    }
    if task.timeout_seconds.is_some_and(|seconds| !TIMEOUTS.contains(&seconds)) {
        found.add(format!("{AT}.timeoutSeconds"), wrong_timeout());
    }
}

/// What is said of a timeout that is too short or too long.
pub(super) fn wrong_timeout() -> String {
    format!("must be between {} and {} seconds", TIMEOUTS.start(), TIMEOUTS.end())
}

/// (Seen, with this text and field.)
pub(super) fn environment(parts: &Parts<'_>, found: &mut Violations) {
    if let Some(other @ "gen1") = parts.annotation(ENVIRONMENT) {
        found.add(
            "spec.template.metadata.annotations",
            format!(
                "Annotation '{ENVIRONMENT}' with value '{other}' is not supported on resources of kind Execution."
            ),
        );
    }
}

/// (Seen for v2: jobs have no liveness probes; that they have no readiness probes either is inferred.)
pub(super) fn no_probes(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        for (which, probe) in
            [("liveness", &container.liveness_probe), ("readiness", &container.readiness_probe)]
        {
            if probe.is_some() {
                let text = format!("A job does not support {which} probe.");
                found.add(format!("{path}.{which}Probe"), text);
            }
        }
    }
}

/// (Documented: the job's name and the token together have fewer than 63 characters, and there is one of them.)
pub(super) fn tokens(parts: &Parts<'_>, found: &mut Violations) {
    let [start, run] = parts.tokens.map(|token| token.filter(|token| !token.is_empty()));
    if start.is_some() && run.is_some() {
        found.add("spec", "startExecutionToken and runExecutionToken exclude each other");
    }
    for (field, token) in [("spec.startExecutionToken", start), ("spec.runExecutionToken", run)] {
        let Some(token) = token else { continue };
        let fits = token.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !fits || token.ends_with('-') || parts.name().len() + token.len() >= 63 {
            found.add(
                field,
                "must be lower-case letters, digits and hyphens, fewer than 63 with the job's name",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_job;
    use super::super::testing::{job_violations, refused_in_job as refused, task};
    use super::*;
    use serde_json::{Value, json};

    fn execution(execution: Value) -> Job {
        super::super::testing::job(json!({"spec": {"template": {"spec": execution}}}))
    }

    #[test]
    fn what_is_filled_in() {
        let defaults = Defaults { service_account: "me@example.com".to_owned() };
        let mut given = task(json!({"containers": [{"image": "a/b"}]}));
        fill_in_job(&mut given, &defaults);
        let once = given.clone();
        fill_in_job(&mut given, &defaults);
        assert_eq!(given, once, "filling in twice changes nothing");
        assert_eq!(check_job(&given), []);
        let expected = json!({
            "metadata": {"annotations": {"run.googleapis.com/execution-environment": "gen2"}},
            "spec": {"taskCount": 1, "template": {"spec": {
                "containers": [{
                    "image": "a/b",
                    "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
                }],
                "maxRetries": 3, "serviceAccountName": "me@example.com", "timeoutSeconds": "600",
            }}},
        });
        assert_eq!(serde_json::to_value(given.spec.unwrap().template).unwrap(), expected);
    }

    #[test]
    fn numbers_and_probes() {
        let image = json!([{"image": "a/b"}]);
        let at = |field: &str| format!("{AT}.{field}");
        for (given, field) in [
            (
                execution(json!({"taskCount": 10_001, "template": {"spec": {"containers": image}}})),
                "spec.template.spec.taskCount".to_owned(),
            ),
            (
                execution(json!({"parallelism": -1, "template": {"spec": {"containers": image}}})),
                "spec.template.spec.parallelism".to_owned(),
            ),
            (task(json!({"containers": image, "maxRetries": 11})), at("maxRetries")),
            (task(json!({"containers": image, "timeoutSeconds": "604801"})), at("timeoutSeconds")),
            (task(json!({"containers": image, "timeoutSeconds": 0})), at("timeoutSeconds")),
            (task(json!({"containers": []})), at("containers")),
            (
                task(json!({"containers": [{"image": "a/b", "env": [{"name": "CLOUD_RUN_JOB"}]}]})),
                at("containers[0].env"),
            ),
            (
                task(json!({"containers": [{"image": "a/b", "livenessProbe": {"httpGet": {"path": "/"}}}]})),
                at("containers[0].livenessProbe"),
            ),
        ] {
            assert_eq!(refused(given), [field]);
        }
    }

    /// A public note of 2026, and <https://github.com/hashicorp/terraform-provider-google/issues/17093>
    #[test]
    fn there_is_no_first_generation_for_jobs() {
        let mut job = task(json!({"containers": [{"image": "a/b"}]}));
        let template = job.spec.as_mut().and_then(|spec| spec.template.as_mut()).unwrap();
        template.metadata = serde_json::from_value(json!({"annotations": {ENVIRONMENT: "gen1"}})).unwrap();
        let text = "Annotation 'run.googleapis.com/execution-environment' with value 'gen1' is not supported on \
                    resources of kind Execution.";
        let field = "spec.template.metadata.annotations";
        assert_eq!(job_violations(job), [(field.to_owned(), text.to_owned())]);
    }

    #[test]
    fn gcloud_writes_a_job_s_labels_over_those_of_its_executions() {
        let labels = json!({
            "cloud.googleapis.com/location": "r", "run.googleapis.com/lastUpdatedTime": "then", "team": "red",
        });
        let mut job = task(json!({"containers": [{"image": "a/b"}]}));
        let template = job.spec.as_mut().and_then(|spec| spec.template.as_mut()).unwrap();
        template.metadata = serde_json::from_value(json!({"labels": labels})).unwrap();
        assert_eq!(refused(job), [""; 0]);
    }

    #[test]
    fn execution_tokens() {
        for (spec, count) in [
            (json!({"startExecutionToken": "now"}), 0),
            (json!({"runExecutionToken": "r1", "startExecutionToken": ""}), 0),
            (json!({"runExecutionToken": "r1", "startExecutionToken": "s1"}), 1),
            (json!({"runExecutionToken": "R_1"}), 1),
            (json!({"runExecutionToken": "r".repeat(57)}), 1),
        ] {
            let mut job = task(json!({"containers": [{"image": "a/b"}]}));
            let own = job.spec.as_mut().unwrap();
            let token = |name: &str| spec.get(name).and_then(Value::as_str).map(str::to_owned);
            own.start_execution_token = token("startExecutionToken");
            own.run_execution_token = token("runExecutionToken");
            assert_eq!(refused(job).len(), count, "{spec}");
        }
    }
}
