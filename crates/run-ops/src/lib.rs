//! Operations on Google Cloud Run services, jobs, worker pools and instances, each careful where a script is not.
//!
//! | you want to | look at |
//! |---|---|
//! | deploy a service and know that it serves | [`Ops::deploy`], [`DeployRequest`] |
//! | create, change or delete an object of any kind | [`Ops::create`], [`Ops::update`], [`Ops::delete`]; [`edit`] for typed edits |
//! | make objects from YAML or JSON, and see what would change | the modules [`manifest`] and [`diff`] |
//! | read or list | [`Ops::get`], [`Ops::find`], [`Ops::exists`], [`Ops::list`] |
//! | see what the API has for one kind | [`Ops::services`], [`Ops::jobs`], [`Ops::worker_pools`], [`Ops::instances`], … |
//! | run a job and know how it ended | [`Ops::execute`], [`Ops::run_job`], [`Ops::cancel`], [`Outcome`] |
//! | wait for something | [`Ops::wait_until_ready`], [`Ops::wait`], the module [`wait`] |
//! | split or move traffic | [`Ops::update_traffic`], [`TrafficChange`] |
//! | say who may invoke it | [`Ops::allow_public_access`], [`Ops::add_members`], [`Ops::update_iam_policy`] |
//! | find out why it failed, and mend it | [`Ops::failure_report`], [`Ops::repair`], [`Ops::preflight`] |
//! | tell errors apart, and say what to do about them | [`Error`], [`ErrorKind`], the module [`remedy`] |
//! | set retries, quotas and progress | the module [`retry`], [`Ops::writes_per_minute`], [`Ops::on_event`] |
//! | test code that uses it | the feature `mock`, or the crate run-emulator |
//!
#![doc = include_str!("../README.md")]
// Which feature brings an item shows on docs.rs.
#![cfg_attr(docsrs, feature(doc_cfg))]

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
pub mod remedy;
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
pub use failure::{Cause, Diagnosis, FailedCondition, FailedRevision, FailureReport, LeftBehind};
pub use handle::Handle;
pub use iam::{Grant, INVOKER_ROLE, InvalidMember, Member};
pub use job::{Outcome, OverridesEdit, Run};
pub use progress::{Event, FailedTask, Stage, TaskCounts};
pub use remedy::Remedy;
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
