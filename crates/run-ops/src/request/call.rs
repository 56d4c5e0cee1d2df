//! How a request is sent: bounded in time, and tried again as the policies say. All requests go through here.

use std::pin::Pin;
use std::time::Duration;

use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_gax::throttle_result::ThrottleResult;
use run_api::types::Policy;
use run_api::{Error, ErrorKind, Location, ResourceRef};
use tokio::time::Instant;

use crate::api::{IamApi, Kind, ReadApi, name};
use crate::retry::{RetryPolicy, as_gax};
use crate::{Event, Ops};

/// An answer that is awaited.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A policy that limits no time is no consent to any pause that a server asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The attempts at one thing.
pub(crate) struct Attempts {
    start: Instant,
    count: u32,
    /// A credential may have expired just now: one 401 is tried again.
    renewed: bool,
    /// Something in between may have answered for once: one foreign answer is tried again.
    foreign: bool,
    /// Whether it may be sent again although it may have been applied.
    repeatable: bool,
    /// Whether one that failed may have been applied.
    in_doubt: bool,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            count: 0,
            renewed: false,
            foreign: false,
            repeatable: true,
            in_doubt: false,
        }
    }

    /// Of what must not be sent again once it may have been applied.
    pub(crate) fn once_only() -> Self {
        Self { repeatable: false, ..Self::new() }
    }

    /// Reads are idempotent, and a write's outcome is settled before it is sent again.
    fn state(&self) -> RetryState {
        RetryState::new(self.repeatable).set_start(self.start.into_std()).set_attempt_count(self.count)
    }
}

/// A failure that no policy takes for a passing fault, and that is not the API's either: a redirect, a proxy's refusal.
pub(crate) fn is_out_of_place(error: &Error) -> bool {
    error.kind() == ErrorKind::Server && error.is_foreign_answer() && !error.is_retryable()
}

