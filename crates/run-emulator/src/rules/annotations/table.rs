//! The annotations that the API knows: on which kinds of objects, with which values, and where that was learned.

use super::syntax::Syntax::{self, *};
use run_api::known;

use crate::rules::place::Place::{
    self, DomainMapping, Execution, Instance, Job, Revision, Service, WorkerPool,
};

/// An annotation with a reserved prefix.
#[derive(Debug)]
pub(in crate::rules) struct Annotation {
    pub(in crate::rules) key: &'static str,
    /// The kinds of objects that it belongs on.
    pub(in crate::rules) on: &'static [Place],
    pub(in crate::rules) value: Syntax,
    /// By the marks of RULES.md, which a test holds to this table.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(in crate::rules) learned: &'static str,
}

const ALL: &[Place] = &[Service, Revision, Job, Execution, WorkerPool, Instance, DomainMapping];
/// What serves, or works, by revisions.
const SCALED: &[Place] = &[Service, WorkerPool];
/// What source deployments write.
const BUILT: &[Place] = &[Service, Job];
const BUILT_AND_REVISION: &[Place] = &[Service, Revision, Job];
const BOTH_TEMPLATES: &[Place] = &[Revision, Execution];
const WITH_CONTAINERS: &[Place] = &[Revision, Execution, Instance];
/// What Knative's annotations name the author of.
const SIGNED: &[Place] = &[Service, Revision, WorkerPool, Instance, DomainMapping];

const fn annotation(
    key: &'static str,
    on: &'static [Place],
    value: Syntax,
    learned: &'static str,
) -> Annotation {
    Annotation { key, on, value, learned }
}

/// A key with Cloud Run's own prefix.
macro_rules! run {
    ($key:literal) => {
        concat!("run.googleapis.com/", $key)
    };
}

