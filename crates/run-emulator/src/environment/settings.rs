//! What is said of the surroundings: by the library's user, on the command line, or while the emulator runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::quirk::Quirk;
use crate::error::Violation;
use crate::images::Catalogue;
use crate::rules;

/// The project around Cloud Run: what is not there, not allowed, or used up. By default everything is there, and
/// there is enough of it.
///
/// ```
/// use run_emulator::{Emulator, Environment};
///
/// let environment = Environment::new().missing_secret("db-password").cpu_quota(20_000);
/// let builder = Emulator::builder().environment(environment);
/// # drop(builder);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[must_use]
pub struct Environment {
    pub(super) missing_secrets: BTreeSet<String>,
    pub(super) unreadable_secrets: BTreeSet<String>,
    unusable_accounts: BTreeSet<String>,
    pub(super) quota: Quota,
    pub(super) any_registry: bool,
    preview_annotations: BTreeSet<String>,
    quirks: BTreeSet<Quirk>,
}

impl Environment {
    /// Surroundings in which nothing is in the way.
    pub fn new() -> Self {
        Self::default()
    }

    /// There is no such secret: `NAME`, or one version of it: `NAME:VERSION`. What needs it fails with the reason
    /// `SecretsAccessCheckFailed`.
    pub fn missing_secret(mut self, name: impl Into<String>) -> Self {
        self.missing_secrets.insert(name.into());
        self
    }

    /// The secret is there, and the service accounts of services may not read it; it is named as for
    /// [`missing_secret`](Self::missing_secret).
    pub fn unreadable_secret(mut self, name: impl Into<String>) -> Self {
        self.unreadable_secrets.insert(name.into());
        self
    }

    /// The caller may not act as this service account, or it does not exist: creating and replacing with it is a 403,
    /// also if only the traffic changes.
    pub fn unusable_account(mut self, email: impl Into<String>) -> Self {
        self.unusable_accounts.insert(email.into());
        self
    }

    /// How much CPU the instances of one revision of a service may have together, in thousandths of a CPU. A service
    /// that asks for more (its CPU times `autoscaling.knative.dev/maxScale`) is refused.
    pub fn cpu_quota(mut self, thousandths: u64) -> Self {
        self.quota.cpu_thousandths = Some(thousandths);
        self
    }

    /// The same for memory, in bytes.
    pub fn memory_quota(mut self, bytes: u64) -> Self {
        self.quota.memory_bytes = Some(bytes);
        self
    }

    /// The same for GPUs.
    pub fn gpu_quota(mut self, count: u64) -> Self {
        self.quota.gpus = Some(count);
        self
    }

    /// Images may come from any registry. Without this only those of Google, GitHub and Docker Hub are accepted, as by the
    /// real API, besides the images that the emulator was told about by name.
    pub fn any_registry(mut self) -> Self {
        self.any_registry = true;
        self
    }

    /// The project is on the list for a feature, so that an annotation is accepted that the API does not know otherwise:
    /// what gcloud's alpha flags write, for example `run.googleapis.com/identity`. It is kept and has no effect.
    pub fn preview_annotation(mut self, key: impl Into<String>) -> Self {
        self.preview_annotations.insert(key.into());
        self
    }

    /// Cloud Run does what it was reported to do and does not always.
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.insert(quirk);
        self
    }

    /// Whether Cloud Run does so.
    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Whether something is refused for an annotation alone that this project may have.
    pub(crate) fn is_preview(&self, violation: &Violation) -> bool {
        let refusal = |key: &String| rules::unknown_annotation(key) == violation.description;
        self.preview_annotations.iter().any(refusal)
    }

    /// Whether the caller may act as a service account.
    pub(crate) fn may_act_as(&self, account: &str) -> bool {
        !self.unusable_accounts.contains(account)
    }
}

/// What surrounds the objects of an emulator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) environment: Environment,
    pub(crate) failures: FailureStyle,
    pub(crate) images: Arc<Catalogue>,
}

/// What a project may use in a region; what is not given has no bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Quota {
    pub(super) cpu_thousandths: Option<u64>,
    pub(super) memory_bytes: Option<u64>,
    pub(super) gpus: Option<u64>,
}

/// Where the failure of a revision shows in its service. Cloud Run has changed that, and clients have to handle both.
///
/// By the style of 2024, a missing or unreadable secret shows in all three conditions. (Seen in 2025.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureStyle {
    /// In `ConfigurationsReady`, with the reason of the revision, and with it in `Ready`; the routes stay what they were,
    /// since they follow the latest revision that is ready. (Seen in 2022 for a missing image; Knative.)
    #[serde(rename = "2022")]
    Of2022,
    /// In `RoutesReady`, and with it in `Ready`, while `ConfigurationsReady` is True. (Seen in 2024.)
    #[default]
    #[serde(rename = "2024")]
    Of2024,
}
