//! What can be the cause of a failure, each with a stable code.

use std::fmt;

/// Why a deployment, or the request that should have started it, failed.
///
/// [`code`](Self::code) is stable: scripts and alerts may depend on it. New causes get new codes.
///
/// | code | what happened | told by |
/// |---|---|---|
/// | `image-missing` | the image is not in its registry | `ContainerMissing` |
/// | `image-not-readable` | the service agent may not pull the image | `ContainerPermissionDenied`, `ContainerImageUnauthorized` |
/// | `container-exited` | the container started and exited | `HealthCheckContainerError` |
/// | `task-failed` | a task of an execution ended with an error, at each attempt | `NonZeroExitCode` |
/// | `task-timeout` | a task of an execution took longer than it may | `DeadlineExceeded` |
/// | `container-not-listening` | nothing listened on the port in time | `HealthCheckContainerError` |
/// | `health-check-failed` | another startup probe failed | `HealthCheckContainerError` |
/// | `out-of-memory` | the container needed more memory than its limit | the message |
/// | `secret-not-readable` | the service's account may not read a secret, or it is missing | `SecretsAccessCheckFailed` |
/// | `min-instances` | the minimum of instances could not be started | `MinInstancesNotProvisioned` |
/// | `revision-limit` | too many revisions serve in the region | `ActiveRevisionLimitReached` |
/// | `progress-deadline` | the server gave up waiting | `ProgressDeadlineExceeded` |
/// | `revision-missing` | the traffic names a revision that is not there | `RevisionMissing` |
/// | `revision-failed` | the traffic names a revision that failed | `RevisionFailed` |
/// | `act-as-denied` | the caller may not deploy as the service account | 403 |
/// | `service-agent-denied` | Cloud Run's own service agent lacks its role | 403 |
/// | `permission-denied` | the caller lacks a permission | 403 |
/// | `unauthenticated` | there is no credential, or it was not accepted | 401, or nothing was sent |
/// | `endpoint-not-trusted` | the endpoint may not be given the credential | nothing was sent |
/// | `api-disabled` | the project has not enabled the API | 403 `SERVICE_DISABLED` |
/// | `capacity-quota` | CPU, memory or GPU quota of the region | 400, a field violation |
/// | `image-host` | the image's registry is not one that Cloud Run pulls from | 400, a field violation |
/// | `reserved-env` | a variable has a name that Cloud Run sets itself | 400, a field violation |
/// | `unknown-annotation` | an annotation in a reserved name space is not known | 400, a field violation |
/// | `launch-stage` | a feature needs a launch stage to be declared | 400, a field violation |
/// | `invalid-field` | another field was refused | 400, a field violation |
/// | `organisation-policy` | the organisation forbids a member | 400 `FAILED_PRECONDITION` |
/// | `failed-precondition` | not in the present state | 400 `FAILED_PRECONDITION` |
/// | `revision-name-taken` | the revision name was used with other content | 409 `ALREADY_EXISTS` |
/// | `already-exists` | the service's name is taken | 409 `ALREADY_EXISTS` |
/// | `version-conflict` | somebody else wrote in between | 409 `ABORTED` |
/// | `not-found` | there is no such service | 404 `NOT_FOUND` |
/// | `rate-limited` | too many requests | 429 |
/// | `no-connection` | no connection could be made | no answer |
/// | `server-fault` | a fault of the server's, or of the way to it | 5xx, or no answer |
/// | `foreign-answer` | the answer is not the API's | anything without its envelope |
/// | `unknown` | none of these | |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// `image-missing`
    ImageMissing {
        /// The image, if the server said which.
        image: Option<String>,
    },
    /// `image-not-readable`
    ImageNotReadable {
        /// The image, if the server said which.
        image: Option<String>,
    },
    /// `container-exited`
    ContainerExited {
        /// The exit code, if the server said it.
        exit_code: Option<i32>,
    },
    /// `task-failed`: a task of an execution ended with an error, at each attempt.
    TaskFailed {
        /// The exit code of the last attempt, if the message has it.
        exit_code: Option<i32>,
    },
    /// `task-timeout`: a task of an execution took longer than it may.
    TaskTimeout,
    /// `container-not-listening`: of a container that exits, too, the server may say no more than this.
    ContainerNotListening {
        /// The port that the container was told to listen on.
        port: Option<u16>,
    },
    /// `health-check-failed`
    HealthCheckFailed,
    /// `out-of-memory`
    OutOfMemory,
    /// `secret-not-readable`
    SecretNotReadable {
        /// The secret's resource name or name, if the server said which.
        secret: Option<String>,
    },
    /// `min-instances`
    MinInstances,
    /// `revision-limit`
    RevisionLimit,
    /// `progress-deadline`
    ProgressDeadline,
    /// `revision-missing`
    RevisionMissing {
        /// The revision that is not there.
        revision: Option<String>,
    },
    /// `revision-failed`
    RevisionFailed {
        /// The revision that failed.
        revision: Option<String>,
    },
    /// `act-as-denied`
    ActAsDenied {
        /// The service account that the service would run as.
        service_account: Option<String>,
    },
    /// `service-agent-denied`
    ServiceAgentDenied,
    /// `permission-denied`
    PermissionDenied {
        /// The permission, for example `run.services.update`.
        permission: Option<String>,
    },
    /// `unauthenticated`
    Unauthenticated,
    /// `endpoint-not-trusted`
    EndpointNotTrusted,
    /// `api-disabled`
    ApiDisabled,
    /// `capacity-quota`
    CapacityQuota {
        /// The quota's id, for example `CpuAllocPerProjectRegion`.
        quota: Option<String>,
        /// What was asked for: thousandths of a CPU, or bytes of memory.
        requested: Option<u64>,
        /// What the project has, in the same unit.
        allowed: Option<u64>,
    },
    /// `image-host`
    ImageHost,
    /// `reserved-env`
    ReservedEnv {
        /// The names, in the server's order.
        names: Vec<String>,
    },
    /// `unknown-annotation`
    UnknownAnnotation {
        /// The annotation's key.
        key: Option<String>,
    },
    /// `launch-stage`
    LaunchStage {
        /// The feature in the server's words.
        feature: Option<String>,
    },
    /// `invalid-field`
    InvalidField {
        /// The field's path.
        field: String,
    },
    /// `organisation-policy`
    OrganisationPolicy,
    /// `failed-precondition`
    FailedPrecondition,
    /// `revision-name-taken`
    RevisionNameTaken {
        /// The name.
        revision: Option<String>,
    },
    /// `already-exists`
    AlreadyExists,
    /// `version-conflict`
    VersionConflict,
    /// `not-found`
    NotFound,
    /// `rate-limited`
    RateLimited,
    /// `no-connection`
    NoConnection {
        /// Whether something must be changed first: there is no such host, it speaks another protocol, or its certificate
        /// is not trusted.
        lasts: bool,
    },
    /// `server-fault`
    ServerFault,
    /// `foreign-answer`
    ForeignAnswer,
    /// `unknown`
    Unknown {
        /// The server's reason, if it gave one.
        reason: Option<String>,
    },
}

