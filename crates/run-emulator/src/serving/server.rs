//! One revision as a server: there is an instance while there are requests, and for a while after.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Programs;
use super::instance::{Instance, Trouble};
use super::plan::Plan;

/// A revision whose image is a program.
pub(crate) struct Server {
    pub(crate) plan: Plan,
    programs: Arc<Programs>,
    status: watch::Sender<Status>,
    traffic: watch::Sender<Traffic>,
    room: Arc<Semaphore>,
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
    Failed(Trouble),
    /// The revision is not needed any more.
    Closed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    in_flight: usize,
}

/// Why a request can not be sent to a server.
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
struct Use(watch::Sender<Traffic>);

impl Use {
    fn begin(traffic: &watch::Sender<Traffic>) -> Self {
        traffic.send_modify(|traffic| traffic.in_flight += 1);
        Self(traffic.clone())
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.send_modify(|traffic| traffic.in_flight = traffic.in_flight.saturating_sub(1));
    }
}

impl Server {
    pub(super) fn new(plan: Plan, programs: Arc<Programs>) -> Self {
        Self {
            room: Arc::new(Semaphore::new(plan.concurrency)),
            plan,
            programs,
            status: watch::Sender::new(Status::Down),
            traffic: watch::Sender::default(),
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
        let in_use = Use::begin(&self.traffic);
        let address = self.up().await.ok_or(Refusal::Down)?;
        Ok(Lease { address, _room: room, _use: in_use })
    }

    /// No request comes any more: the instance is asked to end.
    pub(crate) fn close(&self) {
        self.status.send_replace(Status::Closed);
    }

    /// The address of an instance, which is started if there is none.
    async fn up(self: &Arc<Self>) -> Option<SocketAddr> {
        let mut status = self.status.subscribe();
        let begins = self.status.send_if_modified(|status| {
            let begins = matches!(status, Status::Down | Status::Failed(_));
            if begins {
                *status = Status::Starting;
            }
            begins
        });
        if begins {
            tokio::spawn(self.clone().run());
        }
        let status = status.wait_for(|status| *status != Status::Starting).await.ok()?.clone();
        match status {
            Status::Up(address) => Some(address),
            _ => None,
        }
    }

    /// Starts an instance and sees it to its end.
    async fn run(self: Arc<Self>) {
        let started = tokio::select! {
            started = Instance::start(&self.plan, &self.programs) => started,
            () = self.closed() => return,
        };
        let known = started.as_ref().map(drop).map_err(Clone::clone);
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(known);
        let instance = match started {
            Ok(instance) => instance,
            Err(trouble) => return self.turn(Status::Failed(trouble)),
        };
        self.turn(Status::Up(instance.address()));
        tokio::select! {
            exit = instance.ended() => self.turn(Status::Failed(Trouble::Exited(exit))),
            () = self.idle(), if !self.plan.kept => {}
            () = self.closed() => {}
        }
        instance.stop().await;
    }

    /// Changes the status, unless nobody needs it any more.
    fn turn(&self, to: Status) {
        self.status.send_if_modified(|status| {
            let open = *status != Status::Closed;
            if open {
                *status = to;
            }
            open
        });
    }

    /// Waits until there was no request for a while, and sees to it that the next one gets a new instance.
    async fn idle(&self) {
        let mut traffic = self.traffic.subscribe();
        let patience = self.programs.settings.idle_timeout;
        loop {
            let busy = traffic.borrow_and_update().in_flight > 0;
            let changed = async { traffic.changed().await.is_ok() };
            if busy {
                changed.await;
            } else if tokio::time::timeout(patience, changed).await.is_err() {
                let down = self.status.send_if_modified(|status| {
                    // Whoever begins after this look sees the status after it, and starts another instance.
                    let idle = *status != Status::Closed && self.traffic.borrow().in_flight == 0;
                    if idle {
                        *status = Status::Down;
                    }
                    idle
                });
                if down {
                    return;
                }
            }
        }
    }

    /// Waits until the revision is not needed any more.
    pub(crate) async fn closed(&self) {
        let mut status = self.status.subscribe();
        // It lives as long as this.
        let _ = status.wait_for(|status| *status == Status::Closed).await;
    }
}
