//! What an import changed, for the person who ran it.

use std::fmt;

use openapiv3::OpenAPI;

use super::outline::{Outline, outline};
use super::prose::Prose;

/// The difference between the committed specification and the imported one.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    added: Vec<(String, String)>,
    changed: Vec<(String, String, String)>,
    /// Key, and whether a description is lost with it.
    gone: Vec<(String, bool)>,
    undescribed: Vec<String>,
    operations: usize,
    schemas: usize,
}

impl Report {
    /// Compares two specifications; `before` is `None` on the first import.
    pub(crate) fn new(before: Option<&OpenAPI>, after: &OpenAPI) -> Self {
        let old = before.map(outline).unwrap_or_default();
        let old_prose = before.map(Prose::of).unwrap_or_default();
        let new = outline(after);
        let prose = Prose::of(after);
        Self {
            added: difference(&new, &old).map(|key| (key.to_owned(), new[key].clone())).collect(),
            changed: new
                .iter()
                .filter_map(|(key, line)| {
                    let before = old.get(key).filter(|before| *before != line)?;
                    Some((key.clone(), before.clone(), line.clone()))
                })
                .collect(),
            gone: difference(&old, &new).map(|key| (key.to_owned(), old_prose.get(key).is_some())).collect(),
            undescribed: new.keys().filter(|key| prose.get(key).is_none()).cloned().collect(),
            operations: new.keys().filter(|key| key.starts_with("operation ")).count(),
            schemas: new.keys().filter(|key| !key.contains([' ', '.'])).count(),
        }
    }
}

fn difference<'a>(left: &'a Outline, right: &'a Outline) -> impl Iterator<Item = &'a str> {
    left.keys().filter(|key| !right.contains_key(*key)).map(String::as_str)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.added.is_empty() {
            writeln!(f, "new ({}):", self.added.len())?;
            for (key, line) in &self.added {
                writeln!(f, "  {key}: {line}")?;
            }
        }
        if !self.changed.is_empty() {
            writeln!(f, "changed ({}); check what is said about them:", self.changed.len())?;
            for (key, before, after) in &self.changed {
                writeln!(f, "  {key}: {before} => {after}")?;
            }
        }
        if !self.gone.is_empty() {
            writeln!(f, "gone ({}):", self.gone.len())?;
            for (key, described) in &self.gone {
                let note = if *described { " (with its description)" } else { "" };
                writeln!(f, "  {key}{note}")?;
            }
        }
        if !self.undescribed.is_empty() {
            writeln!(f, "without a description ({}):", self.undescribed.len())?;
            for key in &self.undescribed {
                writeln!(f, "  {key}")?;
            }
        }
        writeln!(
            f,
            "{} operations, {} schemas; {} new, {} changed, {} gone, {} without a description",
            self.operations,
            self.schemas,
            self.added.len(),
            self.changed.len(),
            self.gone.len(),
            self.undescribed.len(),
        )
    }
}
