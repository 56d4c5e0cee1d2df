//! Creating a service.

use run_api::ServiceRef;
use run_api::types::Service;

use crate::{CloudRun, Error, ErrorKind, Ops, Result, ServiceView, Written};

impl<C: CloudRun> Ops<C> {
    /// Creates a service; wait for the result with [`wait_until_ready`](Ops::wait_until_ready).
    ///
    /// # Errors
    /// If the object has another name than the reference, if the name is taken, or if the server refuses the
    /// object. After a lost answer ([`Error::is_outcome_unknown`]) the service may exist.
    pub async fn create_service(&self, reference: &ServiceRef, service: Service) -> Result<Written> {
        if service.name() != Some(reference.name.as_str()) {
            let name = service.name().unwrap_or("(none)");
            let message = format!("the object's metadata.name is `{name}`, which is not the service's name");
            return Err(Error::new(ErrorKind::Invalid, message).about(reference));
        }
        let answer = self.api().create_service(&reference.location, &service).await?;
        Written::new(reference, answer, true)
    }
}
