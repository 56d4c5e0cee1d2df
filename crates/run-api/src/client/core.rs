//! The client itself, which the other files give its methods.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::observe::Observer;
use super::options::AnswerLimits;
use crate::auth::Credentials;
use crate::endpoint::Endpoint;
use crate::{Error, Location, ProjectId, Region, Result};

/// A client of the Cloud Run Admin API v1.
///
/// Cheap to clone; clones share connections and credentials. Every method checks the names that it is given
/// before anything is sent, chooses the host that the operation needs, and fails with the one [`Error`].
///
/// Dropping a method's future abandons the request: a write may or may not have been applied.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) http: reqwest::Client,
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Credentials,
    pub(super) quota_project: Option<HeaderValue>,
    pub(super) trusted: bool,
    pub(super) universe: tokio::sync::OnceCell<String>,
    pub(super) project: Option<ProjectId>,
    pub(super) region: Option<Region>,
    pub(super) observer: Option<Observer>,
    pub(super) limits: AnswerLimits,
}

impl Client {
    /// Where this client's requests go.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// The project and region that this client was built with.
    ///
    /// # Errors
    /// If the builder was given no project or no region.
    pub fn location(&self) -> Result<Location> {
        let missing = |what: &str| Error::invalid_input(format!("this client was built without a {what}"));
        Ok(Location {
            project: self.0.project.clone().ok_or_else(|| missing("project"))?,
            region: self.0.region.clone().ok_or_else(|| missing("region"))?,
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint)
            .field("credentials", &self.0.credentials)
            .field("project", &self.0.project)
            .field("region", &self.0.region)
            .finish_non_exhaustive()
    }
}
