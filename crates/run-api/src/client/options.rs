//! How requests are made: where to list, which part of it, and whether a write is only tried.

use crate::{Location, ProjectId};

/// How something is written.
///
/// ```
/// assert!(run_api::WriteOptions::dry_run().dry_run && !run_api::WriteOptions::default().dry_run);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// Asks the server to check the write and to fill in defaults, without storing anything. What the API has no dry
    /// run of is an error, and nothing is sent.
    pub dry_run: bool,
}

impl WriteOptions {
    /// Only asks the server what would come of it.
    #[must_use]
    pub fn dry_run() -> Self {
        Self { dry_run: true }
    }
}

/// Options of a list request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// At most this many items in one page; the server's own limit applies as well.
    pub limit: Option<u32>,
    /// The page to go on with: [`List::next_page`](crate::List::next_page) of the page before.
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
}

/// How large the bodies of answers may be, in bytes after decompression. Reading stops where one is larger.
///
/// ```
/// let limits = run_api::AnswerLimits { object: 4 << 20, ..run_api::AnswerLimits::default() };
/// let client = run_api::Client::builder().answer_limits(limits);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// One object, policy or other answer that is no list, and each item of a list that is read as it arrives;
    /// 16 MiB by default.
    pub object: usize,
    /// One page of a list that is read whole; 256 MiB by default.
    pub list: usize,
    /// An answer with a failure status; 1 MiB by default. What is longer counts as an answer that is not the API's.
    pub failure: usize,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self { object: 16 << 20, list: 256 << 20, failure: 1 << 20 }
    }
}

/// Where to list: in one region, or in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One region of a project.
    Region(Location),
    /// All regions of a project. [`List::unreachable`](crate::List::unreachable) names those that are missing from the answer.
    AllRegions(ProjectId),
}

impl From<&Location> for Scope {
    fn from(location: &Location) -> Self {
        Self::Region(location.clone())
    }
}

impl From<&ProjectId> for Scope {
    fn from(project: &ProjectId) -> Self {
        Self::AllRegions(project.clone())
    }
}
