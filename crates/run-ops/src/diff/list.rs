//! All differences of two objects.

use std::fmt;

use run_api::Resource;

use super::change::Change;
use super::compare;

/// What would change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    changes: Vec<Change>,
}

impl Diff {
    /// Compares an object with what would be in its place. `wanted` is what the caller wrote, before the server filled
    /// anything in. Pure.
    #[must_use]
    pub fn between<K: Resource>(live: &K, planned: &K, wanted: &K) -> Self {
        // What cannot be written has no fields.
        let json = |object: &K| serde_json::to_value(object).unwrap_or_default();
        Self { changes: compare::changes(&json(live), &json(planned), &json(wanted)) }
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What would change, in the order of the fields.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl fmt::Display for Diff {
    /// A line for each change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.changes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{change}")?;
        }
        Ok(())
    }
}
