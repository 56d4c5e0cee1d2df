//! The HTTP client.

mod builder;
mod call;
mod fields;
mod iam;
mod items;
mod list;
mod loopback;
mod objects;
mod observe;
mod operations;
mod reader;
mod running;
mod serving;
mod tls;

use std::fmt;
use std::sync::Arc;

pub use builder::ClientBuilder;
pub use fields::{FieldMask, Partial};
pub use items::Items;
pub use list::{ListOptions, Scope, pages};
pub use loopback::LoopbackResolver;
pub use objects::WriteOptions;
pub use observe::Exchange;
use observe::Observer;

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
pub struct Client(Arc<Shared>);

pub(crate) struct Shared {
    http: reqwest::Client,
    endpoint: Endpoint,
    credentials: Credentials,
    trusted: bool,
    universe: tokio::sync::OnceCell<String>,
    project: Option<ProjectId>,
    region: Option<Region>,
    observer: Option<Observer>,
}

impl Client {
    /// Starts a client with the default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

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

/// Makes *ring* the cryptography of this process's TLS, unless the program has chosen another.
///
/// Building a [`Client`] does this, so that it can not be forgotten. Call it yourself only if the program uses
/// rustls (or reqwest without a provider) before its first client.
pub fn install_crypto_provider() {
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
