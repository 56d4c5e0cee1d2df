//! Scenarios: situations that users of Cloud Run have reported, by name.

use std::time::Duration;

use super::fault::{Fault, FaultKind, StatusFault};
use crate::config::Delays;
use crate::environment::{Environment, Quirk};

/// A situation with a name: faults, quirks, and perhaps other delays. [`EmulatorBuilder::scenario`] plays it.
///
/// [`EmulatorBuilder::scenario`]: crate::EmulatorBuilder::scenario
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    name: &'static str,
    about: &'static str,
    thread: &'static str,
    faults: fn() -> Vec<Fault>,
    delays: fn(Delays) -> Delays,
    quirks: &'static [Quirk],
}

const ALL: [Scenario; 18] = [
    Scenario {
        name: "conflict-once",
        about: "somebody else writes in between, once: the first replacement of each kind is a stale version",
        thread: "https://github.com/hashicorp/terraform-provider-google/issues/9438",
        faults: || vec![Fault::new(FaultKind::Conflict).on("replace_*").times(1)],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "endless-409",
        about: "every replacement is refused because the revision's name is taken: trying again cannot help",
        thread: "https://github.com/hashicorp/terraform-provider-google/issues/9438",
        faults: || vec![Fault::new(name_taken()).on("replace_service")],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "lost-answer",
        about: "the first write is applied, and its answer lost",
        thread: "https://github.com/hashicorp/terraform-provider-google/issues/7854",
        faults: || {
            let on = |operation: &str| Fault::new(FaultKind::ResetAfter).on(operation).times(1);
            vec![on("create_*"), on("replace_*"), on("delete_*"), on("set_*")]
        },
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "create-503-once",
        about: "the first creation, or run of a job, meets a server that is not available",
        thread: "https://github.com/PrefectHQ/prefect/issues/16448",
        faults: || {
            vec![
                Fault::new(FaultKind::Unavailable).on("create_*").times(1),
                Fault::new(FaultKind::Unavailable).on("run_job").times(1),
            ]
        },
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "status-read-fails-after-success",
        about: "the third read of every kind fails once: what was done stays done",
        thread: "https://github.com/danshapiro/freshell/issues/660",
        faults: || vec![Fault::new(FaultKind::Unavailable).on("get_*").after(2).times(1)],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "describe-403-is-not-missing",
        about: "reading a service is not allowed, which says nothing of whether it exists",
        thread: "https://github.com/BasedHardware/omi/issues/11103",
        faults: || vec![Fault::new(forbidden()).on("get_service")],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "policy-etag-race",
        about: "somebody else writes the policy in between, once",
        thread: "https://github.com/pulumi/pulumi-google-native/issues/862",
        faults: || vec![Fault::new(FaultKind::Conflict).on("set_service_iam_policy").times(1)],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "public-not-public",
        about: "the policies of the organisation do not allow public services",
        thread: "https://github.com/google-github-actions/deploy-cloudrun/issues/473",
        faults: || vec![Fault::new(not_permitted_customer()).on("set_service_iam_policy")],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "stale-ready",
        about: "for three seconds after each write, Ready is that of the generation before",
        thread: "https://github.com/hashicorp/terraform-provider-google/issues/8172",
        faults: Vec::new,
        delays: |delays| Delays { observe: Duration::from_secs(3), ..delays },
        quirks: &[],
    },
    Scenario {
        name: "stale-reads",
        about: "every read of a service answers with the state before the last write",
        thread: "https://github.com/schliflo/action-cloud-run/issues/6",
        faults: || vec![Fault::new(FaultKind::StaleRead).on("get_service").times(3)],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "ready-never",
        about: "the containers never become healthy, nor fail",
        thread: "https://github.com/GoogleCloudPlatform/datashare-toolkit/issues/510",
        faults: Vec::new,
        delays: |delays| Delays { health: Duration::from_secs(365 * 24 * 3600), ..delays },
        quirks: &[],
    },
    Scenario {
        name: "token-expired",
        about: "the credential is refused once, as if it had expired in between",
        thread: "https://github.com/google-github-actions/setup-gcloud/issues/660",
        faults: || vec![Fault::new(FaultKind::TokenExpired).times(1)],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "quota-exceeded",
        about: "the quota of requests is used up: five refusals, without a word of when to come again",
        thread: "https://github.com/googleapis/repo-automation-bots/issues/4469",
        faults: || vec![Fault::new(FaultKind::QuotaExceeded).times(5)],
        delays: |delays| delays,
        quirks: &[],
    },
    Scenario {
        name: "slow-deploy",
        about: "a deployment takes about as long as at Cloud Run: ten seconds",
        thread: "https://github.com/google-github-actions/deploy-cloudrun/issues/521",
        faults: Vec::new,
        delays: |_| {
            let seconds = Duration::from_secs;
            Delays {
                observe: seconds(1),
                import: seconds(3),
                provision: seconds(2),
                health: seconds(3),
                route: seconds(1),
                task: seconds(10),
                retry: seconds(1),
                delayed: seconds(60),
                delete: seconds(3),
            }
        },
        quirks: &[],
    },
    Scenario {
        name: "failing-latest-ready",
        about: "after a first deployment that failed, the failing revision is the latest ready one",
        thread: "https://github.com/GoogleCloudPlatform/gcpdiag",
        faults: Vec::new,
        delays: |delays| delays,
        quirks: &[Quirk::FailingLatestReady],
    },
    Scenario {
        name: "late-gpu-quota",
        about: "a revision with a GPU is accepted, and fails since the quota is used up",
        thread: "https://github.com/GoogleCloudPlatform/magic-modules/pull/17149",
        faults: Vec::new,
        delays: |delays| delays,
        quirks: &[Quirk::LateGpuQuota],
    },
    Scenario {
        name: "kept-name-409",
        about: "a replacement that keeps the name of its revision is refused, even if only the traffic changes",
        thread: "https://github.com/firebase/firebase-tools/issues/10136",
        faults: Vec::new,
        delays: |delays| delays,
        quirks: &[Quirk::KeptNameConflict],
    },
    Scenario {
        name: "name-taken-later",
        about: "the name of another service's revision is accepted, and fails the service afterwards",
        thread: "https://github.com/knative/serving/issues/8675",
        faults: Vec::new,
        delays: |delays| delays,
        quirks: &[Quirk::LateNameConflict],
    },
];

