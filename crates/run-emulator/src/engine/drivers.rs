//! The tasks that drive objects, at most one each.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::{AbortHandle, JoinSet};

use crate::store::Subject;

/// The tasks that drive objects. They end when this is dropped.
#[derive(Default)]
pub(crate) struct Drivers(Mutex<State>);

#[derive(Default)]
struct State {
    current: BTreeMap<Subject, Driver>,
    issued: u64,
    tasks: JoinSet<()>,
    /// A request that is still being answered must not start another.
    stopped: bool,
}

struct Driver {
    ticket: u64,
    task: AbortHandle,
}

impl Drivers {
    /// Starts to drive an object; an earlier driver of it ends. The work is told its number.
    pub(crate) fn start<W>(&self, subject: Subject, work: impl FnOnce(u64) -> W)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        while state.tasks.try_join_next().is_some() {}
        state.issued += 1;
        let ticket = state.issued;
        let task = state.tasks.spawn(work(ticket));
        if let Some(earlier) = state.current.insert(subject, Driver { ticket, task }) {
            earlier.task.abort();
        }
    }

    /// Whether no later write has started a driver for the object.
    pub(crate) fn is_current(&self, subject: &Subject, ticket: u64) -> bool {
        self.lock().current.get(subject).is_some_and(|driver| driver.ticket == ticket)
    }

    /// Forgets a driver that has come to its end.
    pub(crate) fn arrived(&self, subject: &Subject, ticket: u64) {
        let mut state = self.lock();
        if state.current.get(subject).is_some_and(|driver| driver.ticket == ticket) {
            state.current.remove(subject);
        }
    }

    /// Ends all drivers, and starts none any more.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state.current.clear();
        state.tasks.abort_all();
    }

    /// How many objects are driven, and how many tasks have not ended.
    #[cfg(test)]
    pub(crate) fn count(&self) -> (usize, usize) {
        let mut state = self.lock();
        while state.tasks.try_join_next().is_some() {}
        (state.current.len(), state.tasks.len())
    }

    /// A panic elsewhere must not make the drivers unreachable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
