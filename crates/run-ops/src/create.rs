//! Creating a service.

use run_api::ServiceRef;
use run_api::types::Service;

use crate::{CloudRun, Error, ErrorKind, Event, Ops, Result, ServiceView, Written, marker};

impl<C: CloudRun> Ops<C> {
    /// Creates a service; wait for the result with [`wait_until_ready`](Ops::wait_until_ready).
    ///
    /// If the answer is lost, the service is looked for: one with the mark of this very write is the one that was
    /// made, and without one the creation is tried again.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// If the object has another name than the reference, if the name is taken by a service that this call did not
    /// make, or if the server refuses the object. [`ErrorKind::OutcomeUnknown`] if the answer was lost, and looking
    /// for the service failed as well.
    ///
    /// # Caveats
    /// The service gets the annotation `run-rs.dev/writes`, which every later write of this crate renews.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_ops::{Ops, new_service};
    ///
    /// let ops = Ops::new(client.clone());
    /// let hello = client.service("hello")?;
    /// let service = new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// let written = ops.create_service(&hello, service).await?;
    /// assert_eq!(written.generation(), 1);
    /// # Ok(()) }
    /// ```
    pub async fn create_service(&self, reference: &ServiceRef, mut service: Service) -> Result<Written> {
        if service.name() != Some(reference.name.as_str()) {
            let name = service.name().unwrap_or("(none)");
            let message = format!("the object's metadata.name is `{name}`, which is not the service's name");
            return Err(Error::new(ErrorKind::Invalid, message).about(reference));
        }
        let id = marker::new_id();
        marker::stamp(&mut service, &id);
        let mut attempts = self.retries().begin();
        let mut lost = false;
        loop {
            let error = match self.api().create_service(&reference.location, &service).await {
                Ok(answer) => {
                    attempts.succeeded();
                    return Written::new(reference, answer, true);
                }
                Err(error) => error,
            };
            lost |= error.may_have_been_applied();
            if !lost {
                if !self.again(&mut attempts, &error).await {
                    return Err(error.into());
                }
                continue;
            }
            match self.read(|| self.api().get_service(reference)).await {
                Ok(found) if marker::has(&found, &id) => {
                    self.tell(&Event::Settled);
                    return Written::found(reference, found, 1);
                }
                // Somebody else has made it meanwhile.
                Ok(_) => return Err(error.into()),
                Err(missing) if missing.is_not_found() => {}
                Err(_) => return Err(Error::outcome_unknown("its creation", error).about(reference)),
            }
            // "Not found" may be older than the write: then the name is taken, and by us.
            if !self.again_if(&mut attempts, error.is_retryable() || error.is_already_exists(), &error).await
            {
                return Err(error.into());
            }
        }
    }
}
