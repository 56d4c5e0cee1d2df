//! A budget of retries, so that a struggling server is not hammered.

use google_cloud_gax::retry_result::RetryResult;
use tokio::time::Instant;

use super::RetryThrottler;

/// Allows retries as long as there is something in the purse.
///
/// A failure that may be retried costs 1. Every second adds something, and so does every success, up to a limit.
/// So a single caller never notices it, while many callers of a server that fails all of them soon retry at the
/// rate of the refill. Requests that are no retries always go through, which is how a recovery is noticed.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    most: f64,
    per_second: f64,
    per_success: f64,
    purse: f64,
    at: Instant,
}

impl Default for RetryBudget {
    /// 20 retries at once, then one a second and one for every ten successes.
    fn default() -> Self {
        Self::new(20, 1.0, 0.1)
    }
}

impl RetryBudget {
    /// A full purse. Negative rates are taken for 0, and a limit of 0 for 1.
    ///
    /// ```
    /// use run_ops::retry::{RetryBudget, RetryThrottler};
    ///
    /// let budget = RetryBudget::new(100, 5.0, 0.1);
    /// assert!(!budget.throttle_retry_attempt(), "the purse is full");
    /// ```
    #[must_use]
    pub fn new(most: u32, per_second: f64, per_success: f64) -> Self {
        let most = f64::from(most.max(1));
        let at = Instant::now();
        Self { most, per_second: per_second.max(0.0), per_success: per_success.max(0.0), purse: most, at }
    }

    fn now(&self) -> f64 {
        (self.purse + self.at.elapsed().as_secs_f64() * self.per_second).min(self.most)
    }

    fn add(&mut self, amount: f64) {
        self.purse = (self.now() + amount).clamp(0.0, self.most);
        self.at = Instant::now();
    }
}

impl RetryThrottler for RetryBudget {
    fn throttle_retry_attempt(&self) -> bool {
        self.now() < 1.0
    }

    fn on_retry_failure(&mut self, flow: &RetryResult) {
        match flow {
            // The server answered, and said what is wrong: it is in good health.
            RetryResult::Permanent(_) => self.on_success(),
            RetryResult::Continue(_) | RetryResult::Exhausted(_) => self.add(-1.0),
        }
    }

    fn on_success(&mut self) {
        self.add(self.per_success);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use google_cloud_gax::error::Error;
    use std::time::Duration;

    fn fail(budget: &mut RetryBudget, times: usize) {
        for _ in 0..times {
            budget.on_retry_failure(&RetryResult::Continue(Error::io("reset")));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_purse_fills_with_time_and_successes() {
        let mut budget = RetryBudget::new(3, 0.5, 0.5);
        fail(&mut budget, 2);
        assert!(!budget.throttle_retry_attempt(), "one is left");
        fail(&mut budget, 5);
        assert!(budget.throttle_retry_attempt(), "there is no debt, and nothing left");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(budget.throttle_retry_attempt());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!budget.throttle_retry_attempt(), "two seconds make one retry");
        fail(&mut budget, 1);
        budget.on_success();
        budget.on_retry_failure(&RetryResult::Permanent(Error::io("refused")));
        assert!(!budget.throttle_retry_attempt(), "two successes make one retry");
        tokio::time::advance(Duration::from_secs(3600)).await;
        fail(&mut budget, 3);
        assert!(budget.throttle_retry_attempt(), "an hour makes no more than the limit");
    }
}
