//! Lists: selection by labels, order, pages.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use run_api::types::{ListMeta, ObjectMeta};

use crate::error::ApiError;

/// What a list request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) limit: Option<usize>,
    pub(crate) token: Option<String>,
    pub(crate) labels: Option<String>,
    /// Only services of several regions, of which the emulator has none.
    pub(crate) multi_region_only: bool,
}

/// One of the things that are listed, with what the list goes by.
pub(crate) struct Entry<'a, R> {
    pub(crate) item: R,
    pub(crate) metadata: &'a ObjectMeta,
    pub(crate) labels: Cow<'a, BTreeMap<String, String>>,
    /// Those of the same time come in ascending order of this.
    pub(crate) number: i64,
}

/// One page, newest first, and the mark of the next. Recorded lists have no `metadata` unless it goes on.
pub(crate) fn page<'a, R>(
    entries: impl Iterator<Item = Entry<'a, R>>,
    query: &ListQuery,
) -> Result<(Vec<R>, Option<ListMeta>), ApiError> {
    let selector = query.labels.as_deref().map(Selector::parse).transpose()?;
    let token = query.token.as_deref().map(decoded).transpose()?;
    let after = token.as_deref().map(Mark::parse).transpose()?;
    let mut found: Vec<(Mark<'a>, R)> = entries
        .filter(|_| !query.multi_region_only)
        .filter(|entry| selector.as_ref().is_none_or(|selector| selector.matches(&entry.labels)))
        .map(|entry| (Mark::of(entry.metadata, entry.number), entry.item))
        .filter(|(mark, _)| after.as_ref().is_none_or(|after| mark < after))
        .collect();
    let newest_first = |(a, _): &(Mark<'a>, R), (b, _): &(Mark<'a>, R)| b.cmp(a);
    let limit = query.limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    if more {
        // A page of many costs a look at each, and not a sort of all.
        found.select_nth_unstable_by(limit, newest_first);
        found.truncate(limit);
    }
    found.sort_unstable_by(newest_first);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(mark, _)| ListMeta { continue_: Some(mark.token()), ..ListMeta::default() });
    Ok((found.into_iter().map(|(_, item)| item).collect(), next))
}

/// The place of an object in a list: by time, then by number, then by name; the greatest comes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark<'a>(&'a str, i64, &'a str);

impl<'a> Mark<'a> {
    fn of(metadata: &'a ObjectMeta, number: i64) -> Self {
        let time = metadata.creation_timestamp.as_deref().unwrap_or_default();
        Self(time, -number, metadata.self_link.as_deref().unwrap_or_default())
    }

    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}\n{}\n{}", self.0, self.1, self.2))
    }

    fn parse(token: &'a str) -> Result<Self, ApiError> {
        let mut parts = token.splitn(3, '\n');
        let mark = (|| {
            let (time, number, name) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Self(time, number.parse().ok()?, name))
        })();
        mark.ok_or_else(bad_token)
    }
}

fn decoded(token: &str) -> Result<String, ApiError> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(bad_token)
}

fn bad_token() -> ApiError {
    ApiError::invalid("The continue token is invalid.")
}

/// A label selector: requirements that must all hold.
#[derive(Debug, PartialEq, Eq)]
struct Selector(Vec<Requirement>);

#[derive(Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Selector {
    /// The grammar of Kubernetes, spaces tolerated:
    /// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>
    fn parse(text: &str) -> Result<Self, ApiError> {
        requirements(text)
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(Requirement::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Missing(key) => !labels.contains_key(key),
        })
    }
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let bad =
            || ApiError::invalid(format!("Invalid label selector: unable to parse requirement '{text}'."));
        if let Some((key, values)) = text.strip_suffix(')').and_then(|open| open.split_once('(')) {
            let values = values.split(',').map(|value| value.trim().to_owned()).collect();
            let words: Vec<&str> = key.split_whitespace().collect();
            return match words[..] {
                [key, "in"] => Ok(Self::In(name(key).ok_or_else(bad)?, values)),
                [key, "notin"] => Ok(Self::NotIn(name(key).ok_or_else(bad)?, values)),
                _ => Err(bad()),
            };
        }
        if let Some((key, value)) = text.split_once("!=") {
            return Ok(Self::NotIn(name(key).ok_or_else(bad)?, vec![value.trim().to_owned()]));
        }
        if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            return Ok(Self::In(name(key).ok_or_else(bad)?, vec![value.trim().to_owned()]));
        }
        match text.strip_prefix('!') {
            Some(key) => Ok(Self::Missing(name(key).ok_or_else(bad)?)),
            None => Ok(Self::Exists(name(text).ok_or_else(bad)?)),
        }
    }
}

fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!text.is_empty() && text.chars().all(allowed)).then(|| text.to_owned())
}

/// The parts between commas that are not within parentheses.
fn requirements(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors() {
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b/c".to_owned(), "2".to_owned())]);
        for (text, expected) in [
            ("", true),
            ("a=1", true),
            ("a = 1", true),
            ("a==1,b/c=2", true),
            ("a=2", false),
            ("a!=2", true),
            ("z!=2", true),
            ("a", true),
            ("!a", false),
            ("!z", true),
            ("a in (1, 2),b/c", true),
            ("a notin (1,2)", false),
            ("z notin (1)", true),
        ] {
            assert_eq!(Selector::parse(text).unwrap().matches(&labels), expected, "{text}");
        }
        for bad in ["=1", "a of (1)", "a b", "(", "a in 1)"] {
            assert!(Selector::parse(bad).is_err(), "{bad}");
        }
    }

    fn entry((item, metadata): &(usize, ObjectMeta)) -> Entry<'_, usize> {
        Entry { item: *item, metadata, labels: Cow::Borrowed(&metadata.labels), number: 0 }
    }

    #[test]
    fn pages_follow_each_other() {
        let metadata = |at: usize| ObjectMeta {
            creation_timestamp: Some(format!("2026-01-01T00:00:0{at}.000000Z")),
            self_link: Some(format!("/x/{at}")),
            ..ObjectMeta::default()
        };
        let all: Vec<_> = (0..5).map(|at| (at, metadata(at))).collect();
        let mut query = ListQuery { limit: Some(2), ..ListQuery::default() };
        let mut seen = Vec::new();
        loop {
            let (items, next) = page(all.iter().map(entry), &query).unwrap();
            seen.extend(items);
            match next {
                Some(next) => query.token = next.continue_,
                None => break,
            }
        }
        assert_eq!(seen, [4, 3, 2, 1, 0]);
        query.token = Some("!".to_owned());
        assert!(page(all.iter().map(entry), &query).is_err());
    }
}
