//! Waiting until a service is ready.

mod verdict;

use std::collections::BTreeMap;

use run_api::ServiceRef;
use run_api::types::{Condition, Revision, Service};
use tokio::time::Instant;

pub use verdict::{Readiness, readiness};

use crate::{CloudRun, Deadline, Error, ErrorKind, Event, Ops, Result, ServiceView, Written};

impl<C: CloudRun> Ops<C> {
    /// The state of a service as it is now, as something to wait for.
    ///
    /// # Errors
    /// As every read; [`Error::is_not_found`] if there is none.
    pub async fn current(&self, service: &ServiceRef) -> Result<Written> {
        Written::new(service, self.read_service(service).await?, false)
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
        let start = Instant::now();
        let mut seen = BTreeMap::new();
        let (mut state, mut fault) = ("nothing yet".to_owned(), None);
        loop {
            match self.look(reference, deadline).await? {
                None => {}
                Some(Err(error)) => {
                    self.tell(&Event::LookFailed { error: error.to_string() });
                    fault = Some(error);
                }
                Some(Ok(service)) => {
                    // What a status says of an earlier generation is no news.
                    if service.observed_generation() == Some(written.generation()) {
                        self.tell_changes(&mut seen, &service);
                    }
                    match readiness(&service, written.uid(), written.generation()) {
                        Readiness::Ready => return Ok(service),
                        Readiness::NotYet => (state, fault) = (verdict::describe(&service), None),
                        Readiness::Failed { reason, message } => {
                            let revision = self.failed_revision(reference, &service, deadline).await;
                            return Err(failure(revision, reason, message).about(reference));
                        }
                        Readiness::Superseded { generation } => {
                            let message = format!(
                                "generation {} was superseded by generation {generation} before it was ready",
                                written.generation()
                            );
                            return Err(Error::new(ErrorKind::Superseded, message).about(reference));
                        }
                        Readiness::Gone { why } => {
                            return Err(Error::new(ErrorKind::Gone, why).about(reference));
                        }
                    }
                }
            }
            let asked = fault.as_ref().and_then(run_api::Error::retry_after);
            if !self.pause(start, deadline, asked).await {
                let message = format!(
                    "generation {} was not ready within {:.1} s",
                    written.generation(),
                    deadline.allowed().as_secs_f64()
                );
                let error = Error::new(ErrorKind::Deadline, message).about(reference);
                return Err(match fault {
                    Some(fault) => error.with_last_seen(format!("{state}; then {fault}")).with_api(fault),
                    None => error.with_last_seen(state),
                });
            }
        }
    }

    /// One look: the service, a passing fault, or nothing if the deadline came first.
    pub(crate) async fn look(
        &self,
        reference: &ServiceRef,
        deadline: Deadline,
    ) -> Result<Option<std::result::Result<Service, run_api::Error>>> {
        match tokio::time::timeout(deadline.remaining(), self.api().get_service(reference)).await {
            Err(_) => Ok(None),
            Ok(Ok(service)) => Ok(Some(Ok(service))),
            Ok(Err(error)) if error.is_retryable() => Ok(Some(Err(error))),
            Ok(Err(error)) if error.is_not_found() => {
                let message = "it is not found any more: it was deleted, or never came to be";
                Err(Error::new(ErrorKind::Gone, message).with_api(error).about(reference))
            }
            Ok(Err(error)) => Err(error.into()),
        }
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
        tokio::time::timeout(deadline.remaining(), self.read_revision(&revision)).await.ok()?.ok()
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
