//! Trying again: how often, for how long, and when not.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use google_cloud_gax::error::Error as GaxError;
use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_gax::retry_throttler::{CircuitBreaker, RetryThrottler};
use tokio::time::Instant;

use crate::{BackoffPolicy, CloudRun, Event, Ops};

/// How requests are tried again that fail with a passing fault.
///
/// A read is tried again as it is. A write is not: it is tried again if the server can not have carried it out; if it
/// may have, what became of it is found out first (see [`Ops::update_service`]). A 401 is tried again once, since
/// the credential may have expired on its way. A `Retry-After` of the server's is waited for.
///
/// All clones share one throttle: while the server fails more than it succeeds, fewer requests are tried again,
/// whichever operation they belong to.
///
/// ```
/// use std::time::Duration;
///
/// let retries = run_ops::Retries::default().attempts(8).within(Duration::from_secs(20));
/// # let _ = retries;
/// ```
#[derive(Clone)]
pub struct Retries {
    attempts: u32,
    within: Duration,
    backoff: Arc<dyn BackoffPolicy>,
    throttle: Arc<Mutex<dyn RetryThrottler>>,
}

/// The throttle stops retries after 25 failures; ten successes make up for one.
const TOKENS: u64 = 500;
const COST: u64 = 10;

impl Default for Retries {
    /// Six attempts within a minute, with random pauses of up to a quarter of a second at first and ten seconds at
    /// last.
    fn default() -> Self {
        let backoff = ExponentialBackoffBuilder::new()
            .with_initial_delay(Duration::from_millis(250))
            .with_maximum_delay(Duration::from_secs(10))
            .clamp();
        Self {
            attempts: 6,
            within: Duration::from_secs(60),
            backoff: Arc::new(backoff),
            throttle: Arc::new(Mutex::new(CircuitBreaker::clamp(TOKENS, TOKENS / 2, COST))),
        }
    }
}

impl Retries {
    /// No request is tried again.
    #[must_use]
    pub fn none() -> Self {
        Self::default().attempts(1)
    }

    /// How often a request is sent in all; at least once.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The time after which no further attempt begins.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// The pauses between the attempts.
    #[must_use]
    pub fn backoff(mut self, backoff: impl BackoffPolicy + 'static) -> Self {
        self.backoff = Arc::new(backoff);
        self
    }

    /// What spares a struggling server; by default google-cloud-gax's circuit breaker.
    #[must_use]
    pub fn throttle(mut self, throttle: impl RetryThrottler + 'static) -> Self {
        self.throttle = Arc::new(Mutex::new(throttle));
        self
    }

    /// The attempts at one request that is about to be sent.
    pub(crate) fn begin(&self) -> Attempts {
        Attempts { policy: self.clone(), start: Instant::now(), failed: 0, unauthenticated: false }
    }
}

impl fmt::Debug for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retries")
            .field("attempts", &self.attempts)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

/// The attempts at one request so far.
pub(crate) struct Attempts {
    policy: Retries,
    start: Instant,
    failed: u32,
    unauthenticated: bool,
}

impl Attempts {
    /// How many attempts have failed.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Whether the same request may succeed later. A credential may have expired on its way, once.
    fn passes(&mut self, error: &run_api::Error) -> bool {
        let expired = error.is_unauthenticated() && error.http_status().is_some() && !self.unauthenticated;
        self.unauthenticated |= expired;
        expired || error.is_retryable()
    }

    /// Counts a success.
    pub(crate) fn succeeded(&self) {
        self.policy.throttle.lock().unwrap_or_else(PoisonError::into_inner).on_success();
    }

    /// Counts a failure, and says how long to wait before the next attempt; none if there is to be none.
    fn pause_after(&mut self, passing: bool, error: &run_api::Error) -> Option<Duration> {
        self.failed += 1;
        if !passing {
            return None;
        }
        let flow = RetryResult::Continue(GaxError::io(error.to_string()));
        let mut throttle = self.policy.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.on_retry_failure(&flow);
        if throttle.throttle_retry_attempt() {
            return None;
        }
        drop(throttle);
        let state = RetryState::new(true).set_attempt_count(self.failed);
        let pause = self.policy.backoff.on_failure(&state).max(error.retry_after().unwrap_or_default());
        let in_time = self.start.elapsed() + pause <= self.policy.within;
        (self.failed < self.policy.attempts && in_time).then_some(pause)
    }
}

