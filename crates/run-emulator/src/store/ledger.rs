//! What is saved of a state, and where to.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Is shown a saved row: its table, its label and its content.
pub(crate) type Show<'a> = dyn FnMut(&str, &str, &[u8]) -> Result<(), String> + 'a;

/// Where a state is saved.
pub(crate) trait Ledger: fmt::Debug + Send {
    /// Saves the changes of one piece of work: all of them or none.
    fn save(&mut self, changes: &[Change]) -> Result<(), String>;

    /// Shows every saved row: its table, its label and its content, in the order of these.
    fn load(&self, show: &mut Show<'_>) -> Result<(), String>;
}

/// What has become of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) table: &'static str,
    pub(crate) label: String,
    /// Its content; none if it is gone.
    pub(crate) row: Option<Vec<u8>>,
}

/// A table, whatever it holds.
pub(crate) trait Rows {
    /// What differs from before.
    fn changes(&self, table: &'static str, into: &mut Vec<Change>) -> serde_json::Result<()>;

    /// Takes what there is for what was there before.
    fn forget_changes(&mut self);

    /// Makes it what it was before.
    fn undo(&mut self);

    /// Takes in a saved row; a moved one differs from what is saved.
    fn load(&mut self, row: &[u8], moved: bool) -> serde_json::Result<()>;
}

/// What becomes of changes.
#[derive(Debug, Default)]
pub(crate) enum Saving {
    /// They are forgotten with the emulator.
    #[default]
    No,
    To(Box<dyn Ledger>),
    /// The emulator is at its end: nothing may change any more.
    Closed,
}

/// What the rows of a table are found by.
pub(crate) trait RowKey: Clone + Ord + Serialize + DeserializeOwned {
    /// What a saved row is found by: short, and another one for every key.
    fn label(&self) -> String;
}

impl RowKey for u64 {
    fn label(&self) -> String {
        format!("{self:020}")
    }
}
