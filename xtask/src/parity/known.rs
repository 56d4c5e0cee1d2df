//! Differences that are meant: each is explained in the documentation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::compare::Difference;
use super::outcome::Class;

/// What a difference covers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// A text of `docs/gcloud-differences.md`, where the reason is.
    documented: String,
    /// Pairs of outcomes, gcloud's first.
    #[serde(default)]
    outcomes: Vec<(Class, Class)>,
    /// Places: words with blanks between them; `*` is any word, and `**` at the end all that is below.
    #[serde(default)]
    places: Vec<String>,
    /// Whether it may show at every line without being named there.
    #[serde(default)]
    anywhere: bool,
}

/// The known differences by name.
#[derive(Debug)]
pub(super) struct Table(BTreeMap<String, Known>);

impl Table {
    /// Reads the table, and looks each reason up in the documentation.
    ///
    /// # Errors
    /// If a file cannot be read, or a reason is not documented.
    pub(super) fn read(file: &Path, documentation: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let table: BTreeMap<String, Known> =
            serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        let reasons =
            fs::read_to_string(documentation).with_context(|| documentation.display().to_string())?;
        for (name, known) in &table {
            if !reasons.contains(&known.documented) {
                bail!("{name}: {} does not say \"{}\"", documentation.display(), known.documented);
            }
        }
        Ok(Self(table))
    }

    /// The names of a line must be those of the table.
    pub(super) fn check(&self, names: &[String]) -> Result<()> {
        match names.iter().find(|name| !self.0.contains_key(*name)) {
            Some(name) => bail!("`{name}` is no known difference"),
            None => Ok(()),
        }
    }

    /// The difference, among those of a line and those that may show anywhere, that covers this.
    fn covering(&self, names: &[String], covers: impl Fn(&Known) -> bool) -> Option<&str> {
        let named = |name: &String, known: &Known| known.anywhere || names.contains(name);
        let mut all = self.0.iter().filter(|(name, known)| named(name, known));
        all.find(|(_, known)| covers(known)).map(|(name, _)| name.as_str())
    }

    pub(super) fn covering_place(&self, names: &[String], difference: &Difference) -> Option<&str> {
        self.covering(names, |known| known.places.iter().any(|place| leads_to(place, &difference.path)))
    }

    pub(super) fn covering_outcome(&self, names: &[String], outcome: (Class, Class)) -> Option<&str> {
        self.covering(names, |known| known.outcomes.contains(&outcome))
    }
}

fn leads_to(place: &str, path: &[String]) -> bool {
    let mut keys = path.iter();
    for word in place.split(' ') {
        match (word, keys.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (word, Some(key)) if word == key => {}
            _ => return false,
        }
    }
    keys.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let path = ["services", "app", "spec", "x/y"].map(str::to_owned);
        for (place, expected) in [
            ("services app spec x/y", true),
            ("services * spec x/y", true),
            ("services **", true),
            ("services app spec x/y **", true),
            ("services app spec", false),
            ("services app spec x/y z", false),
            ("* * * *", true),
            ("* *", false),
        ] {
            assert_eq!(leads_to(place, &path), expected, "{place}");
        }
    }
}
