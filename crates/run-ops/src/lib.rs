#![doc = include_str!("../README.md")]

pub mod api;
pub mod diff;
pub mod edit;
mod error;
mod failure;
mod handle;
mod iam;
mod instance;
mod job;
pub mod manifest;
mod progress;
mod request;
mod service;
mod version;
mod view;
pub mod wait;
mod write;
mod written;

pub use api::CloudRun;
#[cfg(any(test, feature = "mock"))]
pub use api::MockCloudRun;
pub use error::{Error, ErrorKind, Result};
pub use failure::{Cause, Diagnosis, FailedCondition, FailedRevision, FailureReport, Hint, LeftBehind};
pub use handle::Handle;
pub use iam::{Grant, INVOKER_ROLE, InvalidMember, Member};
pub use job::Outcome;
pub use progress::{Event, Stage};
pub use request::{BackoffPolicy, Deadline, Ops, PollSchedule, retry};
pub use service::deploy::{
    Access, DeployAction, DeployPlan, DeployRequest, DeployWarning, Deployed, PlannedRevision, StartedDeploy,
    TrafficIntent,
};
pub use service::preflight::{Finding, Level, Permissions, Preflight, PreflightRequest};
pub use service::repair::{Mend, RepairPlan, RevisionState, RevisionStates, TrafficProblem};
pub use service::traffic::{
    InvalidTraffic, Percent, TagChange, TagShares, Target, TrafficChange, TrafficDelta, TrafficMap,
    TrafficPlan, TrafficShares, TrafficSplit,
};
pub use service::{ServiceEdit, new_service};
pub use version::Version;
pub use view::ServiceView;
pub use wait::readiness;
pub use write::{Deletion, WRITE_IDS_ANNOTATION};
pub use written::Written;
