//! References in the project and region that the client was built with.

use super::core::Client;
use crate::Result;
use crate::reference::{
    ConfigurationRef, DomainMappingRef, ExecutionRef, InstanceRef, JobRef, OperationRef, RevisionRef,
    RouteRef, ServiceRef, TaskRef, WorkerPoolRef,
};

macro_rules! references {
    ($($method:ident, $reference:ident, $what:literal;)*) => {
        impl Client {
            $(
                #[doc = concat!("The reference of ", $what, " in this client's project and region.")]
                ///
                /// # Errors
                /// If the name is not valid, or as [`location`](Self::location).
                pub fn $method(&self, name: &str) -> Result<$reference> {
                    Ok(self.location()?.$method(name)?)
                }
            )*
        }
    };
}

references! {
    service, ServiceRef, "a service";
    revision, RevisionRef, "a revision";
    configuration, ConfigurationRef, "a configuration";
    route, RouteRef, "a route";
    job, JobRef, "a job";
    execution, ExecutionRef, "an execution";
    task, TaskRef, "a task";
    worker_pool, WorkerPoolRef, "a worker pool";
    instance, InstanceRef, "an instance";
    domain_mapping, DomainMappingRef, "a domain mapping";
    operation, OperationRef, "a long-running operation";
}
