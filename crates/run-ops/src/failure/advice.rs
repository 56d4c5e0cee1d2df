//! From a failure to what to do about it: the one place. Pure.

use run_api::types::Service;

use super::Cause;
use crate::remedy::{EndpointFault, Field, On, Principal, Remedy, RoleGrant};

/// Whom and what the advice is about, as far as that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    namespace: String,
    service_account: Option<String>,
    /// Whether a write may have been applied.
    pub(super) is_in_doubt: bool,
    /// The project that the request was about.
    project: Option<String>,
    /// How long the server asks to wait.
    pub(super) retry_after: Option<std::time::Duration>,
}

impl About {
    pub(super) fn request(error: &run_api::Error) -> Self {
        let mut parts = error.resource().unwrap_or_default().split('/');
        Self {
            is_in_doubt: error.is_outcome_unknown(),
            project: parts.next().filter(|first| *first == "projects").and(parts.next()).map(str::to_owned),
            retry_after: error.retry_after(),
            ..Self::default()
        }
    }

    pub(super) fn service(service: &Service) -> Self {
        let metadata = service.metadata.as_ref();
        let template = service.spec.as_ref().and_then(|spec| spec.template.as_ref());
        Self {
            namespace: metadata.and_then(|metadata| metadata.namespace.clone()).unwrap_or_default(),
            service_account: template
                .and_then(|template| template.spec.as_ref()?.service_account_name.clone())
                .filter(|name| !name.is_empty()),
            ..Self::default()
        }
    }

    /// Answers carry the project's number as the namespace; these accounts are named after it.
    fn number(&self) -> Option<&str> {
        let number = self.namespace.as_str();
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    }

    /// (Source: <https://cloud.google.com/iam/docs/service-agents>)
    fn service_agent(&self) -> Principal {
        let address = |number| format!("service-{number}@serverless-robot-prod.iam.gserviceaccount.com");
        Principal::ServiceAgent(self.number().map(address))
    }

    /// The account that the service runs as. (Source: <https://cloud.google.com/run/docs/securing/service-identity>)
    fn runtime_account(&self) -> Principal {
        let default = || Some(format!("{}-compute@developer.gserviceaccount.com", self.number()?));
        Principal::Runtime(self.service_account.clone().or_else(default))
    }
}