impl<C: Send + Sync> Ops<C> {
    /// One attempt, bounded in time.
    pub(crate) async fn once<T>(
        &self,
        operation: &'static str,
        limit: Option<Duration>,
        answer: Answer<'_, T>,
    ) -> Result<T, Error> {
        let longest = self.policies.request_timeout;
        let limit = limit.map_or(longest, |limit| limit.min(longest));
        let result = tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            let message = format!("no answer within {:.1} s", limit.as_secs_f64());
            Err(Error::from_kind(ErrorKind::Timeout, message).with_operation(operation))
        });
        if result.is_ok() {
            self.policies.throttler().on_success();
        }
        result
    }

    /// Waits until the quota allows a write, and says how long that was.
    pub(crate) async fn hold_back(&self, operation: &'static str, location: &Location) -> Duration {
        let Some(pace) = &self.rate_limit else { return Duration::ZERO };
        let next = pace.reserve(location).saturating_duration_since(Instant::now());
        if !next.is_zero() {
            self.tell(&Event::RateLimited { operation, next });
            tokio::time::sleep(next).await;
        }
        next
    }

    /// How long to wait before the next attempt; none if there is to be none.
    pub(crate) fn pause_after(
        &self,
        policy: &dyn RetryPolicy,
        attempts: &mut Attempts,
        error: &Error,
    ) -> Option<Duration> {
        attempts.count += 1;
        attempts.in_doubt |= error.may_have_been_applied();
        if attempts.in_doubt && !attempts.repeatable {
            return None;
        }
        if error.http_status() == Some(401) && !std::mem::replace(&mut attempts.renewed, true) {
            return Some(Duration::ZERO);
        }
        let state = attempts.state();
        let flow = policy.on_error(&state, as_gax(error));
        self.policies.throttler().on_retry_failure(&flow);
        let once_more = is_out_of_place(error) && !std::mem::replace(&mut attempts.foreign, true);
        if !once_more && !matches!(flow, RetryResult::Continue(_)) {
            return None;
        }
        let asked = error.retry_after().unwrap_or_default();
        let pause = self.policies.backoff.on_failure(&state).max(asked);
        policy.remaining_time(&state).is_none_or(|left| pause < left).then_some(pause)
    }

    /// Pauses before the next attempt, longer while the server struggles; false if there is to be none.
    pub(crate) async fn retry(
        &self,
        operation: &'static str,
        attempts: &mut Attempts,
        error: &Error,
    ) -> bool {
        let policy = &*self.policies.retry;
        let Some(mut next) = self.pause_after(policy, attempts, error) else { return false };
        if next > LONGEST_PAUSE && policy.remaining_time(&attempts.state()).is_none() {
            return false;
        }
        loop {
            let told = error.detail();
            self.writes.with(|sent| sent.fault = Some(told.clone()));
            self.tell(&Event::Retrying { operation, attempt: attempts.count, next, error: told });
            tokio::time::sleep(next).await;
            if !self.is_throttled() {
                return true;
            }
            let state = attempts.state();
            let exhausted = matches!(policy.on_throttle(&state, as_gax(error)), ThrottleResult::Exhausted(_));
            let left = policy.remaining_time(&state);
            // Without a limit of time, what is held back counts as an attempt: there must be an end.
            attempts.count += u32::from(left.is_none());
            next = self.policies.backoff.on_failure(&attempts.state()).max(Duration::from_millis(1));
            if exhausted || left.is_some_and(|left| left <= next) {
                return false;
            }
        }
    }

    /// Whether retries are held back for the moment.
    pub(crate) fn is_throttled(&self) -> bool {
        self.policies.throttler().throttle_retry_attempt()
    }

    /// A call that may be made again in doubt, tried again as the policy says.
    pub(crate) async fn read<'a, T>(
        &'a self,
        operation: &'static str,
        send: impl Fn() -> Answer<'a, T> + Send,
    ) -> Result<T, Error> {
        self.attempt(operation, &mut Attempts::new(), send).await
    }

    /// A call, tried again as the policy says.
    pub(crate) async fn attempt<'a, T>(
        &'a self,
        operation: &'static str,
        attempts: &mut Attempts,
        send: impl Fn() -> Answer<'a, T> + Send,
    ) -> Result<T, Error> {
        loop {
            let left = self.policies.retry.remaining_time(&attempts.state());
            match self.once(operation, left, send()).await {
                Ok(answer) => {
                    self.writes.with(|sent| sent.fault = None);
                    return Ok(answer);
                }
                Err(error) if self.retry(operation, attempts, &error).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A call that leads to a state in which it is refused, such as stopping what runs: it may be sent again in doubt. If
    /// it is refused then, the object as it is now is the answer.
    pub(crate) async fn converge<'a, K: Kind>(
        &'a self,
        operation: &'static str,
        reference: &'a ResourceRef<K>,
        send: impl Fn() -> Answer<'a, K> + Send,
    ) -> Result<K, crate::Error>
    where
        C: ReadApi<K>,
    {
        self.hold_back(operation, &reference.location).await;
        let _open = self.open_write();
        let mut attempts = Attempts::new();
        let error = match self.attempt(operation, &mut attempts, send).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !attempts.in_doubt {
            return Err(error.into());
        }
        if error.is_failed_precondition() {
            return Ok(self.read_object(reference).await?);
        }
        let message = format!("the answer was lost, so it may have been done: {}", error.detail());
        Err(crate::Error::new(crate::ErrorKind::OutcomeUnknown, message)
            .with_api(error)
            .with_remedy(crate::remedy::Remedy::SendAgain)
            .about(reference))
    }

    pub(crate) async fn read_object<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<K, Error>
    where
        C: ReadApi<K>,
    {
        self.read(K::CALLS.get.as_str(), || self.api().get(reference)).await
    }

    /// An object, or none if the API itself says that there is none.
    pub(crate) async fn find_object<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<Option<K>, Error>
    where
        C: ReadApi<K>,
    {
        match self.read_object(reference).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn read_policy<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<Policy, Error>
    where
        C: IamApi<K>,
    {
        let operation = name(K::CALLS.iam.map(|[get, _, _]| get));
        self.read(operation, || self.api().get_iam_policy(reference)).await
    }
}

#[cfg(test)]
mod tests;
