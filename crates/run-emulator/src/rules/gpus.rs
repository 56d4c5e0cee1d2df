//! GPUs: how many, and what has to come with them. (Seen for v2, with beginnings or parts of the texts.)

use run_api::Quantity;
use run_api::known;
use run_api::known::annotations::{
    CPU_THROTTLING as THROTTLING, EXECUTION_ENVIRONMENT as ENVIRONMENT,
    GPU_ZONAL_REDUNDANCY_DISABLED as NO_REDUNDANCY,
};

use super::amounts::{GI, GPU, has_gpu, limit, total_bytes, total_gpus, total_millicpu};
use super::parts::Parts;
use super::violation::Violations;

const ACCELERATOR: &str = known::node_selectors::ACCELERATOR;
const L4: &str = "nvidia-l4";
const LONGEST_TASK: i64 = 3600;

/// The number of each container, and what an instance with GPUs must have.
pub(super) fn needs(parts: &Parts<'_>, found: &mut Violations) {
    let numbers = [Quantity::ZERO, Quantity::from_millis(1000)];
    for (path, container) in parts.containers() {
        let wrong = limit(container, GPU)
            .is_some_and(|text| text.parse::<Quantity>().is_ok_and(|number| !numbers.contains(&number)));
        if wrong {
            found.add(format!("{path}.resources.limits.{GPU}"), "GPU can only be set to 1.");
        }
    }
    let (total, without) = (total_gpus(&parts.spec), parts.annotation(NO_REDUNDANCY) == Some("true"));
    if total == 0 {
        if without {
            let text = "GPU must be set when GPU redundancy is set.";
            found.add(parts.annotation_field(NO_REDUNDANCY), text);
        }
        return;
    }
    let with_gpu = parts.containers().filter(|(_, container)| has_gpu(container));
    let paths: Vec<String> = with_gpu.map(|(path, _)| format!("{path}.resources.limits.{GPU}")).collect();
    if let [_, second, ..] = &paths[..] {
        found.add(second, "GPU can only be set on one container.");
    }
    // (That CPU and memory count for all containers is inferred.)
    let small = total_millicpu(&parts.spec) < 4000 || total_bytes(&parts.spec) < 16 * GI;
    if accelerator(parts).is_none_or(|accelerator| accelerator == L4) && small {
        let text = "Invalid resources for a GPU. CPU must be at least 4; memory must be at least 16Gi.";
        found.add(paths.first().cloned().unwrap_or_default(), text);
    }
    if parts.annotation(ENVIRONMENT) == Some("gen1") {
        let text = "Execution environment must be set to gen2 in order to set GPU requirements.";
        found.add(parts.annotation_field(ENVIRONMENT), text);
    }
    if parts.annotation(THROTTLING) == Some("true") {
        let text = "CPU throttling must be disabled in order to set GPU requirements.";
        found.add(parts.annotation_field(THROTTLING), text);
    }
}

/// What a job with GPUs must have besides.
pub(super) fn of_jobs(parts: &Parts<'_>, found: &mut Violations) {
    if total_gpus(&parts.spec) == 0 {
        return;
    }
    if parts.annotation(NO_REDUNDANCY) != Some("true") {
        let text = "Jobs are unable to offer GPU enabled instances with zonal redundancy.";
        found.add(parts.annotation_field(NO_REDUNDANCY), text);
    }
    let task = parts.execution.and_then(|execution| execution.template.as_ref()?.spec.as_ref());
    let seconds = task.and_then(|task| task.timeout_seconds);
    if seconds.is_some_and(|seconds| seconds > LONGEST_TASK) {
        found.add(format!("{}.timeoutSeconds", parts.at), too_long());
    }
}

/// What is said of the timeout of a task with a GPU that is longer than an hour.
pub(super) fn too_long() -> String {
    format!("must be at most {LONGEST_TASK} seconds when using GPU")
}

/// Whether a task with a GPU may take so many seconds.
pub(super) fn is_short(seconds: i64) -> bool {
    seconds <= LONGEST_TASK
}

