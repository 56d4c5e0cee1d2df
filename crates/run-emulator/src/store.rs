//! What the emulator remembers.

mod version;

use std::collections::BTreeMap;

use run_api::types::{ObjectMeta, Policy, Revision, Service};

pub(crate) use version::{Clock, Moment};

use crate::images;
use crate::project::Projects;
use crate::regions::Region;

/// Where an object is and what it is called. Ordered by project, region and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) project: u64,
    region: &'static str,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(project: u64, region: &'static Region, name: impl Into<String>) -> Self {
        Self { project, region: region.name, name: name.into() }
    }

    /// Another object in the same project and region.
    pub(crate) fn sibling(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    pub(crate) fn region(&self) -> &'static Region {
        crate::regions::find(self.region).unwrap_or(&crate::regions::ALL[0])
    }
}

/// A service and what belongs to it but is not part of the object.
#[derive(Debug)]
pub(crate) struct ServiceRecord {
    pub(crate) object: Service,
    pub(crate) policy: Policy,
    /// The uid of the configuration that owns the revisions.
    pub(crate) configuration_uid: String,
    /// How many revisions were made.
    pub(crate) revisions_made: u32,
    /// The revision that the template of the object stands for.
    pub(crate) latest_revision: String,
    /// The generation whose routes are in place, or have failed.
    pub(crate) routed_generation: Option<i32>,
}

/// All objects of one emulator.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) clock: Clock,
    pub(crate) projects: Projects,
    pub(crate) services: BTreeMap<Key, ServiceRecord>,
    pub(crate) revisions: BTreeMap<Key, Revision>,
    /// The references that images were deployed by, by the pinned ones.
    references: BTreeMap<String, String>,
    /// The port that the services' addresses have.
    port: u16,
}

impl Store {
    pub(crate) fn new(projects: Projects, port: u16) -> Self {
        Self {
            clock: Clock::start(),
            projects,
            services: BTreeMap::new(),
            revisions: BTreeMap::new(),
            references: BTreeMap::new(),
            port,
        }
    }

    /// The URL of a host of the data plane.
    pub(crate) fn url_of(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }

    /// Pins an image to its digest.
    pub(crate) fn pin(&mut self, image: &str) -> String {
        let pinned = images::pinned(image);
        self.references.entry(pinned.clone()).or_insert_with(|| image.to_owned());
        pinned
    }

    /// The reference that an image was deployed by.
    pub(crate) fn reference<'a>(&'a self, image: &'a str) -> &'a str {
        self.references.get(image).map_or(image, String::as_str)
    }

    /// The names of a service's revisions, oldest first.
    pub(crate) fn revisions_of(&self, service: &Key) -> Vec<Key> {
        let mut found: Vec<(&Option<String>, &Key)> = self
            .revisions
            .iter()
            .filter(|(key, revision)| {
                (key.project, key.region) == (service.project, service.region)
                    && label(&revision.metadata, SERVICE_LABEL) == Some(&service.name)
            })
            .filter_map(|(key, revision)| Some((&revision.metadata.as_ref()?.creation_timestamp, key)))
            .collect();
        found.sort();
        found.into_iter().map(|(_, key)| key.clone()).collect()
    }
}

/// The label by which a revision names its service.
pub(crate) const SERVICE_LABEL: &str = "serving.knative.dev/service";

/// The label by which an object names its region.
pub(crate) const LOCATION_LABEL: &str = "cloud.googleapis.com/location";

fn label<'a>(metadata: &'a Option<ObjectMeta>, name: &str) -> Option<&'a String> {
    metadata.as_ref()?.labels.get(name)
}

/// Marks an object as written now. The API's resource version moves with status changes, too.
pub(crate) fn touch(metadata: &mut Option<ObjectMeta>, now: Moment) {
    metadata.get_or_insert_default().resource_version = Some(now.resource_version());
}
