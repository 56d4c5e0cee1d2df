//! What a preflight can find.

use std::fmt;

use crate::roles::role_for;
use crate::{Hint, InvalidTraffic, RevisionState, TrafficMap};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The write is allowed and will do something that may not be meant.
    Warns,
    /// The write, or the deployment that it starts, will fail.
    Blocks,
}

/// Something to know before the first write.
///
/// [`code`](Self::code) is stable:
///
/// | code | level | what it says |
/// |---|---|---|
/// | `missing-permission` | blocks | the caller lacks a permission that the deployment needs |
/// | `permission-unknown` | warns | the server did not answer whether the caller has it |
/// | `being-deleted` | blocks | the service is being deleted |
/// | `first-deploy-no-traffic` | blocks | a first revision can not be without traffic |
/// | `traffic-pinned` | warns | the new revision will get no traffic |
/// | `traffic-unable` | blocks | the traffic names a revision that failed or does not exist |
/// | `traffic-invalid` | blocks | the traffic does not sum to 100 %, or has a tag twice |
/// | `revision-name-taken` | blocks | the revision's name was used already |
/// | `revision-name-invalid` | blocks | the revision's name is not one of this service's |
/// | `reserved-env` | blocks | a variable has a name that Cloud Run sets itself |
/// | `image-host` | warns | the server names other registries as the ones it pulls from |
/// | `launch-stage` | warns | a feature may need a launch stage that is not declared |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// `missing-permission`
    MissingPermission {
        /// The permission.
        permission: &'static str,
        /// The smallest predefined role that has it.
        role: &'static str,
    },
    /// `permission-unknown`
    PermissionUnknown {
        /// The permission.
        permission: &'static str,
    },
    /// `being-deleted`
    BeingDeleted,
    /// `first-deploy-no-traffic`
    FirstDeployWithoutTraffic,
    /// `traffic-pinned`
    TrafficPinned {
        /// The split that stays.
        traffic: TrafficMap,
    },
    /// `traffic-unable`
    TrafficUnable {
        /// The revision.
        revision: String,
        /// Why it can not serve.
        state: RevisionState,
    },
    /// `traffic-invalid`
    TrafficInvalid {
        /// What is wrong.
        error: InvalidTraffic,
    },
    /// `revision-name-taken`
    RevisionNameTaken {
        /// The name.
        revision: String,
    },
    /// `revision-name-invalid`
    RevisionNameInvalid {
        /// The name.
        revision: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `reserved-env`
    ReservedEnv {
        /// The container: its name, or its place from 0.
        container: String,
        /// The variables' names.
        names: Vec<String>,
    },
    /// `image-host`
    ImageHost {
        /// The image.
        image: String,
    },
    /// `launch-stage`
    LaunchStage {
        /// What needs it: an annotation or a field.
        feature: String,
    },
}

impl Finding {
    pub(super) fn missing(permission: &'static str) -> Self {
        Self::MissingPermission { permission, role: role_for(permission) }
    }

    /// The stable code of the table above.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.words().0
    }

    /// How bad it is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.words().1
    }

    fn words(&self) -> (&'static str, Level) {
        match self {
            Self::MissingPermission { .. } => ("missing-permission", Level::Blocks),
            Self::PermissionUnknown { .. } => ("permission-unknown", Level::Warns),
            Self::BeingDeleted => ("being-deleted", Level::Blocks),
            Self::FirstDeployWithoutTraffic => ("first-deploy-no-traffic", Level::Blocks),
            Self::TrafficPinned { .. } => ("traffic-pinned", Level::Warns),
            Self::TrafficUnable { .. } => ("traffic-unable", Level::Blocks),
            Self::TrafficInvalid { .. } => ("traffic-invalid", Level::Blocks),
            Self::RevisionNameTaken { .. } => ("revision-name-taken", Level::Blocks),
            Self::RevisionNameInvalid { .. } => ("revision-name-invalid", Level::Blocks),
            Self::ReservedEnv { .. } => ("reserved-env", Level::Blocks),
            Self::ImageHost { .. } => ("image-host", Level::Warns),
            Self::LaunchStage { .. } => ("launch-stage", Level::Warns),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Hint {
        match self {
            Self::MissingPermission { role, .. } => {
                Hint::grant(role, "the caller", "the service or its project")
            }
            Self::PermissionUnknown { .. } => Hint::advice("the write itself will tell"),
            Self::BeingDeleted => Hint::advice("wait until it is gone, then create it"),
            Self::FirstDeployWithoutTraffic => {
                Hint::flag("--no-traffic", "leave it out; the first revision gets all traffic")
            }
            Self::TrafficPinned { .. } => Hint::call(
                "Ops::update_traffic",
                "with `TrafficChange::to_latest()` it follows the latest again",
            ),
            Self::TrafficUnable { .. } => {
                Hint::call("Ops::repair", "takes revisions that can not serve out of the traffic")
            }
            Self::TrafficInvalid { .. } => Hint::advice("assign 100 % in all, and each tag once"),
            Self::RevisionNameTaken { .. } | Self::RevisionNameInvalid { .. } => {
                Hint::flag("--revision-suffix", "choose one that was never used, or none")
            }
            Self::ReservedEnv { names, .. } if names.iter().any(|name| name == "PORT") => {
                Hint::flag("--port", "in place of the variable PORT")
            }
            Self::ReservedEnv { .. } => Hint::flag("--remove-env-vars", "Cloud Run sets these itself"),
            Self::ImageHost { .. } => {
                Hint::flag("--image", "name an image on gcr.io, docker.pkg.dev, docker.io or ghcr.io")
            }
            Self::LaunchStage { .. } => Hint::advice(
                "set the service's annotation `run.googleapis.com/launch-stage` to BETA or ALPHA",
            ),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingPermission { permission, .. } => write!(f, "the caller lacks {permission}"),
            Self::PermissionUnknown { permission } => {
                write!(f, "the server did not say whether the caller has {permission}")
            }
            Self::BeingDeleted => f.write_str("the service is being deleted"),
            Self::FirstDeployWithoutTraffic => {
                f.write_str("the service does not exist: its first revision can not be without traffic")
            }
            Self::TrafficPinned { traffic } => {
                write!(f, "the traffic is pinned, so that the new revision gets none: {traffic}")
            }
            Self::TrafficUnable { revision, state } => {
                write!(f, "the traffic names {revision}, which {state}")
            }
            Self::TrafficInvalid { error } => write!(f, "the traffic is not valid: {error}"),
            Self::RevisionNameTaken { revision } => write!(f, "there is a revision {revision} already"),
            Self::RevisionNameInvalid { revision, problem } => {
                write!(f, "`{revision}` can not be the revision's name: {problem}")
            }
            Self::ReservedEnv { container, names } => {
                write!(
                    f,
                    "container {container} sets variables that Cloud Run sets itself: {}",
                    names.join(", ")
                )
            }
            Self::ImageHost { image } => {
                write!(f, "the image {image} is on another registry than the server names")
            }
            Self::LaunchStage { feature } => {
                write!(f, "{feature} may need a launch stage that is not declared")
            }
        }
    }
}
