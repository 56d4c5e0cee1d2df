//! A cause with what to do about it.

use std::fmt;

use run_api::types::Service;

use super::{Cause, Hint, api, condition};
use crate::failure::roles::role_for;
use crate::{Error, ErrorKind};

/// Why something failed, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The cause.
    pub cause: Cause,
    /// What to do, the likeliest first.
    pub hints: Vec<Hint>,
}

impl Diagnosis {
    /// The diagnosis of a refused or failed request.
    ///
    /// ```
    /// use run_ops::{Cause, Diagnosis};
    ///
    /// let error = run_api::Error::from_status(
    ///     403,
    ///     "PERMISSION_DENIED",
    ///     "Permission 'run.services.update' denied on resource 'namespaces/p/services/s' (or resource may not exist).",
    /// );
    /// let diagnosis = Diagnosis::of_api(&error);
    /// assert_eq!(diagnosis.cause.code(), "permission-denied");
    /// assert_eq!(diagnosis.hints[0].to_string(), "grant roles/run.developer on the service or its project to the caller");
    /// ```
    #[must_use]
    pub fn of_api(error: &run_api::Error) -> Self {
        let about = About { is_in_doubt: error.is_outcome_unknown(), ..About::default() };
        Self::of(api::cause_of(error), &about)
    }

    /// The diagnosis of an operation's error; none if the error is no failure of the server's (a deadline that
    /// passed, an edit that was refused here).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// use std::time::Duration;
    /// use run_ops::{Deadline, DeployRequest, Diagnosis};
    ///
    /// let broken = DeployRequest::new(hello).image("docker.io/run-emulator/missing");
    /// let error = ops.deploy(&broken, Deadline::after(Duration::from_secs(60))).await.unwrap_err();
    /// assert_eq!(Diagnosis::of_error(&error).expect("a failure").cause.code(), "image-missing");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn of_error(error: &Error) -> Option<Self> {
        match (error.kind(), error.api()) {
            (ErrorKind::Failed, _) => {
                let cause = condition::cause_of(error.reason(), error.message());
                Some(Self::of(cause, &About::default()))
            }
            (ErrorKind::AlreadyExists, _) => Some(Self::of(Cause::AlreadyExists, &About::default())),
            (ErrorKind::Api | ErrorKind::Contended | ErrorKind::OutcomeUnknown, Some(api)) => {
                Some(Self::of_api(api))
            }
            _ => None,
        }
    }

    pub(super) fn of(cause: Cause, about: &About) -> Self {
        let hints = hints(&cause, about);
        Self { cause, hints }
    }
}

impl fmt::Display for Diagnosis {
    /// The cause with its code, and a line for each hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.cause, self.cause.code())?;
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// Whom and what the hints are about, as far as that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    namespace: String,
    service_account: Option<String>,
    /// Whether a write may have been applied.
    is_in_doubt: bool,
}

impl About {
    pub(super) fn service(service: &Service) -> Self {
        let metadata = service.metadata.as_ref();
        let template = service.spec.as_ref().and_then(|spec| spec.template.as_ref());
        Self {
            namespace: metadata.and_then(|metadata| metadata.namespace.clone()).unwrap_or_default(),
            service_account: template
                .and_then(|template| template.spec.as_ref()?.service_account_name.clone())
                .filter(|name| !name.is_empty()),
            is_in_doubt: false,
        }
    }

    /// Answers carry the project's number as the namespace; these accounts are named after it.
    fn number(&self) -> Option<&str> {
        let number = self.namespace.as_str();
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    }

    /// (Source: <https://cloud.google.com/iam/docs/service-agents>)
    fn service_agent(&self) -> String {
        match self.number() {
            Some(number) => {
                format!("serviceAccount:service-{number}@serverless-robot-prod.iam.gserviceaccount.com")
            }
            None => "the Cloud Run service agent of the project".to_owned(),
        }
    }

    /// The account that the service runs as. (Source: <https://cloud.google.com/run/docs/securing/service-identity>)
    fn runtime_account(&self) -> String {
        match (&self.service_account, self.number()) {
            (Some(account), _) => format!("serviceAccount:{account}"),
            (None, Some(number)) => format!("serviceAccount:{number}-compute@developer.gserviceaccount.com"),
            (None, None) => "the service account that the service runs as".to_owned(),
        }
    }
}

