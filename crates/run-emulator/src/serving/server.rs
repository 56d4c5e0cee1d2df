//! One revision as a server: there is an instance while there are requests, and for a while after.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::health;
use super::instance::{Instance, Trouble};
use super::plan::Plan;
use super::programs::Programs;

/// A revision whose image is a program.
pub(crate) struct Server {
    pub(crate) plan: Plan,
    programs: Arc<Programs>,
    status: watch::Sender<Status>,
    /// How many requests look for an instance or have one.
    in_flight: watch::Sender<usize>,
    /// Whether requests may still come.
    needed: watch::Sender<bool>,
    room: Arc<Semaphore>,
    /// Whether the instance wants requests.
    ready: watch::Sender<bool>,
    /// How its first start went.
    verdict: Mutex<Option<Result<(), Trouble>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Status {
    /// There is no instance, and nothing was wrong with the last one.
    Down,
    Starting,
    Up(SocketAddr),
    /// The last instance did not start, or has ended by itself.
    Failed,
}

/// Why a request cannot be sent to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There was no room for it in time.
    Busy,
    /// There is no instance to send it to.
    Down,
}

/// A place for one request at an instance, which is kept as long as this is held.
pub(crate) struct Lease {
    pub(crate) address: SocketAddr,
    _room: OwnedSemaphorePermit,
    _use: Use,
}

/// Counts a request from the moment that an instance is looked for.
struct Use(watch::Sender<usize>);

impl Use {
    fn begin(in_flight: &watch::Sender<usize>) -> Self {
        in_flight.send_modify(|count| *count += 1);
        Self(in_flight.clone())
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// The pauses before an instance that is kept is started again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Server {
    pub(super) fn new(plan: Plan, programs: Arc<Programs>) -> Self {
        Self {
            room: Arc::new(Semaphore::new(plan.concurrency)),
            plan,
            programs,
            status: watch::Sender::new(Status::Down),
            in_flight: watch::Sender::new(0),
            needed: watch::Sender::new(true),
            ready: watch::Sender::new(true),
            verdict: Mutex::default(),
        }
    }

    /// Starts the first instance, if that was not done yet, and waits until it is well or has failed.
    pub(crate) async fn prove(self: &Arc<Self>) {
        let _ = self.up().await;
    }

    /// How the first start went; none if it was not tried, or is not over.
    pub(crate) fn verdict(&self) -> Option<Result<(), Trouble>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A place for a request, when there is room and an instance.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, Refusal> {
        let patience = self.programs.settings.queue_timeout;
        let room = tokio::time::timeout(patience, self.room.clone().acquire_owned()).await;
        let room = room.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Down)?;
        // From here on an instance that is there stays.
        let in_use = Use::begin(&self.in_flight);
        let address = self.up().await.ok_or(Refusal::Down)?;
        let mut ready = self.ready.subscribe();
        let wanted = tokio::time::timeout(patience, ready.wait_for(|ready| *ready)).await;
        wanted.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Down)?;
        Ok(Lease { address, _room: room, _use: in_use })
    }

    /// No request comes any more: the instance is asked to end when it has answered those that there are.
    pub(super) fn close(&self) {
        self.needed.send_replace(false);
    }

    /// The address of an instance, which is started if there is none.
    async fn up(self: &Arc<Self>) -> Option<SocketAddr> {
        let mut status = self.status.subscribe();
        if self.begins() {
            tokio::spawn(self.clone().run());
        }
        let status = status.wait_for(|status| *status != Status::Starting).await.ok()?.clone();
        match status {
            Status::Up(address) => Some(address),
            _ => None,
        }
    }

    /// Whether it is the caller's turn to start an instance.
    fn begins(&self) -> bool {
        self.status.send_if_modified(|status| {
            let begins = matches!(status, Status::Down | Status::Failed) && *self.needed.borrow();
            if begins {
                *status = Status::Starting;
            }
            begins
        })
    }

    /// Starts an instance and sees it to its end. One that is kept, and ends by itself, is followed by another one.
    async fn run(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let begun = Instant::now();
            let well = self.live().await;
            if well || !self.plan.kept {
                return;
            }
            // (Documented: restarts are held back if they are too many; how long is ours.)
            pause =
                if begun.elapsed() > LONGEST_PAUSE { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            let mut needed = self.needed.subscribe();
            let given_up = tokio::time::timeout(pause, needed.wait_for(|needed| !needed)).await.is_ok();
            if given_up || !self.begins() {
                return;
            }
        }
    }

    /// The life of one instance; false if it has ended although it should not.
    async fn live(&self) -> bool {
        let mut needed = self.needed.subscribe();
        let started = tokio::select! {
            started = Instance::start(&self.plan, &self.programs) => started,
            _ = needed.wait_for(|needed| !needed) => {
                self.status.send_replace(Status::Down);
                return true;
            }
        };
        let known = started.as_ref().map(drop).map_err(Clone::clone);
        let first = self.verdict.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(known);
        let Ok(instance) = started else {
            self.status.send_replace(Status::Failed);
            // A revision that never started is not tried again.
            return first;
        };
        let port = instance.address().port();
        self.ready.send_replace(true);
        self.status.send_replace(Status::Up(instance.address()));
        tokio::select! {
            _ = instance.ended() => {
                self.status.send_replace(Status::Failed);
                instance.stop().await;
                false
            }
            () = health::dies(&self.plan, &self.programs, port) => {
                self.status.send_replace(Status::Failed);
                instance.kill().await;
                false
            }
            () = health::follow_readiness(&self.plan, &self.programs, port, &self.ready) => true,
            () = self.unused() => {
                instance.stop().await;
                true
            }
        }
    }

    /// Waits until the instance is not needed, and sees to it that the next request gets another one.
    async fn unused(&self) {
        let (mut in_flight, mut needed) = (self.in_flight.subscribe(), self.needed.subscribe());
        loop {
            let busy = *in_flight.borrow_and_update() > 0;
            let needed_still = *needed.borrow_and_update();
            let patience = match (busy, needed_still) {
                // No request takes longer than it may.
                (true, _) => None,
                (false, false) => Some(Duration::ZERO),
                (false, true) if self.plan.kept => None,
                (false, true) => Some(self.programs.settings.idle_timeout),
            };
            let changed = async {
                tokio::select! {
                    _ = in_flight.changed() => {}
                    _ = needed.changed() => {}
                }
            };
            match patience {
                None => changed.await,
                Some(patience) => {
                    if tokio::time::timeout(patience, changed).await.is_err() && self.lie_down() {
                        return;
                    }
                }
            }
        }
    }

    /// Says that there is no instance, unless there is a request for it by now. Whoever comes after this look sees
    /// the status after it, and starts another instance.
    fn lie_down(&self) -> bool {
        self.status.send_if_modified(|status| {
            let idle = *self.in_flight.borrow() == 0;
            if idle {
                *status = Status::Down;
            }
            idle
        })
    }
}
