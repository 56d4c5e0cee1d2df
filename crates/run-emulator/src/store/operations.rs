//! Long-running operations: one for each accepted write, and it outlives its completion.

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::kinds::Kind;
use super::ledger::Rows;
use super::table::Table;

/// What an operation is about: one generation of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Write {
    pub(crate) id: String,
    /// (Files that say nothing of it are of a time when only services had operations.)
    #[serde(default = "service")]
    pub(crate) kind: Kind,
    #[serde(rename = "service")]
    pub(crate) object: Key,
    pub(crate) uid: String,
    pub(crate) generation: i32,
}

fn service() -> Kind {
    Kind::Service
}

/// The newest operations of one emulator, numbered; the oldest are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Operations(Table<Write, u64>);

const KEPT: usize = 1000;

impl Operations {
    pub(crate) fn begin(&mut self, write: Write) {
        if self.0.len() >= KEPT
            && let Some(oldest) = self.0.keys().next().copied()
        {
            self.0.remove(&oldest);
        }
        let last = self.0.keys().next_back().copied().unwrap_or_default();
        self.0.insert(last + 1, write);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Write> {
        self.newest_first().find(|write| write.id == id)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let found = self.0.iter().find(|(_, write)| write.id == id).map(|(number, _)| *number);
        if let Some(number) = found {
            self.0.remove(&number);
        }
    }

    /// All operations, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Write> {
        self.0.values().rev()
    }

    pub(super) fn rows(&mut self) -> &mut dyn Rows {
        &mut self.0
    }
}
