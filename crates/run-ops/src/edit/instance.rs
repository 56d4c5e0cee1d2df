//! Edits that only instances have.

use run_api::known::annotations::{INGRESS, INVOKER_IAM_DISABLED};
use run_api::types::Instance;

use super::list::Edit;
use super::place::{Level, text};

impl Edit<Instance> {
    /// When the containers are started again, `Always`, `OnFailure` or `Never`, or none for the server's default:
    /// `spec.restartPolicy`. (Documented: the API's reference.)
    #[must_use]
    pub fn restart_policy<'a>(self, policy: impl Into<Option<&'a str>>) -> Self {
        let policy = text(policy);
        self.with(move |instance| {
            let present = instance.spec.as_ref().and_then(|spec| spec.restart_policy.as_ref());
            if present != policy.as_ref() {
                instance.spec.get_or_insert_default().restart_policy.clone_from(&policy);
            }
            Ok(())
        })
    }

    /// From where requests may come, or none for the default: object annotation `run.googleapis.com/ingress`.
    /// (gcloud: `--ingress`)
    #[must_use]
    pub fn ingress<'a>(self, ingress: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Object, INGRESS, text(ingress))
    }

    /// Whether callers need the permission to invoke: object annotation `run.googleapis.com/invoker-iam-disabled`,
    /// inverted. (gcloud: `--invoker-iam-check`)
    #[must_use]
    pub fn invoker_iam_check(self, check: bool) -> Self {
        self.set_disabled(Level::Object, INVOKER_IAM_DISABLED, !check)
    }
}
