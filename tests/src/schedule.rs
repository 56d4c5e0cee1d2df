//! Seeded schedules: several callers of one API, of which one at a time makes a request.
//!
//! Every request waits at a turnstile until the schedule lets it pass, and the next one passes when it is answered.
//! A server answers each request as a whole, so the order of requests is all that an interleaving is; a seed is one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::oneshot;

/// Where callers wait for their turn.
#[derive(Clone, Debug, Default)]
pub struct Turnstile(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    callers: BTreeMap<u64, oneshot::Sender<Pass>>,
    arrived: u64,
}

/// The right to make one request; dropping it lets the next one pass.
#[derive(Debug)]
pub struct Pass {
    _done: oneshot::Sender<()>,
}

/// Those who back off come back within this time, as a rule.
const BACKOFF: Duration = Duration::from_millis(100);

impl Turnstile {
    /// Waits for the turn to make a request.
    ///
    /// # Panics
    /// If nobody runs the schedule any more.
    pub async fn pass(&self) -> Pass {
        let (sender, receiver) = oneshot::channel();
        self.with(|waiting| {
            waiting.arrived += 1;
            waiting.callers.insert(waiting.arrived, sender);
        });
        receiver.await.expect("a schedule that runs")
    }

    /// Lets callers pass in the order of this seed until `callers` is done, and returns what it returns. The clock
    /// must be a paused one.
    pub async fn run<T>(&self, seed: u64, callers: impl Future<Output = T>) -> T {
        let turns = async {
            let mut random = StdRng::seed_from_u64(seed);
            loop {
                self.turn(&mut random).await;
            }
        };
        tokio::select! {
            biased;
            done = callers => done,
            () = turns => unreachable!("the schedule has no end of its own"),
        }
    }

    async fn turn(&self, random: &mut StdRng) {
        // Sometimes those who back off come back before the next one passes.
        if random.random_range(0..4) == 0 {
            tokio::time::sleep(BACKOFF).await;
        }
        // Whoever can run comes to the turnstile first.
        tokio::time::sleep(Duration::from_micros(1)).await;
        let chosen = self.with(|waiting| {
            let keys: Vec<u64> = waiting.callers.keys().copied().collect();
            let key = keys.get(random.random_range(0..keys.len().max(1)))?;
            waiting.callers.remove(key)
        });
        let (sender, done) = oneshot::channel();
        match chosen {
            // A caller that was dropped meanwhile drops the pass with it.
            Some(caller) => drop(caller.send(Pass { _done: sender })),
            None => return tokio::time::sleep(Duration::from_millis(1)).await,
        }
        let _ = done.await;
    }

    fn with<R>(&self, work: impl FnOnce(&mut Waiting) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
