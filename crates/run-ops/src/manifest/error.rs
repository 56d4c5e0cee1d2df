//! What is wrong with a manifest.

use std::error::Error;
use std::fmt;

/// The most faults that are told at once.
const MOST: usize = 20;

/// A manifest that cannot be read: all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidManifest {
    faults: Vec<Fault>,
    several: bool,
}

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    document: usize,
    line: u64,
    field: String,
    message: String,
}

impl InvalidManifest {
    pub(super) fn new(mut faults: Vec<Fault>, several: bool) -> Self {
        faults.truncate(MOST);
        Self { faults, several }
    }

    pub(super) fn one(fault: Fault) -> Self {
        let several = fault.document > 1;
        Self { faults: vec![fault], several }
    }

    /// What is wrong, in the order of the manifest.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Fault {
    pub(super) fn new(document: usize, line: u64, field: &str, message: impl Into<String>) -> Self {
        Self { document, line, field: field.to_owned(), message: message.into() }
    }

    /// Which document of the manifest, from 1.
    #[must_use]
    pub fn document(&self) -> usize {
        self.document
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The field, as a path in the object's JSON; empty if it is about the object, or about no object at all.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for InvalidManifest {
    /// A line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if self.several {
                write!(f, "document {}, ", fault.document)?;
            }
            write!(f, "line {}", fault.line)?;
            if !fault.field.is_empty() {
                write!(f, ", {}", fault.field)?;
            }
            write!(f, ": {}", fault.message)?;
        }
        Ok(())
    }
}

impl Error for InvalidManifest {}

impl From<InvalidManifest> for crate::Error {
    fn from(error: InvalidManifest) -> Self {
        Self::other(error)
    }
}
