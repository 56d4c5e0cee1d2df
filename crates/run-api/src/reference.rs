//! References: a project, a region and a name of one kind.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::names::{
    ConfigurationName, DomainName, ExecutionName, InstanceName, InvalidName, JobName, OperationId, ProjectId,
    Region, ResourceName, RevisionName, RouteName, ServiceName, TaskName, WorkerPoolName,
};
use crate::resource::Named;
use crate::types;

/// A project and a region: where regional resources live.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The project, by id or number.
    pub project: ProjectId,
    /// The region.
    pub region: Region,
}

impl Location {
    /// Checks both parts.
    ///
    /// # Errors
    /// [`InvalidName`] for the first part that is not valid.
    pub fn new(project: impl Into<String>, region: impl Into<String>) -> Result<Self, InvalidName> {
        Ok(Self { project: ProjectId::new(project)?, region: Region::new(region)? })
    }

    /// A resource of any kind here.
    ///
    /// ```
    /// use run_api::{JobName, Location, types::Job};
    ///
    /// let location = Location::new("my-project", "us-central1")?;
    /// assert_eq!(location.resource::<Job>(JobName::new("nightly")?), location.job("nightly")?);
    /// # Ok::<(), run_api::InvalidName>(())
    /// ```
    #[must_use]
    pub fn resource<K: Named>(&self, name: K::Name) -> ResourceRef<K> {
        ResourceRef { location: self.clone(), name }
    }
}

impl fmt::Display for Location {
    /// `projects/P/locations/R`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "projects/{}/locations/{}", self.project, self.region)
    }
}

/// One resource of a kind: its location and its name.
///
/// Displays as, and parses from, the resource name `projects/P/locations/R/COLLECTION/NAME`; the
/// [`short`](Self::short) form is for people. The kind is a model, such as [`types::Service`]; there is an alias for
/// each, such as [`ServiceRef`].
pub struct ResourceRef<K: Named> {
    /// Where the resource lives.
    pub location: Location,
    /// The resource's name.
    pub name: K::Name,
}

impl<K: Named> ResourceRef<K> {
    /// Checks all three parts.
    ///
    /// # Errors
    /// [`InvalidName`] for the first part that is not valid.
    pub fn new(
        project: impl Into<String>,
        region: impl Into<String>,
        name: impl AsRef<str>,
    ) -> Result<Self, InvalidName> {
        Ok(Self { location: Location::new(project, region)?, name: name.as_ref().parse()? })
    }

    /// The project that the resource belongs to.
    #[must_use]
    pub fn project(&self) -> &ProjectId {
        &self.location.project
    }

    /// The region that the resource lives in.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.location.region
    }

    /// For messages: "service `hello` (project my-project, region us-central1)".
    #[must_use]
    pub fn short(&self) -> String {
        short(K::NOUN, self.name.as_ref(), &self.location)
    }

    /// The same resource without its kind in the type.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId {
            noun: K::NOUN,
            collection: K::COLLECTION,
            location: self.location.clone(),
            name: self.name.as_ref().to_owned(),
        }
    }
}

// Derived, these would ask the same of the kind, which need not be `Eq`.
impl<K: Named> Clone for ResourceRef<K> {
    fn clone(&self) -> Self {
        Self { location: self.location.clone(), name: self.name.clone() }
    }
}

impl<K: Named> fmt::Debug for ResourceRef<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceRef").field("location", &self.location).field("name", &self.name).finish()
    }
}

impl<K: Named> PartialEq for ResourceRef<K> {
    fn eq(&self, other: &Self) -> bool {
        self.location == other.location && self.name == other.name
    }
}

impl<K: Named> Eq for ResourceRef<K> {}

impl<K: Named> PartialOrd for ResourceRef<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Named> Ord for ResourceRef<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.location.cmp(&other.location).then_with(|| self.name.cmp(&other.name))
    }
}

impl<K: Named> Hash for ResourceRef<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.location.hash(state);
        self.name.hash(state);
    }
}

impl<K: Named> fmt::Display for ResourceRef<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.location, K::COLLECTION, self.name)
    }
}

impl<K: Named> FromStr for ResourceRef<K> {
    type Err = InvalidName;

    /// Parses `projects/P/locations/R/COLLECTION/NAME`.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            ["projects", project, "locations", region, collection, name] if collection == K::COLLECTION => {
                Self::new(project, region, name)
            }
            _ => Err(InvalidName::new(
                "resource name",
                text,
                format!("it must look like `projects/PROJECT/locations/REGION/{}/NAME`", K::COLLECTION),
            )),
        }
    }
}

/// One resource of whatever kind, for errors, events and logs, which speak of all of them.
///
/// ```
/// use run_api::{JobRef, Location, ResourceId, types::{Job, Service}};
///
/// let job = Location::new("my-project", "us-central1")?.job("nightly")?;
/// let id = ResourceId::from(&job);
/// assert_eq!(id.to_string(), job.to_string());
/// assert_eq!(id.short(), "job `nightly` (project my-project, region us-central1)");
/// assert_eq!(id.of_kind::<Job>(), Some(job));
/// assert_eq!(id.of_kind::<Service>(), None);
/// # Ok::<(), run_api::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    noun: &'static str,
    collection: &'static str,
    location: Location,
    name: String,
}

