//! CPU and memory of each container.

use run_api::Quantity;
use run_api::known;
use run_api::types::Container;

use super::amounts::{DEFAULT_CPU, GI, GPU, MI, has_gpu, limit, quantity};
use super::parts::Parts;
use super::violation::Violations;

const ACCELERATOR: &str = known::node_selectors::ACCELERATOR;
const LARGE_GPU: &str = "nvidia-rtx-pro-6000";

/// (Seen: the ranges by CPU, and the texts on the values of both. Seen for v2: that there are no other resources, and
/// what is no quantity.)
pub(super) fn limits(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        let Some(resources) = &container.resources else { continue };
        // (Documented: the resources of requests.)
        for (list, given, known) in [
            ("limits", &resources.limits, &["cpu", "memory", GPU][..]),
            ("requests", &resources.requests, &["cpu", "memory"]),
        ] {
            for (name, text) in given {
                let field = format!("{path}.resources.{list}.{name}");
                if !known.contains(&name.as_str()) {
                    found.add(field, format!("only {} {list} are supported", known.join(", ")));
                } else if text.parse::<Quantity>().is_err() {
                    found.add(field, format!("Could not parse Quantity '{text}'."));
                }
            }
        }
        sizes(parts, container, &format!("{path}.resources.limits"), found);
    }
}

/// How much there may be. It depends on the GPU.
fn sizes(parts: &Parts<'_>, container: &Container, field: &str, found: &mut Violations) {
    // What could not be read was refused for that.
    let is_read = |name: &str| limit(container, name).is_none_or(|text| text.parse::<Quantity>().is_ok());
    if !is_read("cpu") {
        return;
    }
    let millis = match quantity(container, "cpu") {
        Some(cpu) => cpu.to_millis(),
        None => Some(DEFAULT_CPU),
    };
    let sizes = Sizes::of(parts, container);
    let Some(millis) =
        millis.and_then(|millis| u64::try_from(millis).ok()).filter(|millis| sizes.has_cpu(*millis))
    else {
        let text =
            format!("Invalid value specified for container cpu. Must be equal to one of {}", sizes.cpus());
        return found.add(format!("{field}.cpu"), text);
    };
    let Some(memory) = quantity(container, "memory") else { return };
    let (least, most) = sizes.memory(millis);
    if !memory.to_bytes().is_some_and(|bytes| (least..=most).contains(&bytes)) {
        let text = format!(
            "Invalid value specified for container memory. For {} CPU, memory must be between {} and {} inclusive",
            cpus(millis),
            shown(least),
            shown(most)
        );
        found.add(format!("{field}.memory"), text);
    }
}

/// Which sizes a container may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sizes {
    /// (Seen.)
    Plain,
    /// Those with a GPU of the type `nvidia-rtx-pro-6000`. (Seen for v2; documented.)
    Large,
}

const PLAIN: [u64; 5] = [1000, 2000, 4000, 6000, 8000];
const LARGE: [u64; 6] = [20_000, 22_000, 24_000, 26_000, 28_000, 30_000];

impl Sizes {
    /// Those of a container: larger ones with a large GPU.
    /// (<https://github.com/googlecodelabs/feedback/issues/2311>, and Google's page.)
    fn of(parts: &Parts<'_>, container: &Container) -> Self {
        let accelerator = parts.spec.node_selector.get(ACCELERATOR);
        let large = accelerator.is_some_and(|accelerator| accelerator == LARGE_GPU) && has_gpu(container);
        if large { Self::Large } else { Self::Plain }
    }

    fn has_cpu(self, millis: u64) -> bool {
        match self {
            Self::Plain => (80..=1000).contains(&millis) || PLAIN.contains(&millis),
            Self::Large => LARGE.contains(&millis),
        }
    }

    /// As refusals list them.
    fn cpus(self) -> String {
        let list = |sizes: &[u64]| sizes.iter().map(|millis| cpus(*millis)).collect::<Vec<_>>().join(", ");
        match self {
            Self::Plain => format!("[.08-1], {}", list(&PLAIN)),
            Self::Large => list(&LARGE),
        }
    }

    /// Least and most memory by CPU, in bytes. (Seen for 1, 4 and 6; documented for the others. Seen for v2: 80Gi, and
    /// 4Gi for each of the many CPUs.)
    fn memory(self, millis: u64) -> (u64, u64) {
        if self == Self::Large {
            return (80 * GI, millis / 1000 * 4 * GI);
        }
        match millis {
            0..500 => (128 * MI, 512 * MI),
            500..1000 => (128 * MI, GI),
            1000 => (128 * MI, 4 * GI),
            2000 => (128 * MI, 8 * GI),
            4000 => (2 * GI, 16 * GI),
            6000 => (4 * GI, 24 * GI),
            _ => (4 * GI, 32 * GI),
        }
    }
}

