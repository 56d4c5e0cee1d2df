//! Waiting until an object is ready.

use run_api::types::Revision;
use run_api::{Location, ResourceRef};

use super::readiness::revision_failure;
use super::{End, Goal, Verdict, failed};
use crate::api::{Kind, ReadApi};
use crate::{Deadline, Error, ErrorKind, Ops, Result, Written};

impl<C: Send + Sync> Ops<C> {
    /// The state of a service as it is now, as something to wait for.
    ///
    /// # Errors
    /// As every read; [`Error::is_not_found`] if there is none.
    ///
    /// # Caveats
    /// It is the newest generation, whoever wrote it.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::Deadline;
    ///
    /// let now = ops.current(&hello).await?;
    /// ops.wait_until_ready(&now, Deadline::after(Duration::from_secs(60))).await?;
    /// # Ok(()) })
    /// ```
    pub async fn current<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<Written<K>>
    where
        C: ReadApi<K>,
    {
        Written::new(reference, self.read_object(reference).await?, false)
    }

    /// Waits until what a write made is ready and returns the ready service.
    ///
    /// Only a status of the written generation counts ([`readiness`](crate::readiness) is the decision): a `Ready` of the
    /// previous generation is not taken for success, and a failure ends the wait at once, with what the failed
    /// revision says of itself. This is [`wait`](Ops::wait) for the goal [`wait::ready`](crate::wait::ready).
    ///
    /// Dropping the future stops the wait and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`](crate::ErrorKind::Failed) with the server's reason,
    /// [`ErrorKind::Deadline`](crate::ErrorKind::Deadline) with the last state seen,
    /// [`ErrorKind::Superseded`](crate::ErrorKind::Superseded), [`ErrorKind::Gone`](crate::ErrorKind::Gone), or
    /// the request's error. [`Error::written`] says what had been written before.
    ///
    /// # Caveats
    /// That the service is ready does not mean that the new revision has traffic: with traffic pinned to other
    /// revisions it has none. [`deploy`](Ops::deploy) checks that as well.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, new_service};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let written = ops.create_service(&hello, new_service(&hello, "docker.io/run-emulator/exits")).await?;
    /// let deadline = Deadline::after(Duration::from_secs(60));
    /// let error = ops.wait_until_ready(&written, deadline).await.unwrap_err();
    /// assert_eq!(error.reason(), Some("HealthCheckContainerError"));
    /// assert_eq!(error.written().map(|written| written.generation()), Some(1));
    /// # Ok(()) })
    /// ```
    pub async fn wait_until_ready<K: Kind>(&self, written: &Written<K>, deadline: Deadline) -> Result<K>
    where
        C: ReadApi<K> + ReadApi<Revision>,
    {
        let goal = super::ready(written.uid(), written.generation());
        let ready = self.until_ready(written.reference(), None, &goal, deadline).await;
        ready.map_err(|error| error.after(written.made()))
    }

    /// A wait for a goal that a ready service meets; a failure is told with the words of the failed revision.
    pub(crate) async fn until_ready<K: Kind, G: Goal<K>>(
        &self,
        reference: &ResourceRef<K>,
        first: Option<K>,
        goal: &G,
        deadline: Deadline,
    ) -> Result<K>
    where
        C: ReadApi<K> + ReadApi<Revision>,
    {
        let end = self.wait_from(&self.watch(reference), first, goal, deadline).await;
        if let End::Unmet(Verdict::Never { reason, message }, Ok(object)) = end {
            let revision =
                self.failed_revision(&reference.location, object.failed_revision(), deadline).await;
            return Err(failure(revision, reason, message).about(reference));
        }
        end.into_result(Some(reference.id()), deadline)?
            .ok_or_else(|| Error::new(ErrorKind::Unexpected, "it is ready, and not there").about(reference))
    }

    /// What the newest revision of a failed service says of itself, if it is another than the ready one.
    async fn failed_revision(
        &self,
        location: &Location,
        name: Option<&str>,
        deadline: Deadline,
    ) -> Option<Revision>
    where
        C: ReadApi<Revision>,
    {
        let revision = location.revision(name?).ok()?;
        // Only an embellishment: without it the object's own reason stands.
        tokio::time::timeout(deadline.remaining(), self.read_object(&revision)).await.ok()?.ok()
    }
}

fn failure(revision: Option<Revision>, reason: Option<String>, message: String) -> Error {
    let (mut reason, mut text) = (reason, message);
    if let Some(revision) = revision
        && let Some((revision_reason, revision_message)) = revision_failure(&revision)
    {
        if !text.contains(&revision_message) {
            let name = revision.metadata.and_then(|metadata| metadata.name).unwrap_or_default();
            text = format!("{text} [{name}: {revision_message}]");
        }
        // The service's "RevisionFailed" only says where to look.
        reason = revision_reason.or(reason);
    }
    failed(reason, &text)
}

#[cfg(test)]
mod tests;
