//! References: a project, a region and a name of one kind.

use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

use super::{
    ConfigurationName, DomainName, ExecutionName, InstanceName, InvalidName, JobName, OperationId, ProjectId,
    Region, RevisionName, RouteName, ServiceName, TaskName, WorkerPoolName,
};

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

    /// A service here.
    ///
    /// # Errors
    /// [`InvalidName`] if the name can not be one of a service.
    pub fn service(&self, name: impl Into<String>) -> Result<ServiceRef, InvalidName> {
        Ok(self.resource(ServiceName::new(name)?))
    }

    /// A revision here.
    ///
    /// # Errors
    /// [`InvalidName`] if the name can not be one of a revision.
    pub fn revision(&self, name: impl Into<String>) -> Result<RevisionRef, InvalidName> {
        Ok(self.resource(RevisionName::new(name)?))
    }

    /// A job here.
    ///
    /// # Errors
    /// [`InvalidName`] if the name can not be one of a job.
    pub fn job(&self, name: impl Into<String>) -> Result<JobRef, InvalidName> {
        Ok(self.resource(JobName::new(name)?))
    }

    /// A resource of any kind here.
    #[must_use]
    pub fn resource<N: ResourceName>(&self, name: N) -> ResourceRef<N> {
        ResourceRef { location: self.clone(), name }
    }
}

impl fmt::Display for Location {
    /// `projects/P/locations/R`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "projects/{}/locations/{}", self.project, self.region)
    }
}

/// A name type that a [`ResourceRef`] can hold.
pub trait ResourceName:
    AsRef<str> + Clone + fmt::Debug + fmt::Display + Eq + Hash + FromStr<Err = InvalidName> + Send + Sync
{
    /// The collection in resource names and paths, for example `services`.
    const COLLECTION: &'static str;
    /// What one resource is called in messages, for example `service`.
    const KIND: &'static str;
}

/// One resource: its location and its name.
///
/// Displays as, and parses from, the resource name `projects/P/locations/R/COLLECTION/NAME`; the
/// [`short`](Self::short) form is for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceRef<N> {
    /// Where the resource lives.
    pub location: Location,
    /// The resource's name.
    pub name: N,
}

impl<N: ResourceName> ResourceRef<N> {
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
        format!(
            "{} `{}` (project {}, region {})",
            N::KIND,
            self.name,
            self.location.project,
            self.location.region
        )
    }
}

impl<N: ResourceName> fmt::Display for ResourceRef<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.location, N::COLLECTION, self.name)
    }
}

impl<N: ResourceName> FromStr for ResourceRef<N> {
    type Err = InvalidName;

    /// Parses `projects/P/locations/R/COLLECTION/NAME`.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            ["projects", project, "locations", region, collection, name] if collection == N::COLLECTION => {
                Self::new(project, region, name)
            }
            _ => Err(InvalidName::new(
                "resource name",
                text,
                format!("it must look like `projects/PROJECT/locations/REGION/{}/NAME`", N::COLLECTION),
            )),
        }
    }
}

macro_rules! resources {
    ($($name:ident, $reference:ident, $collection:literal, $kind:literal, $doc:literal;)*) => {$(
        impl ResourceName for $name {
            const COLLECTION: &'static str = $collection;
            const KIND: &'static str = $kind;
        }

        #[doc = $doc]
        pub type $reference = ResourceRef<$name>;
    )*};
}

resources! {
    ServiceName, ServiceRef, "services", "service", "A service in its location.";
    RevisionName, RevisionRef, "revisions", "revision", "A revision in its location.";
    ConfigurationName, ConfigurationRef, "configurations", "configuration", "A configuration in its location.";
    RouteName, RouteRef, "routes", "route", "A route in its location.";
    JobName, JobRef, "jobs", "job", "A job in its location.";
    ExecutionName, ExecutionRef, "executions", "execution", "An execution in its location.";
    TaskName, TaskRef, "tasks", "task", "A task in its location.";
    WorkerPoolName, WorkerPoolRef, "workerpools", "worker pool", "A worker pool in its location.";
    InstanceName, InstanceRef, "instances", "instance", "An instance in its location.";
    DomainName, DomainMappingRef, "domainmappings", "domain mapping", "A domain mapping in its location.";
    OperationId, OperationRef, "operations", "operation", "A long-running operation in its location.";
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
}