fn accelerator<'a>(parts: &'a Parts<'_>) -> Option<&'a str> {
    parts.spec.node_selector.get(ACCELERATOR).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, refused_in_job, service, task};
    use super::*;
    use serde_json::{Value, json};

    fn limits(cpu: &str, memory: &str, gpus: &str) -> Value {
        json!([{"image": "docker.io/a/b", "resources": {"limits": {
            "cpu": cpu, "memory": memory, "nvidia.com/gpu": gpus,
        }}}])
    }

    const RTX: &str = "nvidia-rtx-pro-6000";
    const AT: &str = "spec.template.spec.containers[0].resources.limits";

    #[test]
    fn services() {
        let gpu = format!("{AT}.nvidia.com/gpu");
        for (cpu, memory, gpus, wrong) in [
            ("4", "16Gi", "1", None),
            ("8", "32Gi", "1", None),
            ("4000m", "16384Mi", "1000m", None),
            ("1", "512Mi", "0", None),
            ("2", "8Gi", "1", Some(gpu.clone())),
            ("4", "8Gi", "1", Some(gpu.clone())),
            ("4", "16Gi", "2", Some(gpu.clone())),
            ("4", "16Gi", "one", Some(gpu.clone())),
        ] {
            let containers = limits(cpu, memory, gpus);
            let service = service(json!({"spec": {"template": {"spec": {"containers": containers}}}}));
            assert_eq!(refused(&service), wrong.into_iter().collect::<Vec<_>>(), "{cpu} {memory} {gpus}");
        }
        let mut two = limits("4", "16Gi", "1");
        two[0]["ports"] = json!([{"containerPort": 1}]);
        let mut second = two[0].clone();
        second.as_object_mut().unwrap().remove("ports");
        two.as_array_mut().unwrap().push(second);
        let found = refused(&service(json!({"spec": {"template": {"spec": {"containers": two}}}})));
        assert_eq!(found, ["spec.template.spec.containers[1].resources.limits.nvidia.com/gpu"]);
    }

    /// <https://github.com/googlecodelabs/feedback/issues/2311>, and 1856
    #[test]
    fn a_large_gpu_comes_with_much_more() {
        for (cpu, memory, wrong) in [
            ("20", "80Gi", None),
            ("30", "120Gi", None),
            ("30", "80Gi", None),
            ("8", "80Gi", Some("cpu")),
            ("21", "80Gi", Some("cpu")),
            ("20", "64Gi", Some("memory")),
            ("20", "100Gi", Some("memory")),
        ] {
            let spec = json!({
                "nodeSelector": {ACCELERATOR: RTX}, "containers": limits(cpu, memory, "1"),
            });
            let found = refused(&service(json!({"spec": {"template": {"spec": spec}}})));
            let wrong = wrong.map(|name| format!("{AT}.{name}"));
            assert_eq!(found, wrong.into_iter().collect::<Vec<_>>(), "{cpu} {memory}");
        }
        let without = json!({"nodeSelector": {ACCELERATOR: RTX}, "containers": limits("20", "80Gi", "0")});
        let found = refused(&service(json!({"spec": {"template": {"spec": without}}})));
        assert_eq!(found, [format!("{AT}.cpu")], "only with the GPU");
    }

    #[test]
    fn surroundings() {
        for (key, bad, good) in [(ENVIRONMENT, "gen1", "gen2"), (THROTTLING, "true", "false")] {
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
            "nodeSelector": {ACCELERATOR: "nvidia-of-tomorrow"},
            "containers": limits("1", "1Gi", "1"),
        });
        assert_eq!(refused(&service(json!({"spec": {"template": {"spec": other}}}))), [""; 0]);
        let alone = json!({"metadata": {"annotations": {NO_REDUNDANCY: "true"}}});
        let field = format!("spec.template.metadata.annotations[{NO_REDUNDANCY}]");
        assert_eq!(refused(&service(json!({"spec": {"template": alone}}))), [field]);
    }

    #[test]
    fn jobs() {
        let refused = |annotations: Value, timeout: &str| {
            let mut job = task(json!({"timeoutSeconds": timeout, "containers": limits("4", "16Gi", "1")}));
            let template = job.spec.as_mut().and_then(|spec| spec.template.as_mut()).unwrap();
            template.metadata = serde_json::from_value(json!({"annotations": annotations})).unwrap();
            refused_in_job(job)
        };
        let without = json!({NO_REDUNDANCY: "true"});
        assert_eq!(refused(without.clone(), "3600"), [""; 0]);
        assert_eq!(refused(without, "3601"), ["spec.template.spec.template.spec.timeoutSeconds"]);
        assert_eq!(
            refused(json!({}), "600"),
            ["spec.template.metadata.annotations[run.googleapis.com/gpu-zonal-redundancy-disabled]"]
        );
    }
}
