//! Partial responses: the `fields` parameter.
//!
//! The grammar is that of Google's APIs: `a,b(c,d/e),items(metadata/name)`, with `.` as good as `/`, and `*` for
//! every field. (Source: <https://cloud.google.com/apis/docs/system-parameters>; of lists, each item is masked.)

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::ApiError;

/// The fields to keep; nothing below a field means all of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mask(BTreeMap<String, Mask>);

impl Mask {
    /// Reads a mask.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut parser = Parser { rest: text };
        let mask = parser.list().filter(|_| parser.rest.is_empty());
        mask.ok_or_else(|| ApiError::invalid(format!("Invalid field selection {text}")))
    }

    /// What the mask leaves of a value.
    pub(super) fn apply(&self, value: Value) -> Value {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.apply(item)).collect(),
            Value::Object(object) => {
                let kept = object.into_iter().filter_map(|(name, value)| {
                    let below = self.0.get(&name).or_else(|| self.0.get("*"))?;
                    Some((name, below.apply(value)))
                });
                Value::Object(kept.collect::<Map<_, _>>())
            }
            other => other,
        }
    }

    fn merge(&mut self, name: String, below: Self) {
        match self.0.entry(name) {
            std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(below)),
            // All of a field and a part of it is all of it.
            std::collections::btree_map::Entry::Occupied(mut known) => {
                if below.0.is_empty() || known.get().0.is_empty() {
                    known.insert(Self::default());
                } else {
                    for (name, mask) in below.0 {
                        known.get_mut().merge(name, mask);
                    }
                }
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

/// Deeper masks than any object are refused rather than followed.
const DEEPEST: usize = 32;

impl Parser<'_> {
    fn list(&mut self) -> Option<Mask> {
        self.list_at(0)
    }

    fn list_at(&mut self, depth: usize) -> Option<Mask> {
        let mut mask = Mask::default();
        loop {
            let (name, below) = self.path(depth)?;
            mask.merge(name, below);
            if !self.eat(&[',']) {
                return Some(mask);
            }
        }
    }

    fn path(&mut self, depth: usize) -> Option<(String, Mask)> {
        if depth > DEEPEST {
            return None;
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '*'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let name = (!name.is_empty()).then(|| name.to_owned())?;
        self.rest = rest;
        if self.eat(&['/', '.']) {
            let (below, mask) = self.path(depth + 1)?;
            return Some((name, Mask(BTreeMap::from([(below, mask)]))));
        }
        if self.eat(&['(']) {
            let mask = self.list_at(depth + 1)?;
            return self.eat(&[')']).then_some((name, mask));
        }
        Some((name, Mask::default()))
    }

    fn eat(&mut self, any: &[char]) -> bool {
        match self.rest.strip_prefix(any) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn masks() {
        let object = json!({
            "kind": "ServiceList",
            "items": [
                {"metadata": {"name": "a", "labels": {"x": "1", "y": "2"}}, "status": {"url": "u", "traffic": []}},
                {"metadata": {"name": "b"}},
            ],
        });
        for (mask, expected) in [
            ("kind", json!({"kind": "ServiceList"})),
            (
                "items(metadata/name)",
                json!({"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}),
            ),
            (
                "items.metadata.name,kind",
                json!({"kind": "ServiceList", "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}),
            ),
            (
                "items(status(url),metadata(labels/x))",
                json!({"items": [{"metadata": {"labels": {"x": "1"}}, "status": {"url": "u"}}, {"metadata": {}}]}),
            ),
            (
                "items/*/name",
                json!({"items": [{"metadata": {"name": "a"}, "status": {}}, {"metadata": {"name": "b"}}]}),
            ),
            ("items/metadata/name,items", json!({"items": object["items"]})),
            ("nothing", json!({})),
            ("*", object.clone()),
        ] {
            assert_eq!(Mask::parse(mask).unwrap().apply(object.clone()), expected, "{mask}");
        }
    }

    #[test]
    fn what_is_no_mask() {
        let deep = "a/".repeat(100_000) + "a";
        for bad in ["", ",", "a,", "a(", "a()", "a(b", "a)b", "a//b", "a b", "ä", &deep] {
            assert!(Mask::parse(bad).is_err(), "{bad:.20}");
        }
    }
}
