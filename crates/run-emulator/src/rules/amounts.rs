//! How much containers ask for.

use run_api::Quantity;
use run_api::types::{Container, RevisionSpec};

pub(super) const MI: u64 = 1 << 20;
pub(super) const GI: u64 = 1 << 30;
pub(super) const GPU: &str = "nvidia.com/gpu";

/// In thousandths.
pub(super) const DEFAULT_CPU: i64 = 1000;
const DEFAULT_MEMORY: u64 = 512 * MI;

/// The CPU of all containers together, in thousandths. A container without a limit has one CPU.
pub(crate) fn total_millicpu(spec: &RevisionSpec) -> u64 {
    let each = spec.containers.iter().map(|container| {
        let millis = quantity(container, "cpu").and_then(Quantity::to_millis).unwrap_or(DEFAULT_CPU);
        u64::try_from(millis).unwrap_or_default()
    });
    each.fold(0, u64::saturating_add)
}

/// The memory of all containers together, in bytes. A container without a limit has 512Mi.
pub(crate) fn total_bytes(spec: &RevisionSpec) -> u64 {
    let each = spec.containers.iter().map(|container| {
        quantity(container, "memory").and_then(Quantity::to_bytes).unwrap_or(DEFAULT_MEMORY)
    });
    each.fold(0, u64::saturating_add)
}

/// The GPUs of all containers together.
pub(crate) fn total_gpus(spec: &RevisionSpec) -> u64 {
    let each = spec.containers.iter().filter_map(|container| quantity(container, GPU)?.to_bytes());
    each.fold(0, u64::saturating_add)
}

/// The limit of a resource, if it can be read.
pub(super) fn quantity(container: &Container, resource: &str) -> Option<Quantity> {
    limit(container, resource)?.parse().ok()
}

pub(super) fn limit<'a>(container: &'a Container, resource: &str) -> Option<&'a str> {
    container.resources.as_ref()?.limits.get(resource).map(String::as_str)
}

/// Whether a container has a GPU.
pub(super) fn has_gpu(container: &Container) -> bool {
    quantity(container, GPU).is_some_and(|number| number > Quantity::ZERO)
}

#[cfg(test)]
mod tests {
    use super::super::testing::service;
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn totals() {
        let of = |limits: [Value; 2]| {
            let containers = limits.map(|limits| json!({"image": "a/b", "resources": {"limits": limits}}));
            let service = service(json!({"spec": {"template": {"spec": {"containers": containers}}}}));
            let spec = service.spec.unwrap().template.unwrap().spec.unwrap();
            (total_millicpu(&spec), total_bytes(&spec), total_gpus(&spec))
        };
        assert_eq!(of([json!({}), json!({"cpu": ".5"})]), (1500, GI, 0));
        let gpu = json!({"cpu": "4000m", "memory": "1.5Gi", "nvidia.com/gpu": "1"});
        assert_eq!(of([gpu, json!({"memory": "lots"})]), (5000, 2 * GI, 1));
    }
}
