//! Readers of metadata that all layouts need.

use run_api::types::ObjectMeta;

/// An annotation of an object.
pub(crate) fn annotation<'a>(metadata: Option<&'a ObjectMeta>, key: &str) -> Option<&'a str> {
    metadata?.annotations.get(key).map(String::as_str)
}
