//! Partial responses.

use std::fmt;

use crate::{Error, Result};

/// Which fields an answer should have: a comma-separated list of paths, for example
/// `metadata(name,generation),status/conditions`.
/// (Source: <https://cloud.google.com/apis/docs/system-parameters>, `fields`)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMask(String);

impl FieldMask {
    /// A mask from its text form.
    ///
    /// # Errors
    /// If it is empty or has other characters than letters, digits and `_ . , / * ( )`.
    pub fn new(mask: impl Into<String>) -> Result<Self> {
        let mask = mask.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.,/*()".contains(c);
        match mask.chars().find(|c| !allowed(*c)) {
            _ if mask.is_empty() => Err(Error::invalid_input("the field mask is empty")),
            Some(other) => Err(Error::invalid_input(format!("the field mask has a {other:?}"))),
            None => Ok(Self(mask)),
        }
    }

    /// This mask of one object, as a mask of a list of them that keeps what the list itself needs.
    pub(super) fn of_items(&self) -> Self {
        Self(format!("items({}),metadata,unreachable", self.0))
    }

    /// The mask as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a read with a [`FieldMask`] returns: an object of which most fields may be missing.
///
/// It can be looked at and nothing else: written back, it would delete whatever the mask left out.
pub struct Partial<T>(T);

impl<T> Partial<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks at the object.
    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0)
    }
}

impl<T: fmt::Debug> fmt::Debug for Partial<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Partial").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        assert_eq!(FieldMask::new("items(metadata/name),a.b").unwrap().as_str(), "items(metadata/name),a.b");
        for bad in ["", "a b", "a&alt=media", "ä"] {
            assert!(FieldMask::new(bad).is_err(), "{bad}");
        }
    }
}