impl ResourceId {
    /// What one resource of the kind is called in messages, for example `worker pool`.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        self.noun
    }

    /// The collection in resource names and paths, for example `workerpools`.
    #[must_use]
    pub fn collection(&self) -> &'static str {
        self.collection
    }

    /// Where the resource lives.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The resource's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For messages: "service `hello` (project my-project, region us-central1)".
    #[must_use]
    pub fn short(&self) -> String {
        short(self.noun, &self.name, &self.location)
    }

    /// The reference, if the resource is of this kind.
    #[must_use]
    pub fn of_kind<K: Named>(&self) -> Option<ResourceRef<K>> {
        let name = (self.collection == K::COLLECTION).then(|| self.name.parse().ok()).flatten()?;
        Some(ResourceRef { location: self.location.clone(), name })
    }
}

impl fmt::Display for ResourceId {
    /// `projects/P/locations/R/COLLECTION/NAME`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.location, self.collection, self.name)
    }
}

impl<K: Named> From<&ResourceRef<K>> for ResourceId {
    fn from(reference: &ResourceRef<K>) -> Self {
        reference.id()
    }
}

impl<K: Named> From<ResourceRef<K>> for ResourceId {
    fn from(reference: ResourceRef<K>) -> Self {
        reference.id()
    }
}

fn short(noun: &str, name: &str, location: &Location) -> String {
    format!("{noun} `{name}` (project {}, region {})", location.project, location.region)
}

macro_rules! resources {
    ($($name:ident, $kind:ident, $reference:ident, $method:ident, $what:literal;)*) => {
        $(
            impl ResourceName for $name {}

            #[doc = concat!("The reference of ", $what, ".")]
            pub type $reference = ResourceRef<types::$kind>;
        )*

        impl Location {
            $(
                #[doc = concat!("The reference of ", $what, " here.")]
                ///
                /// # Errors
                /// [`InvalidName`] if the name cannot be one of this kind.
                pub fn $method(&self, name: impl Into<String>) -> Result<$reference, InvalidName> {
                    Ok(self.resource($name::new(name)?))
                }
            )*
        }

        impl FromStr for ResourceId {
            type Err = InvalidName;

            /// Reads `projects/P/locations/R/COLLECTION/NAME` of any kind.
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                match text.rsplit('/').nth(1) {
                    $(
                        Some(<types::$kind as Named>::COLLECTION) => {
                            text.parse::<$reference>().map(Into::into)
                        }
                    )*
                    _ => Err(InvalidName::new("resource name", text, "it must be of a kind that Cloud Run has")),
                }
            }
        }
    };
}

resources! {
    ServiceName, Service, ServiceRef, service, "a service";
    RevisionName, Revision, RevisionRef, revision, "a revision";
    ConfigurationName, Configuration, ConfigurationRef, configuration, "a configuration";
    RouteName, Route, RouteRef, route, "a route";
    JobName, Job, JobRef, job, "a job";
    ExecutionName, Execution, ExecutionRef, execution, "an execution";
    TaskName, Task, TaskRef, task, "a task";
    WorkerPoolName, WorkerPool, WorkerPoolRef, worker_pool, "a worker pool";
    InstanceName, Instance, InstanceRef, instance, "an instance";
    DomainName, DomainMapping, DomainMappingRef, domain_mapping, "a domain mapping";
    OperationId, Operation, OperationRef, operation, "a long-running operation";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_names_round_trip() {
        let text = "projects/p-1/locations/europe-west1/revisions/hello-00001-abc";
        let revision: RevisionRef = text.parse().unwrap();
        assert_eq!(revision.to_string(), text);
        assert_eq!(revision.short(), "revision `hello-00001-abc` (project p-1, region europe-west1)");
    }

    #[test]
    fn other_kinds_and_extra_parts_are_refused() {
        for bad in [
            "",
            "hello",
            "projects/p/locations/us-central1/jobs/hello",
            "projects/p/locations/us-central1/services/..",
            "projects/p/locations/us-central1/services/hello/",
            "projects/p/locations/-/services/hello",
        ] {
            assert!(bad.parse::<ServiceRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reference_without_its_kind_finds_back_to_it_alone() {
        let here = Location::new("p-1", "europe-west1").unwrap();
        let pool = here.worker_pool("hello").unwrap();
        let id = pool.id();
        assert_eq!((id.noun(), id.collection(), id.name()), ("worker pool", "workerpools", "hello"));
        assert_eq!((id.to_string(), id.short()), (pool.to_string(), pool.short()));
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        for bad in
            ["", "projects/p-1/locations/europe-west1", "projects/p-1/locations/europe-west1/pools/hello"]
        {
            assert!(bad.parse::<ResourceId>().is_err(), "{bad}");
        }
        assert_eq!(id.of_kind::<types::WorkerPool>(), Some(pool));
        assert_eq!(id.of_kind::<types::Service>(), None);
        assert_ne!(id, here.service("hello").unwrap().id());
    }
}
