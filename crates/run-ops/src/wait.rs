//! Waiting for a state: conditions as values, and the loop that looks until one is met.
//!
//! A condition judges one look at an object, or at its absence: it is met, not yet, or never. Conditions are
//! combined with [`and`](Condition::and), [`or`](Condition::or) and [`not`](Condition::not). A wait looks at once,
//! then at the intervals of [`PollSchedule`](crate::PollSchedule); a look that fails with a passing fault does not end
//! it, a condition that can never be met does, and so does the deadline, without which there is no wait.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::time::Duration;
//! # let emulator = run_emulator::Emulator::builder().start().await?;
//! # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
//! # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
//! use run_ops::{Deadline, Ops, PollSchedule, new_service, wait};
//!
//! let often = PollSchedule::between(Duration::from_millis(5), Duration::from_secs(1));
//! let ops = Ops::new(client.clone()).poll_schedule(often);
//! let hello = client.service("hello")?;
//! let image = "us-docker.pkg.dev/cloudrun/container/hello";
//! let written = ops.create_service(&hello, new_service(&hello, image)).await?;
//!
//! let deadline = Deadline::after(Duration::from_secs(60));
//! let goal = wait::service_ready(written.uid(), written.generation()).and(wait::condition("RoutesReady", "True"));
//! let service = ops.wait_for_service(&hello, &goal, deadline).await?;
//! let revision = service.and_then(|service| service.status?.latest_ready_revision_name).expect("a revision");
//!
//! let split = wait::traffic_observed(written.uid(), written.generation(), &revision, 100);
//! ops.wait_for_service(&hello, &split, deadline).await?;
//! let nowhere = wait::not(wait::exists());
//! ops.wait_for_service(&client.service("other")?, &nowhere, deadline).await?;
//! # Ok(()) }
//! ```

mod condition;
mod ready_made;
mod watch;

pub(crate) use ready_made::share;
pub(crate) use watch::{Ended, failure};

pub use condition::{Condition, Verdict, not};
pub use ready_made::{
    binding_visible, condition, exists, gone, revision_ready, service_ready, traffic_observed,
};
