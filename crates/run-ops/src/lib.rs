#![doc = include_str!("../README.md")]

mod access;
pub mod api;
mod call;
mod deadline;
mod deploy;
pub mod diff;
pub mod edit;
mod error;
mod failure;
mod handle;
mod instance;
mod job;
pub mod manifest;
mod operations;
mod pace;
pub mod policy;
mod poll;
mod preflight;
mod progress;
mod read;
mod repair;
mod roles;
mod traffic;
mod view;
pub mod wait;
mod write;

pub use access::{Grant, INVOKER_ROLE, InvalidMember, Member};
pub use api::CloudRun;
#[cfg(any(test, feature = "mock"))]
pub use api::MockCloudRun;
pub use deadline::Deadline;
pub use deploy::{
    Access, DeployAction, DeployPlan, DeployRequest, DeployWarning, Deployed, PlannedRevision, StartedDeploy,
    TrafficIntent,
};
pub(crate) use edit::empty_service;
pub use edit::{ServiceEdit, new_service};
pub use error::{Error, ErrorKind, Result};
pub use failure::{Cause, Diagnosis, FailedCondition, FailedRevision, FailureReport, Hint, LeftBehind};
pub use handle::Handle;
pub use job::Outcome;
pub use operations::{BackoffPolicy, Ops};
pub use poll::PollSchedule;
pub use preflight::{Finding, Level, Permissions, Preflight, PreflightRequest};
pub use progress::{Event, Stage};
pub use repair::{Mend, RepairPlan, RevisionState, RevisionStates, TrafficProblem};
pub use traffic::{
    InvalidTraffic, Percent, TagChange, TagShares, Target, TrafficChange, TrafficDelta, TrafficMap,
    TrafficPlan, TrafficShares, TrafficSplit,
};
pub use view::ServiceView;
pub use wait::readiness;
pub use write::{Deletion, Version, WRITES_ANNOTATION, Written};