/// *spec* is the list in the API's document (`ObjectMeta.annotations`, `Service.metadata`, `WorkerPool.metadata`); *gcloud*
/// is what gcloud's flags write.
pub(in crate::rules) const TABLE: &[Annotation] = &[
    annotation(known::annotations::MAX_SCALE, &[Revision], Count, "spec"),
    annotation(known::annotations::MIN_SCALE, &[Revision], Count, "spec"),
    annotation(known::annotations::CREATOR, SIGNED, Owned, "seen"),
    annotation(known::annotations::LAST_MODIFIER, SIGNED, Owned, "seen"),
    annotation(run!("base-images"), &[Service, Revision, Execution], Texts, "spec; gcloud"),
    annotation(run!("binary-authorization"), &[Service, Job, Execution, WorkerPool], Anything, "spec"),
    annotation(
        run!("binary-authorization-breakglass"),
        &[Service, Job, WorkerPool],
        Anything,
        "spec; gcloud",
    ),
    annotation(run!("build-base-image"), BUILT, Anything, "spec; gcloud"),
    annotation(run!("build-enable-automatic-updates"), BUILT, Boolean, "spec; gcloud"),
    annotation(run!("build-environment-variables"), BUILT, Texts, "spec; gcloud"),
    annotation(run!("build-function-target"), BUILT_AND_REVISION, Anything, "spec; gcloud"),
    annotation(run!("build-id"), BUILT_AND_REVISION, Anything, "spec; gcloud"),
    annotation(run!("build-image-uri"), BUILT, Anything, "spec; gcloud"),
    annotation(run!("build-name"), BUILT, Anything, "spec; gcloud"),
    annotation(run!("build-service-account"), BUILT, Anything, "spec; gcloud"),
    annotation(run!("build-source-location"), BUILT_AND_REVISION, Anything, "spec; gcloud"),
    annotation(run!("build-worker-pool"), BUILT, Anything, "spec; gcloud"),
    annotation(run!("client-name"), ALL, Anything, "spec"),
    annotation(run!("client-version"), ALL, Anything, "gcloud"),
    annotation(run!("cloudsql-instances"), WITH_CONTAINERS, CloudSqlInstances, "spec; seen for v2"),
    annotation(run!("container-dependencies"), WITH_CONTAINERS, Dependencies, "spec; seen for jobs"),
    annotation(run!("cpu-throttling"), &[Revision], Boolean, "spec; seen"),
    annotation(run!("creator"), &[Job, Execution], Owned, "seen"),
    annotation(run!("custom-audiences"), &[Service], ListOfTexts, "spec; gcloud"),
    annotation(run!("default-url-disabled"), &[Service], Boolean, "spec; gcloud"),
    annotation(run!("description"), &[Service, Job, WorkerPool, Instance], Anything, "spec; gcloud"),
    annotation(run!("encryption-key"), WITH_CONTAINERS, Key, "spec; seen for v2"),
    annotation(run!("encryption-key-shutdown-hours"), BOTH_TEMPLATES, Hours, "spec; gcloud"),
    annotation(
        run!("execution-environment"),
        &[Service, Revision, Execution],
        OneOf(&["gen1", "gen2"]),
        "spec; seen on services",
    ),
    annotation(run!("gc-traffic-tags"), &[Service], Anything, "spec"),
    annotation(run!("gpu-zonal-redundancy-disabled"), BOTH_TEMPLATES, Boolean, "spec; seen for v2"),
    annotation(run!("health-check-disabled"), &[Revision], Boolean, "spec; gcloud"),
    annotation(run!("iap-enabled"), &[Service], Boolean, "gcloud"),
    annotation(
        run!("ingress"),
        &[Service, Instance],
        OneOf(&["all", "internal", "internal-and-cloud-load-balancing"]),
        "spec; documented",
    ),
    annotation(run!("ingress-status"), &[Service], Owned, "spec"),
    annotation(run!("invoker-iam-disabled"), &[Service, Instance], Boolean, "spec; gcloud"),
    annotation(run!("lastModifier"), &[Job, Execution], Owned, "seen"),
    annotation(
        run!("launch-stage"),
        &[Service, Job, WorkerPool, Instance, DomainMapping],
        OneOf(&["ALPHA", "BETA", "GA"]),
        "spec; seen for v2",
    ),
    annotation(run!("manualInstanceCount"), SCALED, Count, "spec; gcloud"),
    annotation(run!("max-surge"), &[WorkerPool], Percent, "gcloud"),
    annotation(run!("max-unavailable"), &[WorkerPool], Percent, "gcloud"),
    annotation(run!("maxScale"), SCALED, Count, "spec; gcloud"),
    annotation(run!("mesh"), &[Revision], Anything, "gcloud"),
    annotation(run!("minScale"), SCALED, Count, "spec; gcloud"),
    annotation(run!("network-interfaces"), WITH_CONTAINERS, NetworkInterfaces, "spec; seen for v2"),
    annotation(run!("operation-id"), ALL, Owned, "seen"),
    annotation(
        run!("post-key-revocation-action-type"),
        BOTH_TEMPLATES,
        OneOf(&["prevent-new", "shut-down"]),
        "spec; gcloud",
    ),
    annotation(run!("regions"), &[Service], Anything, "gcloud"),
    annotation(run!("sandbox"), BOTH_TEMPLATES, Anything, "gcloud"),
    annotation(run!("scaling-concurrency-target"), &[Revision], Anything, "gcloud"),
    annotation(run!("scaling-cpu-target"), &[Revision], Anything, "gcloud"),
    annotation(run!("scalingMode"), SCALED, OneOf(&["automatic", "manual"]), "spec; gcloud"),
    annotation(run!("secrets"), WITH_CONTAINERS, SecretAliases, "spec; inferred on instances"),
    annotation(run!("secure-session-agent"), &[Revision], Boolean, "spec; inferred"),
    annotation(run!("sessionAffinity"), &[Revision], Boolean, "spec; gcloud"),
    annotation(run!("ssh-enabled"), &[Service], Boolean, "gcloud"),
    annotation(run!("startup-cpu-boost"), &[Revision], Boolean, "spec; gcloud"),
    annotation(run!("threat-detection"), &[WorkerPool], Anything, "gcloud"),
    annotation(run!("urls"), &[Service], Owned, "seen"),
    annotation(run!("vpc-access-connector"), BOTH_TEMPLATES, Connector, "seen; documented"),
    annotation(
        run!("vpc-access-egress"),
        WITH_CONTAINERS,
        OneOf(&["all", "all-traffic", "private-ranges-only"]),
        "spec",
    ),
];

/// Those that gcloud's alpha flags write, for projects that are on a list. The API's answer to others was not seen.
pub(in crate::rules) const PREVIEW: &[&str] = &[
    run!("ambient-networking"),
    run!("enable-workload-certificate"),
    run!("identity"),
    run!("identity-certificate-enabled"),
    run!("identity-type"),
    run!("mesh-dataplane"),
    run!("overflow-scaling"),
    run!("presets"),
    run!("sources"),
];

impl Annotation {
    /// The kinds that it belongs on, with commas.
    pub(in crate::rules) fn kinds(&self) -> String {
        self.on.iter().map(|place| place.name()).collect::<Vec<_>>().join(", ")
    }
}

/// The annotation with this key.
pub(in crate::rules) fn find(key: &str) -> Option<&'static Annotation> {
    TABLE.iter().find(|annotation| annotation.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = include_str!("../../../RULES.md");

    /// RULES.md has a line for each, as it stands here.
    #[test]
    fn the_rules_have_a_line_for_each_annotation() {
        let expected: Vec<String> = TABLE
            .iter()
            .map(|one| {
                let kinds = if one.on.len() == ALL.len() { "all".to_owned() } else { one.kinds() };
                format!("| `{}` | {kinds} | {} | {} |", one.key, one.value, one.learned)
            })
            .collect();
        let section =
            RULES.split("\n## ").find(|section| section.starts_with("Annotations\n")).unwrap_or_default();
        let lines: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(
            lines,
            expected,
            "the table of annotations in RULES.md should be:\n{}\n",
            expected.join("\n")
        );
    }

    #[test]
    fn each_key_stands_once() {
        let mut keys: Vec<&str> = TABLE.iter().map(|one| one.key).chain(PREVIEW.iter().copied()).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }
}
