//! Keeping within the quota of writes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use run_api::Location;
use tokio::time::Instant;

/// At most so many writes in any minute, for each project and region, as the server sees it.
#[derive(Debug)]
pub(crate) struct RateLimit {
    most: usize,
    /// When the last writes were sent, or will be; as many as fit into a minute.
    sent: Mutex<HashMap<Location, VecDeque<Instant>>>,
}

/// A minute, and a second more: what is sent a minute after the first of them may be faster on its way than that was.
const WINDOW: Duration = Duration::from_secs(61);

impl RateLimit {
    pub(crate) fn new(per_minute: u32) -> Self {
        let most = usize::try_from(per_minute.max(1)).unwrap_or(usize::MAX);
        Self { most, sent: Mutex::default() }
    }

    /// Reserves the next moment at which a write may be sent.
    pub(crate) fn reserve(&self, location: &Location) -> Instant {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let log = sent.entry(location.clone()).or_default();
        let now = Instant::now();
        let at = match log.front() {
            Some(first) if log.len() >= self.most => now.max(*first + WINDOW),
            _ => now,
        };
        log.push_back(at);
        while log.len() > self.most {
            log.pop_front();
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn never_more_than_the_quota_in_any_minute() {
        let pace = RateLimit::new(180);
        let here = Location::new("p", "us-central1").unwrap();
        let start = Instant::now();
        let times: Vec<u64> = (0..500).map(|_| (pace.reserve(&here) - start).as_secs()).collect();
        assert!(times.windows(181).all(|window| window[180] - window[0] > 60));
        assert_eq!(times[499], 122, "and no later than that");
        let there = Location::new("p", "europe-west1").unwrap();
        assert_eq!(pace.reserve(&there), start, "each region has its own");
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(pace.reserve(&here), Instant::now());
    }
}
