//! Long-running operations: one for each accepted write of a service, and it outlives its completion.

use std::collections::VecDeque;

use super::Key;

/// What an operation is about: one generation of one object.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) id: String,
    pub(crate) service: Key,
    pub(crate) uid: String,
    pub(crate) generation: i32,
}

/// The newest operations of one emulator; the oldest are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Operations(VecDeque<Write>);

const KEPT: usize = 1000;

impl Operations {
    pub(crate) fn begin(&mut self, write: Write) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(write);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Write> {
        self.0.iter().find(|write| write.id == id)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.0.retain(|write| write.id != id);
    }

    /// All operations, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Write> {
        self.0.iter().rev()
    }
}
