//! CPU and memory.

use run_api::types::{Container, RevisionSpec};

use super::{Parts, Violations};

const MI: u64 = 1 << 20;
pub(super) const GI: u64 = 1 << 30;
pub(super) const GPU: &str = "nvidia.com/gpu";
pub(super) const THROTTLING: &str = "run.googleapis.com/cpu-throttling";

/// (Seen: the ranges by CPU, the text, and the rule for less than one CPU.)
pub(super) fn limits(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        let field = |name: &str| format!("{path}.resources.limits.{name}");
        for (name, quantity) in container.resources.iter().flat_map(|resources| &resources.limits) {
            match name.as_str() {
                "cpu" | GPU => {}
                "memory" if bytes(quantity).is_none() => {
                    found.add(field(name), format!("Invalid value specified for memory: '{quantity}'."));
                }
                "memory" => {}
                other => found.add(field(other), format!("Unsupported resource '{other}'.")),
            }
        }
        let cpu = match cpu_of(container) {
            Some(text) => match millicpu(text) {
                Some(cpu) if is_cpu(cpu) => cpu,
                _ => {
                    let text = format!(
                        "Invalid value specified for cpu: '{text}'. Values must be from 0.08 to 1, or 2, 4, 6 or 8."
                    );
                    found.add(field("cpu"), text);
                    continue;
                }
            },
            None => 1000,
        };
        if let Some(memory) = memory_of(container).and_then(bytes) {
            let (least, most) = memory_range(cpu);
            if !(least..=most).contains(&memory) {
                let text = format!(
                    "Invalid value specified for container memory. For {:?} CPU, memory must be between {} and {} \
                     inclusive",
                    f64::from(cpu) / 1000.0,
                    shown(least),
                    shown(most)
                );
                found.add(field("memory"), text);
            }
        }
    }
    let total = total_millicpu(&parts.spec);
    if total < 1000 && parts.spec.container_concurrency.is_some_and(|concurrency| concurrency > 1) {
        let field = format!("{}.containers[0].resources.limits.cpu", parts.at);
        found.add(field, "Total cpu < 1 is not supported with concurrency > 1");
    }
    // (Documented; the text is inferred.)
    let throttling = parts.template_metadata.annotations.get(THROTTLING).map(String::as_str);
    if total < 1000 && throttling == Some("false") {
        let field = format!("{}.containers[0].resources.limits.cpu", parts.at);
        found.add(field, "Total cpu < 1 is not supported with CPU always allocated");
    }
}

/// The CPU of all containers together, in thousandths. A container without a limit has one CPU.
pub(crate) fn total_millicpu(spec: &RevisionSpec) -> u32 {
    let each = spec.containers.iter().map(|container| cpu_of(container).and_then(millicpu).unwrap_or(1000));
    each.fold(0, u32::saturating_add)
}

/// The memory of all containers together, in bytes. A container without a limit has 512Mi.
pub(crate) fn total_bytes(spec: &RevisionSpec) -> u64 {
    let each = spec.containers.iter().map(|one| memory_of(one).and_then(bytes).unwrap_or(512 * MI));
    each.fold(0, u64::saturating_add)
}

/// The GPUs of all containers together.
pub(crate) fn total_gpus(spec: &RevisionSpec) -> u64 {
    let gpus = |container: &Container| limit(container, GPU)?.parse::<u64>().ok();
    spec.containers.iter().filter_map(gpus).fold(0, u64::saturating_add)
}

fn cpu_of(container: &Container) -> Option<&str> {
    limit(container, "cpu")
}

fn memory_of(container: &Container) -> Option<&str> {
    limit(container, "memory")
}

pub(super) fn limit<'a>(container: &'a Container, resource: &str) -> Option<&'a str> {
    container.resources.as_ref()?.limits.get(resource).map(String::as_str)
}

fn is_cpu(millicpu: u32) -> bool {
    (80..=1000).contains(&millicpu) || matches!(millicpu, 2000 | 4000 | 6000 | 8000)
}

