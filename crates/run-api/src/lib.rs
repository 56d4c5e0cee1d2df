#![cfg_attr(feature = "client", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "client"),
    doc = "The Google Cloud Run Admin API v1 in Rust: models, names, quantities and tables. The feature `client` has the rest."
)]
// Which feature brings an item shows on docs.rs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
mod auth;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod endpoint;
#[cfg(feature = "client")]
mod error;
#[rustfmt::skip]
#[allow(clippy::all, unreachable_pub, dead_code)]
mod generated;
mod int64;
pub mod known;
mod list;
pub mod methods;
mod names;
mod quantity;
mod reference;
mod resource;
pub mod schema;
#[cfg(feature = "client")]
mod tls;

#[cfg(feature = "client")]
pub use auth::{CredentialFile, Credentials, TokenInfo};
#[cfg(feature = "client")]
pub use client::{
    AnswerLimits, Client, ClientBuilder, Exchange, FieldMask, Items, ListOptions, LoopbackResolver, Partial,
    Scope, WriteOptions, pages,
};
#[cfg(feature = "client")]
pub use endpoint::{DEFAULT_UNIVERSE, Endpoint, Host};
#[cfg(feature = "client")]
pub use error::{Error, ErrorKind, FieldViolation, Result};
pub use list::List;
pub use names::*;
pub use quantity::{Quantity, QuantityError};
pub use reference::{
    ConfigurationRef, DomainMappingRef, ExecutionRef, InstanceRef, JobRef, Location, OperationRef,
    ResourceId, ResourceRef, RevisionRef, RouteRef, ServiceRef, TaskRef, WorkerPoolRef,
};
pub use resource::{Creatable, Deletable, Guarded, Named, Pod, PodMut, Replaceable, Resource, Workload};

#[cfg(feature = "client")]
pub use tls::install_crypto_provider;

/// The models: every object that a method of the API takes or answers.
///
/// Fields are what the API document says: scalars and objects are `Option`, lists `Vec`, maps `BTreeMap`, and
/// each may be absent. Objects that are written have `extra`, which holds the fields that this version of the
/// crate does not know, so that reading and writing back loses nothing. 64-bit integers, which the wire has as text,
/// are numbers. Timestamps are RFC 3339 text, as the server wrote it; with the feature `jiff` each has a method of its
/// name, which reads it:
///
#[cfg_attr(feature = "jiff", doc = "```")]
#[cfg_attr(not(feature = "jiff"), doc = "```ignore")]
/// use run_api::types::ObjectMeta;
///
/// let metadata: ObjectMeta = serde_json::from_str(r#"{"creationTimestamp": "2026-03-01T12:00:00.250Z"}"#)?;
/// assert_eq!(metadata.creation_timestamp.as_deref(), Some("2026-03-01T12:00:00.250Z"));
/// assert_eq!(metadata.creation_timestamp().map(|time| time.as_millisecond()), Some(1_772_366_400_250));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub mod types {
    pub use crate::generated::types::*;
}
