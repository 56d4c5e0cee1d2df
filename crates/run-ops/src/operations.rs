//! The operations' common ground: the API they call and the policies they follow.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use google_cloud_gax::backoff_policy::BackoffPolicy;
use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
use google_cloud_gax::retry_state::RetryState;

use tokio::time::Instant;

use crate::pace::Pace;
use crate::policy::{BackoffPolicyArg, Policies, RetryPolicyArg, RetryThrottlerArg};
use crate::share::SharedLooks;
use crate::{CloudRun, Deadline, Event, PollSchedule};

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
    pub(crate) policies: Policies,
    pub(crate) pace: Option<Arc<Pace>>,
    pub(crate) shared: Option<Arc<SharedLooks>>,
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
            policies: Policies::default(),
            pace: None,
            shared: None,
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

    /// Which failed requests are tried again and how often; see [`policy`](crate::policy). The attempts and the
    /// time of the policy are those of one request, or of one write with all that is needed to settle its outcome.
    #[must_use]
    pub fn retry_policy(mut self, policy: impl Into<RetryPolicyArg>) -> Self {
        self.policies.retry = policy.into().into();
        self
    }

    /// Which failed looks a wait goes on after. The attempts and the time of the policy are those of looks that
    /// failed in a row; by default nothing but the deadline limits them.
    #[must_use]
    pub fn look_policy(mut self, policy: impl Into<RetryPolicyArg>) -> Self {
        self.policies.looks = policy.into().into();
        self
    }

    /// The pause before a failed request is tried again; by default random, up to 100 ms at first and 10 s at last.
    #[must_use]
    pub fn retry_backoff(mut self, backoff: impl Into<BackoffPolicyArg>) -> Self {
        self.policies.backoff = backoff.into().into();
        self
    }

    /// What holds retries back while the server struggles. Clones made after this share it.
    #[must_use]
    pub fn retry_throttler(mut self, throttler: impl Into<RetryThrottlerArg>) -> Self {
        self.policies.set_throttler(throttler.into());
        self
    }

    /// How long one request may take before it counts as unanswered; 90 s by default. (`run_api::Client` has a
    /// limit of its own, 60 s by default.)
    #[must_use]
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.policies.request_timeout = limit.max(Duration::from_millis(1));
        self
    }

    /// Sends at most so many writes in any minute, for each project and region; clones made after this count
    /// together. Without it, writes above the quota (180 a minute, <https://cloud.google.com/run/quotas>) are
    /// refused with 429 and tried again.
    ///
    /// A write that is held back tells so with [`Event::HeldBack`].
    #[must_use]
    pub fn writes_per_minute(mut self, most: u32) -> Self {
        self.pace = Some(Arc::new(Pace::new(most)));
        self
    }

    /// Lets the waits for services of one region share a list in each tick, as long as that takes fewer requests
    /// than reading each; clones made after this share together. What a wait sees is then up to a tick old.
    ///
    /// Needs the permission `run.services.list`; without it each wait looks for itself.
    ///
    /// # Caveats
    /// A list brings all services of the region: with a thousand of them some megabytes each time.
    #[must_use]
    pub fn share_looks(mut self, tick: Duration) -> Self {
        self.shared = Some(Arc::new(SharedLooks::new(tick)));
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
            .field("policies", &self.policies)
            .finish_non_exhaustive()
    }
}
