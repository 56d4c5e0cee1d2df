//! Edits that only services have.

use std::time::Duration;

use run_api::Resource;
use run_api::known::annotations::{
    CUSTOM_AUDIENCES, DEFAULT_URL_DISABLED, HEALTH_CHECK_DISABLED, IAP_ENABLED, INGRESS,
    INVOKER_IAM_DISABLED, SESSION_AFFINITY,
};
use run_api::types::{RevisionSpec, Service};

use super::error::{InvalidEdit, Problem};
use super::list::Edit;
use super::place::{Level, text, texts};

impl Edit<Service> {
    /// How many requests an instance serves at a time, or none for the server's default: template
    /// `containerConcurrency`. (gcloud: `--concurrency`)
    #[must_use]
    pub fn concurrency(self, requests: impl Into<Option<u16>>) -> Self {
        let requests = requests.into().map(i32::from);
        self.with(move |service| {
            if spec(service).and_then(|spec| spec.container_concurrency) != requests {
                spec_mut(service).container_concurrency = requests;
            }
            Ok(())
        })
    }

    /// How long a request may take, in whole seconds, or none for the server's default: template `timeoutSeconds`.
    /// (gcloud: `--timeout`)
    #[must_use]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.with(move |service| {
            let problem = || InvalidEdit::new("spec.template.spec.timeoutSeconds", Problem::Seconds);
            let seconds = match timeout {
                Some(timeout) if timeout.subsec_nanos() > 0 => return Err(problem()),
                Some(timeout) => Some(i32::try_from(timeout.as_secs()).map_err(|_| problem())?),
                None => None,
            };
            if spec(service).and_then(|spec| spec.timeout_seconds) != seconds {
                spec_mut(service).timeout_seconds = seconds;
            }
            Ok(())
        })
    }

    /// Whether the requests of one client go to one instance: template annotation
    /// `run.googleapis.com/sessionAffinity`, `true` or absent. (gcloud: `--session-affinity`)
    #[must_use]
    pub fn session_affinity(self, affinity: bool) -> Self {
        self.set_disabled(Level::Template, SESSION_AFFINITY, affinity)
    }

    /// Whether a deployment waits until the revision has started: template annotation
    /// `run.googleapis.com/health-check-disabled`, inverted. (gcloud: `--deploy-health-check`)
    #[must_use]
    pub fn deploy_health_check(self, check: bool) -> Self {
        self.set_disabled(Level::Template, HEALTH_CHECK_DISABLED, !check)
    }

    /// From where requests may come, `all`, `internal` or `internal-and-cloud-load-balancing`, or none for the
    /// default: object annotation `run.googleapis.com/ingress`. (gcloud: `--ingress`)
    #[must_use]
    pub fn ingress<'a>(self, ingress: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Object, INGRESS, text(ingress))
    }

    /// Whether the service has a URL of `run.app`: object annotation `run.googleapis.com/default-url-disabled`,
    /// inverted. (gcloud: `--default-url`)
    #[must_use]
    pub fn default_url(self, has_url: bool) -> Self {
        self.set_disabled(Level::Object, DEFAULT_URL_DISABLED, !has_url)
    }

    /// Whether callers need the permission to invoke: object annotation `run.googleapis.com/invoker-iam-disabled`,
    /// inverted. (gcloud: `--invoker-iam-check`)
    #[must_use]
    pub fn invoker_iam_check(self, check: bool) -> Self {
        self.set_disabled(Level::Object, INVOKER_IAM_DISABLED, !check)
    }

    /// Whether requests go through Identity-Aware Proxy: object annotation `run.googleapis.com/iap-enabled`, `true`
    /// or absent. (gcloud: `--iap`)
    #[must_use]
    pub fn iap(self, enabled: bool) -> Self {
        self.set_disabled(Level::Object, IAP_ENABLED, enabled)
    }

    /// Adds audiences that tokens may be for: object annotation `run.googleapis.com/custom-audiences`, a JSON list.
    /// (gcloud: `--add-custom-audiences`)
    #[must_use]
    pub fn add_custom_audiences<T: Into<String>>(self, audiences: impl IntoIterator<Item = T>) -> Self {
        let audiences = texts(audiences);
        self.audiences(move |present| {
            for audience in &audiences {
                if !present.contains(audience) {
                    present.push(audience.clone());
                }
            }
        })
    }

    /// Takes audiences away. (gcloud: `--remove-custom-audiences`)
    #[must_use]
    pub fn remove_custom_audiences<T: Into<String>>(self, audiences: impl IntoIterator<Item = T>) -> Self {
        let audiences = texts(audiences);
        self.audiences(move |present| present.retain(|one| !audiences.contains(one)))
    }

    /// Takes these audiences in place of all that are there; none for none. (gcloud: `--set-custom-audiences`,
    /// `--clear-custom-audiences`)
    #[must_use]
    pub fn set_custom_audiences<T: Into<String>>(self, audiences: impl IntoIterator<Item = T>) -> Self {
        let audiences = texts(audiences);
        self.audiences(move |present| present.clone_from(&audiences))
    }

    fn audiences(self, change: impl Fn(&mut Vec<String>) + Send + Sync + 'static) -> Self {
        self.with(move |service| {
            let at = |problem| InvalidEdit::new(Level::Object.path::<Service>(CUSTOM_AUDIENCES), problem);
            let before: Vec<String> = match service.annotation(CUSTOM_AUDIENCES) {
                None | Some("") => Vec::new(),
                Some(text) => {
                    serde_json::from_str(text).map_err(|error| at(Problem::Unreadable(error.to_string())))?
                }
            };
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                return Ok(());
            }
            let text =
                serde_json::to_string(&after).map_err(|error| at(Problem::Other(error.to_string())))?;
            let text = Some(text.as_str()).filter(|_| !after.is_empty());
            Level::Object.annotate(service, CUSTOM_AUDIENCES, text);
            Ok(())
        })
    }
}

fn spec(service: &Service) -> Option<&RevisionSpec> {
    service.spec.as_ref()?.template.as_ref()?.spec.as_ref()
}

fn spec_mut(service: &mut Service) -> &mut RevisionSpec {
    service.spec.get_or_insert_default().template.get_or_insert_default().spec.get_or_insert_default()
}