/// Least and most memory by CPU, in bytes. (Seen for 1, 4 and 6; documented for the others.)
fn memory_range(millicpu: u32) -> (u64, u64) {
    match millicpu {
        0..500 => (128 * MI, 512 * MI),
        500..1000 => (128 * MI, GI),
        1000 => (128 * MI, 4 * GI),
        2000 => (128 * MI, 8 * GI),
        4000 => (2 * GI, 16 * GI),
        6000 => (4 * GI, 24 * GI),
        _ => (4 * GI, 32 * GI),
    }
}

fn shown(bytes: u64) -> String {
    if bytes.is_multiple_of(GI) { format!("{}Gi", bytes / GI) } else { format!("{}Mi", bytes / MI) }
}

/// Thousandths of a CPU, from `1`, `0.5` or `500m`.
fn millicpu(text: &str) -> Option<u32> {
    if let Some(milli) = text.strip_suffix('m') {
        return milli.parse().ok();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = if whole.is_empty() && !fraction.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: u32 = format!("{fraction:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(fraction)
}

/// Bytes, from a Kubernetes quantity.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => MI,
        "Gi" => GI,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, with_container};
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities() {
        for (text, milli) in
            [("1", Some(1000)), ("500m", Some(500)), (".08", Some(80)), ("0.5", Some(500)), ("2", Some(2000))]
        {
            assert_eq!(millicpu(text), milli, "{text}");
        }
        for bad in ["", ".", "x", "1.x", "-1", "0.0001", "99999999999"] {
            assert_eq!(millicpu(bad), None, "{bad}");
        }
        for (text, value) in
            [("512Mi", Some(512 * MI)), ("1G", Some(1_000_000_000)), ("x", None), ("1Zi", None), ("", None)]
        {
            assert_eq!(bytes(text), value, "{text}");
        }
    }

    #[test]
    fn combinations() {
        for (cpu, memory, fine) in [
            ("1", "512Mi", true),
            ("1", "4Gi", true),
            ("1", "5Gi", false),
            ("1", "64Mi", false),
            ("4", "1Gi", false),
            ("6", "4Gi", true),
            ("3", "4Gi", false),
            ("0.05", "128Mi", false),
            ("x", "128Mi", false),
            ("1", "lots", false),
        ] {
            let service = with_container(json!({"resources": {"limits": {"cpu": cpu, "memory": memory}}}));
            assert_eq!(refused(&service).is_empty(), fine, "{cpu} {memory}");
        }
        let unknown = with_container(json!({"resources": {"limits": {"disk": "1Gi"}}}));
        assert_eq!(refused(&unknown), ["spec.template.spec.containers[0].resources.limits.disk"]);
    }

    #[test]
    fn less_than_a_cpu_serves_one_request_at_a_time() {
        let mut service = with_container(json!({"resources": {"limits": {"cpu": "500m"}}}));
        let spec = |service: &mut run_api::types::Service, concurrency| {
            let template = service.spec.as_mut().unwrap().template.as_mut().unwrap();
            template.spec.as_mut().unwrap().container_concurrency = Some(concurrency);
        };
        spec(&mut service, 1);
        assert!(refused(&service).is_empty());
        spec(&mut service, 2);
        assert_eq!(refused(&service).len(), 1);
    }

    #[test]
    fn less_than_a_cpu_is_throttled() {
        let with = |throttling: &str| {
            let mut service = with_container(json!({"resources": {"limits": {"cpu": "500m"}}}));
            let template = service.spec.as_mut().unwrap().template.as_mut().unwrap();
            let annotations = &mut template.metadata.get_or_insert_default().annotations;
            annotations.insert(THROTTLING.to_owned(), throttling.to_owned());
            refused(&service)
        };
        assert_eq!(with("true"), [""; 0]);
        assert_eq!(with("false"), ["spec.template.spec.containers[0].resources.limits.cpu"]);
    }
}
