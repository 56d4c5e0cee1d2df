//! One version of an object, without its kind in the type.

use run_api::ResourceId;

/// One version of an object of whatever kind: its uid and its generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    resource: ResourceId,
    uid: String,
    generation: i32,
}

impl Version {
    pub(crate) fn new(resource: ResourceId, uid: String, generation: i32) -> Self {
        Self { resource, uid, generation }
    }

    /// The object's kind, place and name.
    #[must_use]
    pub fn resource(&self) -> &ResourceId {
        &self.resource
    }

    /// The uid of the object.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The generation: a count of changes to the spec.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.generation
    }
}
