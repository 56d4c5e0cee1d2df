//! What Cloud Run was seen to do once, and not always.

use serde::{Deserialize, Serialize};

/// Something that Cloud Run was reported to do, against other reports or against what it does most of the time. None of
/// them is on by itself; [`Environment::quirk`](crate::Environment::quirk) or a [`Scenario`](crate::Scenario) switches
/// one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Quirk {
    /// `failing-latest-ready`: after a first deployment that failed, the service names the failing revision as the latest
    /// one that is ready. (Seen in one recording of the newer API.)
    FailingLatestReady,
    /// `late-gpu-quota`: the quota of GPUs is found to be used up only after the write, while a revision gets its
    /// resources. (Seen in several reports.)
    LateGpuQuota,
    /// `kept-name-conflict`: a replacement that keeps the name of its revision is a 409, even if only the traffic changes.
    /// (Seen in reports of March 2026, against others.)
    KeptNameConflict,
    /// `late-name-conflict`: the name of a revision that belongs to another service is accepted, and fails the service
    /// afterwards. (Knative.)
    LateNameConflict,
}