const CALLER: &str = "the caller";
const REPAIR: &str = "Ops::repair";

fn hints(cause: &Cause, about: &About) -> Vec<Hint> {
    let or = |name: &Option<String>, words: &str| name.clone().unwrap_or_else(|| words.to_owned());
    match cause {
        Cause::ImageMissing { .. } => {
            vec![Hint::flag("--image", "check name and tag: was the image pushed, and to this repository?")]
        }
        Cause::ImageNotReadable { .. } => vec![
            Hint::grant("roles/artifactregistry.reader", about.service_agent(), "the image's repository"),
            Hint::flag("--image", "the server says the same of an image that does not exist"),
        ],
        Cause::ContainerExited { .. } => vec![
            Hint::advice("read the revision's logs: the container ended by itself"),
            Hint::flag("--command", "check command, arguments and variables: are they this image's?"),
        ],
        Cause::ContainerNotListening { port } => {
            let port = port.map_or_else(|| "$PORT".to_owned(), |port| port.to_string());
            vec![
                Hint::advice(format!(
                    "listen on 0.0.0.0:{port}, not on localhost; a container that exits looks the same, so read the revision's logs"
                )),
                Hint::flag("--port", "name the port that the container does listen on"),
                Hint::flag("--startup-probe", "give a slow start more time"),
            ]
        }
        Cause::HealthCheckFailed => vec![
            Hint::advice("read the revision's logs"),
            Hint::flag("--startup-probe", "check path, port and thresholds"),
        ],
        Cause::OutOfMemory => vec![Hint::flag("--memory", "raise the limit")],
        Cause::SecretNotReadable { secret } => vec![
            Hint::grant(
                "roles/secretmanager.secretAccessor",
                about.runtime_account(),
                or(secret, "the secret"),
            ),
            Hint::flag("--update-secrets", "check that the secret and this version of it exist"),
        ],
        Cause::MinInstances => vec![Hint::flag("--min-instances", "lower it, or try again later")],
        Cause::RevisionLimit => {
            vec![Hint::advice("delete revisions and tags that nobody needs, or use another region")]
        }
        Cause::ProgressDeadline => vec![Hint::advice("deploy again: nothing more is known")],
        Cause::RevisionMissing { .. } | Cause::RevisionFailed { .. } => {
            vec![Hint::call(REPAIR, "takes revisions that can not serve out of the traffic")]
        }
        Cause::ActAsDenied { service_account } => vec![
            Hint::grant(
                "roles/iam.serviceAccountUser",
                CALLER,
                or(service_account, "the service's service account"),
            ),
            Hint::flag("--service-account", "use an account that the caller may act as"),
        ],
        Cause::ServiceAgentDenied => {
            vec![Hint::grant("roles/run.serviceAgent", about.service_agent(), "the project")]
        }
        Cause::PermissionDenied { permission } => {
            let role = permission.as_deref().map_or("roles/run.admin", role_for);
            vec![
                Hint::grant(role, CALLER, "the service or its project"),
                Hint::advice(
                    "check project, region and name: without the permission, a missing service answers the same",
                ),
            ]
        }
        Cause::Unauthenticated => {
            vec![Hint::advice("log in again: the credential is missing, expired or for another service")]
        }
        Cause::ApiDisabled => {
            vec![Hint::advice("enable the API: `gcloud services enable run.googleapis.com`")]
        }
        Cause::CapacityQuota { .. } => vec![
            Hint::flag("--max-instances", "lower it: the quota counts the maximum and not what runs"),
            Hint::advice("or lower CPU and memory, use another region, or ask for more quota"),
        ],
        Cause::ImageHost => vec![
            Hint::flag("--image", "name an image on gcr.io, docker.pkg.dev or docker.io"),
            Hint::advice("other registries can be had through a remote repository of Artifact Registry"),
        ],
        Cause::ReservedEnv { .. } => vec![
            Hint::flag("--remove-env-vars", "Cloud Run sets these itself"),
            Hint::flag("--port", "in place of the variable PORT"),
        ],
        Cause::UnknownAnnotation { .. } => {
            vec![Hint::advice("check spelling and place: some belong to the service, others to its template")]
        }
        Cause::LaunchStage { .. } => {
            vec![Hint::advice(
                "set the service's annotation `run.googleapis.com/launch-stage` to BETA or ALPHA",
            )]
        }
        Cause::OrganisationPolicy => {
            vec![Hint::flag("--no-invoker-iam-check", "makes a service public where `allUsers` is forbidden")]
        }
        Cause::RevisionNameTaken { .. } => {
            vec![Hint::flag("--revision-suffix", "choose one that was never used, or none")]
        }
        Cause::AlreadyExists => vec![Hint::advice("update what is there, or wait for its deletion to end")],
        Cause::VersionConflict => {
            vec![Hint::call("Ops::update_service", "runs the edit again on what the other wrote")]
        }
        Cause::NotFound => vec![Hint::advice("check the name, the project and the region")],
        Cause::RateLimited => {
            vec![Hint::advice("wait a minute: the quota counts requests per minute and region")]
        }
        Cause::ServerFault if about.is_in_doubt => {
            vec![Hint::advice("read the service before trying again: a write may have been applied")]
        }
        Cause::ServerFault => vec![Hint::advice("try again in a moment: such a fault passes")],
        Cause::ForeignAnswer => vec![Hint::advice("check region and endpoint")],
        Cause::InvalidField { .. } | Cause::FailedPrecondition | Cause::Unknown { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn about(namespace: &str, account: Option<&str>) -> About {
        let template = json!({"spec": {"serviceAccountName": account}});
        let object = json!({"metadata": {"namespace": namespace}, "spec": {"template": template}});
        About::service(&serde_json::from_value(object).unwrap())
    }

    fn first(cause: Cause, about: &About) -> String {
        Diagnosis::of(cause, about).hints[0].to_string()
    }

    // https://github.com/BasedHardware/omi/issues/9640
    #[test]
    fn an_unreadable_secret_names_role_account_and_secret() {
        let cause = || Cause::SecretNotReadable { secret: Some("projects/7/secrets/key".to_owned()) };
        let grant = "grant roles/secretmanager.secretAccessor on projects/7/secrets/key to";
        for (about, member) in [
            (about("7", None), "serviceAccount:7-compute@developer.gserviceaccount.com"),
            (
                about("7", Some("run@p.iam.gserviceaccount.com")),
                "serviceAccount:run@p.iam.gserviceaccount.com",
            ),
            (about("my-project", None), "the service account that the service runs as"),
        ] {
            assert_eq!(first(cause(), &about), format!("{grant} {member}"));
        }
    }

    // https://github.com/google-github-actions/deploy-cloudrun/issues/182
    #[test]
    fn act_as_denied_names_role_and_account() {
        let message = "Permission 'iam.serviceaccounts.actAs' denied on service account run@p.iam.gserviceaccount.com (or it may not exist).";
        let error = Error::from(run_api::Error::from_status(403, "PERMISSION_DENIED", message));
        let diagnosis = Diagnosis::of_error(&error).unwrap();
        assert_eq!(
            diagnosis.to_string(),
            "the caller may not deploy as the service account (run@p.iam.gserviceaccount.com) [act-as-denied]\n\
             hint: grant roles/iam.serviceAccountUser on run@p.iam.gserviceaccount.com to the caller\n\
             hint: pass `--service-account`: use an account that the caller may act as"
        );
    }

    #[test]
    fn an_image_that_may_not_be_pulled_names_the_service_agent() {
        let hint = first(Cause::ImageNotReadable { image: None }, &about("7", None));
        assert!(
            hint.ends_with("to serviceAccount:service-7@serverless-robot-prod.iam.gserviceaccount.com"),
            "{hint}"
        );
    }

    #[test]
    fn only_a_write_may_have_been_applied() {
        for (operation, doubt) in [("get_service", false), ("replace_service", true)] {
            let error = run_api::Error::from_status(503, "UNAVAILABLE", "").with_operation(operation);
            let advice = Diagnosis::of_error(&error.into()).unwrap().to_string();
            assert_eq!(advice.contains("may have been applied"), doubt, "{operation}: {advice}");
        }
    }

    #[test]
    fn what_is_no_failure_of_the_servers_has_no_diagnosis() {
        assert_eq!(Diagnosis::of_error(&Error::invalid("no")), None);
        let failed = Error::new(ErrorKind::Failed, "it failed: Image 'a' not found.");
        assert_eq!(Diagnosis::of_error(&failed).unwrap().cause.code(), "image-missing");
    }
}
