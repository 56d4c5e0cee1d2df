//! How much the instances of a revision may use together.

use run_api::known;
use std::collections::BTreeMap;

use run_api::types::RevisionTemplate;

use super::settings::{Environment, Quota};
use crate::rules::{self, Violation};

const MAX_SCALE: &str = known::annotations::MAX_SCALE;
const NO_REDUNDANCY: &str = known::annotations::GPU_ZONAL_REDUNDANCY_DISABLED;

/// One quota, and what each instance uses of it.
struct Demand {
    metric: &'static str,
    of: &'static str,
    each: u64,
    allowed: u64,
}

impl Environment {
    /// What is refused in a revision whose instances together would use more than there is. (Seen: the field, the text,
    /// the names and units of the metrics, and that the number is the smallest that any quota leaves. That of GPUs with
    /// zonal redundancy is inferred.)
    pub(crate) fn over_quota(&self, template: Option<&RevisionTemplate>) -> Option<Violation> {
        let annotations = template?.metadata.as_ref().map(|metadata| &metadata.annotations)?;
        let instances: u64 = annotations.get(MAX_SCALE)?.parse().ok()?;
        let over: Vec<Demand> = self
            .demands(template, annotations)
            .into_iter()
            .filter(|demand| demand.each.saturating_mul(instances) > demand.allowed)
            .collect();
        let most = fit(&over)?;
        let lines: Vec<String> = over
            .iter()
            .map(|demand| {
                let requested = demand.each.saturating_mul(instances);
                format!("{} requested: {requested} allowed: {}", demand.metric, demand.allowed)
            })
            .collect();
        Some(Violation {
            field: format!("spec.template.metadata.annotations[{MAX_SCALE}]"),
            description: format!(
                "Max instances must be set to {most} or fewer to set the requested total {}.\nConsider running your \
                 workload in a region with greater capacity, or requesting an increase in quota for this region if you \
                 are seeing sustained usage near this limit, see https://cloud.google.com/run/quotas.\n\nQuota \
                 violated:\n{}",
                over.first().map_or("CPU", |demand| demand.of),
                lines.join("\n")
            ),
        })
    }

    /// Bounds the instances of a revision that says nothing of them. (Inferred: who asks for nothing is not refused for
    /// the server's own default.)
    pub(crate) fn fit_default_scale(&self, template: &mut RevisionTemplate) {
        let none = BTreeMap::new();
        let annotations = template.metadata.as_ref().map_or(&none, |metadata| &metadata.annotations);
        if annotations.contains_key(MAX_SCALE) {
            return;
        }
        let most = fit(&self.demands(Some(template), annotations));
        if let Some(most) = most.filter(|most| (1..rules::DEFAULT_MAX_SCALE).contains(most)) {
            let metadata = template.metadata.get_or_insert_default();
            metadata.annotations.insert(MAX_SCALE.to_owned(), most.to_string());
        }
    }

    fn demands(
        &self,
        template: Option<&RevisionTemplate>,
        annotations: &BTreeMap<String, String>,
    ) -> Vec<Demand> {
        let Some(spec) = template.and_then(|template| template.spec.as_ref()) else { return Vec::new() };
        let gpus = match annotations.get(NO_REDUNDANCY).map(String::as_str) {
            Some("true" | "True") => "NvidiaL4GpuAllocNoZonalRedundancyPerProjectRegion",
            _ => "NvidiaL4GpuAllocPerProjectRegion",
        };
        let Quota { cpu_thousandths, memory_bytes, gpus: of_gpus } = self.quota;
        [
            ("CpuAllocPerProjectRegion", "CPU", rules::total_millicpu(spec), cpu_thousandths),
            ("MemAllocPerProjectRegion", "memory", rules::total_bytes(spec), memory_bytes),
            (gpus, "GPU", rules::total_gpus(spec), of_gpus),
        ]
        .into_iter()
        .filter_map(|(metric, of, each, allowed)| Some(Demand { metric, of, each, allowed: allowed? }))
        .collect()
    }
}

/// The most instances that all quotas leave; none if there is no bound.
fn fit(demands: &[Demand]) -> Option<u64> {
    demands.iter().filter_map(|demand| demand.allowed.checked_div(demand.each)).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(scale: Option<&str>, limits: serde_json::Value) -> RevisionTemplate {
        let annotations = scale.map_or(json!({}), |scale| json!({MAX_SCALE: scale}));
        serde_json::from_value(json!({
            "metadata": {"annotations": annotations},
            "spec": {"containers": [{"image": "a/b", "resources": {"limits": limits}}]},
        }))
        .unwrap()
    }

    fn refusal(environment: &Environment, scale: &str, limits: serde_json::Value) -> Option<String> {
        let violation = environment.over_quota(Some(&template(Some(scale), limits)))?;
        assert_eq!(violation.field, "spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]");
        Some(violation.description)
    }

    /// (The numbers of answers that were seen.)
    #[test]
    fn the_smallest_bound_counts() {
        let environment = Environment::new().cpu_quota(20_000);
        let text = refusal(&environment, "4", json!({"cpu": "8"})).unwrap();
        assert!(
            text.starts_with("Max instances must be set to 2 or fewer to set the requested total CPU.\n"),
            "{text}"
        );
        assert!(
            text.ends_with("Quota violated:\nCpuAllocPerProjectRegion requested: 32000 allowed: 20000"),
            "{text}"
        );
        assert_eq!(refusal(&environment, "2", json!({"cpu": "8"})), None);

        let environment = environment.memory_quota(42_949_672_960);
        let text = refusal(&environment, "3", json!({"cpu": "20", "memory": "80Gi"})).unwrap();
        assert!(text.contains("set to 0 or fewer to set the requested total CPU"), "{text}");
        let part = "requested: 60000 allowed: 20000\nMemAllocPerProjectRegion requested: 257698037760 allowed: \
                    42949672960";
        assert!(text.ends_with(part), "{text}");
    }

    #[test]
    fn one_resource_alone() {
        let gi = 1 << 30;
        let text = refusal(&Environment::new().memory_quota(2 * gi), "5", json!({})).unwrap();
        assert!(text.contains("set to 4 or fewer to set the requested total memory"), "512Mi each: {text}");
        let limits = json!({"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"});
        let text = refusal(&Environment::new().gpu_quota(0), "1", limits).unwrap();
        assert!(text.ends_with("NvidiaL4GpuAllocPerProjectRegion requested: 1 allowed: 0"), "{text}");
        assert_eq!(refusal(&Environment::new().gpu_quota(0), "1", json!({})), None);
        assert_eq!(refusal(&Environment::new(), "1000000", json!({"cpu": "8"})), None);
    }

    #[test]
    fn the_default_gives_way() {
        let scale = |environment: &Environment, given: Option<&str>| {
            let mut template = template(given, json!({"cpu": "2"}));
            environment.fit_default_scale(&mut template);
            template.metadata.unwrap().annotations.get(MAX_SCALE).cloned()
        };
        let environment = Environment::new().cpu_quota(20_000);
        assert_eq!(scale(&environment, None).as_deref(), Some("10"));
        assert_eq!(scale(&environment, Some("50")).as_deref(), Some("50"), "what is asked for stays");
        assert_eq!(scale(&Environment::new(), None), None);
        assert_eq!(
            scale(&Environment::new().cpu_quota(1000), None),
            None,
            "nothing fits: the refusal says so"
        );
    }
}
