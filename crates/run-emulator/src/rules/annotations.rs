//! Labels and annotations: which of the reserved ones the API knows.

use std::collections::BTreeMap;

use super::{Parts, Violations};

/// Prefixes of which only known keys are accepted. (Documented.)
const RESERVED: [&str; 4] =
    ["run.googleapis.com/", "serving.knative.dev/", "autoscaling.knative.dev/", "cloud.googleapis.com/"];

/// Keys on the service, after `run.googleapis.com/`. (Documented, from gcloud's source and recorded objects.)
const OF_SERVICE: [&str; 34] = [
    "base-images",
    "binary-authorization",
    "binary-authorization-breakglass",
    "build-base-image",
    "build-enable-automatic-updates",
    "build-environment-variables",
    "build-function-target",
    "build-id",
    "build-image-uri",
    "build-name",
    "build-service-account",
    "build-source-location",
    "build-worker-pool",
    "client-name",
    "client-version",
    "custom-audiences",
    "default-url-disabled",
    "description",
    "gc-traffic-tags",
    "iap-enabled",
    "ingress",
    "ingress-status",
    "invoker-iam-disabled",
    "launch-stage",
    "manualInstanceCount",
    "maxScale",
    "minScale",
    "minInstances",
    "operation-id",
    "regions",
    "scalingMode",
    "ssh-enabled",
    "urls",
    "user-image",
];

/// Keys on the template, after `run.googleapis.com/`. (Documented, from gcloud's source and recorded objects.)
const OF_TEMPLATE: [&str; 32] = [
    "base-images",
    "build-function-target",
    "build-id",
    "build-source-location",
    "client-name",
    "client-version",
    "cloudsql-instances",
    "container-dependencies",
    "cpu-throttling",
    "encryption-key",
    "encryption-key-shutdown-hours",
    "execution-environment",
    "gpu-zonal-redundancy-disabled",
    "health-check-disabled",
    "launch-stage",
    "mesh",
    "network-interfaces",
    "operation-id",
    "post-key-revocation-action-type",
    "sandbox",
    "satisfiesPzs",
    "scaling-concurrency-target",
    "scaling-cpu-target",
    "secrets",
    "secure-session-agent",
    "sessionAffinity",
    "session-affinity",
    "startup-cpu-boost",
    "startupProbeType",
    "user-image",
    "vpc-access-connector",
    "vpc-access-egress",
];

/// Keys on a worker pool, after `run.googleapis.com/`. (Documented, from gcloud's source and a sample of Google's.)
const OF_WORKER_POOL: [&str; 14] = [
    "binary-authorization",
    "binary-authorization-breakglass",
    "client-name",
    "client-version",
    "description",
    "launch-stage",
    "manualInstanceCount",
    "max-surge",
    "max-unavailable",
    "maxScale",
    "minScale",
    "operation-id",
    "scalingMode",
    "threat-detection",
];

/// Keys on a job, after `run.googleapis.com/`. (Documented, from gcloud's source and a recorded job.)
const OF_JOB: [&str; 19] = [
    "binary-authorization",
    "binary-authorization-breakglass",
    "build-base-image",
    "build-enable-automatic-updates",
    "build-function-target",
    "build-id",
    "build-image-uri",
    "build-name",
    "build-service-account",
    "build-source-location",
    "build-worker-pool",
    "client-name",
    "client-version",
    "creator",
    "description",
    "lastModifier",
    "lastUpdatedTime",
    "launch-stage",
    "operation-id",
];

/// Keys on the executions that a job makes, after `run.googleapis.com/`. (Documented, from gcloud's source and a
/// recorded job.) gcloud writes all of a job's labels over those of its executions, the server's own included.
const OF_EXECUTION: [&str; 19] = [
    "base-images",
    "client-name",
    "client-version",
    "cloudsql-instances",
    "container-dependencies",
    "creator",
    "encryption-key",
    "encryption-key-shutdown-hours",
    "execution-environment",
    "gpu-zonal-redundancy-disabled",
    "lastUpdatedTime",
    "launch-stage",
    "network-interfaces",
    "post-key-revocation-action-type",
    "sandbox",
    "secrets",
    "user-image",
    "vpc-access-connector",
    "vpc-access-egress",
];

/// Keys on an instance, after `run.googleapis.com/`. (Documented, but for the launch stage, the version, the
/// description and the connector, which are inferred.)
const OF_INSTANCE: [&str; 12] = [
    "client-name",
    "client-version",
    "cloudsql-instances",
    "container-dependencies",
    "description",
    "encryption-key",
    "ingress",
    "invoker-iam-disabled",
    "launch-stage",
    "network-interfaces",
    "vpc-access-connector",
    "vpc-access-egress",
];

/// Keys on a domain mapping, after `run.googleapis.com/`. (Documented, and from gcloud's source.)
const OF_DOMAIN_MAPPING: [&str; 3] = ["client-name", "client-version", "launch-stage"];

/// Keys with other prefixes on both. The server's own are sent back by clients that read, edit and replace.
const ELSEWHERE: [&str; 10] = [
    "run.googleapis.com/workerPool",
    "run.googleapis.com/workerPoolUid",
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
    "serving.knative.dev/service",
    "serving.knative.dev/configuration",
    "serving.knative.dev/configurationGeneration",
    "serving.knative.dev/serviceUid",
    "serving.knative.dev/route",
    "cloud.googleapis.com/location",
];

