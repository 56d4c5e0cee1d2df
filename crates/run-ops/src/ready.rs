//! Waiting until a service is ready.

mod verdict;

use std::collections::BTreeMap;

use run_api::ServiceRef;
use run_api::types::{Condition, Revision, Service};

pub(crate) use verdict::describe;
pub use verdict::{Readiness, readiness};

use crate::wait::{self, Ended, Verdict};
use crate::{CloudRun, Deadline, Error, ErrorKind, Event, Ops, Result, ServiceView, Written};

impl<C: CloudRun> Ops<C> {
    /// The state of a service as it is now, as something to wait for.
    ///
    /// # Errors
    /// As every read; [`Error::is_not_found`] if there is none.
    pub async fn current(&self, service: &ServiceRef) -> Result<Written> {
        Written::new(service, self.read(|| self.api().get_service(service)).await?, false)
    }

    /// Waits until what a write made is ready and returns the ready service.
    ///
    /// Only a status of the written generation counts ([`readiness`] is the decision): a `Ready` of the
    /// previous generation is not taken for success, and a failure ends the wait at once. Every look is one
    /// read. A look that fails with a passing fault does not end the wait.
    ///
    /// Dropping the future stops the wait and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`] with the server's reason, [`ErrorKind::Deadline`] with the last state seen,
    /// [`ErrorKind::Superseded`], [`ErrorKind::Gone`], or the request's error.
    pub async fn wait_until_ready(&self, written: &Written, deadline: Deadline) -> Result<Service> {
        let reference = written.reference();
        let goal = wait::service_ready(written.uid(), written.generation());
        let mut seen = BTreeMap::new();
        let look = || self.api().get_service(reference);
        let tell = |service: &Service| {
            // What a status says of an earlier generation is no news.
            if service.observed_generation() == Some(written.generation()) {
                self.tell_changes(&mut seen, service);
            }
        };
        let ended = match self.watch(look, &goal, deadline, verdict::describe, tell).await {
            Ok(Some(service)) => return Ok(service),
            Ok(None) => Ended::By(Verdict::Gone { why: "it is not found any more".to_owned() }, None),
            Err(ended) => ended,
        };
        let error = match ended {
            Ended::By(Verdict::Never { reason, message }, Some(service)) => {
                let revision = self.failed_revision(reference, &service, deadline).await;
                failure(revision, reason, message)
            }
            ended => wait::failure(ended, &goal),
        };
        Err(error.about(reference))
    }

    fn tell_changes(&self, seen: &mut BTreeMap<String, Condition>, service: &Service) {
        let conditions = service.status.iter().flat_map(|status| &status.conditions);
        for condition in conditions {
            let Some(kind) = condition.type_.clone() else { continue };
            let old = seen.insert(kind.clone(), condition.clone());
            let same = |old: &Condition| {
                (&old.status, &old.reason, &old.message)
                    == (&condition.status, &condition.reason, &condition.message)
            };
            if !old.as_ref().is_some_and(same) {
                self.tell(&Event::ConditionChanged {
                    condition: kind,
                    status: condition.status.clone().unwrap_or_default(),
                    reason: condition.reason.clone(),
                    message: condition.message.clone(),
                });
            }
        }
    }

    /// What the newest revision of a failed service says of itself, if it is another than the ready one.
    async fn failed_revision(
        &self,
        reference: &ServiceRef,
        service: &Service,
        deadline: Deadline,
    ) -> Option<Revision> {
        let created = service.latest_created_revision()?;
        if Some(created) == service.latest_ready_revision() {
            return None;
        }
        let revision = reference.location.revision(created).ok()?;
        // Only an embellishment: without it the service's own reason stands.
        tokio::time::timeout(deadline.remaining(), self.api().get_revision(&revision)).await.ok()?.ok()
    }
}

fn failure(revision: Option<Revision>, reason: Option<String>, message: String) -> Error {
    let (mut reason, mut text) = (reason, message);
    if let Some(revision) = revision
        && let Some((revision_reason, revision_message)) = verdict::revision_failure(&revision)
    {
        if !text.contains(&revision_message) {
            let name = revision.metadata.and_then(|metadata| metadata.name).unwrap_or_default();
            text = format!("{text} [{name}: {revision_message}]");
        }
        // The service's "RevisionFailed" only says where to look.
        reason = revision_reason.or(reason);
    }
    let text = match &reason {
        Some(reason) => format!("it failed ({reason}): {text}"),
        None => format!("it failed: {text}"),
    };
    Error::new(ErrorKind::Failed, text).with_reason(reason)
}

#[cfg(test)]
mod tests;
