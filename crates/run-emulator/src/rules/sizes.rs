//! What all containers of an instance need together.

use super::place::Place;
use run_api::known::annotations::{CPU_THROTTLING as THROTTLING, EXECUTION_ENVIRONMENT as ENVIRONMENT};

use super::amounts::{total_bytes, total_millicpu};
use super::parts::Parts;
use super::violation::Violations;

const LEAST_MEMORY: u64 = 512 << 20;
const ONE_CPU: u64 = 1000;

/// (Seen, with these texts, for services and jobs; for worker pools inferred from what is said of their CPU.)
pub(super) fn memory(parts: &Parts<'_>, found: &mut Violations) {
    let total = total_bytes(&parts.spec);
    if parts.spec.containers.is_empty() || !is_second_generation(parts) || total >= LEAST_MEMORY {
        return;
    }
    let always = if is_unthrottled(parts) { UNTHROTTLED } else { "" };
    found.add(
        format!("{}.containers[0].resources.limits.memory", parts.at),
        format!(
            "Invalid value specified for memory. Total memory < 512 Mi is not supported with gen2 execution \
             environment{always}."
        ),
    );
}

const UNTHROTTLED: &str = " with cpu always allocated (unthrottled)";

/// Less than one CPU. (Seen, with these texts: in jobs, in worker pools, with gen2, and with concurrency. That it goes
/// with throttling only was seen for v2.)
pub(super) fn fractions(parts: &Parts<'_>, found: &mut Violations) {
    if parts.spec.containers.is_empty() || total_millicpu(&parts.spec) >= ONE_CPU {
        return;
    }
    let with = match (is_second_generation(parts), is_unthrottled(parts)) {
        (true, true) => format!("gen2 execution environment{UNTHROTTLED}"),
        (true, false) => "gen2 execution environment".to_owned(),
        (false, true) => UNTHROTTLED.trim_start_matches(" with ").to_owned(),
        (false, false) if parts.spec.container_concurrency.is_some_and(|most| most > 1) => {
            "concurrency > 1".to_owned()
        }
        (false, false) => return,
    };
    found.add(
        format!("{}.containers[0].resources.limits.cpu", parts.at),
        format!("Invalid value specified for cpu. Total cpu < 1 is not supported with {with}."),
    );
}

/// Whether it runs in the second generation's environment: by request, or since there is no other for it. (Seen for
/// jobs, and for volumes of Cloud Storage; documented for those of NFS.)
fn is_second_generation(parts: &Parts<'_>) -> bool {
    match parts.place {
        Place::Job | Place::WorkerPool => true,
        Place::Service => match parts.annotation(ENVIRONMENT) {
            Some(environment) => environment == "gen2",
            None => parts.spec.volumes.iter().any(|volume| volume.csi.is_some() || volume.nfs.is_some()),
        },
        _ => false,
    }
}

fn is_unthrottled(parts: &Parts<'_>) -> bool {
    match parts.place {
        Place::Job | Place::WorkerPool => true,
        _ => parts.annotation(THROTTLING) == Some("false"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        job_violations, service, task, violations, worker_pool, worker_pool_violations,
    };
    use super::*;
    use serde_json::{Value, json};

    fn of_service(limits: Value, more: Value) -> Vec<(String, String)> {
        let mut template = json!({
            "metadata": {"annotations": more["annotations"]},
            "spec": {"containers": [{"image": "a/b", "resources": {"limits": limits}}]},
        });
        template["spec"]["volumes"] = more["volumes"].clone();
        template["spec"]["containerConcurrency"] = more["concurrency"].clone();
        violations(&service(json!({"spec": {"template": template}})))
    }

    const MEMORY: &str = "Invalid value specified for memory. Total memory < 512 Mi is not supported with";
    const CPU: &str = "Invalid value specified for cpu. Total cpu < 1 is not supported with";
    const GEN2: &str = "gen2 execution environment";

    /// Six recorded answers of 2026; <https://github.com/oboapp/oboapp/pull/449> is one.
    #[test]
    fn the_second_generation_has_512_mi_at_least() {
        let small = json!({"memory": "256Mi"});
        let bucket = json!([{"name": "v", "csi": {
            "driver": "gcsfuse.run.googleapis.com", "volumeAttributes": {"bucketName": "b"},
        }}]);
        let field = "spec.template.spec.containers[0].resources.limits.memory".to_owned();
        let refusal = [(field.clone(), format!("{MEMORY} {GEN2}."))];
        assert_eq!(of_service(small.clone(), json!({})), [], "the first generation");
        assert_eq!(of_service(small.clone(), json!({"annotations": {ENVIRONMENT: "gen2"}})), refusal);
        assert_eq!(of_service(small.clone(), json!({"volumes": bucket})), refusal);
        assert_eq!(of_service(json!({"memory": "0.5Gi"}), json!({"volumes": bucket})), []);
        let always = json!({"annotations": {ENVIRONMENT: "gen2", THROTTLING: "false"}});
        assert_eq!(of_service(small.clone(), always), [(field, format!("{MEMORY} {GEN2}{UNTHROTTLED}."))]);

        let job = task(json!({"containers": [{"image": "a/b", "resources": {"limits": small}}]}));
        let [(field, text)] = &job_violations(job)[..] else { panic!("one violation") };
        assert_eq!(field, "spec.template.spec.template.spec.containers[0].resources.limits.memory");
        assert_eq!(*text, format!("{MEMORY} {GEN2}{UNTHROTTLED}."));
        let two = json!({"image": "a/b", "resources": {"limits": small}});
        assert_eq!(job_violations(task(json!({"containers": [two, two]}))), [], "together they have enough");
    }

    /// Three recorded answers, and one for services with gen2.
    #[test]
    fn jobs_and_worker_pools_have_a_cpu_at_least() {
        let half = json!([{"image": "a/b", "resources": {"limits": {"cpu": "0.5"}}}]);
        let text = format!("{CPU} {GEN2}{UNTHROTTLED}.");
        let at = "containers[0].resources.limits.cpu";
        let found = job_violations(task(json!({"containers": half})));
        assert_eq!(found, [(format!("spec.template.spec.template.spec.{at}"), text.clone())]);
        let pool = worker_pool(json!({"spec": {"template": {"spec": {"containers": half}}}}));
        assert_eq!(worker_pool_violations(&pool), [(format!("spec.template.spec.{at}"), text)]);
    }

    /// Recorded answers: `googleCloudRunner#137` has the first text, those of 2026 the others.
    #[test]
    fn less_than_a_cpu_is_for_one_request_at_a_time_and_throttled() {
        let half = json!({"cpu": "500m"});
        let says = |more: Value| {
            let found = of_service(half.clone(), more);
            found.first().map(|(_, text)| text.trim_start_matches(CPU).to_owned())
        };
        assert_eq!(says(json!({"concurrency": 1})), None);
        assert_eq!(says(json!({"annotations": {THROTTLING: "true"}})), None);
        assert_eq!(says(json!({"concurrency": 2})).as_deref(), Some(" concurrency > 1."));
        let always = json!({"annotations": {THROTTLING: "false"}});
        assert_eq!(says(always).as_deref(), Some(" cpu always allocated (unthrottled)."));
        let second = json!({"annotations": {ENVIRONMENT: "gen2"}});
        assert_eq!(says(second).as_deref(), Some(" gen2 execution environment."));
    }
}
