//! What a run of a job may say besides the job.

use run_api::types::{ExecutionSpec, Overrides, RevisionSpec};

use super::amounts::total_gpus;
use super::violation::Violations;
use super::{env, gpus, jobs, secrets};
use crate::error::Violation;

/// What is refused in the overrides of a run, given the execution that they make.
///
/// (Inferred: an execution by overrides obeys the rules of one by its job alone. Documented: which fields they have.)
pub(crate) fn check_overrides(execution: &ExecutionSpec, overrides: &Overrides) -> Vec<Violation> {
    let mut found = Violations::default();
    let task = execution.template.as_ref().and_then(|template| template.spec.as_ref());
    let containers = task.map_or(&[][..], |task| &task.containers);
    let alone = containers.len() == 1;
    for (at, given) in overrides.container_overrides.iter().enumerate() {
        let field = format!("overrides.containerOverrides[{at}].env");
        env::check(&given.env, &field, alone, &mut found);
        secrets::of_environment(&given.env, &field, &mut found);
    }
    env::totals(containers, |name| format!("overrides.containerOverrides[0].{name}"), &mut found);
    let seconds = overrides.timeout_seconds.unwrap_or_default();
    let spec = RevisionSpec { containers: containers.to_vec(), ..RevisionSpec::default() };
    if i64::from(seconds) > *jobs::TIMEOUTS.end() {
        found.add("overrides.timeoutSeconds", jobs::wrong_timeout());
    } else if total_gpus(&spec) > 0 && !gpus::is_short(seconds.into()) {
        found.add("overrides.timeoutSeconds", gpus::too_long());
    }
    found.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refused(container: Value, overrides: Value) -> Vec<String> {
        let mut whole = json!({"name": "main", "image": "a/b"});
        whole.as_object_mut().unwrap().extend(container.as_object().cloned().unwrap());
        let execution = json!({"taskCount": 1, "template": {"spec": {"containers": [whole]}}});
        let found = check_overrides(
            &serde_json::from_value(execution).unwrap(),
            &serde_json::from_value(overrides).unwrap(),
        );
        found.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn overrides_say_what_the_job_may_say() {
        let at = "overrides.containerOverrides[0].env";
        let secret = |name: &str| json!({"secretKeyRef": {"name": name, "key": "latest"}});
        for (variables, field) in [
            (json!([{"name": "A", "value": "1"}]), None),
            (json!([{"name": "A", "valueFrom": secret("token")}]), None),
            (json!([{"name": "CLOUD_RUN_TASK_INDEX", "value": "1"}]), Some(at.to_owned())),
            (json!([{"name": "PORT", "value": "1"}]), Some(at.to_owned())),
            (json!([{"value": "1"}]), Some(format!("{at}[0].name"))),
            (json!([{"name": "A", "value": "x".repeat(32_769)}]), Some(format!("{at}[0].value"))),
            (
                json!([{"name": "A", "valueFrom": secret("projects/p/secrets/s")}]),
                Some(format!("{at}[0].value_from.secret_key_ref.name")),
            ),
        ] {
            let found = refused(json!({}), json!({"containerOverrides": [{"env": variables}]}));
            assert_eq!(found, field.into_iter().collect::<Vec<_>>(), "{variables}");
        }
    }

    #[test]
    fn numbers() {
        let gpu = json!({"resources": {"limits": {"nvidia.com/gpu": "1"}}});
        for (container, seconds, fine) in [
            (json!({}), 604_800, true),
            (json!({}), 604_801, false),
            (gpu.clone(), 3600, true),
            (gpu, 3601, false),
        ] {
            let found = refused(container, json!({"timeoutSeconds": seconds}));
            assert_eq!(found.is_empty(), fine, "{seconds}");
        }
        let many = json!({"args": vec!["x"; 1001]});
        let found = refused(many, json!({"containerOverrides": [{"args": vec!["x"; 1001]}]}));
        assert_eq!(found, ["overrides.containerOverrides[0].args"]);
    }
}
