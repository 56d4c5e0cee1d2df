//! All that one emulator remembers.

use std::ops::{Deref, DerefMut};

use super::kinds::Tables;
use super::ledger::{Rows, Saving};
use super::operations::Operations;
use super::references::References;
use crate::clock::Clock;
use crate::project::Projects;

/// All objects of one emulator. A table of a kind is reached as if it were a field.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) clock: Clock,
    pub(crate) projects: Projects,
    tables: Tables,
    pub(crate) operations: Operations,
    pub(super) references: References,
    /// The port that the services' addresses have.
    pub(super) port: u16,
    pub(super) saving: Saving,
    /// The clock as it was saved last.
    pub(super) clock_saved: Option<u64>,
    /// Why the last piece of work is not saved.
    pub(super) unsaved: Option<String>,
}

impl Deref for Store {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl DerefMut for Store {
    fn deref_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }
}

impl Store {
    pub(crate) fn new(projects: Projects, port: u16) -> Self {
        Self {
            clock: Clock::start(),
            projects,
            tables: Tables::default(),
            operations: Operations::default(),
            references: References::default(),
            port,
            saving: Saving::default(),
            clock_saved: None,
            unsaved: None,
        }
    }

    /// Visits every table, by the name that it has in a saved state. Every field is named here, so that no table is
    /// forgotten.
    pub(super) fn each_table(&mut self, mut visit: impl FnMut(&'static str, &mut dyn Rows)) {
        let Self {
            clock: _,
            projects: _,
            tables,
            operations,
            references,
            port: _,
            saving: _,
            clock_saved: _,
            unsaved: _,
        } = self;
        tables.each(&mut visit);
        visit("operations", operations.rows());
        visit("references", references.rows());
    }

    /// The URL of a host of the data plane.
    pub(crate) fn url_of(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }

    /// Pins an image to its digest, for a revision that is going to have it.
    pub(crate) fn pin(&mut self, image: &str) -> String {
        self.references.pin(image)
    }

    /// The reference that an image was deployed by.
    pub(crate) fn reference<'a>(&'a self, image: &'a str) -> &'a str {
        self.references.of(image)
    }

    #[cfg(test)]
    pub(crate) fn has_no_references(&self) -> bool {
        self.references.is_empty()
    }
}
