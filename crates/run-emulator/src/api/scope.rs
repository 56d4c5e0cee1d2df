//! Where a request looks: project and region, or all regions.

use crate::regions::Region;
use crate::store::Key;

/// The project and region of a request.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The project's number.
    pub(crate) project: u64,
    /// The project as the request named it, for messages.
    pub(crate) named: String,
    /// The region; none means all of them.
    pub(crate) region: Option<&'static Region>,
}

impl Scope {
    /// Whether an object is within.
    pub(crate) fn contains(&self, key: &Key) -> bool {
        key.project == self.project && self.region.is_none_or(|region| region == key.region())
    }
}