/// What to do about a cause.
pub(super) fn remedies(cause: &Cause, about: &About) -> Vec<Remedy> {
    let grant = |role, to, on| Remedy::Grant(RoleGrant::of(role, to, on));
    match cause {
        Cause::ImageMissing { .. } => vec![Remedy::change(
            Field::Image,
            "check the name and the tag: was the image pushed, and to this repository?",
        )],
        Cause::ImageNotReadable { .. } => vec![
            grant("roles/artifactregistry.reader", about.service_agent(), On::Repository),
            Remedy::change(
                Field::Image,
                "check that it exists: for one that does not, the server says the same",
            ),
        ],
        Cause::ContainerExited { .. } | Cause::TaskFailed { .. } => vec![
            Remedy::ReadLogs,
            Remedy::change(Field::Command, "check that command, arguments and variables fit the image"),
        ],
        Cause::TaskTimeout => {
            vec![Remedy::change(Field::Timeout, "give the tasks more time"), Remedy::ReadLogs]
        }
        Cause::ContainerNotListening { port } => vec![
            Remedy::Listen { port: *port },
            Remedy::change(Field::Port, "name the port that the container does listen on"),
            Remedy::change(Field::StartupProbe, "give a slow start more time"),
            Remedy::ReadLogs,
        ],
        Cause::HealthCheckFailed => {
            vec![Remedy::ReadLogs, Remedy::change(Field::StartupProbe, "check path, port and thresholds")]
        }
        Cause::OutOfMemory => vec![Remedy::change(Field::Memory, "raise the limit")],
        Cause::SecretNotReadable { secret } => vec![
            grant("roles/secretmanager.secretAccessor", about.runtime_account(), On::Secret(secret.clone())),
            Remedy::change(Field::Secrets, "check that the secret and this version of it exist"),
        ],
        Cause::MinInstances => vec![Remedy::change(Field::MinInstances, "lower it, or try again later")],
        Cause::RevisionLimit => vec![Remedy::DeleteRevisions],
        Cause::ProgressDeadline => vec![Remedy::DeployAgain],
        Cause::RevisionMissing { .. } | Cause::RevisionFailed { .. } => vec![Remedy::Repair],
        Cause::ActAsDenied { service_account } => vec![
            grant(
                "roles/iam.serviceAccountUser",
                Principal::Caller,
                On::ServiceAccount(service_account.clone()),
            ),
            Remedy::change(Field::ServiceAccount, "use an account that the caller may act as"),
        ],
        Cause::ServiceAgentDenied => {
            vec![grant("roles/run.serviceAgent", about.service_agent(), On::Project)]
        }
        Cause::PermissionDenied { permission } => {
            let grant = RoleGrant::to_caller(permission.as_deref());
            let name =
                matches!(grant.on, On::Resource(_)).then_some(Remedy::CheckName { may_be_hidden: true });
            std::iter::once(Remedy::Grant(grant)).chain(name).collect()
        }
        Cause::Unauthenticated => vec![Remedy::SignIn],
        Cause::EndpointNotTrusted => vec![Remedy::TrustEndpoint],
        Cause::ApiDisabled => vec![Remedy::EnableApi { project: about.project.clone() }],
        Cause::CapacityQuota { .. } => vec![
            Remedy::change(Field::MaxInstances, "lower it: the quota counts the maximum, not what runs"),
            Remedy::RaiseQuota,
        ],
        Cause::ImageHost => vec![Remedy::change(Field::Image, IMAGE_HOST)],
        Cause::ReservedEnv { names } => reserved_env(names),
        Cause::UnknownAnnotation { key } => vec![Remedy::change(
            Field::of_annotation(key.as_deref().unwrap_or("the annotation")),
            "check spelling and place: some belong to the object, others to its template",
        )],
        Cause::LaunchStage { .. } => vec![Remedy::change(Field::LaunchStage, LAUNCH_STAGE)],
        Cause::InvalidField { field } => match Field::of_path(field) {
            // The server's message says all there is.
            Field::Other(_) => Vec::new(),
            field => vec![Remedy::change(field, "choose another value: the server refused this one")],
        },
        Cause::OrganisationPolicy => vec![
            Remedy::change(
                Field::InvokerIamCheck,
                "switch the check off: that makes a service public where `allUsers` is forbidden",
            ),
            Remedy::AskOrganisation,
        ],
        Cause::RevisionNameTaken { .. } => vec![Remedy::change(Field::RevisionName, REVISION_NAME)],
        Cause::AlreadyExists => vec![Remedy::UpdateOrRename],
        Cause::VersionConflict => vec![Remedy::RepeatUpdate],
        Cause::NotFound => vec![Remedy::CheckName { may_be_hidden: false }],
        Cause::RateLimited => vec![Remedy::SlowDown { wait: about.retry_after }],
        Cause::NoConnection { lasts: false } => vec![Remedy::CheckEndpoint(EndpointFault::Silent)],
        Cause::NoConnection { lasts: true } => vec![Remedy::CheckEndpoint(EndpointFault::Unreachable)],
        Cause::ServerFault if about.is_in_doubt => vec![Remedy::Compare],
        Cause::ServerFault => vec![Remedy::Retry { after: about.retry_after }],
        Cause::ForeignAnswer if about.is_in_doubt => {
            vec![Remedy::CheckEndpoint(EndpointFault::Foreign), Remedy::Compare]
        }
        Cause::ForeignAnswer => vec![Remedy::CheckEndpoint(EndpointFault::Foreign)],
        Cause::FailedPrecondition | Cause::Unknown { .. } => Vec::new(),
    }
}

pub(crate) const IMAGE_HOST: &str = "name an image on gcr.io, docker.pkg.dev, docker.io or ghcr.io; others can be had \
                                     through a remote repository of Artifact Registry";
pub(crate) const LAUNCH_STAGE: &str = "declare BETA or ALPHA";
pub(crate) const REVISION_NAME: &str = "choose one that was never used, or none: the server then makes one";