impl Cause {
    /// The stable code of the table above.
    ///
    /// ```
    /// use run_ops::Cause;
    ///
    /// assert_eq!(Cause::ImageHost.code(), "image-host");
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.words().0
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::ImageMissing { .. } => ("image-missing", "the image is not in its registry"),
            Self::ImageNotReadable { .. } => ("image-not-readable", "the image may not be pulled"),
            Self::ContainerExited { .. } => ("container-exited", "the container exited instead of serving"),
            Self::TaskFailed { .. } => ("task-failed", "a task ended with an error"),
            Self::TaskTimeout => ("task-timeout", "a task took longer than it may"),
            Self::ContainerNotListening { .. } => {
                ("container-not-listening", "the container did not listen on its port in time")
            }
            Self::HealthCheckFailed => ("health-check-failed", "the container's health check failed"),
            Self::OutOfMemory => ("out-of-memory", "the container needed more memory than its limit"),
            Self::SecretNotReadable { .. } => ("secret-not-readable", "a secret cannot be read"),
            Self::MinInstances => ("min-instances", "the minimum of instances could not be started"),
            Self::RevisionLimit => ("revision-limit", "too many revisions serve in the region"),
            Self::ProgressDeadline => ("progress-deadline", "the server gave up waiting"),
            Self::RevisionMissing { .. } => {
                ("revision-missing", "the traffic names a revision that is not there")
            }
            Self::RevisionFailed { .. } => ("revision-failed", "the traffic names a revision that failed"),
            Self::ActAsDenied { .. } => ("act-as-denied", "the caller may not deploy as the service account"),
            Self::ServiceAgentDenied => ("service-agent-denied", "Cloud Run's service agent lacks its role"),
            Self::PermissionDenied { .. } => ("permission-denied", "the caller lacks a permission"),
            Self::Unauthenticated => ("unauthenticated", "there is no credential, or it was not accepted"),
            Self::EndpointNotTrusted => {
                ("endpoint-not-trusted", "the endpoint may not be given the credential")
            }
            Self::ApiDisabled => ("api-disabled", "the API is not enabled in the project"),
            Self::CapacityQuota { .. } => {
                ("capacity-quota", "it needs more capacity than the project's quota")
            }
            Self::ImageHost => ("image-host", "the image's registry is not one that Cloud Run pulls from"),
            Self::ReservedEnv { .. } => ("reserved-env", "Cloud Run sets these variables itself"),
            Self::UnknownAnnotation { .. } => {
                ("unknown-annotation", "Cloud Run does not know this annotation")
            }
            Self::LaunchStage { .. } => ("launch-stage", "a feature needs another launch stage"),
            Self::InvalidField { .. } => ("invalid-field", "a field was refused"),
            Self::OrganisationPolicy => ("organisation-policy", "an organisation policy forbids it"),
            Self::FailedPrecondition => ("failed-precondition", "it cannot be done in the present state"),
            Self::RevisionNameTaken { .. } => {
                ("revision-name-taken", "the revision name was used with other content")
            }
            Self::AlreadyExists => ("already-exists", "the name is taken"),
            Self::VersionConflict => ("version-conflict", "somebody else wrote in between"),
            Self::NotFound => ("not-found", "it does not exist"),
            Self::RateLimited => ("rate-limited", "too many requests"),
            Self::NoConnection { .. } => ("no-connection", "no connection could be made"),
            Self::ServerFault => ("server-fault", "a fault of the server's, or of the way to it"),
            Self::ForeignAnswer => ("foreign-answer", "the answer is not one of the Cloud Run API"),
            Self::Unknown { .. } => ("unknown", "the cause is not known"),
        }
    }

    /// What the server named: an image, a port, a permission.
    fn subject(&self) -> Option<String> {
        match self {
            Self::ImageMissing { image } | Self::ImageNotReadable { image } => image.clone(),
            Self::ContainerExited { exit_code } | Self::TaskFailed { exit_code } => {
                exit_code.map(|code| format!("exit code {code}"))
            }
            Self::ContainerNotListening { port } => port.map(|port| format!("port {port}")),
            Self::SecretNotReadable { secret } => secret.clone(),
            Self::RevisionMissing { revision }
            | Self::RevisionFailed { revision }
            | Self::RevisionNameTaken { revision } => revision.clone(),
            Self::ActAsDenied { service_account } => service_account.clone(),
            Self::PermissionDenied { permission } => permission.clone(),
            Self::CapacityQuota { quota, requested, allowed } => {
                let numbers = requested.zip(*allowed);
                let numbers =
                    numbers.map(|(requested, allowed)| format!(": {requested} requested, {allowed} allowed"));
                quota.as_ref().map(|quota| format!("{quota}{}", numbers.unwrap_or_default()))
            }
            Self::ReservedEnv { names } => (!names.is_empty()).then(|| names.join(", ")),
            Self::UnknownAnnotation { key } => key.clone(),
            Self::LaunchStage { feature } => feature.clone(),
            Self::InvalidField { field } => (!field.is_empty()).then(|| field.clone()),
            Self::Unknown { reason } => reason.clone(),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)?;
        match self.subject() {
            Some(subject) => write!(f, " ({subject})"),
            None => Ok(()),
        }
    }
}
