//! Changing an object without losing anybody's edit.

use std::fmt;

use run_api::known::annotations::REGIONS;
use run_api::types::{ObjectMeta, Service};
use run_api::{ResourceRef, ServiceRef};
use serde_json::Value;

use super::contract::{Absence, Confirmed, Plan, Worth, Write};
use super::outcome::{Outcome, Replacement, metadata};
use super::write_id::{self, WriteId, content};
use crate::api::{Kind, ReplaceApi, name};
use crate::remedy::Remedy;
use crate::request::call::Answer;
use crate::{Error, ErrorKind, Ops, Result, Written};

/// An edit of an object.
pub(crate) type Edit<'e, K> = dyn FnMut(&mut K) -> Result<()> + Send + 'e;

impl<C: Send + Sync> Ops<C> {
    /// Reads an object, edits it and replaces it, all in one go.
    ///
    /// If somebody else writes in between, the server refuses ours; then the object is read again and `edit`
    /// runs again on what they wrote, so that both edits are in the end there. `edit` may therefore run several
    /// times. If it changes nothing, nothing is written, and the server confirms by a dry run that what was read is the
    /// present state. It cannot take away or change the object's name, uid and
    /// version. If it changes the template but not the revision's name, the name is dropped, since a name cannot be
    /// used again with other content; the server then makes one. A template that it leaves alone is sent exactly as it
    /// was read.
    ///
    /// If the answer is lost, the object is read again, and the mark that the write leaves
    /// ([`WRITE_IDS_ANNOTATION`](crate::WRITE_IDS_ANNOTATION)) tells whether it was applied: then that is the result;
    /// if not, it is tried again. It is never sent twice without knowing.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// What `edit` refuses with; [`ErrorKind::Contended`] if every attempt lost against another writer;
    /// [`ErrorKind::Gone`] if the object is being deleted; or the request's error. Nothing is changed then.
    /// [`ErrorKind::OutcomeUnknown`] if an answer was lost and the object does not tell what became of it.
    ///
    /// # Caveats
    /// A client that removes the annotations of others, or writes without `resourceVersion`, can make an outcome
    /// untellable. An edit that counts on running once (an increment) must look at what it finds.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, ServiceEdit, new_service};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// ops.create_service(&hello, new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello")).await?;
    /// let edit = |service: &mut run_api::types::Service| {
    ///     service.set_env("GREETING", "hi");
    ///     Ok(())
    /// };
    /// assert!(ops.update(&hello, edit).await?.changed());
    /// assert!(!ops.update(&hello, edit).await?.changed(), "it is as wanted already");
    /// # Ok(()) })
    /// ```
    pub async fn update<K: Kind, F>(&self, reference: &ResourceRef<K>, mut edit: F) -> Result<Written<K>>
    where
        F: FnMut(&mut K) -> Result<()> + Send,
        C: ReplaceApi<K>,
    {
        self.update_from(reference, None, &mut edit).await
    }

    /// [`update`](Self::update) for a service.
    ///
    /// # Errors
    /// As that.
    pub async fn update_service<F>(&self, reference: &ServiceRef, edit: F) -> Result<Written>
    where
        F: FnMut(&mut Service) -> Result<()> + Send,
        C: ReplaceApi<Service>,
    {
        self.update(reference, edit).await
    }

    /// An update whose first look has been done already.
    pub(crate) async fn update_from<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        first: Option<K>,
        edit: &mut Edit<'_, K>,
    ) -> Result<Written<K>>
    where
        C: ReplaceApi<K>,
    {
        let mut update = Update { id: WriteId::new(), edit };
        self.write(reference, first, &mut update).await
    }
}

struct Update<'e, 'f, K> {
    id: WriteId,
    edit: &'e mut Edit<'f, K>,
}

/// The object that replaces another.
struct Sent<K> {
    replacement: Replacement,
    edited: Edited<K>,
}

impl<K: Kind, C: ReplaceApi<K>> Write<C> for Update<'_, '_, K> {
    type Kind = K;
    type State = K;
    type Sent = Sent<K>;
    type Answer = K;
    /// The generation that the write made.
    type Mark = i32;
    type Done = Written<K>;

    const ABSENCE: Absence = Absence::Missing;
    const TO: &'static str = "update it";

