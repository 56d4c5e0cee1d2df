//! Which execution a run has made whose answer was lost.

use std::collections::BTreeMap;

use run_api::Resource;
use run_api::known::labels;
use run_api::types::{EnvVar, Execution, ExecutionSpec, Job, Overrides};

/// What a run must have made, as far as an execution shows it.
pub(super) struct Wanted {
    job_uid: Option<String>,
    /// The newest execution at the last read.
    latest: (Option<String>, Moment),
    essence: Essence,
}

/// What is found of it.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// None: it did not begin, or is not to be seen yet.
    None,
    /// This one.
    One(Box<Execution>),
    /// These, one of which may be it.
    Several(Vec<String>),
}

impl Wanted {
    /// Of a run with these overrides of a job as it was read before.
    pub(super) fn of(job: &Job, overrides: Option<&Overrides>) -> Self {
        let spec = job.spec.as_ref().and_then(|spec| spec.template.as_ref()?.spec.clone());
        let mut spec = spec.unwrap_or_default();
        if let Some(overrides) = overrides {
            apply(&mut spec, overrides);
        }
        let latest = job.status.as_ref().and_then(|status| status.latest_created_execution.as_ref());
        Self {
            job_uid: job.uid().map(str::to_owned),
            latest: (
                latest.and_then(|latest| latest.name.clone()),
                Moment::of(latest.and_then(|latest| latest.creation_timestamp.as_deref())),
            ),
            essence: Essence::of(&spec),
        }
    }

    /// Looks for it: executions of the same job that are newer than the last read, and equal in what was overridden and
    /// in what was not.
    pub(super) fn find(&self, executions: &[Execution]) -> Found {
        let found: Vec<&Execution> = executions.iter().filter(|one| self.is_candidate(one)).collect();
        match found.as_slice() {
            [] => Found::None,
            [one] => Found::One(Box::new((*one).clone())),
            several => {
                Found::Several(several.iter().filter_map(|one| one.name()).map(str::to_owned).collect())
            }
        }
    }

    fn is_candidate(&self, execution: &Execution) -> bool {
        let (latest, at) = &self.latest;
        let created =
            Moment::of(execution.metadata().and_then(|metadata| metadata.creation_timestamp.as_deref()));
        let owner = execution.label(labels::JOB_UID);
        let is_of_job = owner.is_none() || self.job_uid.is_none() || owner == self.job_uid.as_deref();
        let is_newer = latest.as_deref() != execution.name() && created > *at;
        is_of_job && is_newer && execution.spec.as_ref().is_some_and(|spec| Essence::of(spec) == self.essence)
    }
}

/// What a run with these overrides makes of the job's template. (Documented: arguments replace the job's, variables are
/// merged by name, zeros say nothing.)
fn apply(spec: &mut ExecutionSpec, overrides: &Overrides) {
    if let Some(count) = overrides.task_count.filter(|count| *count != 0) {
        spec.task_count = Some(count);
    }
    if overrides.delay_execution.is_some() {
        spec.delay_execution = overrides.delay_execution;
    }
    let task = spec.template.get_or_insert_default().spec.get_or_insert_default();
    if let Some(seconds) = overrides.timeout_seconds.filter(|seconds| *seconds != 0) {
        task.timeout_seconds = Some(seconds.into());
    }
    let alone = task.containers.len() == 1;
    for given in &overrides.container_overrides {
        let name = given.name.as_deref().unwrap_or_default();
        let is_meant = |own: Option<&str>| own.unwrap_or_default() == name || alone;
        let Some(container) = task.containers.iter_mut().find(|one| is_meant(one.name.as_deref())) else {
            continue;
        };
        if given.clear_args == Some(true) || !given.args.is_empty() {
            container.args.clone_from(&given.args);
        }
        for variable in &given.env {
            container.env.retain(|own| own.name != variable.name);
            container.env.push(variable.clone());
        }
    }
}

/// What overrides can change, with the API's defaults filled in.
#[derive(Debug, PartialEq)]
struct Essence {
    tasks: i32,
    timeout: i64,
    delay: bool,
    containers: Vec<(Vec<String>, BTreeMap<String, EnvVar>)>,
}

impl Essence {
    fn of(spec: &ExecutionSpec) -> Self {
        let task = spec.template.as_ref().and_then(|template| template.spec.as_ref());
        let containers = task.map_or(&[][..], |task| &task.containers);
        let env = |env: &[EnvVar]| -> BTreeMap<String, EnvVar> {
            env.iter().map(|one| (one.name.clone().unwrap_or_default(), normal(one))).collect()
        };
        Self {
            tasks: spec.task_count.filter(|count| *count != 0).unwrap_or(1),
            // The API's default: ten minutes.
            timeout: task.and_then(|task| task.timeout_seconds).unwrap_or(600),
            delay: spec.delay_execution.unwrap_or(false),
            containers: containers.iter().map(|one| (one.args.clone(), env(&one.env))).collect(),
        }
    }
}

/// An empty value and none are one.
fn normal(variable: &EnvVar) -> EnvVar {
    EnvVar { value: variable.value.clone().filter(|value| !value.is_empty()), ..variable.clone() }
}

