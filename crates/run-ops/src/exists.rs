//! Does a service exist?

use run_api::ServiceRef;

use crate::{CloudRun, Ops, Result};

impl<C: CloudRun> Ops<C> {
    /// Whether a service of this name exists (one that is being deleted still does).
    ///
    /// Only the API's own "not found" is a no.
    ///
    /// # Errors
    /// Everything else: above all a missing permission, or a 404 that is not the API's (a wrong host or region).
    pub async fn service_exists(&self, service: &ServiceRef) -> Result<bool> {
        match self.read(|| self.api().get_service(service)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
