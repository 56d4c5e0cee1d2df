//! The operations' common ground: the API they call and the policies they follow.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use google_cloud_gax::backoff_policy::BackoffPolicy;
use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
use google_cloud_gax::retry_state::RetryState;

use tokio::time::Instant;

use super::rate_limit::RateLimit;
use super::retry::{BackoffPolicyArg, Policies, RetryPolicyArg, RetryThrottlerArg};
use super::shared_poll::SharedPolls;
use super::writes::Writes;
use crate::{Deadline, Event, PollSchedule};

/// The operations, over anything that can be called as they need it: [`run_api::Client`], an
/// `Arc<dyn `[`CloudRun`](crate::CloudRun)`>`, or your own; see [`api`](crate::api).
///
/// ```
/// # fixture::emulated(async |_| {
/// use run_ops::Ops;
///
/// let emulator = run_emulator::Emulator::builder().start().await?;
/// let client = run_api::Client::builder()
///     .endpoint(run_api::Endpoint::emulator(&emulator.url())?)
///     .project("my-project")
///     .region("us-central1")
///     .build()?;
/// let ops = Ops::new(client.clone());
/// assert!(!ops.exists(&client.service("hello")?).await?);
/// # Ok(()) })
/// ```
#[derive(Clone)]
pub struct Ops<C> {
    api: C,
    poll: PollSchedule,
    attempts: u32,
    backoff: Arc<dyn BackoffPolicy>,
    pub(crate) policies: Policies,
    pub(crate) rate_limit: Option<Arc<RateLimit>>,
    pub(crate) shared: Option<Arc<SharedPolls>>,
    listener: Arc<dyn Fn(&Event) + Send + Sync>,
    pub(super) writes: Arc<Writes>,
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
            rate_limit: None,
            shared: None,
            listener: Arc::new(|_| ()),
            writes: Arc::default(),
        }
    }

    /// How often waits look.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Ops, PollSchedule};
    ///
    /// let often = PollSchedule::between(Duration::from_millis(200), Duration::from_secs(2));
    /// let ops = Ops::new(client).poll_schedule(often);
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn poll_schedule(mut self, schedule: PollSchedule) -> Self {
        self.poll = schedule;
        self
    }

    /// How often a write that loses against another writer is tried in all; 20 by default, at least 1.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// let ops = run_ops::Ops::new(client).conflict_attempts(5);
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn conflict_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The pause between those attempts; by default random, up to 50 ms at first and 2 s at last.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::retry::ExponentialBackoffBuilder;
    ///
    /// let slow = ExponentialBackoffBuilder::new().with_initial_delay(Duration::from_secs(1)).clamp();
    /// let ops = run_ops::Ops::new(client).conflict_backoff(slow);
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn conflict_backoff(mut self, backoff: impl BackoffPolicy + 'static) -> Self {
        self.backoff = Arc::new(backoff);
        self
    }

    /// Which failed requests are tried again and how often; see [`retry`](crate::retry). The attempts and the
    /// time of the policy are those of one request, or of one write with all that is needed to settle its outcome.
    ///
    /// # Caveats
    /// Without any retry ([`NeverRetry`](crate::retry::NeverRetry)) a write whose answer was lost is still looked up once,
    /// and one 401 and one answer that is not the API's are still tried again.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::retry::{RetryPolicyExt, TransientFaults};
    ///
    /// let ops = run_ops::Ops::new(client).retry_policy(TransientFaults.with_attempt_limit(20));
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn retry_policy(mut self, policy: impl Into<RetryPolicyArg>) -> Self {
        self.policies.retry = policy.into().into();
        self
    }

    /// Which failed looks a wait goes on after. The attempts and the time of the policy are those of looks that
    /// failed in a row; by default nothing but the deadline limits them.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::retry::{RetryPolicyExt, TransientFaults};
    ///
    /// let ops = run_ops::Ops::new(client).poll_policy(TransientFaults.with_attempt_limit(10));
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn poll_policy(mut self, policy: impl Into<RetryPolicyArg>) -> Self {
        self.policies.polls = policy.into().into();
        self
    }

    /// The pause before a failed request is tried again; by default random, up to 100 ms at first and 10 s at last.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::retry::ExponentialBackoffBuilder;
    ///
    /// let slow = ExponentialBackoffBuilder::new().with_maximum_delay(Duration::from_secs(30)).clamp();
    /// let ops = run_ops::Ops::new(client).retry_backoff(slow);
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn retry_backoff(mut self, backoff: impl Into<BackoffPolicyArg>) -> Self {
        self.policies.backoff = backoff.into().into();
        self
    }

    /// What holds retries back while the server struggles. Clones made after this share it.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::retry::RetryBudget;
    ///
    /// let ops = run_ops::Ops::new(client).retry_throttler(RetryBudget::new(100, 5.0, 0.1));
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn retry_throttler(mut self, throttler: impl Into<RetryThrottlerArg>) -> Self {
        self.policies.set_throttler(throttler.into());
        self
    }

    /// How long one request may take before it counts as unanswered; 90 s by default. (`run_api::Client` has a
    /// limit of its own, 60 s by default.)
    ///
    /// # Caveats
    /// A write that is cut off may have been applied: it is settled like every lost answer.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// let ops = run_ops::Ops::new(client).request_timeout(std::time::Duration::from_secs(20));
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.policies.request_timeout = limit.max(Duration::from_millis(1));
        self
    }

    /// Sends at most so many writes in any minute, for each project and region; clones made after this count
    /// together. Without it, writes above the quota (180 a minute, <https://cloud.google.com/run/quotas>) are
    /// refused with 429 and tried again as long as the [`retry_policy`](Self::retry_policy) allows: by default two
    /// minutes, which is too short for hundreds of services.
    ///
    /// A write that is held back tells so with [`Event::RateLimited`].
    ///
    /// An update that was held back for more than a second reads the service again before it is sent. A minute is taken as
    /// 61 s, since not all requests travel equally fast.
    ///
    /// # Caveats
    /// Only the writes of this `Ops` and its clones are counted; others use the same quota.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, DeployRequest, Ops};
    ///
    /// let deploy = |name| Ok::<_, run_api::Error>(DeployRequest::new(client.service(name)?).image("docker.io/run-emulator/hello"));
    /// let (one, two, three) = (deploy("one")?, deploy("two")?, deploy("three")?);
    /// let ops = Ops::new(client.clone()).writes_per_minute(180);
    /// let soon = Deadline::after(Duration::from_secs(60));
    /// tokio::try_join!(ops.deploy(&one, soon), ops.deploy(&two, soon), ops.deploy(&three, soon))?;
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn writes_per_minute(mut self, most: u32) -> Self {
        self.rate_limit = Some(Arc::new(RateLimit::new(most)));
        self
    }

    /// Lets the waits for objects of one kind and region share a list in each tick, as long as that takes fewer requests
    /// than reading each; clones made after this share together. What a wait sees is then up to a tick old.
    ///
    /// Needs the permission to list, for example `run.services.list`; without it each wait looks for itself.
    ///
    /// # Caveats
    /// A list brings all objects of the region: with a thousand services some megabytes each time.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, DeployRequest, Ops};
    ///
    /// let deploy = |name| Ok::<_, run_api::Error>(DeployRequest::new(client.service(name)?).image("docker.io/run-emulator/hello"));
    /// let (one, two, three) = (deploy("one")?, deploy("two")?, deploy("three")?);
    /// let ops = Ops::new(client.clone()).share_polls(Duration::from_secs(1));
    /// let soon = Deadline::after(Duration::from_secs(60));
    /// tokio::try_join!(ops.deploy(&one, soon), ops.deploy(&two, soon), ops.deploy(&three, soon))?;
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn share_polls(mut self, tick: Duration) -> Self {
        self.shared = Some(Arc::new(SharedPolls::new(tick)));
        self
    }

    /// Whom to tell what happens meanwhile. The listener is called from within the operation: it must be quick.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, DeployRequest, Event, Ops};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client).on_event(|event| {
    ///     if let Event::ConditionChanged { condition, status, .. } = event {
    ///         println!("{condition} is {status} now");
    ///     }
    /// });
    /// let request = DeployRequest::new(hello).image("us-docker.pkg.dev/cloudrun/container/hello");
    /// ops.deploy(&request, Deadline::after(Duration::from_secs(60))).await?;
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn on_event(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(listener);
        self
    }

    /// The API that the operations call.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// let service = ops.api().get_service(&hello).await?;
    /// assert!(service.metadata.is_some());
    /// # Ok(()) })
    /// ```
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
    pub(crate) async fn back_off(&self, attempt: u32) -> bool {
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