/// Keys of scaling, on the template alone. (Knative refuses them on the service.)
const SCALING: [&str; 2] = [MIN_SCALE, MAX_SCALE];
const MIN_SCALE: &str = "autoscaling.knative.dev/minScale";
const MAX_SCALE: &str = "autoscaling.knative.dev/maxScale";

pub(super) fn of_service(parts: &Parts<'_>, found: &mut Violations) {
    of_object(parts, &OF_SERVICE, found);
}

pub(super) fn of_worker_pool(parts: &Parts<'_>, found: &mut Violations) {
    of_object(parts, &OF_WORKER_POOL, found);
}

pub(super) fn of_job(parts: &Parts<'_>, found: &mut Violations) {
    of_object(parts, &OF_JOB, found);
}

pub(super) fn of_execution(parts: &Parts<'_>, found: &mut Violations) {
    of_template_with(parts, |key| known(key, &OF_EXECUTION), found);
}

pub(super) fn of_instance(parts: &Parts<'_>, found: &mut Violations) {
    of_object(parts, &OF_INSTANCE, found);
}

pub(super) fn of_domain_mapping(parts: &Parts<'_>, found: &mut Violations) {
    of_object(parts, &OF_DOMAIN_MAPPING, found);
}

fn of_object(parts: &Parts<'_>, ours: &[&str], found: &mut Violations) {
    let known = |key: &str| known(key, ours);
    check(&parts.metadata.annotations, "metadata.annotations", "annotation", known, found);
    check(&parts.metadata.labels, "metadata.labels", "label", known, found);
}

pub(super) fn of_template(parts: &Parts<'_>, found: &mut Violations) {
    of_template_with(parts, |key| SCALING.contains(&key) || known(key, &OF_TEMPLATE), found);
}

fn of_template_with(parts: &Parts<'_>, known: impl Fn(&str) -> bool, found: &mut Violations) {
    let (annotations, labels) = (&parts.template_metadata.annotations, &parts.template_metadata.labels);
    check(annotations, "spec.template.metadata.annotations", "annotation", &known, found);
    check(labels, "spec.template.metadata.labels", "label", &known, found);
}

fn known(key: &str, ours: &[&str]) -> bool {
    ELSEWHERE.contains(&key) || key.strip_prefix(RESERVED[0]).is_some_and(|rest| ours.contains(&rest))
}

/// (Seen, with this text.)
fn check(
    map: &BTreeMap<String, String>,
    field: &str,
    what: &str,
    known: impl Fn(&str) -> bool,
    found: &mut Violations,
) {
    for key in map.keys() {
        if RESERVED.iter().any(|prefix| key.starts_with(prefix)) && !known(key) {
            found.add(field, format!("'{key}' is not a supported {what}."));
        }
    }
}

/// (Seen for v2: the least is not above the most; both are whole numbers as text.)
pub(super) fn scaling(parts: &Parts<'_>, found: &mut Violations) {
    let mut number = |key: &str| {
        let text = parts.template_metadata.annotations.get(key)?;
        let parsed = text.parse::<u32>().ok();
        if parsed.is_none() {
            found.add(
                format!("spec.template.metadata.annotations[{key}]"),
                format!("'{text}' must be a non-negative integer"),
            );
        }
        parsed
    };
    if let (Some(least), Some(most)) = (number(MIN_SCALE), number(MAX_SCALE))
        && most > 0
        && least > most
    {
        found.add(
            format!("spec.template.metadata.annotations[{MIN_SCALE}]"),
            format!("minScale {least} must not be greater than maxScale {most}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_service;
    use super::super::testing::{refused, service};
    use serde_json::json;

    #[test]
    fn reserved_keys() {
        let service = service(json!({
            "metadata": {
                "labels": {"cloud.googleapis.com/location": "r", "mine": "1", "team.example.com/x": "1"},
                "annotations": {"run.googleapis.com/ingress": "all", "run.googleapis.com/memory": "1"},
            },
            "spec": {"template": {"metadata": {
                "labels": {"client.knative.dev/nonce": "abc"},
                "annotations": {"autoscaling.knative.dev/maxScale": "5", "run.googleapis.com/ingress": "all"},
            }}},
        }));
        let violations = check_service(&service);
        assert_eq!(refused(&service), ["metadata.annotations", "spec.template.metadata.annotations"]);
        assert_eq!(violations[0].description, "'run.googleapis.com/memory' is not a supported annotation.");
    }

    #[test]
    fn scaling() {
        for (least, most, fine) in
            [("1", "5", true), ("6", "5", false), ("x", "5", false), ("-1", "5", false)]
        {
            let annotations =
                json!({"autoscaling.knative.dev/minScale": least, "autoscaling.knative.dev/maxScale": most});
            let service = service(json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}));
            assert_eq!(refused(&service).is_empty(), fine, "{least} {most}");
        }
        let misplaced =
            service(json!({"metadata": {"annotations": {"autoscaling.knative.dev/maxScale": "5"}}}));
        assert_eq!(refused(&misplaced), ["metadata.annotations"]);
    }
}
