//! What an import changed, for the person who ran it.

use std::collections::BTreeSet;
use std::fmt;

use super::outline::{Line, Outline};
use super::prose::Prose;
use super::renames::{Renames, missing};

/// The difference between the committed specification and the imported one.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    added: Vec<(String, String)>,
    renamed: Vec<(String, String)>,
    changed: Vec<(String, Vec<String>)>,
    /// Key, and whether a description is lost with it.
    gone: Vec<(String, bool)>,
    /// Without a description, of what is new.
    to_describe: Vec<String>,
    /// Without a description, of what was there before.
    undescribed: Vec<String>,
    operations: usize,
    schemas: usize,
}

impl Report {
    /// Compares two outlines; `prose` are the descriptions before and after.
    pub(super) fn new(old: &Outline, new: &Outline, renames: &Renames, prose: (&Prose, &Prose)) -> Self {
        let (old_names, new_names): (BTreeSet<_>, BTreeSet<_>) = renames.pairs().unzip();
        let added: Vec<(String, String)> = missing(new, old)
            .filter(|(key, _)| !new_names.contains(key))
            .map(|(key, line)| (key.to_owned(), line.to_string()))
            .collect();
        let same = old.keys().filter(|key| new.contains_key(*key)).map(|key| (key.as_str(), key.as_str()));
        let mut changed: Vec<(String, Vec<String>)> = same
            .chain(renames.pairs())
            .filter_map(|(before, after)| {
                let change = change(&renames.in_new_names(old.get(before)?), new.get(after)?);
                (!change.is_empty()).then(|| (after.to_owned(), change))
            })
            .collect();
        changed.sort();
        let (to_describe, undescribed) = new
            .keys()
            .filter(|key| prose.1.get(key).is_none())
            .cloned()
            .partition(|key| !old.contains_key(key) && !new_names.contains(key.as_str()));
        Self {
            added,
            renamed: renames.told().map(|(old, new)| (old.to_owned(), new.to_owned())).collect(),
            changed,
            gone: missing(old, new)
                .filter(|(key, _)| !old_names.contains(key))
                .map(|(key, _)| (key.to_owned(), prose.0.get(key).is_some()))
                .collect(),
            to_describe,
            undescribed,
            operations: new.keys().filter(|key| key.starts_with("operation ")).count(),
            schemas: new.keys().filter(|key| !key.contains([' ', '.'])).count(),
        }
    }

    /// How many names of the committed specification the imported one has not: of what is gone, and of what is
    /// called otherwise.
    pub(super) fn lost_names(&self) -> usize {
        self.gone.len() + self.renamed.len()
    }
}

/// What differs between two lines, piece by piece.
fn change(before: &Line, after: &Line) -> Vec<String> {
    let mut pieces = Vec::new();
    if before.shape != after.shape {
        pieces.push(format!("{} => {}", before.shape, after.shape));
    }
    pieces.extend(after.members.difference(&before.members).map(|member| format!("+ {member}")));
    pieces.extend(before.members.difference(&after.members).map(|member| format!("- {member}")));
    pieces
}

fn section<T>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    hint: &str,
    rows: &[T],
    row: impl Fn(&T) -> String,
) -> fmt::Result {
    if !rows.is_empty() {
        writeln!(f, "{title} ({}){hint}:", rows.len())?;
    }
    rows.iter().try_for_each(|item| writeln!(f, "  {}", row(item)))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        section(f, "new", "", &self.added, |(key, line)| format!("{key}: {line}"))?;
        let hint = ", with their descriptions; check what is said about them";
        section(f, "renamed", hint, &self.renamed, |(old, new)| format!("{old} => {new}"))?;
        let hint = "; check what is said about them";
        section(f, "changed", hint, &self.changed, |(key, pieces)| format!("{key}: {}", pieces.join(", ")))?;
        section(f, "gone", "", &self.gone, |(key, described)| {
            format!("{key}{}", if *described { " (with its description)" } else { "" })
        })?;
        section(f, "new and without a description", "; describe them", &self.to_describe, String::clone)?;
        section(f, "not described before, either", "", &self.undescribed, String::clone)?;
        writeln!(
            f,
            "{} operations, {} schemas; {} new, {} renamed, {} changed, {} gone, {} without a description",
            self.operations,
            self.schemas,
            self.added.len(),
            self.renamed.len(),
            self.changed.len(),
            self.gone.len(),
            self.to_describe.len() + self.undescribed.len(),
        )
    }
}
