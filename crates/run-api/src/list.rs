//! Lists of objects.

use serde::{Deserialize, Serialize};

use crate::types::ListMeta;

/// A page of a list of objects, as the API answers it for every kind: `ListServicesResponse` is a `List<Service>`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>"))]
pub struct List<K> {
    /// The API version of the kind.
    #[serde(rename = "apiVersion", skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The objects.
    #[serde(
        default = "Vec::new",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "crate::generated::types::null_as_default"
    )]
    pub items: Vec<K>,
    /// The kind and `List`, for example `ServiceList`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Where the next page begins. Often absent altogether.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ListMeta>,
    /// Regions that did not answer a request for all: if there are any, the list is incomplete.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "crate::generated::types::null_as_default"
    )]
    pub unreachable: Vec<String>,
}

// Derived, it would ask for objects with a default.
impl<K> Default for List<K> {
    fn default() -> Self {
        Self { api_version: None, items: Vec::new(), kind: None, metadata: None, unreachable: Vec::new() }
    }
}

impl<K> List<K> {
    /// The token of the next page; none if this is the last.
    #[must_use]
    pub fn next_page(&self) -> Option<&str> {
        self.metadata.as_ref()?.continue_.as_deref().filter(|token| !token.is_empty())
    }
}

impl<K> IntoIterator for List<K> {
    type Item = K;
    type IntoIter = std::vec::IntoIter<K>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}
