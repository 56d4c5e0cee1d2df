//! What is tried again, after what pause, and how often: policies as values.
//!
//! The traits are those of Google's own Rust clients, so that policies written for them work here, too. A request
//! that failed is tried again if the [`RetryPolicy`] says so, after the pause of the [`BackoffPolicy`] or the one
//! that the server asked for with `Retry-After`, whichever is longer; if that does not fit into the policy's limit of
//! time (without one, into ten minutes), the request fails at once. The [`RetryThrottler`] is shared by all
//! clones of an [`Ops`](crate::Ops) and holds retries back while the server struggles.
//!
//! | what | default | set with |
//! |---|---|---|
//! | requests | [`TransientFaults`], 7 attempts, 2 minutes | [`Ops::retry_policy`](crate::Ops::retry_policy) |
//! | looks of a wait | [`TransientFaults`], until the deadline | [`Ops::poll_policy`](crate::Ops::poll_policy) |
//! | pauses | random, up to 100 ms at first and 10 s at last | [`Ops::retry_backoff`](crate::Ops::retry_backoff) |
//! | throttle | [`RetryBudget`] | [`Ops::retry_throttler`](crate::Ops::retry_throttler) |
//!
//! Reads and `testIamPermissions` are idempotent. A write is tried again if its request cannot have been applied
//! (no connection, 429), or after the object was read again and shows that it was not.
//!
//! ```
//! # fixture::emulated(async |client| {
//! use std::time::Duration;
//! use run_ops::retry::{RetryPolicyExt, TransientFaults};
//!
//! let patient = TransientFaults.with_attempt_limit(20).with_time_limit(Duration::from_secs(600));
//! let ops = run_ops::Ops::new(client).retry_policy(patient);
//! # Ok(()) })
//! ```

mod budget;
mod transient;

pub use budget::RetryBudget;

pub use google_cloud_gax::backoff_policy::{BackoffPolicy, BackoffPolicyArg};
pub use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
pub use google_cloud_gax::retry_policy::{NeverRetry, RetryPolicy, RetryPolicyArg, RetryPolicyExt};
pub use google_cloud_gax::retry_throttler::{RetryThrottler, RetryThrottlerArg};

pub use transient::TransientFaults;
pub(crate) use transient::as_gax;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use google_cloud_gax::retry_throttler::SharedRetryThrottler;

/// The policies of one [`Ops`](crate::Ops).
#[derive(Clone)]
pub(crate) struct Policies {
    pub(crate) retry: Arc<dyn RetryPolicy>,
    pub(crate) polls: Arc<dyn RetryPolicy>,
    pub(crate) backoff: Arc<dyn BackoffPolicy>,
    throttler: SharedRetryThrottler,
    /// How long one request may take.
    pub(crate) request_timeout: Duration,
}

impl Default for Policies {
    fn default() -> Self {
        let backoff = ExponentialBackoffBuilder::new()
            .with_initial_delay(Duration::from_millis(100))
            .with_maximum_delay(Duration::from_secs(10));
        let retry = TransientFaults.with_attempt_limit(7).with_time_limit(Duration::from_secs(120));
        Self {
            retry: Arc::new(retry),
            polls: Arc::new(TransientFaults),
            backoff: Arc::new(backoff.clamp()),
            throttler: Arc::new(Mutex::new(RetryBudget::default())),
            request_timeout: Duration::from_secs(90),
        }
    }
}

impl Policies {
    pub(crate) fn set_throttler(&mut self, throttler: RetryThrottlerArg) {
        self.throttler = throttler.into();
    }

    pub(crate) fn throttler(&self) -> MutexGuard<'_, dyn RetryThrottler + 'static> {
        self.throttler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("retry", &self.retry)
            .field("polls", &self.polls)
            .field("backoff", &self.backoff)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}
