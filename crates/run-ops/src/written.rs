//! Which version of an object a write made.

use std::fmt;

use run_api::ResourceRef;
use run_api::types::Service;

use crate::api::Kind;
use crate::{Error, ErrorKind, Result, Version};

/// The state of an object as one write left it, or one read found it: what a wait waits for.
///
/// It names the object by its uid and the state by its generation, so that a later wait is never taken in by
/// the previous generation's status, nor by another object of the same name.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// assert_eq!((written.reference(), written.generation(), written.changed()), (&hello, 1, true));
/// let again = ops.current(&hello).await?;
/// assert_eq!((again.uid(), again.changed()), (written.uid(), false));
/// assert!(again.object().status.is_some());
/// assert_eq!(again.version(), written.version());
/// # Ok(()) })
/// ```
#[derive(Clone)]
pub struct Written<K: Kind = Service> {
    reference: ResourceRef<K>,
    uid: String,
    generation: i32,
    changed: bool,
    object: K,
}

impl<K: Kind> Written<K> {
    /// From the object that a write answered, or that a read found (`changed` is false then).
    pub(crate) fn new(reference: &ResourceRef<K>, object: K, changed: bool) -> Result<Self> {
        let missing = |what: &str| {
            Error::new(ErrorKind::Unexpected, format!("the server's answer for it has no {what}"))
                .about(reference)
        };
        Ok(Self {
            reference: reference.clone(),
            uid: object.uid().ok_or_else(|| missing("metadata.uid"))?.to_owned(),
            generation: object.generation().ok_or_else(|| missing("metadata.generation"))?,
            changed,
            object,
        })
    }

    /// From an object that is found to hold a write which made this generation; the object may be a later one.
    pub(crate) fn found(reference: &ResourceRef<K>, object: K, generation: i32) -> Result<Self> {
        Self::new(reference, object, true).map(|written| Self { generation, ..written })
    }

    /// What was written.
    #[must_use]
    pub fn reference(&self) -> &ResourceRef<K> {
        &self.reference
    }

    /// The uid of the object.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The generation that the write made: a count of changes to the spec.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// Whether anything was sent. An update whose edit changed nothing writes nothing.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// The object in the server's answer. Its status is that of the moment, often of the generation before.
    #[must_use]
    pub fn object(&self) -> &K {
        &self.object
    }

    /// What a write put in place, for the error of what comes after it; none if nothing was sent.
    pub(crate) fn made(&self) -> Option<Version> {
        self.changed.then(|| self.version())
    }

    /// The same without the object and its kind.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::new(self.reference.id(), self.uid.clone(), self.generation)
    }
}

impl Written {
    /// The service in the server's answer; the same as [`object`](Self::object).
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.object
    }
}

/// Without the object: its variables may hold secrets.
impl<K: Kind> fmt::Debug for Written<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written")
            .field("reference", &self.reference)
            .field("uid", &self.uid)
            .field("generation", &self.generation)
            .field("changed", &self.changed)
            .finish_non_exhaustive()
    }
}
