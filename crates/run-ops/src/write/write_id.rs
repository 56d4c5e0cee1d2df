//! The id that a write leaves on an object, so that it is known again when its answer was lost.

use run_api::types::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use crate::{Error, ErrorKind, Result};

/// The annotation of an object in which each write of this crate leaves its id, the newest first.
///
/// It stands on the object itself and never on the template, so that it makes no revision, and counts neither as a change
/// nor as drift: compare objects without it. (The API keeps annotations whose prefix is none of its own.)
pub const WRITE_IDS_ANNOTATION: &str = "run-rs.dev/writes";

/// How many writes are remembered. One that is followed by so many others before it was looked for is forgotten.
pub(crate) const REMEMBERED: usize = 8;

/// The id of a write; the same for all attempts at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriteId(String);

impl WriteId {
    pub(crate) fn new() -> Self {
        Self(letters())
    }

    /// Puts the id on the metadata of an object that is going to replace what has `before`, or to be created.
    pub(crate) fn stamp(&self, metadata: &mut ObjectMeta, before: Option<&ObjectMeta>) {
        let earlier = before.map(ids).unwrap_or_default();
        let all: Vec<&str> = std::iter::once(self.as_str()).chain(earlier).take(REMEMBERED).collect();
        let all = all.join(",");
        metadata.annotations.insert(WRITE_IDS_ANNOTATION.to_owned(), all);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ten random letters.
pub(crate) fn letters() -> String {
    (0..10).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect()
}

/// The writes that an object remembers, the newest first.
pub(crate) fn ids(metadata: &ObjectMeta) -> Vec<&str> {
    let text = metadata.annotations.get(WRITE_IDS_ANNOTATION);
    text.into_iter().flat_map(|text| text.split(',')).filter(|id| !id.is_empty()).collect()
}

/// An object without the ids, for comparisons.
pub(crate) fn content<T: Serialize>(object: &T) -> Result<Value> {
    let mut value = json(object)?;
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut)
        && let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(WRITE_IDS_ANNOTATION);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    Ok(value)
}

/// Compared as JSON, an absent field and an empty one are the same, as they are for the server.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::Invalid, format!("the object is not valid JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_writes_are_remembered() {
        let mut metadata = ObjectMeta::default();
        let written: Vec<WriteId> = (0..10).map(|_| WriteId::new()).collect();
        for id in &written {
            let before = metadata.clone();
            id.stamp(&mut metadata, Some(&before));
        }
        let expected: Vec<&str> = written.iter().rev().take(REMEMBERED).map(WriteId::as_str).collect();
        assert_eq!(ids(&metadata), expected);
        let object = run_api::types::Service { metadata: Some(metadata), ..Default::default() };
        assert_eq!(content(&object).unwrap(), serde_json::json!({"metadata": {}}));
    }
}
