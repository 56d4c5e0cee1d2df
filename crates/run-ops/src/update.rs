//! Changing a service without losing anybody's edit.

use std::fmt;
use std::time::Duration;

use run_api::types::{RevisionTemplate, Service};
use run_api::{Resource, ServiceRef};

use crate::call::Attempts;
use crate::lost::{Lost, Sent, Settled};
use crate::marker::{WriteId, unmarked};
use crate::settle::{Outcome, Replacement};
use crate::{CloudRun, Error, ErrorKind, Ops, Result, Written};

const REPLACE: &str = "replace_service";

/// A write that was held back longer than this is made anew, for what is there then.
const FRESH: Duration = Duration::from_secs(1);

impl<C: CloudRun> Ops<C> {
    /// Reads a service, edits it and replaces it, all in one go.
    ///
    /// If somebody else writes in between, the server refuses ours; then the service is read again and `edit`
    /// runs again on what they wrote, so that both edits are in the end there. `edit` may therefore run several
    /// times. If it changes nothing, nothing is sent. If it changes the template but not the revision's name,
    /// the name is dropped, since a name can not be used again with other content; the server then makes one.
    ///
    /// If the answer is lost, the service is read again, and the mark that the write leaves
    /// ([`WRITES_ANNOTATION`](crate::WRITES_ANNOTATION)) tells whether it was applied: then that is the result;
    /// if not, it is tried again. It is never sent twice without knowing.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// What `edit` refuses with; [`ErrorKind::Contended`] if every attempt lost against another writer;
    /// [`ErrorKind::Gone`] if the service is being deleted; or the request's error. Nothing is changed then.
    /// [`ErrorKind::OutcomeUnknown`] if an answer was lost and the service does not tell what became of it.
    ///
    /// # Caveats
    /// A client that removes the annotations of others, or writes without `resourceVersion`, can make an outcome
    /// untellable. An edit that counts on running once (an increment) must look at what it finds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_ops::{Ops, ServiceEdit, new_service};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// ops.create_service(&hello, new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello")).await?;
    /// let edit = |service: &mut run_api::types::Service| {
    ///     service.set_env("GREETING", "hi");
    ///     Ok(())
    /// };
    /// assert!(ops.update_service(&hello, edit).await?.changed());
    /// assert!(!ops.update_service(&hello, edit).await?.changed(), "it is as wanted already");
    /// # Ok(()) }
    /// ```
    pub async fn update_service<F>(&self, reference: &ServiceRef, mut edit: F) -> Result<Written>
    where
        F: FnMut(&mut Service) -> Result<()> + Send,
    {
        self.update_from(reference, None, &mut edit).await
    }

    /// An update whose first read has been done already.
    pub(crate) async fn update_from(
        &self,
        reference: &ServiceRef,
        mut first: Option<Service>,
        edit: &mut (dyn FnMut(&mut Service) -> Result<()> + Send),
    ) -> Result<Written> {
        let id = WriteId::new();
        let (mut attempts, mut conflicts) = (Attempts::new(), 1);
        let mut unsure: Option<Lost<Replacement>> = None;
        let mut reserved = false;
        loop {
            let before = match (first.take(), unsure.take()) {
                (Some(first), _) => first,
                (None, None) => self.read_service(reference).await?,
                (None, Some(lost)) => match lost.settle(self, reference).await? {
                    Settled::Applied(written) => return Ok(written),
                    Settled::NotApplied(now, lost) => {
                        unsure = Some(lost);
                        now.ok_or_else(|| Error::new(ErrorKind::Gone, "it was deleted").about(reference))?
                    }
                },
            };
            if before.deletion_timestamp().is_some() {
                return Err(Error::new(ErrorKind::Gone, "it is being deleted").about(reference));
            }
            let mut after = match edited(&before, edit) {
                Ok(Some(after)) => after,
                Ok(None) => return Written::new(reference, before, false),
                Err(error) => return self.refused(unsure, reference, error.about(reference)).await,
            };
            if !std::mem::replace(&mut reserved, true) && self.hold_back(REPLACE, reference).await > FRESH {
                continue;
            }
            reserved = false;
            id.stamp(&mut after, Some(&before));
            let answer = self.api().replace_service(reference, &after);
            match self.once(REPLACE, None, answer).await {
                Ok(answer) => return Written::new(reference, answer, true),
                Err(error) if error.is_conflict() => {
                    if !self.back_off(conflicts).await {
                        let message = format!(
                            "somebody else changed it during each of {conflicts} attempts to update it"
                        );
                        let error =
                            Error::new(ErrorKind::Contended, message).with_api(error).about(reference);
                        return self.refused(unsure, reference, error).await;
                    }
                    conflicts += 1;
                }
                Err(error) if error.may_have_been_applied() => {
                    let again = self.retry(REPLACE, &mut attempts, &error).await;
                    let spec_changes = json(&before.spec)? != json(&after.spec)?;
                    let sent = Replacement { id: id.clone(), before, spec_changes };
                    let lost = self.lose(REPLACE, sent, error);
                    if !again {
                        return lost.give_up(self, reference).await;
                    }
                    unsure = Some(lost);
                }
                Err(error) if self.retry(REPLACE, &mut attempts, &error).await => {}
                Err(error) => return self.refused(unsure, reference, error.into()).await,
            }
        }
    }
}

impl Sent for Replacement {
    fn outcome(&self, now: Option<&Service>) -> Outcome {
        Self::outcome(self, now)
    }

    fn is_open(&self, now: Option<&Service>) -> bool {
        now.is_some_and(|now| !self.is_overtaken(now))
    }
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let generation = self.before.generation().unwrap_or_default();
        write!(f, "the replacement {} of generation {generation}", self.id.as_str())
    }
}

/// The object to send, or none if the edit changes nothing.
fn edited(
    before: &Service,
    edit: &mut (dyn FnMut(&mut Service) -> Result<()> + Send),
) -> Result<Option<Service>> {
    if before.metadata.as_ref().and_then(|metadata| metadata.resource_version.as_deref()).is_none() {
        let message = "the server's answer has no metadata.resourceVersion, so it can not be replaced safely";
        return Err(Error::new(ErrorKind::Unexpected, message));
    }
    let mut after = before.clone();
    edit(&mut after)?;
    // Whatever the edit did to them: these decide which object is replaced, and which change is noticed.
    if let (Some(after), Some(before)) = (after.metadata.as_mut(), before.metadata.as_ref()) {
        after.resource_version.clone_from(&before.resource_version);
        after.uid.clone_from(&before.uid);
    }
    if json(&unmarked(&after))? == json(&unmarked(before))? {
        return Ok(None);
    }
    drop_stale_revision_name(before, &mut after)?;
    Ok(Some(after))
}

fn drop_stale_revision_name(before: &Service, after: &mut Service) -> Result<()> {
    let old = before.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let Some(new) = after.spec.as_mut().and_then(|spec| spec.template.as_mut()) else { return Ok(()) };
    let same_name = old.is_some_and(|old| name(old).is_some() && name(old) == name(new));
    if same_name
        && json(&old)? != json(&Some(&*new))?
        && let Some(metadata) = new.metadata.as_mut()
    {
        metadata.name = None;
    }
    Ok(())
}

fn name(template: &RevisionTemplate) -> Option<&str> {
    template.metadata.as_ref()?.name.as_deref()
}

/// Compared as JSON, an absent field and an empty one are the same, as they are for the server.
fn json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| {
        Error::new(ErrorKind::Invalid, format!("the edited object is not valid JSON: {error}"))
    })
}

#[cfg(test)]
mod tests;