fn name_taken() -> FaultKind {
    status(409, "ALREADY_EXISTS", "Revision named 'taken' with different configuration already exists.")
}

fn forbidden() -> FaultKind {
    status(
        403,
        "PERMISSION_DENIED",
        "Permission 'run.services.get' denied on resource (or resource may not exist).",
    )
}

/// (Seen: the text names no constraint.)
fn not_permitted_customer() -> FaultKind {
    status(
        400,
        "FAILED_PRECONDITION",
        "One or more users named in the policy do not belong to a permitted customer, perhaps due to an \
         organization policy.",
    )
}

fn status(code: u16, status: &str, message: &str) -> FaultKind {
    FaultKind::Status(StatusFault {
        code,
        status: Some(status.to_owned()),
        message: Some(message.to_owned()),
        retry_after_seconds: None,
    })
}

impl Scenario {
    /// All scenarios.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The scenario with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    /// Its name, in kebab-case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What happens in it, in one sentence.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// Where somebody has reported it.
    #[must_use]
    pub fn thread(&self) -> &'static str {
        self.thread
    }

    /// The faults that it is made of, named after it.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        (self.faults)().into_iter().map(|fault| fault.named(self.name)).collect()
    }

    /// The surroundings with its quirks.
    pub fn environment(&self, present: Environment) -> Environment {
        self.quirks.iter().fold(present, |environment, quirk| environment.quirk(*quirk))
    }

    /// Its delays, where they are not the present ones.
    #[must_use]
    pub fn delays(&self, present: Delays) -> Delays {
        (self.delays)(present)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_can_be_written_to_a_file_and_read_again() {
        let mut names: Vec<&str> = Vec::new();
        for scenario in Scenario::all() {
            let faults = scenario.faults();
            let text = serde_json::to_string(&faults).unwrap();
            assert_eq!(Fault::list_from_json(&text).unwrap(), faults, "{}", scenario.name());
            let changes = scenario.delays(Delays::none()) != Delays::none();
            let changes = changes || scenario.environment(Environment::new()) != Environment::new();
            assert!(changes || !faults.is_empty(), "{} does nothing", scenario.name());
            assert!(!names.contains(&scenario.name()));
            names.push(scenario.name());
        }
        assert!(Scenario::by_name("conflict-once").is_some() && Scenario::by_name("unheard-of").is_none());
    }
}
