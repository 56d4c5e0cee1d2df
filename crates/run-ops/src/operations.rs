//! The operations' common ground: the API they call and the policies they follow.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use google_cloud_gax::backoff_policy::BackoffPolicy;
use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
use google_cloud_gax::retry_state::RetryState;

use tokio::time::Instant;

use crate::{CloudRun, Deadline, Event, PollSchedule, Retries};

/// The operations, over anything that is a [`CloudRun`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use run_ops::Ops;
///
/// let emulator = run_emulator::Emulator::builder().start().await?;
/// let client = run_api::Client::builder()
///     .endpoint(run_api::Endpoint::emulator(&emulator.url())?)
///     .project("my-project")
///     .region("us-central1")
///     .build()?;
/// let ops = Ops::new(client.clone());
/// assert!(!ops.service_exists(&client.service("hello")?).await?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Ops<C> {
    api: C,
    poll: PollSchedule,
    attempts: u32,
    backoff: Arc<dyn BackoffPolicy>,
    retries: Retries,
    listener: Arc<dyn Fn(&Event) + Send + Sync>,
}

/// How often a write that loses against another writer is tried, see [`Ops::conflict_attempts`].
const DEFAULT_ATTEMPTS: u32 = 20;

impl<C> Ops<C> {
    /// Operations on this API with the default policies.
    pub fn new(api: C) -> Self {
        let backoff = ExponentialBackoffBuilder::new()
            .with_initial_delay(Duration::from_millis(50))
            .with_maximum_delay(Duration::from_secs(2))
            .clamp();
        Self {
            api,
            poll: PollSchedule::default(),
            attempts: DEFAULT_ATTEMPTS,
            backoff: Arc::new(backoff),
            retries: Retries::default(),
            listener: Arc::new(|_| ()),
        }
    }

    /// How often waits look.
    #[must_use]
    pub fn poll_schedule(mut self, schedule: PollSchedule) -> Self {
        self.poll = schedule;
        self
    }

    /// How often a write that loses against another writer is tried in all; 20 by default, at least 1.
    #[must_use]
    pub fn conflict_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The pause between those attempts; by default random, up to 50 ms at first and 2 s at last.
    #[must_use]
    pub fn conflict_backoff(mut self, backoff: impl BackoffPolicy + 'static) -> Self {
        self.backoff = Arc::new(backoff);
        self
    }

    /// How requests are tried again that fail with a passing fault.
    #[must_use]
    pub fn with_retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Whom to tell what happens meanwhile. The listener is called from within the operation: it must be quick.
    #[must_use]
    pub fn on_event(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(listener);
        self
    }

    /// The API that the operations call.
    pub fn api(&self) -> &C {
        &self.api
    }

    pub(crate) fn retries(&self) -> &Retries {
        &self.retries
    }

    pub(crate) fn tell(&self, event: &Event) {
        tracing::debug!(?event, "progress");
        (self.listener)(event);
    }

    /// Sleeps before the next look, at least as long as the server asked for with its last fault; false, at the
    /// deadline, if there is no time for another.
    pub(crate) async fn pause(&self, start: Instant, deadline: Deadline, asked: Option<Duration>) -> bool {
        let remaining = deadline.remaining();
        let pause =
            self.poll.pause(start.elapsed(), remaining).map(|pause| pause.max(asked.unwrap_or_default()));
        tokio::time::sleep(pause.unwrap_or(remaining).min(remaining)).await;
        pause.is_some_and(|pause| pause < remaining)
    }

    /// Sleeps before the next attempt at a write that lost; false if there is none left.
    pub(crate) async fn back_off(&self, attempt: u32) -> bool
    where
        C: CloudRun,
    {
        if attempt >= self.attempts {
            return false;
        }
        let next = self.backoff.on_failure(&RetryState::new(true).set_attempt_count(attempt));
        self.tell(&Event::Conflict { attempt, next });
        tokio::time::sleep(next).await;
        true
    }
}

impl<C: fmt::Debug> fmt::Debug for Ops<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ops")
            .field("api", &self.api)
            .field("poll", &self.poll)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
