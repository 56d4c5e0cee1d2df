//! Where the failure of a revision shows in its service.

use serde::{Deserialize, Serialize};

/// Where the failure of a revision shows in its service. Cloud Run has changed that, and clients have to handle both.
///
/// By the style of 2024, a missing or unreadable secret shows in all three conditions. (Seen in 2025.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureStyle {
    /// In `ConfigurationsReady`, with the reason of the revision, and with it in `Ready`; the routes stay what they were,
    /// since they follow the latest revision that is ready. (Seen in 2022 for a missing image; Knative.)
    #[serde(rename = "2022")]
    Of2022,
    /// In `RoutesReady`, and with it in `Ready`, while `ConfigurationsReady` is True. (Seen in 2024.)
    #[default]
    #[serde(rename = "2024")]
    Of2024,
}