/// With one digit behind the point at least. (Seen: `1.0`.)
fn cpus(millis: u64) -> String {
    let fraction = format!("{:03}", millis % 1000);
    let digits = fraction.trim_end_matches('0');
    format!("{}.{}", millis / 1000, if digits.is_empty() { "0" } else { digits })
}

fn shown(bytes: u64) -> String {
    if bytes.is_multiple_of(GI) { format!("{}Gi", bytes / GI) } else { format!("{}Mi", bytes / MI) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, violations, with_container};
    use super::*;
    use serde_json::{Value, json};

    const AT: &str = "spec.template.spec.containers[0].resources";

    fn with(limits: Value) -> Vec<(String, String)> {
        violations(&with_container(json!({"resources": {"limits": limits}})))
    }

    #[test]
    fn memory_depends_on_cpu() {
        for (cpu, memory, fine) in [
            ("1", "512Mi", true),
            ("1", "4Gi", true),
            ("1", "5Gi", false),
            ("1", "64Mi", false),
            ("4", "1Gi", false),
            ("4", "2Gi", true),
            ("6", "4Gi", true),
            ("6", "25Gi", false),
            ("8", "32Gi", true),
            ("2000m", "8Gi", true),
            ("2.0", "8Gi", true),
            ("1e0", "1e9", true),
        ] {
            assert_eq!(with(json!({"cpu": cpu, "memory": memory})).is_empty(), fine, "{cpu} {memory}");
        }
        let [(field, text)] = &with(json!({"cpu": "4", "memory": "1Gi"}))[..] else {
            panic!("one violation")
        };
        assert_eq!(*field, format!("{AT}.limits.memory"));
        assert_eq!(
            text,
            "Invalid value specified for container memory. For 4.0 CPU, memory must be between 2Gi and 16Gi inclusive"
        );
    }

    /// A real object has `1.5Gi`; Google's page: "a fixed or floating point number".
    /// <https://cloud.google.com/run/docs/configuring/services/memory-limits>
    #[test]
    fn memory_may_have_a_fraction() {
        for memory in ["1.5Gi", "0.5Gi", "2.0Gi", "512.5Mi"] {
            assert_eq!(with(json!({"memory": memory})), [], "{memory}");
        }
    }

    #[test]
    fn cpus_come_in_sizes() {
        for cpu in ["0.08", ".5", "999m", "1", "1000m", "1.0", "2", "4", "6", "8", "8e0"] {
            let memory = if cpu == "4" { "2Gi" } else { "4Gi" };
            let memory = if Quantity::same(cpu, "0.08") { "512Mi" } else { memory };
            let memory = if [".5", "999m"].contains(&cpu) { "1Gi" } else { memory };
            assert!(
                !with(json!({"cpu": cpu, "memory": memory})).iter().any(|(field, _)| field.ends_with("cpu")),
                "{cpu}"
            );
        }
        for cpu in ["3", "0.05", "0", "-1", "1.5", "0.0805", "9", "20"] {
            let [(field, text)] = &with(json!({"cpu": cpu}))[..] else { panic!("{cpu}") };
            assert_eq!(*field, format!("{AT}.limits.cpu"));
            assert_eq!(
                text,
                "Invalid value specified for container cpu. Must be equal to one of [.08-1], 1.0, 2.0, 4.0, 6.0, 8.0"
            );
        }
    }

    #[test]
    fn what_is_no_quantity_or_no_resource() {
        for (resources, field) in [
            (json!({"limits": {"cpu": "bad"}}), "limits.cpu"),
            (json!({"limits": {"memory": "lots"}}), "limits.memory"),
            (json!({"limits": {"memory": "1GB"}}), "limits.memory"),
            (json!({"limits": {"disk": "1Gi"}}), "limits.disk"),
            (json!({"requests": {"cpu": "bad"}}), "requests.cpu"),
            (json!({"requests": {"nvidia.com/gpu": "1"}}), "requests.nvidia.com/gpu"),
        ] {
            let found = refused(&with_container(json!({"resources": resources})));
            assert_eq!(found, [format!("{AT}.{field}")], "{resources}");
        }
        assert_eq!(refused(&with_container(json!({"resources": {"requests": {"cpu": "500m"}}}))), [""; 0]);
        assert_eq!(refused(&with_container(json!({"resources": {}}))), [""; 0], "an empty struct of Go's");
    }
}
