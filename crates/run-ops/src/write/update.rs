//! Changing a service without losing anybody's edit.

use std::fmt;

use run_api::ServiceRef;
use run_api::types::{ObjectMeta, RevisionTemplate, Service};
use serde_json::Value;

use super::engine::{Absence, Plan, Write};
use super::metadata;
use super::outcome::{Outcome, Replacement};
use super::write_id::{WriteId, content};
use crate::call::Answer;
use crate::{CloudRun, Error, ErrorKind, Ops, Result, Written};

/// An edit of a service.
pub(crate) type Edit<'e> = dyn FnMut(&mut Service) -> Result<()> + Send + 'e;

impl<C: CloudRun> Ops<C> {
    /// Reads a service, edits it and replaces it, all in one go.
    ///
    /// If somebody else writes in between, the server refuses ours; then the service is read again and `edit`
    /// runs again on what they wrote, so that both edits are in the end there. `edit` may therefore run several
    /// times. If it changes nothing, nothing is sent. It can not take away or change the service's name, uid and
    /// version. If it changes the template but not the revision's name, the name is dropped, since a name can not be
    /// used again with other content; the server then makes one. A template that it leaves alone is sent exactly as it
    /// was read.
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

    /// An update whose first look has been done already.
    pub(crate) async fn update_from(
        &self,
        reference: &ServiceRef,
        first: Option<Service>,
        edit: &mut Edit<'_>,
    ) -> Result<Written> {
        let mut update = Update { id: WriteId::new(), edit };
        self.write(reference, first, &mut update).await
    }
}

struct Update<'e, 'f> {
    id: WriteId,
    edit: &'e mut Edit<'f>,
}

/// The object that replaces another.
struct Sent {
    replacement: Replacement,
    edited: Edited,
}

impl<C: CloudRun> Write<C> for Update<'_, '_> {
    type State = Service;
    type Sent = Sent;
    type Answer = Service;
    /// The generation that the write made.
    type Mark = i32;
    type Done = Written;

    const OPERATION: &'static str = "replace_service";
    const LOOK: &'static str = "get_service";
    const ABSENCE: Absence = Absence::Missing;
    const TO: &'static str = "update it";

    fn look<'a>(ops: &'a Ops<C>, reference: &'a ServiceRef) -> Answer<'a, Service> {
        Box::pin(ops.read_service(reference))
    }

    fn send<'a>(api: &'a C, reference: &'a ServiceRef, sent: &'a Sent) -> Answer<'a, Service> {
        api.replace_service(reference, &sent.edited.object)
    }

    fn plan(&mut self, reference: &ServiceRef, now: Option<Service>) -> Result<Plan<Sent, Written>> {
        let Some(before) = now else { return Err(Error::new(ErrorKind::Gone, "it was deleted")) };
        if metadata(&before).deletion_timestamp.is_some() {
            return Err(Error::new(ErrorKind::Gone, "it is being deleted"));
        }
        let Some(mut edited) = edited(&before, self.edit)? else {
            return Written::new(reference, before, false).map(Plan::Done);
        };
        let before = before.metadata.unwrap_or_default();
        self.id.stamp(edited.object.metadata.get_or_insert_default(), Some(&before));
        let spec_changes = edited.spec_changes;
        let replacement = Replacement { id: self.id.clone(), before, spec_changes };
        Ok(Plan::Send(Sent { replacement, edited }))
    }

    fn answered(&mut self, reference: &ServiceRef, _: Sent, answer: Service) -> Result<Written> {
        Written::new(reference, answer, true)
    }

    fn outcome(&mut self, sent: &Sent, now: Option<&Service>) -> Outcome<i32> {
        sent.replacement.outcome(now.map(metadata))
    }

    fn is_open(sent: &Sent, now: Option<&Service>) -> bool {
        now.is_some_and(|now| !sent.replacement.is_overtaken(metadata(now)))
    }

    fn found(
        &mut self,
        reference: &ServiceRef,
        _: Sent,
        generation: i32,
        now: Option<Service>,
    ) -> Result<Written> {
        Written::found(reference, now.unwrap_or_default(), generation)
    }

    /// (Reports: a template's name that another client left on other content is refused at every later write;
    /// dropping it makes a new revision, which a change of traffic must not.)
    fn refusal(&self, sent: &Sent, error: run_api::Error) -> Error {
        if !error.is_already_exists() {
            return error.into();
        }
        Error::from(error).with_hint(match sent.edited.template_changes {
            true => "choose a revision name that was never used, or none: the server then makes one",
            false => {
                "nothing was changed. The template was sent as it was read: it names a revision that was made from \
                 other content. Deploy a new revision, or remove the name from the template (which makes a new \
                 revision, too), then try again"
            }
        })
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replacement { id, before, .. } = &self.replacement;
        write!(f, "the replacement {} of generation {}", id.as_str(), before.generation.unwrap_or_default())
    }
}

/// An object after an edit that changed something.
#[derive(Debug)]
struct Edited {
    object: Service,
    spec_changes: bool,
    template_changes: bool,
}

/// The object to send, or none if the edit changes nothing.
fn edited(before: &Service, edit: &mut Edit<'_>) -> Result<Option<Edited>> {
    if metadata(before).resource_version.is_none() {
        let message = "the server's answer has no metadata.resourceVersion, so it can not be replaced safely";
        return Err(Error::new(ErrorKind::Unexpected, message));
    }
    let mut object = before.clone();
    edit(&mut object)?;
    keep_identity(metadata(before), object.metadata.get_or_insert_default());
    let (was, is) = (content(before)?, content(&object)?);
    if was == is {
        return Ok(None);
    }
    let template = |object: &Value| object["spec"]["template"].clone();
    let (spec_changes, template_changes) = (was["spec"] != is["spec"], template(&was) != template(&is));
    if template_changes {
        drop_stale_revision_name(before, &mut object);
    }
    Ok(Some(Edited { object, spec_changes, template_changes }))
}

/// Whatever an edit did to them: these decide which object is replaced, and which change of somebody else is noticed.
fn keep_identity(before: &ObjectMeta, after: &mut ObjectMeta) {
    after.name.clone_from(&before.name);
    after.namespace.clone_from(&before.namespace);
    after.uid.clone_from(&before.uid);
    after.resource_version.clone_from(&before.resource_version);
}

/// Of a template that was changed.
fn drop_stale_revision_name(before: &Service, after: &mut Service) {
    let old = before.spec.as_ref().and_then(|spec| spec.template.as_ref()).and_then(name);
    let Some(new) = after.spec.as_mut().and_then(|spec| spec.template.as_mut()) else { return };
    if old.is_some()
        && old == name(new)
        && let Some(metadata) = new.metadata.as_mut()
    {
        metadata.name = None;
    }
}

fn name(template: &RevisionTemplate) -> Option<&str> {
    template.metadata.as_ref()?.name.as_deref()
}

#[cfg(test)]
mod tests;
