//! Waiting for the state of an object: what to look at, what to wait for, and until when.
//!
//! A wait looks at a [`Source`] source until a [`Goal`] is met: at once, then at the intervals of the
//! [`PollSchedule`](crate::PollSchedule). Goals are pure functions from what was seen, also from absence, to a
//! [`Verdict`]; they can be joined with [`and`](Goal::and), [`or`](Goal::or) and [`not`]. A deadline is
//! mandatory, and its error says what was seen last. A look that fails does not end a wait, unless the
//! [`poll_policy`](crate::Ops::poll_policy) says so.
//!
//! | goal | met when |
//! |---|---|
//! | [`ready`] | the object is as its kind wants to be, at the awaited uid and generation: `Ready`, `Completed` with success, `Running` |
//! | [`started`] | an execution has started its tasks |
//! | [`cancelled`], [`stopped`] | an execution was cancelled; an instance does not run |
//! | [`configured`] | the awaited revision has started, with or without traffic |
//! | [`revision_ready`], [`revision_idle`] | a revision says so itself |
//! | [`traffic_observed`] | `status.traffic` at the awaited generation has these shares |
//! | [`gone`] | there is no object with this uid any more |
//! | [`member_bound`] | a policy has the member in the role |
//! | [`condition`] | a condition has this status |
//! | a closure, see [`goal`] | it says so |
//!
//! ```
//! # fixture::emulated(async |client| {
//! use std::time::Duration;
//! use run_ops::wait::{self, Goal};
//! use run_ops::{Deadline, Ops, new_service};
//!
//! let hello = client.service("hello")?;
//! let ops = Ops::new(client);
//! let written =
//!     ops.create_service(&hello, new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello")).await?;
//! let goal = wait::ready(written.uid(), written.generation()).and(wait::condition("RoutesReady", "True"));
//! let deadline = Deadline::after(Duration::from_secs(60));
//! let service = ops.wait(&ops.watch(&hello), &goal, deadline).await?;
//! assert!(service.is_some());
//! # Ok(()) })
//! ```

mod end;
mod engine;
mod execution_goals;
mod goal;
mod goals;
mod readiness;
mod service_goals;
mod source;
mod until_ready;

pub(crate) use end::{End, failed};
pub use execution_goals::{Cancelled, Started, cancelled, started};
pub use goal::{And, Closure, Goal, Not, Or, Verdict, goal, not};
pub use goals::{Bound, ConditionIs, Gone, Ready, Stopped, condition, gone, member_bound, ready, stopped};
pub(crate) use readiness::is;
pub use readiness::readiness;
pub(crate) use service_goals::observed_shares;
pub use service_goals::{
    Configured, RevisionIdle, RevisionReady, TrafficObserved, configured, revision_idle, revision_ready,
    traffic_observed,
};
pub use source::{ObjectSource, PolicySource, Polled, Source};
