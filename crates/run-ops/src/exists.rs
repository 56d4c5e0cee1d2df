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
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// let hello = client.service("hello")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert!(!ops.service_exists(&hello).await?);
    /// # Ok(()) }
    /// ```
    pub async fn service_exists(&self, service: &ServiceRef) -> Result<bool> {
        Ok(self.find_service(service).await?.is_some())
    }
}