/// Of variables that Cloud Run sets itself.
pub(crate) fn reserved_env(names: &[String]) -> Vec<Remedy> {
    let port = || Remedy::change(Field::Port, "set this in place of the variable PORT");
    let mut remedies: Vec<Remedy> = names.iter().any(|name| name == "PORT").then(port).into_iter().collect();
    remedies.push(Remedy::change(Field::Env, "leave these variables out: Cloud Run sets them itself"));
    remedies
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

    fn first(cause: &Cause, about: &About) -> String {
        remedies(cause, about)[0].to_string()
    }

    /// What each cause leads to, as it is told.
    #[test]
    fn every_cause() {
        let name = |name: &str| Some(name.to_owned());
        let fault = |is_in_doubt| About { is_in_doubt, ..About::default() };
        let told = |cause: &Cause, about: &About| -> Vec<String> {
            remedies(cause, about).iter().map(ToString::to_string).collect()
        };
        for (cause, about, expected) in [
            (Cause::ImageMissing { image: None }, fault(false), "containers[].image: check the name"),
            (
                Cause::ImageNotReadable { image: None },
                fault(false),
                "grant roles/artifactregistry.reader on the image's repository to the Cloud Run service agent",
            ),
            (Cause::ContainerExited { exit_code: None }, fault(false), "read the container's logs"),
            (
                Cause::ContainerNotListening { port: Some(80) },
                fault(false),
                "let the container listen on 0.0.0.0:80,",
            ),
            (
                Cause::ContainerNotListening { port: None },
                fault(false),
                "let the container listen on 0.0.0.0:$PORT,",
            ),
            (Cause::HealthCheckFailed, fault(false), "read the container's logs"),
            (Cause::OutOfMemory, fault(false), "containers[].resources.limits.memory: raise"),
            (
                Cause::SecretNotReadable { secret: None },
                fault(false),
                "grant roles/secretmanager.secretAccessor on the secret to",
            ),
            (Cause::MinInstances, fault(false), "autoscaling.knative.dev/minScale: lower it"),
            (Cause::RevisionLimit, fault(false), "delete revisions and tags"),
            (Cause::ProgressDeadline, fault(false), "deploy again"),
            (Cause::RevisionMissing { revision: None }, fault(false), "repair the traffic"),
            (Cause::RevisionFailed { revision: None }, fault(false), "repair the traffic"),
            (
                Cause::ActAsDenied { service_account: None },
                fault(false),
                "grant roles/iam.serviceAccountUser on the service account to the caller",
            ),
            (Cause::ServiceAgentDenied, fault(false), "grant roles/run.serviceAgent on the project to"),
            (Cause::PermissionDenied { permission: None }, fault(false), "grant a role that allows this"),
            (
                Cause::PermissionDenied { permission: name("run.jobs.run") },
                fault(false),
                "grant roles/run.jobsExecutor on the job",
            ),
            (Cause::Unauthenticated, fault(false), "log in with"),
            (Cause::EndpointNotTrusted, fault(false), "trust the endpoint"),
            (Cause::ApiDisabled, fault(false), "enable the API"),
            (
                Cause::CapacityQuota { quota: None, requested: None, allowed: None },
                fault(false),
                "autoscaling.knative.dev/maxScale: lower it",
            ),
            (Cause::ImageHost, fault(false), "containers[].image: name an image on"),
            (
                Cause::ReservedEnv { names: vec!["K_SERVICE".to_owned()] },
                fault(false),
                "containers[].env: leave",
            ),
            (Cause::ReservedEnv { names: vec!["PORT".to_owned()] }, fault(false), "containers[].ports: set"),
            (Cause::UnknownAnnotation { key: name("a/b") }, fault(false), "a/b: check spelling"),
            (Cause::LaunchStage { feature: None }, fault(false), "run.googleapis.com/launch-stage: declare"),
            (
                Cause::InvalidField { field: "spec.traffic".to_owned() },
                fault(false),
                "spec.traffic: choose another value",
            ),
            (Cause::OrganisationPolicy, fault(false), "run.googleapis.com/invoker-iam-disabled: switch"),
            (
                Cause::RevisionNameTaken { revision: None },
                fault(false),
                "metadata.name of the template: choose",
            ),
            (Cause::AlreadyExists, fault(false), "look whose it is"),
            (Cause::VersionConflict, fault(false), "somebody else changed it"),
            (Cause::NotFound, fault(false), "check the name, the project and the region"),
            (Cause::RateLimited, fault(false), "wait a minute"),
            (Cause::NoConnection { lasts: false }, fault(false), "check that the endpoint is right"),
            (Cause::NoConnection { lasts: true }, fault(false), "check the endpoint: its host name"),
            (Cause::ServerFault, fault(false), "try again in a moment"),
            (Cause::ServerFault, fault(true), "the write may have been applied"),
            (Cause::ForeignAnswer, fault(false), "check the region and the endpoint"),
        ] {
            let told = told(&cause, &about);
            assert!(told[0].starts_with(expected), "{cause}: {told:?}");
        }
        for cause in [
            Cause::FailedPrecondition,
            Cause::Unknown { reason: None },
            Cause::InvalidField { field: String::new() },
        ] {
            assert!(remedies(&cause, &fault(false)).is_empty(), "{cause}");
        }
        let doubtful = told(&Cause::ForeignAnswer, &fault(true));
        assert!(doubtful[1].starts_with("the write may have been applied"), "{doubtful:?}");
    }

    // https://github.com/BasedHardware/omi/issues/9640
    #[test]
    fn an_unreadable_secret_names_role_account_and_secret() {
        let cause = Cause::SecretNotReadable { secret: Some("projects/7/secrets/key".to_owned()) };
        let grant = "grant roles/secretmanager.secretAccessor on projects/7/secrets/key to";
        for (about, member) in [
            (about("7", None), "serviceAccount:7-compute@developer.gserviceaccount.com"),
            (
                about("7", Some("run@p.iam.gserviceaccount.com")),
                "serviceAccount:run@p.iam.gserviceaccount.com",
            ),
            (about("my-project", None), "the service account that it runs as"),
        ] {
            assert_eq!(first(&cause, &about), format!("{grant} {member}"));
        }
    }

    #[test]
    fn an_image_that_may_not_be_pulled_names_the_service_agent() {
        let hint = first(&Cause::ImageNotReadable { image: None }, &about("7", None));
        assert!(
            hint.ends_with("to serviceAccount:service-7@serverless-robot-prod.iam.gserviceaccount.com"),
            "{hint}"
        );
    }
}