impl<C: CloudRun> Ops<C> {
    /// Sends a request that changes nothing, again if need be. Every read of this crate goes through here.
    pub(crate) async fn read<T, F>(&self, request: impl Fn() -> F + Send) -> Result<T, run_api::Error>
    where
        F: Future<Output = Result<T, run_api::Error>> + Send,
    {
        let mut attempts = self.retries().begin();
        loop {
            match request().await {
                Ok(answer) => {
                    attempts.succeeded();
                    return Ok(answer);
                }
                Err(error) if !self.again(&mut attempts, &error).await => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Waits before another attempt; false if there is to be none.
    pub(crate) async fn again(&self, attempts: &mut Attempts, error: &run_api::Error) -> bool {
        let passing = attempts.passes(error);
        self.again_if(attempts, passing, error).await
    }

    /// The same, if this is a fault that may pass.
    pub(crate) async fn again_if(
        &self,
        attempts: &mut Attempts,
        passing: bool,
        error: &run_api::Error,
    ) -> bool {
        let Some(next) = attempts.pause_after(passing, error) else { return false };
        self.tell(&Event::Retrying { error: error.to_string(), attempt: attempts.failed(), next });
        tokio::time::sleep(next).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MockCloudRun;
    use run_api::types::Service;
    use run_api::{ErrorKind, ServiceRef};

    fn unavailable() -> run_api::Error {
        run_api::Error::from_status(503, "UNAVAILABLE", "later")
    }

    fn hello() -> ServiceRef {
        ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    /// How often a read is sent that fails with these and then succeeds, and whether it does.
    async fn reads(errors: Vec<run_api::Error>, retries: Retries) -> (usize, bool) {
        let sent = Arc::new(Mutex::new(0));
        let mut api = MockCloudRun::new();
        let (count, errors) = (sent.clone(), Mutex::new(errors.into_iter()));
        api.expect_get_service().returning(move |_| {
            *count.lock().unwrap() += 1;
            errors.lock().unwrap().next().map_or_else(|| Ok(Service::default()), Err)
        });
        let ops = Ops::new(api).with_retries(retries);
        let service = hello();
        let succeeded = ops.read(|| ops.api().get_service(&service)).await.is_ok();
        let sent = *sent.lock().unwrap();
        (sent, succeeded)
    }

    #[tokio::test(start_paused = true)]
    async fn passing_faults_pass() {
        let kind = |kind| run_api::Error::from_kind(kind, "fault");
        for error in [
            unavailable(),
            run_api::Error::from_status(429, "RESOURCE_EXHAUSTED", "slow down"),
            run_api::Error::from_status(401, "UNAUTHENTICATED", "expired"),
            kind(ErrorKind::Transport),
            kind(ErrorKind::Timeout),
            kind(ErrorKind::Connect),
        ] {
            let text = error.to_string();
            assert_eq!(reads(vec![error], Retries::default()).await, (2, true), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_not_tried_again() {
        let twice = || run_api::Error::from_status(401, "UNAUTHENTICATED", "expired");
        assert_eq!(reads(vec![twice(), twice()], Retries::default()).await, (2, false));
        let forbidden = run_api::Error::from_status(403, "PERMISSION_DENIED", "no");
        assert_eq!(reads(vec![forbidden], Retries::default()).await, (1, false));
        let all = || (0..20).map(|_| unavailable()).collect();
        assert_eq!(reads(all(), Retries::default()).await, (6, false));
        assert_eq!(reads(all(), Retries::none()).await, (1, false));
        let in_no_time = Retries::default().within(Duration::ZERO);
        assert_eq!(reads(all(), in_no_time).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_struggling_server_is_spared() {
        let retries = Retries::default().throttle(CircuitBreaker::clamp(120, 60, 10));
        let all = || (0..20).map(|_| unavailable()).collect();
        assert_eq!(reads(all(), retries.clone()).await, (6, false));
        assert_eq!(reads(all(), retries).await, (1, false), "the throttle is shared");
    }
}
