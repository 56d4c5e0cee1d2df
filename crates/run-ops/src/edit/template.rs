//! Settings of the template that all workloads, or those with revisions, have.

use run_api::Resource;
use run_api::Workload;
use run_api::known::annotations::{
    CPU_THROTTLING, ENCRYPTION_KEY, ENCRYPTION_KEY_SHUTDOWN_HOURS, EXECUTION_ENVIRONMENT,
    POST_KEY_REVOCATION_ACTION_TYPE, STARTUP_CPU_BOOST,
};
use run_api::types::{RevisionTemplate, Service, WorkerPool};

use super::error::{InvalidEdit, Problem};
use super::list::Edit;
use super::place::{Level, text};

/// The longest name of a revision. (Documented: a DNS label.)
const NAME_MAX: usize = 63;

impl<W: Workload> Edit<W> {
    /// The service account that the containers run as, by its e-mail address, or none for the default one: template
    /// `serviceAccountName`. (gcloud: `--service-account`)
    #[must_use]
    pub fn service_account<'a>(self, email: impl Into<Option<&'a str>>) -> Self {
        let email = text(email);
        self.with(move |workload| {
            if workload.pod().and_then(|pod| pod.service_account_name) != email.as_deref() {
                workload.pod_mut().service_account_name.clone_from(&email);
            }
            Ok(())
        })
    }

    /// `gen1` or `gen2`, or none for the server's choice: template annotation
    /// `run.googleapis.com/execution-environment`. (gcloud: `--execution-environment`)
    #[must_use]
    pub fn execution_environment<'a>(self, environment: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Template, EXECUTION_ENVIRONMENT, text(environment))
    }

    /// The key of Cloud KMS that the image is encrypted with, or none: template annotation
    /// `run.googleapis.com/encryption-key`. Without it, what should happen after its revocation goes as well.
    /// (gcloud: `--key`, `--clear-key`)
    #[must_use]
    pub fn encryption_key<'a>(self, key: impl Into<Option<&'a str>>) -> Self {
        let key = text(key);
        let clear = key.is_none();
        let edit = self.set_annotation(Level::Template, ENCRYPTION_KEY, key);
        if clear { edit.key_revocation_action(None) } else { edit }
    }

    /// What happens after the key was revoked, `prevent-new` or `shut-down`, or none: template annotation
    /// `run.googleapis.com/post-key-revocation-action-type`. Without it the hours go as well. (gcloud:
    /// `--post-key-revocation-action-type`)
    #[must_use]
    pub fn key_revocation_action<'a>(self, action: impl Into<Option<&'a str>>) -> Self {
        let action = text(action);
        let clear = action.is_none();
        let edit = self.set_annotation(Level::Template, POST_KEY_REVOCATION_ACTION_TYPE, action);
        if clear { edit.key_shutdown_hours(None) } else { edit }
    }

    /// The hours until instances end after the key was revoked, or none: template annotation
    /// `run.googleapis.com/encryption-key-shutdown-hours`. (gcloud: `--encryption-key-shutdown-hours`)
    #[must_use]
    pub fn key_shutdown_hours(self, hours: impl Into<Option<u32>>) -> Self {
        let hours = hours.into().map(|hours| hours.to_string());
        self.set_annotation(Level::Template, ENCRYPTION_KEY_SHUTDOWN_HOURS, hours)
    }
}

/// Edits of what has a template for revisions.
macro_rules! with_revisions {
    ($($kind:ty),*) => {$(
        impl Edit<$kind> {
            /// Whether the CPU is only there while requests are served, or none for the server's default: template
            /// annotation `run.googleapis.com/cpu-throttling`. (gcloud: `--cpu-throttling`)
            #[must_use]
            pub fn cpu_throttling(self, throttled: impl Into<Option<bool>>) -> Self {
                self.set_switch(Level::Template, CPU_THROTTLING, throttled.into())
            }

            /// Whether there is more CPU during the start, or none for the server's default: template annotation
            /// `run.googleapis.com/startup-cpu-boost`. (gcloud: `--cpu-boost`)
            #[must_use]
            pub fn startup_cpu_boost(self, boost: impl Into<Option<bool>>) -> Self {
                self.set_switch(Level::Template, STARTUP_CPU_BOOST, boost.into())
            }

            /// Names the revision that the next write makes after the object, a hyphen and this suffix, or none to
            /// let the server do it: template `metadata.name`. (gcloud: `--revision-suffix`)
            ///
            /// A name can be used once. A long name of the object is cut, as gcloud does it.
            #[must_use]
            pub fn revision_suffix<'a>(self, suffix: impl Into<Option<&'a str>>) -> Self {
                let suffix = text(suffix);
                self.with(move |workload| {
                    let name = match &suffix {
                        None => None,
                        Some(suffix) => Some(match workload.name() {
                            Some(object) => revision_name(object, suffix),
                            None => return Err(InvalidEdit::new("metadata.name", Problem::UnnamedObject)),
                        }),
                    };
                    let template = workload.spec.as_ref().and_then(|spec| spec.template.as_ref());
                    let present = template.and_then(|template| template.metadata.as_ref()?.name.as_ref());
                    if present != name.as_ref() {
                        let template: &mut RevisionTemplate =
                            workload.spec.get_or_insert_default().template.get_or_insert_default();
                        template.metadata.get_or_insert_default().name = name;
                    }
                    Ok(())
                })
            }
        }
    )*};
}

with_revisions!(Service, WorkerPool);

/// The name of a revision. A long name of the object is cut.
pub(crate) fn revision_name(object: &str, suffix: &str) -> String {
    let room = NAME_MAX.saturating_sub(suffix.chars().count() + 1);
    let head: String = object.chars().take(room).collect();
    format!("{head}-{suffix}")
}
