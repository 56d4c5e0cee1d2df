//! Reading a service without unwrapping every level of it.

use run_api::Resource;
use run_api::types::{Service, TrafficTarget};

/// What operations and their callers look at in a service, besides what all kinds have; see [`Resource`].
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use run_api::Resource;
/// use run_ops::ServiceView;
///
/// let service = ops.api().get_service(&hello).await?;
/// assert_eq!((service.name(), service.generation()), (Some("hello"), Some(1)));
/// assert_eq!((service.uid(), service.deletion_timestamp()), (Some(written.uid()), None));
/// println!("{:?} of {:?}: {:?}", service.observed_generation(), service.generation(), service.condition("Ready"));
/// println!("{:?} {:?}", service.latest_created_revision(), service.latest_ready_revision());
/// println!("{:?}: {:?}, {:?}", service.url(), service.desired_traffic(), service.observed_traffic());
/// # Ok(()) })
/// ```
pub trait ServiceView: Resource {
    /// `status.url`
    fn url(&self) -> Option<&str>;
    /// `status.latestCreatedRevisionName`
    fn latest_created_revision(&self) -> Option<&str>;
    /// `status.latestReadyRevisionName`
    fn latest_ready_revision(&self) -> Option<&str>;
    /// `spec.traffic`: the split that is asked for.
    fn desired_traffic(&self) -> &[TrafficTarget];
    /// `status.traffic`: the split that is in force.
    fn observed_traffic(&self) -> &[TrafficTarget];
}

impl ServiceView for Service {
    fn url(&self) -> Option<&str> {
        self.status.as_ref()?.url.as_deref()
    }

    fn latest_created_revision(&self) -> Option<&str> {
        self.status.as_ref()?.latest_created_revision_name.as_deref()
    }

    fn latest_ready_revision(&self) -> Option<&str> {
        self.status.as_ref()?.latest_ready_revision_name.as_deref()
    }

    fn desired_traffic(&self) -> &[TrafficTarget] {
        self.spec.as_ref().map_or(&[], |spec| &spec.traffic)
    }

    fn observed_traffic(&self) -> &[TrafficTarget] {
        self.status.as_ref().map_or(&[], |status| &status.traffic)
    }
}
