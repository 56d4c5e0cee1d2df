//! What is gone and came back under another name.
//!
//! A discovery document does not tell that something was renamed, so this is a judgement: what is gone and what is
//! new are held to be one if they are alike in structure and, where that says little, in name.

use std::collections::{BTreeMap, BTreeSet};

use similar::TextDiff;

use super::naming;
use super::outline::{Line, Outline, parameter_key, property_key};

/// How much of the properties of two schemas must be equal.
const ENOUGH_PROPERTIES: f32 = 0.7;
/// How alike two names must be: half of their words, or most of their letters.
const ENOUGH_WORDS: f32 = 0.5;
const ENOUGH_LETTERS: f32 = 0.75;

/// Old and new keys (see [`property_key`] and its siblings) of what has another name now.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Renames {
    schemas: BTreeMap<String, String>,
    others: Vec<(String, String)>,
    /// What keeps its name and has another key: properties of a renamed schema, and parameters that differ between
    /// operations now or no longer do.
    moved: Vec<(String, String)>,
}

impl Renames {
    /// Compares what a specification had with what it has.
    pub(super) fn between(old: &Outline, new: &Outline) -> Self {
        let mut renames = Self { schemas: schemas(old, new), ..Self::default() };
        renames.properties(old, new);
        renames.operations(old, new);
        renames.parameters(old, new);
        renames
    }

    /// All pairs of an old and a new key. A parameter can have several new keys.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let schemas = self.schemas.iter().map(|(old, new)| (old.as_str(), new.as_str()));
        let both = self.others.iter().chain(&self.moved);
        schemas.chain(both.map(|(old, new)| (old.as_str(), new.as_str())))
    }

    /// Those of what has another name, and not only another key.
    pub(super) fn told(&self) -> impl Iterator<Item = (&str, &str)> {
        let schemas = self.schemas.iter().map(|(old, new)| (old.as_str(), new.as_str()));
        schemas.chain(self.others.iter().map(|(old, new)| (old.as_str(), new.as_str())))
    }

    /// A line of the old outline with the new names of schemas and parameters in it.
    pub(super) fn in_new_names(&self, line: &Line) -> Line {
        let word = |word: &str| {
            let name = word.trim_end_matches(',');
            self.schemas.get(name).map_or_else(|| word.to_owned(), |new| new.clone() + &word[name.len()..])
        };
        let member = |member: &String| {
            let key = parameter_key(member);
            let new = self.others.iter().find(|(old, _)| *old == key);
            new.and_then(|(_, new)| new.strip_prefix("parameter ")).unwrap_or(member).to_owned()
        };
        Line {
            shape: line.shape.split(' ').map(word).collect::<Vec<_>>().join(" "),
            members: line.members.iter().map(member).collect(),
        }
    }

    fn properties(&mut self, old: &Outline, new: &Outline) {
        for (owner, properties) in owners(old) {
            let now = self.schemas.get(owner).map_or(owner, String::as_str);
            let later: BTreeMap<&str, &Line> = properties_of(new, now).collect();
            let before: BTreeSet<&str> = properties.iter().map(|(property, _)| *property).collect();
            let mut candidates = Vec::new();
            for (property, line) in properties {
                if later.contains_key(property) {
                    if now != owner {
                        let keys = (property_key(owner, property), property_key(now, property));
                        self.moved.push(keys);
                    }
                    continue;
                }
                let line = self.in_new_names(line);
                let came = later.iter().filter(|(name, _)| !before.contains(*name));
                let alike = came.filter(|(_, other)| ***other == line).map(|(name, _)| *name);
                candidates.extend(alike.map(|other| (property, other, likeness(property, other))));
            }
            for (property, other) in best(candidates) {
                self.others.push((property_key(owner, property), property_key(now, other)));
            }
        }
    }

    /// An operation that answers at the same place is the same.
    fn operations(&mut self, old: &Outline, new: &Outline) {
        let place = |line: &Line| {
            let (place, _) = line.shape.split_once(": ").unwrap_or((&line.shape, ""));
            let parts = place.split('{').enumerate();
            let blank = |(at, part): (usize, &str)| match part.split_once('}') {
                Some((_, rest)) if at > 0 => "{}".to_owned() + rest,
                _ => part.to_owned(),
            };
            parts.map(blank).collect::<String>()
        };
        for (key, line) in missing(old, new).filter(|(key, _)| key.starts_with("operation ")) {
            let found = missing(new, old)
                .find(|(other, l)| other.starts_with("operation ") && place(l) == place(line));
            if let Some((other, _)) = found {
                self.others.push((key.to_owned(), other.to_owned()));
            }
        }
    }

    /// A parameter has a key of its own in an operation where it differs between operations: `limit` becomes
    /// `list_services.limit`, and the other way round.
    fn parameters(&mut self, old: &Outline, new: &Outline) {
        let name = |key: &str| key.strip_prefix("parameter ").map(str::to_owned);
        let gone: Vec<_> = missing(old, new).filter_map(|(key, line)| Some((name(key)?, line))).collect();
        let came: Vec<_> = missing(new, old).filter_map(|(key, line)| Some((name(key)?, line))).collect();
        let mut candidates = Vec::new();
        for (before, line) in &gone {
            for (after, now) in &came {
                if after.ends_with(&format!(".{before}")) || before.ends_with(&format!(".{after}")) {
                    self.moved.push((parameter_key(before), parameter_key(after)));
                } else if line == now {
                    candidates.push((before.as_str(), after.as_str(), likeness(before, after)));
                }
            }
        }
        for (before, after) in best(candidates) {
            let before = parameter_key(before);
            if !self.moved.iter().any(|(old, _)| *old == before) {
                self.others.push((before, parameter_key(after)));
            }
        }
    }
}