/// A time of the API's, to be compared: whole seconds, then the digits of their fraction. None is before all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(String, String);

impl Moment {
    pub(super) fn of(timestamp: Option<&str>) -> Self {
        let text = timestamp.unwrap_or_default().trim_end_matches('Z');
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        Self(seconds.to_owned(), fraction.trim_end_matches('0').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OverridesEdit;
    use serde_json::{Value, json};

    #[test]
    fn moments_are_ordered() {
        let of = |text: &str| Moment::of(Some(text));
        assert!(of("2026-01-01T00:00:00Z") < of("2026-01-01T00:00:00.5Z"));
        assert!(of("2026-01-01T00:00:00.45Z") < of("2026-01-01T00:00:00.5Z"));
        assert_eq!(of("2026-01-01T00:00:00.50Z"), of("2026-01-01T00:00:00.5Z"));
        assert!(Moment::of(None) < of("2026-01-01T00:00:00Z"));
    }

    fn job() -> Job {
        serde_json::from_value(json!({
            "metadata": {"name": "nightly", "uid": "j"},
            "spec": {"template": {"spec": {"template": {"spec": {"containers": [
                {"image": "i", "args": ["--all"], "env": [{"name": "A", "value": "1"}]},
            ]}}}}},
            "status": {"latestCreatedExecution": {
                "name": "nightly-old", "creationTimestamp": "2026-01-01T00:00:05.1Z",
            }},
        }))
        .unwrap()
    }

    fn execution(name: &str, second: u32, spec: Value) -> Execution {
        let mut whole = json!({"taskCount": 1, "parallelism": 1, "template": {"spec": {
            "timeoutSeconds": "600", "maxRetries": 3,
            "containers": [{"name": "nightly-1", "image": "i@sha256:0", "args": ["--all"], "env": [{"name": "A", "value": "1"}]}],
        }}});
        for (key, value) in spec.as_object().unwrap() {
            let task = &mut whole["template"]["spec"];
            match key.as_str() {
                "args" | "env" => task["containers"][0][key] = value.clone(),
                "timeoutSeconds" => task[key] = value.clone(),
                _ => whole[key] = value.clone(),
            }
        }
        serde_json::from_value(json!({
            "metadata": {
                "name": name, "uid": name, "generation": 1, "labels": {labels::JOB_UID: "j"},
                "creationTimestamp": format!("2026-01-01T00:00:{second:02}.2Z"),
            },
            "spec": whole,
        }))
        .unwrap()
    }

    /// Newer than the last read, and equal in what was overridden and in what was not.
    #[test]
    fn a_lost_run_is_found_or_unknown() {
        let plain = || execution("nightly-new", 6, json!({}));
        let other_env = json!([{"name": "A", "value": "2"}]);
        let of_other_job = || {
            let mut other = plain();
            other.metadata.as_mut().unwrap().labels.insert(labels::JOB_UID.to_owned(), "k".to_owned());
            other
        };
        let none = Overrides::default;
        for (name, overrides, executions, found) in [
            ("nothing new", none(), vec![execution("nightly-older", 4, json!({}))], vec![]),
            ("the latest itself", none(), vec![execution("nightly-old", 9, json!({}))], vec![]),
            ("ours", none(), vec![plain(), execution("nightly-older", 4, json!({}))], vec!["nightly-new"]),
            (
                "two",
                none(),
                vec![plain(), execution("nightly-newer", 7, json!({}))],
                vec!["nightly-new", "nightly-newer"],
            ),
            (
                "somebody else's, with overrides",
                none(),
                vec![plain(), execution("nightly-newer", 7, json!({"args": ["--some"]}))],
                vec!["nightly-new"],
            ),
            ("of a job of the same name that was deleted", none(), vec![of_other_job()], vec![]),
            ("not what was overridden", none().env("A", "2"), vec![plain()], vec![]),
            (
                "what was overridden",
                none().env("A", "2"),
                vec![plain(), execution("nightly-newer", 7, json!({"env": other_env}))],
                vec!["nightly-newer"],
            ),
            ("tasks", none().tasks(5), vec![plain(), execution("n", 7, json!({"taskCount": 5}))], vec!["n"]),
            (
                "timeout",
                none().timeout(std::time::Duration::from_secs(60)),
                vec![plain(), execution("n", 7, json!({"timeoutSeconds": "60"}))],
                vec!["n"],
            ),
            (
                "delay",
                none().delay(true),
                vec![plain(), execution("n", 7, json!({"delayExecution": true}))],
                vec!["n"],
            ),
            (
                "no arguments",
                none().args([""; 0]),
                vec![plain(), execution("n", 7, json!({"args": []}))],
                vec!["n"],
            ),
        ] {
            let names = match Wanted::of(&job(), Some(&overrides)).find(&executions) {
                Found::None => vec![],
                Found::One(one) => vec![one.name().unwrap().to_owned()],
                Found::Several(names) => names,
            };
            assert_eq!(names, found, "{name}");
        }
    }
}
