//! What a preflight can find.

use std::fmt;

use crate::failure::{IMAGE_HOST, LAUNCH_STAGE, REVISION_NAME, reserved_env};
use crate::remedy::{Field, Remedy, RoleGrant, least_role};
use crate::{InvalidTraffic, RevisionState, TrafficMap};

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
/// | `first-deploy-no-traffic` | blocks | a first revision cannot be without traffic |
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
        /// The smallest predefined role that has it; none if it is not known.
        role: Option<&'static str>,
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
        /// Why it cannot serve.
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
        Self::MissingPermission { permission, role: least_role(permission) }
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

    /// What to do about it, the likeliest first.
    #[must_use]
    pub fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::MissingPermission { permission, .. } => {
                vec![Remedy::Grant(RoleGrant::to_caller(Some(permission)))]
            }
            Self::PermissionUnknown { .. } => vec![Remedy::JustTry],
            Self::BeingDeleted => vec![Remedy::CreateAfterDeletion],
            Self::FirstDeployWithoutTraffic => vec![Remedy::FirstTakesAll],
            Self::TrafficPinned { .. } => vec![Remedy::FollowLatest],
            Self::TrafficUnable { .. } => vec![Remedy::Repair],
            Self::TrafficInvalid { .. } => {
                vec![Remedy::change(Field::Traffic, "assign 100 % in all, and each tag once")]
            }
            Self::RevisionNameTaken { .. } | Self::RevisionNameInvalid { .. } => {
                vec![Remedy::change(Field::RevisionName, REVISION_NAME)]
            }
            Self::ReservedEnv { names, .. } => reserved_env(names),
            Self::ImageHost { .. } => vec![Remedy::change(Field::Image, IMAGE_HOST)],
            Self::LaunchStage { .. } => vec![Remedy::change(Field::LaunchStage, LAUNCH_STAGE)],
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
                f.write_str("the service does not exist: its first revision cannot be without traffic")
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
                write!(f, "`{revision}` cannot be the revision's name: {problem}")
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