    fn operation() -> &'static str {
        name(K::CALLS.replace)
    }

    fn look_operation() -> &'static str {
        K::CALLS.get.as_str()
    }

    fn look<'a>(ops: &'a Ops<C>, reference: &'a ResourceRef<K>) -> Answer<'a, K> {
        Box::pin(ops.read_object(reference))
    }

    fn send<'a>(api: &'a C, reference: &'a ResourceRef<K>, sent: &'a Sent<K>) -> Answer<'a, K> {
        api.replace(reference, &sent.edited.object)
    }

    fn plan(&mut self, _: &ResourceRef<K>, now: Option<K>) -> Result<Plan<Sent<K>, K, Written<K>>> {
        let Some(before) = now else { return Err(Error::new(ErrorKind::Gone, "it was deleted")) };
        if metadata(&before).deletion_timestamp.is_some() {
            return Err(Error::new(ErrorKind::Gone, "it is being deleted"));
        }
        let Some(mut edited) = edited(&before, self.edit)? else {
            return Ok(Plan::Unchanged(before));
        };
        let before = metadata(&before).clone();
        self.id.stamp(edited.object.metadata_mut().get_or_insert_default(), Some(&before));
        let (spec_changes, keeps_ids) = (edited.spec_changes, K::KEEPS_WRITE_IDS);
        let replacement = Replacement { id: self.id.clone(), before, spec_changes, keeps_ids };
        Ok(Plan::Send(Sent { replacement, edited }))
    }

    /// By a dry run of writing it back with an id of its own, which the answer has if it is the one to it: the server
    /// compares the version. (That it does so in a dry run, too, is known from the emulator only.) Of what is in several
    /// regions, a dry run is not known to write nothing: there the read stands.
    fn confirm<'a>(api: &'a C, reference: &'a ResourceRef<K>, now: &'a K) -> Answer<'a, Confirmed<K>> {
        Box::pin(async move {
            if now.annotation(REGIONS).is_some() {
                return Ok(Confirmed { newer: None, worth: Worth::Proof });
            }
            let (id, mut same) = (WriteId::new(), now.clone());
            id.stamp(same.metadata_mut().get_or_insert_default(), Some(metadata(now)));
            let answer = api.dry_replace(reference, &same).await?;
            let is_ours = write_id::ids(metadata(&answer)).contains(&id.as_str());
            Ok(Confirmed { newer: None, worth: if is_ours { Worth::Proof } else { Worth::Third } })
        })
    }

    /// A revision name that another client left in the template is refused after the version is found to be right.
    fn stands(&self, refusal: &run_api::Error) -> bool {
        refusal.is_already_exists()
    }

    fn unchanged(&mut self, reference: &ResourceRef<K>, now: K) -> Result<Written<K>> {
        Written::new(reference, now, false)
    }

    /// What does not have our id may still be what the server made of it, but not of another object, nor in the version
    /// or a generation from before.
    fn doubt(&mut self, sent: &Sent<K>, answer: &K) -> Option<&'static str> {
        let (before, now) = (&sent.replacement.before, metadata(answer));
        let is_older = now.resource_version == before.resource_version || now.generation < before.generation;
        let is_ours = write_id::ids(now).contains(&sent.replacement.id.as_str());
        (!is_ours && (now.uid != before.uid || is_older))
            .then_some("the answer is another object, or an older one")
    }

    fn answered(&mut self, reference: &ResourceRef<K>, _: Sent<K>, answer: K) -> Result<Written<K>> {
        Written::new(reference, answer, true)
    }

    fn outcome(&mut self, sent: &Sent<K>, now: Option<&K>) -> Outcome<i32> {
        sent.replacement.outcome(now.map(metadata))
    }

    fn is_before(sent: &Sent<K>, now: &K) -> bool {
        let (before, now) = (&sent.replacement.before, metadata(now));
        now.resource_version == before.resource_version || now.generation < before.generation
    }

    fn is_later(first: &Sent<K>, second: &Sent<K>) -> bool {
        first.replacement.before.generation > second.replacement.before.generation
    }

    fn is_open(sent: &Sent<K>, now: Option<&K>) -> bool {
        now.is_some_and(|now| !sent.replacement.is_overtaken(metadata(now)))
    }

    fn found(
        &mut self,
        reference: &ResourceRef<K>,
        _: Sent<K>,
        generation: i32,
        now: Option<K>,
    ) -> Result<Written<K>> {
        Written::found(reference, now.unwrap_or_default(), generation)
    }

    /// (Reports: a template's name that another client left on other content is refused at every later write;
    /// dropping it makes a new revision, which a change of traffic must not.)
    fn refusal(&self, sent: &Sent<K>, error: run_api::Error) -> Error {
        if !error.is_already_exists() {
            return error.into();
        }
        // A template that is sent as it was read names a revision that was made from other content.
        match sent.edited.template_changes {
            true => error.into(),
            false => Error::from(error).with_remedy(Remedy::NewRevision),
        }
    }
}

impl<K> fmt::Display for Sent<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replacement { id, before, .. } = &self.replacement;
        write!(f, "the replacement {} of generation {}", id.as_str(), before.generation.unwrap_or_default())
    }
}

/// An object after an edit that changed something.
#[derive(Debug)]
struct Edited<K> {
    object: K,
    spec_changes: bool,
    template_changes: bool,
}

/// The object to send, or none if the edit changes nothing.
fn edited<K: Kind>(before: &K, edit: &mut Edit<'_, K>) -> Result<Option<Edited<K>>> {
    if metadata(before).resource_version.is_none() {
        let message = "the server's answer has no metadata.resourceVersion, so it cannot be replaced safely";
        return Err(Error::new(ErrorKind::Unexpected, message));
    }
    let mut object = before.clone();
    edit(&mut object)?;
    keep_identity(metadata(before), object.metadata_mut().get_or_insert_default());
    let (was, is) = (content(before)?, content(&object)?);
    if was == is {
        return Ok(None);
    }
    let template = |object: &Value| object["spec"]["template"].clone();
    let (spec_changes, template_changes) = (was["spec"] != is["spec"], template(&was) != template(&is));
    // It cannot be used again with other content.
    if template_changes
        && before.revision_name().is_some()
        && before.revision_name() == object.revision_name()
    {
        object.forget_revision_name();
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

#[cfg(test)]
mod tests;