fn schemas(old: &Outline, new: &Outline) -> BTreeMap<String, String> {
    let is_schema = |key: &&str| !key.contains([' ', '.']);
    let gone: Vec<&str> = missing(old, new).map(|(key, _)| key).filter(is_schema).collect();
    let came: Vec<&str> = missing(new, old).map(|(key, _)| key).filter(is_schema).collect();
    let mut candidates = Vec::new();
    for before in gone {
        for after in &came {
            let names = likeness(before, after);
            let mine: Vec<_> = properties_of(old, before).collect();
            let theirs: Vec<_> = properties_of(new, after).collect();
            let equal = mine.iter().filter(|property| theirs.contains(property)).count();
            let all = mine.len() + theirs.len() - equal;
            // Three equal properties are no accident; fewer can be, and none say nothing.
            let alike = match equal {
                0 => all == 0 && names.is_some(),
                1 | 2 => share(equal, all) >= ENOUGH_PROPERTIES && names.is_some(),
                _ => share(equal, all) >= ENOUGH_PROPERTIES,
            };
            if alike {
                candidates.push((before, *after, Some(share(equal, all) + names.unwrap_or_default())));
            }
        }
    }
    best(candidates).into_iter().map(|(old, new)| (old.to_owned(), new.to_owned())).collect()
}

/// The pairs that go together best; none is in two pairs.
fn best<'a>(mut candidates: Vec<(&'a str, &'a str, Option<f32>)>) -> Vec<(&'a str, &'a str)> {
    candidates.sort_by(|(a, b, one), (c, d, two)| {
        two.unwrap_or_default().total_cmp(&one.unwrap_or_default()).then((a, b).cmp(&(c, d)))
    });
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (old, new, likeness) in candidates {
        if likeness.is_some() && !pairs.iter().any(|(a, b)| *a == old || *b == new) {
            pairs.push((old, new));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// How alike two names are, if they are alike at all.
fn likeness(one: &str, other: &str) -> Option<f32> {
    let words = |name: &str| -> BTreeSet<String> {
        naming::words(name).iter().map(|word| word.to_lowercase()).collect()
    };
    let (mine, theirs) = (words(one), words(other));
    let common = mine.intersection(&theirs).count();
    let by_words = share(2 * common, mine.len() + theirs.len());
    let by_letters = TextDiff::from_chars(one.to_lowercase(), other.to_lowercase()).ratio();
    (by_words >= ENOUGH_WORDS || by_letters >= ENOUGH_LETTERS).then_some(by_words.max(by_letters))
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 1.0 } else { part as f32 / whole as f32 }
}

/// What `one` has and `other` has not.
pub(super) fn missing<'a>(one: &'a Outline, other: &'a Outline) -> impl Iterator<Item = (&'a str, &'a Line)> {
    one.iter().filter(|(key, _)| !other.contains_key(*key)).map(|(key, line)| (key.as_str(), line))
}

type Properties<'a> = Vec<(&'a str, &'a Line)>;

fn owners(outline: &Outline) -> BTreeMap<&str, Properties<'_>> {
    let mut owners: BTreeMap<&str, Properties<'_>> = BTreeMap::new();
    for (key, line) in outline.iter().filter(|(key, _)| !key.contains(' ')) {
        if let Some((owner, property)) = key.split_once('.') {
            owners.entry(owner).or_default().push((property, line));
        }
    }
    owners
}

fn properties_of<'a>(outline: &'a Outline, schema: &str) -> impl Iterator<Item = (&'a str, &'a Line)> {
    let prefix = format!("{schema}.");
    outline
        .range(prefix.clone()..)
        .take_while(move |(key, _)| key.starts_with(&prefix))
        .map(|(key, line)| (key.split_once('.').map_or("", |(_, property)| property), line))
}
