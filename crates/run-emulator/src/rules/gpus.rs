//! GPUs: how many, and what has to come with them. (Seen for v2, with an L4; the texts are ours.)

use super::resources::{GI, GPU, THROTTLING, limit, total_bytes, total_gpus, total_millicpu};
use super::{Parts, Violations, jobs};

const ACCELERATOR: &str = "run.googleapis.com/accelerator";
const L4: &str = "nvidia-l4";
const NO_REDUNDANCY: &str = "run.googleapis.com/gpu-zonal-redundancy-disabled";
const ENVIRONMENT: &str = "run.googleapis.com/execution-environment";
const LONGEST_TASK: i64 = 3600;

/// The number of each container, and what an instance with GPUs must have.
pub(super) fn needs(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        let number = limit(container, GPU);
        if let Some(number) = number.filter(|number| !matches!(*number, "0" | "1")) {
            let text = format!("Invalid value specified for GPUs: '{number}'. It must be 0 or 1.");
            found.add(format!("{path}.resources.limits.{GPU}"), text);
        }
    }
    if total_gpus(&parts.spec) == 0 {
        return;
    }
    let annotation = |key: &str| parts.template_metadata.annotations.get(key).map(String::as_str);
    let of_template = |key: &str| format!("spec.template.metadata.annotations[{key}]");
    let limits = format!("{}.containers[0].resources.limits", parts.at);
    if is_l4(parts) && total_millicpu(&parts.spec) < 4000 {
        found.add(format!("{limits}.cpu"), "An instance with a GPU must have at least 4 CPU");
    }
    if is_l4(parts) && total_bytes(&parts.spec) < 16 * GI {
        found.add(format!("{limits}.memory"), "An instance with a GPU must have at least 16Gi of memory");
    }
    if annotation(ENVIRONMENT) == Some("gen1") {
        found.add(of_template(ENVIRONMENT), "GPUs need the second generation execution environment");
    }
    if annotation(THROTTLING) == Some("true") {
        found.add(of_template(THROTTLING), "GPUs need CPU that is always allocated");
    }
}

/// What a job with GPUs must have besides.
pub(super) fn of_jobs(parts: &Parts<'_>, found: &mut Violations) {
    if total_gpus(&parts.spec) == 0 {
        return;
    }
    if parts.template_metadata.annotations.get(NO_REDUNDANCY).map(String::as_str) != Some("true") {
        let field = format!("spec.template.metadata.annotations[{NO_REDUNDANCY}]");
        found.add(field, "Jobs have GPUs only without zonal redundancy");
    }
    let task = parts.execution.and_then(|execution| execution.template.as_ref()?.spec.as_ref());
    let seconds = task.and_then(|task| task.timeout_seconds.as_deref()?.parse::<i64>().ok());
    if seconds.is_some_and(|seconds| seconds > LONGEST_TASK) {
        let field = format!("{}.timeoutSeconds", jobs::AT);
        found.add(field, format!("must be at most {LONGEST_TASK} seconds for a task with a GPU"));
    }
}

/// Whether the GPU is of the type whose needs are known, which is also that of who names none.
fn is_l4(parts: &Parts<'_>) -> bool {
    parts.spec.node_selector.get(ACCELERATOR).is_none_or(|accelerator| accelerator == L4)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service};
    use super::super::{check_job, defaults::Defaults, fill_in_job};
    use serde_json::{Value, json};

    fn limits(cpu: &str, memory: &str, gpus: &str) -> Value {
        json!([{"image": "docker.io/a/b", "resources": {"limits": {
            "cpu": cpu, "memory": memory, "nvidia.com/gpu": gpus,
        }}}])
    }

    #[test]
    fn services() {
        let at = "spec.template.spec.containers[0].resources.limits";
        for (cpu, memory, gpus, wrong) in [
            ("4", "16Gi", "1", None),
            ("8", "32Gi", "1", None),
            ("1", "512Mi", "0", None),
            ("2", "8Gi", "1", Some(vec![format!("{at}.cpu"), format!("{at}.memory")])),
            ("4", "8Gi", "1", Some(vec![format!("{at}.memory")])),
            ("4", "16Gi", "2", Some(vec![format!("{at}.nvidia.com/gpu")])),
            ("4", "16Gi", "one", Some(vec![format!("{at}.nvidia.com/gpu")])),
        ] {
            let containers = limits(cpu, memory, gpus);
            let service = service(json!({"spec": {"template": {"spec": {"containers": containers}}}}));
            assert_eq!(refused(&service), wrong.unwrap_or_default(), "{cpu} {memory} {gpus}");
        }
    }

    #[test]
    fn surroundings() {
        for (key, bad, good) in [
            ("run.googleapis.com/execution-environment", "gen1", "gen2"),
            ("run.googleapis.com/cpu-throttling", "true", "false"),
        ] {
            let with = |value: &str| {
                let template = json!({
                    "metadata": {"annotations": {key: value}},
                    "spec": {"containers": limits("4", "16Gi", "1")},
                });
                refused(&service(json!({"spec": {"template": template}})))
            };
            assert_eq!(with(bad), [format!("spec.template.metadata.annotations[{key}]")]);
            assert_eq!(with(good), [""; 0]);
        }
        let other = json!({
            "nodeSelector": {"run.googleapis.com/accelerator": "nvidia-of-tomorrow"},
            "containers": limits("1", "1Gi", "1"),
        });
        assert_eq!(refused(&service(json!({"spec": {"template": {"spec": other}}}))), [""; 0]);
    }

    #[test]
    fn jobs() {
        let refused = |annotations: Value, timeout: &str| {
            let mut job = serde_json::from_value(json!({
                "metadata": {"name": "j"},
                "spec": {"template": {"metadata": {"annotations": annotations}, "spec": {"template": {"spec": {
                    "timeoutSeconds": timeout, "containers": limits("4", "16Gi", "1"),
                }}}}},
            }))
            .unwrap();
            fill_in_job(&mut job, &Defaults::of(1));
            check_job(&job).into_iter().map(|violation| violation.field).collect::<Vec<_>>()
        };
        let without = json!({"run.googleapis.com/gpu-zonal-redundancy-disabled": "true"});
        assert_eq!(refused(without.clone(), "3600"), [""; 0]);
        assert_eq!(refused(without, "3601"), ["spec.template.spec.template.spec.timeoutSeconds"]);
        assert_eq!(
            refused(json!({}), "600"),
            ["spec.template.metadata.annotations[run.googleapis.com/gpu-zonal-redundancy-disabled]"]
        );
    }
}
