//! Which writes have been sent, and which of them are open.

use std::sync::{Mutex, PoisonError};

/// The writes that were sent.
#[derive(Debug, Default)]
pub(crate) struct Writes(Mutex<Sent>);

/// What was sent so far.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// How many have no answer, or one that is not settled.
    pub(super) open: usize,
    pub(super) ever: bool,
    /// What the last request met, if it is to be tried again.
    pub(super) fault: Option<String>,
}

impl Writes {
    pub(super) fn with<T>(&self, use_it: impl FnOnce(&mut Sent) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A write that was sent and whose outcome is not known yet.
pub(crate) struct OpenWrite<'a>(&'a Writes);

impl Drop for OpenWrite<'_> {
    fn drop(&mut self) {
        self.0.with(|sent| sent.open -= 1);
    }
}

impl Writes {
    /// Notes that a write is sent; what is returned is dropped when its outcome is known.
    pub(super) fn open(&self) -> OpenWrite<'_> {
        self.with(|sent| {
            sent.open += 1;
            sent.ever = true;
        });
        OpenWrite(self)
    }
}
