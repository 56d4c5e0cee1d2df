//! Every flag of gcloud's `run` group, and what runctl makes of it.
//! (Sources: the command tree of gcloud 528, its release notes up to 588, and the flags that it hides from its help.)

use Standing::{Instead, Later, Taken};

/// What runctl makes of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Some command of runctl has it, under the same name.
    Taken,
    /// What to use in its place.
    Instead(&'static str),
    /// A later release has it, with the commands that are named.
    Later(&'static str),
}

const BUILD: &str = "runctl does not build images: build and push one, and deploy it with --image";
const POOLS: &str = "worker pools";
const DOMAINS: &str = "domain mappings";
const ANTHOS: &str = "runctl manages Cloud Run; for Knative on a cluster use kubectl";
const LOGS: &str = "logs are another API, Cloud Logging: `gcloud run services logs read SERVICE`";

/// The table, by name.
pub(crate) const FLAGS: &[(&str, Standing)] = &[
    ("--abandoned", Taken),
    ("--access-token-file", Taken),
    (
        "--account",
        Instead(
            "runctl uses application default credentials: `gcloud auth application-default login`, --access-token-file or --impersonate-service-account",
        ),
    ),
    ("--add-cloudsql-instances", Taken),
    ("--add-custom-audiences", Taken),
    (
        "--add-regions",
        Instead("services in several regions at once: `gcloud beta run multi-region-services`"),
    ),
    ("--add-volume", Taken),
    ("--add-volume-mount", Taken),
    (
        "--all",
        Instead("bindings under any condition: edit the policy, and use `runctl services set-iam-policy`"),
    ),
    ("--allow-unauthenticated", Taken),
    ("--allow-unencrypted-build", Instead(BUILD)),
    ("--args", Taken),
    ("--async", Taken),
    ("--automatic-updates", Instead(BUILD)),
    ("--base-image", Instead(BUILD)),
    ("--billing-project", Taken),
    ("--binary-authorization", Taken),
    ("--breakglass", Taken),
    ("--broker", Instead(ANTHOS)),
    ("--build-env-vars-file", Instead(BUILD)),
    ("--build-service-account", Instead(BUILD)),
    ("--build-worker-pool", Instead(BUILD)),
    ("--cancelled", Taken),
    ("--clear-base-image", Instead(BUILD)),
    ("--clear-binary-authorization", Taken),
    ("--clear-build-env-vars", Instead(BUILD)),
    ("--clear-build-service-account", Instead(BUILD)),
    ("--clear-build-worker-pool", Instead(BUILD)),
    ("--clear-cloudsql-instances", Taken),
    ("--clear-custom-audiences", Taken),
    ("--clear-encryption-key-shutdown-hours", Taken),
    ("--clear-env-vars", Taken),
    ("--clear-key", Taken),
    ("--clear-labels", Taken),
    ("--clear-network", Taken),
    ("--clear-network-tags", Taken),
    ("--clear-post-key-revocation-action-type", Taken),
    ("--clear-secrets", Taken),
    ("--clear-tags", Taken),
    ("--clear-volume-mounts", Taken),
    ("--clear-volumes", Taken),
    ("--clear-vpc-connector", Taken),
    ("--client-name", Instead("runctl writes its own name and version")),
    ("--client-version", Instead("runctl writes its own name and version")),
    ("--cluster", Instead(ANTHOS)),
    ("--cluster-location", Instead(ANTHOS)),
    ("--command", Taken),
    ("--completed", Taken),
    ("--concurrency", Taken),
    ("--condition", Taken),
    ("--condition-from-file", Instead("edit the policy, and use `runctl services set-iam-policy`")),
    ("--configuration", Taken),
    ("--connectivity", Instead(ANTHOS)),
    ("--container", Taken),
    ("--context", Instead(ANTHOS)),
    ("--cpu", Taken),
    ("--cpu-boost", Taken),
    ("--cpu-throttling", Taken),
    ("--custom-type", Instead(ANTHOS)),
    ("--debug", Instead(ANTHOS)),
    ("--default-url", Taken),
    ("--delay-execution", Taken),
    ("--delegate-builds", Instead(BUILD)),
    ("--depends-on", Taken),
    ("--deploy-health-check", Taken),
    ("--description", Taken),
    ("--domain", Later(DOMAINS)),
    ("--dry-run", Taken),
    ("--enable-workload-certificate", Instead("gcloud has it hidden; it is not part of the public API")),
    ("--encryption-key-shutdown-hours", Taken),
    ("--env-vars-file", Taken),
    ("--execute-now", Taken),
    ("--execution", Taken),
    ("--execution-environment", Taken),
    ("--failed", Taken),
    ("--filter", Taken),
    ("--flags-file", Instead("write the arguments into a script, or a manifest for `services replace`")),
    ("--flatten", Taken),
    ("--force-override", Later(DOMAINS)),
    ("--format", Taken),
    ("--freshness", Instead(LOGS)),
    ("--function", Instead(BUILD)),
    ("--functional-type", Instead("workload identity certificates are in preview, and not part of API v1")),
    ("--gpu", Taken),
    ("--gpu-type", Taken),
    ("--gpu-zonal-redundancy", Taken),
    ("--help", Taken),
    ("--iap", Taken),
    ("--identity", Instead("gcloud has it hidden; name the service account with --service-account")),
    (
        "--identity-certificate",
        Instead("workload identity certificates are in preview, and not part of API v1"),
    ),
    ("--identity-type", Instead("workload identity certificates are in preview, and not part of API v1")),
    ("--image", Taken),
    ("--impersonate-service-account", Taken),
    ("--ingress", Taken),
    ("--invoker-iam-check", Taken),
    ("--job", Taken),
    ("--key", Taken),
    ("--kubeconfig", Instead(ANTHOS)),
    ("--labels", Taken),
    ("--limit", Taken),
    ("--liveness-probe", Taken),
    ("--local-build", Instead(BUILD)),
    ("--log-filter", Instead(LOGS)),
    ("--log-http", Taken),
    ("--max", Taken),
    ("--max-instances", Taken),
    ("--max-retries", Taken),
    ("--max-surge", Later(POOLS)),
    ("--max-unavailable", Later(POOLS)),
    ("--member", Taken),
    ("--memory", Taken),
    ("--mesh", Taken),
    ("--mesh-dataplane", Instead("gcloud has it hidden; name the mesh with --mesh")),
    ("--min", Taken),
    ("--min-instances", Taken),
    ("--namespace", Instead("the namespace is the project: use --project")),
    ("--network", Taken),
    ("--network-tags", Taken),
    ("--no-build", Instead(BUILD)),
    ("--no-completed", Taken),
    ("--no-promote", Later(POOLS)),
    ("--no-started", Taken),
    ("--no-traffic", Taken),
    ("--order", Instead(LOGS)),
    ("--overflow-scaling", Instead("overflow scaling is in private preview, and not part of API v1")),
    ("--page-size", Taken),
    ("--parallelism", Taken),
    ("--pending", Taken),
    ("--platform", Taken),
    ("--port", Taken),
    ("--post-key-revocation-action-type", Taken),
    ("--presets", Instead("presets are texts inside gcloud: write the flags that they stand for")),
    ("--project", Taken),
    ("--public", Instead("use --allow-unauthenticated")),
    ("--quiet", Taken),
    ("--readiness-probe", Taken),
    ("--region", Taken),
    ("--regions", Instead("services in several regions at once: `gcloud beta run multi-region-services`")),
    ("--remove-build-env-vars", Instead(BUILD)),
    ("--remove-cloudsql-instances", Taken),
    ("--remove-containers", Taken),
    ("--remove-custom-audiences", Taken),
    ("--remove-env-vars", Taken),
    ("--remove-labels", Taken),
    (
        "--remove-regions",
        Instead("services in several regions at once: `gcloud beta run multi-region-services`"),
    ),
    ("--remove-secrets", Taken),
    ("--remove-tags", Taken),
    ("--remove-volume", Taken),
    ("--remove-volume-mount", Taken),
    ("--repo", Instead(BUILD)),
    ("--revision-suffix", Taken),
    ("--role", Taken),
    ("--run-upload", Instead(BUILD)),
    ("--running", Taken),
    ("--runtime", Instead(BUILD)),
    (
        "--sandbox-launcher",
        Instead("sandboxes are in preview: write `sandboxLauncher` into a manifest for `services replace`"),
    ),
    ("--scaling", Taken),
    ("--scaling-concurrency-target", Taken),
    ("--scaling-cpu-target", Taken),
    ("--service", Taken),
    ("--service-account", Taken),
    ("--service-max-instances", Instead("use --max")),
    ("--service-min-instances", Instead("use --min")),
    ("--session-affinity", Taken),
    ("--set-build-env-vars", Instead(BUILD)),
    ("--set-cloudsql-instances", Taken),
    ("--set-custom-audiences", Taken),
    ("--set-env-vars", Taken),
    ("--set-secrets", Taken),
    ("--set-tags", Taken),
    ("--sort-by", Taken),
    ("--source", Instead(BUILD)),
    ("--ssh", Taken),
    ("--started", Taken),
    ("--startup-probe", Taken),
    ("--subnet", Taken),
    ("--succeeded", Taken),
    ("--tag", Taken),
    ("--tail", Instead(LOGS)),
    ("--task-timeout", Taken),
    ("--tasks", Taken),
    ("--timeout", Taken),
    ("--to-latest", Taken),
    ("--to-revisions", Taken),
    ("--to-tags", Taken),
    ("--token", Taken),
    ("--trace-token", Instead("it is for Google's support: use gcloud; --log-http shows what is sent")),
    ("--trigger-filters", Instead(ANTHOS)),
    ("--update-annotations", Taken),
    ("--update-build-env-vars", Instead(BUILD)),
    ("--update-env-vars", Taken),
    ("--update-labels", Taken),
    ("--update-secrets", Taken),
    ("--update-tags", Taken),
    ("--uri", Taken),
    ("--use-http2", Taken),
    ("--user-output-enabled", Taken),
    ("--verbosity", Taken),
    ("--version", Taken),
    ("--vpc-connector", Taken),
    ("--vpc-egress", Taken),
    ("--wait", Taken),
    ("--workdir", Taken),
    ("--worker", Later(POOLS)),
    ("--worker-pool", Later(POOLS)),
];

/// The flag of gcloud's with this name, or with `no-` in front of its name.
pub(crate) fn flag(name: &str) -> Option<(&'static str, Standing)> {
    let positive = name.strip_prefix("--no-").map(|rest| format!("--{rest}"));
    let find = |name: &str| FLAGS.iter().find(|(known, _)| *known == name).copied();
    find(name).or_else(|| find(&positive?))
}

/// Whether a tip may lead from what was typed to this flag or command: never to one that takes away or overrides more
/// than what was typed would have.
pub(crate) fn is_safe_tip(typed: &str, tip: &str) -> bool {
    const DANGEROUS: [&str; 6] = ["set-", "clear-", "remove-", "delete", "repair", "replace"];
    let (typed, tip) = (typed.trim_start_matches('-'), tip.trim_start_matches('-'));
    DANGEROUS.iter().all(|start| !tip.starts_with(start) || typed.starts_with(&start[..4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_each_flag_once() {
        for pair in FLAGS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
        assert_eq!(flag("--no-cpu-boost").map(|(name, _)| name), Some("--cpu-boost"));
        assert_eq!(flag("--no-traffic").map(|(name, _)| name), Some("--no-traffic"));
        assert_eq!(flag("--colour"), None);
    }

    #[test]
    fn tips_never_lead_to_more_harm() {
        for (typed, tip, safe) in [
            ("--update-env-vars", "--set-env-vars", false),
            ("--update-env-var", "--update-env-vars", true),
            ("--set-env-var", "--set-env-vars", true),
            ("--env-vars", "--set-env-vars", false),
            ("--remove-tag", "--remove-tags", true),
            ("replace", "repair", false),
            ("delet", "delete", true),
            ("descripe", "describe", true),
        ] {
            assert_eq!(is_safe_tip(typed, tip), safe, "{typed} → {tip}");
        }
    }
}
