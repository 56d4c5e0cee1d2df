//! What a run of a job changes of it.

use run_api::types::{ContainerOverride, EnvVar, ExecutionSpec, Overrides};

use crate::error::Violation;
use crate::rules;

/// Applies the overrides of a run to the template of its job, and says what cannot be. (Documented: arguments
/// replace, variables are merged by name.)
pub(super) fn apply(spec: &mut ExecutionSpec, overrides: &Overrides) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut refuse = |field: String, description: String| violations.push(Violation { field, description });
    if let Some(count) = overrides.task_count.filter(|count| *count != 0) {
        if rules::TASK_COUNTS.contains(&count) {
            spec.task_count = Some(count);
        } else {
            refuse("overrides.taskCount".to_owned(), "must be between 1 and 10000".to_owned());
        }
    }
    let task = spec.template.get_or_insert_default().spec.get_or_insert_default();
    match overrides.timeout_seconds {
        None | Some(0) => {}
        Some(seconds) if seconds > 0 => task.timeout_seconds = Some(seconds.into()),
        Some(_) => refuse("overrides.timeoutSeconds".to_owned(), "must not be negative".to_owned()),
    }
    if overrides.delay_execution.is_some() {
        spec.delay_execution = overrides.delay_execution;
    }
    let alone = task.containers.len() == 1;
    for (at, given) in overrides.container_overrides.iter().enumerate() {
        let field = |name: &str| format!("overrides.containerOverrides[{at}].{name}");
        let name = given.name.as_deref().unwrap_or_default();
        let named = |own: Option<&str>| own == Some(name) || (name.is_empty() && alone);
        let Some(container) = task.containers.iter_mut().find(|one| named(one.name.as_deref())) else {
            refuse(field("name"), format!("The job has no container '{name}'."));
            continue;
        };
        if given.clear_args == Some(true) && !given.args.is_empty() {
            refuse(field("args"), "must be empty if clearArgs is set".to_owned());
            continue;
        }
        merge(&mut container.env, given);
        if given.clear_args == Some(true) || !given.args.is_empty() {
            container.args.clone_from(&given.args);
        }
    }
    // What could not be applied says nothing of the execution.
    if violations.is_empty() { rules::check_overrides(spec, overrides) } else { violations }
}

fn merge(env: &mut Vec<EnvVar>, given: &ContainerOverride) {
    for variable in &given.env {
        match env.iter_mut().find(|own| own.name == variable.name) {
            Some(own) => own.clone_from(variable),
            None => env.push(variable.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn applied(overrides: Value) -> Result<Value, Vec<String>> {
        let mut spec: ExecutionSpec = serde_json::from_value(json!({"taskCount": 1, "template": {"spec": {
            "timeoutSeconds": "600",
            "containers": [{
                "name": "main", "image": "i", "args": ["a"],
                "env": [{"name": "KEPT", "value": "1"}, {"name": "CHANGED", "value": "1"}],
            }],
        }}}))
        .unwrap();
        let violations = apply(&mut spec, &serde_json::from_value(overrides).unwrap());
        if violations.is_empty() {
            Ok(serde_json::to_value(spec).unwrap())
        } else {
            Err(violations.into_iter().map(|violation| violation.field).collect())
        }
    }

    #[test]
    fn what_a_run_changes() {
        let spec = applied(json!({
            "taskCount": 3, "timeoutSeconds": 30,
            "containerOverrides": [{
                "args": ["b", "c"],
                "env": [{"name": "CHANGED", "value": "2"}, {"name": "NEW", "value": "3"}],
            }],
        }))
        .unwrap();
        assert_eq!(spec["taskCount"], 3);
        let task = &spec["template"]["spec"];
        assert_eq!(task["timeoutSeconds"], "30");
        assert_eq!(task["containers"][0]["args"], json!(["b", "c"]));
        let expected = json!([
            {"name": "KEPT", "value": "1"}, {"name": "CHANGED", "value": "2"}, {"name": "NEW", "value": "3"},
        ]);
        assert_eq!(task["containers"][0]["env"], expected);
        let cleared = applied(json!({"containerOverrides": [{"name": "main", "clearArgs": true}]})).unwrap();
        assert_eq!(cleared["template"]["spec"]["containers"][0].get("args"), None);
        assert_eq!(applied(json!({})).unwrap()["taskCount"], 1);
    }

    #[test]
    fn what_a_run_cannot_change() {
        for (overrides, field) in [
            (json!({"taskCount": 10_001}), "overrides.taskCount"),
            (json!({"taskCount": -1}), "overrides.taskCount"),
            (json!({"timeoutSeconds": -1}), "overrides.timeoutSeconds"),
            (json!({"containerOverrides": [{"name": "other"}]}), "overrides.containerOverrides[0].name"),
            (
                json!({"containerOverrides": [{"clearArgs": true, "args": ["x"]}]}),
                "overrides.containerOverrides[0].args",
            ),
        ] {
            assert_eq!(applied(overrides.clone()), Err(vec![field.to_owned()]), "{overrides}");
        }
    }
}
