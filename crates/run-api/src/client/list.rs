//! What lists are asked for.

use super::FieldMask;

/// Options of a list request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// At most this many items in one page; the server's own limit applies as well.
    pub limit: Option<u32>,
    /// The page to go on with: `metadata.continue` of the page before.
    pub continue_token: Option<String>,
    /// Only objects whose labels match, for example `serving.knative.dev/service=hello`. Equality (`=`, `==`,
    /// `!=`), sets (`in`, `notin`) and existence are understood.
    pub label_selector: Option<String>,
}

impl ListOptions {
    /// Only objects whose labels match.
    #[must_use]
    pub fn labelled(selector: impl Into<String>) -> Self {
        Self { label_selector: Some(selector.into()), ..Self::default() }
    }

    /// These options, and which fields to return, in the form of the generated operations.
    pub(super) fn page<'a>(&'a self, fields: Option<&'a FieldMask>) -> Page<'a> {
        Page {
            limit: capped(self.limit),
            token: self.continue_token.as_deref(),
            labels: self.label_selector.as_deref(),
            fields: fields.map(FieldMask::as_str),
        }
    }
}

/// What the generated list operations take. (Their other parameters are ignored by the server.)
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) limit: Option<i32>,
    pub(super) token: Option<&'a str>,
    pub(super) labels: Option<&'a str>,
    pub(super) fields: Option<&'a str>,
}

/// A page size as the API's signed integer.
pub(super) fn capped(size: Option<u32>) -> Option<i32> {
    size.map(|size| i32::try_from(size).unwrap_or(i32::MAX))
}
