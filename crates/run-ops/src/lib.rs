#![doc = include_str!("../README.md")]

mod access;
mod call;
mod cloud_run;
mod deadline;
mod deploy;
pub mod edit;
mod error;
mod exists;
mod failure;
mod operations;
mod pace;
pub mod policy;
mod poll;
mod preflight;
mod progress;
mod ready;
mod repair;
mod roles;
mod share;
mod traffic;
mod view;
pub mod wait;
mod write;

pub use access::{Grant, INVOKER_ROLE, InvalidMember, Member};
pub use cloud_run::CloudRun;
#[cfg(any(test, feature = "mock"))]
pub use cloud_run::MockCloudRun;
pub use deadline::Deadline;
pub use deploy::{
    Access, DeployAction, DeployPlan, DeployRequest, DeployWarning, Deployed, PlannedRevision, StartedDeploy,
    TrafficIntent,
};
pub(crate) use edit::empty_service;
pub use edit::{ServiceEdit, new_service};
pub use error::{Error, ErrorKind, Result};
pub use failure::{Cause, Diagnosis, FailedCondition, FailedRevision, FailureReport, Hint, LeftBehind};
pub use operations::{BackoffPolicy, Ops};
pub use poll::PollSchedule;
pub use preflight::{Finding, Level, Permissions, Preflight, PreflightRequest};
pub use progress::{Event, Stage};
pub use ready::readiness;
pub use repair::{Mend, RepairPlan, RevisionState, RevisionStates, TrafficProblem};
pub use traffic::{
    InvalidTraffic, Percent, TagChange, TagShares, Target, TrafficChange, TrafficDelta, TrafficMap,
    TrafficPlan, TrafficShares, TrafficSplit,
};
pub use view::ServiceView;
pub use write::{Deletion, WRITES_ANNOTATION, Written};
