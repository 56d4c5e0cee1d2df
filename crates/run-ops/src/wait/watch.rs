//! The loop that looks.

use run_api::types::{Policy, Revision, Service};
use run_api::{RevisionRef, ServiceRef};
use tokio::time::Instant;

use super::{Condition, Verdict};
use crate::ready::describe;
use crate::{CloudRun, Deadline, Error, ErrorKind, Event, Ops, Result};

/// How a wait ended that was not met.
pub(crate) enum Ended<T> {
    /// By a verdict, and what was seen then.
    By(Verdict, Option<T>),
    /// By an error: the deadline, or a look that failed for good.
    Error(Error),
}

impl<C: CloudRun> Ops<C> {
    /// Waits until a condition on a service is met, and returns the service as it was seen then; none if its absence
    /// met the condition. Every look is one read.
    ///
    /// Dropping the future stops the wait and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`] with the server's reason, [`ErrorKind::Superseded`] or [`ErrorKind::Gone`] if the
    /// condition can never be met; [`ErrorKind::Deadline`] with the last state seen; or the request's error.
    pub async fn wait_for_service(
        &self,
        service: &ServiceRef,
        condition: &Condition<Service>,
        deadline: Deadline,
    ) -> Result<Option<Service>> {
        let look = || self.api().get_service(service);
        let outcome = self.watch(look, condition, deadline, describe, |_| ()).await;
        outcome.map_err(|ended| failure(ended, condition).about(service))
    }

    /// The same for a revision.
    ///
    /// # Errors
    /// As [`wait_for_service`](Self::wait_for_service).
    pub async fn wait_for_revision(
        &self,
        revision: &RevisionRef,
        condition: &Condition<Revision>,
        deadline: Deadline,
    ) -> Result<Option<Revision>> {
        let look = || self.api().get_revision(revision);
        let state = |revision: &Revision| {
            let conditions = revision.status.as_ref().map_or(&[][..], |status| &status.conditions);
            let words = conditions.iter().map(|condition| {
                format!(
                    "{} is {}",
                    condition.type_.as_deref().unwrap_or_default(),
                    condition.status.as_deref().unwrap_or("not set")
                )
            });
            words.collect::<Vec<_>>().join(", ")
        };
        let outcome = self.watch(look, condition, deadline, state, |_| ()).await;
        outcome.map_err(|ended| {
            let error = failure(ended, condition);
            error.with_prefix(&format!("revision `{}`", revision.name))
        })
    }

    /// The same for the IAM policy of a service. That a binding is visible does not mean that it is in force
    /// everywhere; that can take another minute.
    ///
    /// # Errors
    /// As [`wait_for_service`](Self::wait_for_service).
    pub async fn wait_for_policy(
        &self,
        service: &ServiceRef,
        condition: &Condition<Policy>,
        deadline: Deadline,
    ) -> Result<Option<Policy>> {
        let look = || self.api().get_service_iam_policy(service);
        let state = |policy: &Policy| format!("a policy with {} bindings", policy.bindings.len());
        let outcome = self.watch(look, condition, deadline, state, |_| ()).await;
        outcome.map_err(|ended| failure(ended, condition).about(service))
    }

    /// Looks until the condition is met or can not be, or the deadline comes. `state` says in words what was seen,
    /// and `seen` is told of every look.
    pub(crate) async fn watch<T, F>(
        &self,
        look: impl Fn() -> F + Send,
        condition: &Condition<T>,
        deadline: Deadline,
        state: impl Fn(&T) -> String + Send,
        mut seen: impl FnMut(&T) + Send,
    ) -> std::result::Result<Option<T>, Ended<T>>
    where
        T: Send + 'static,
        F: Future<Output = std::result::Result<T, run_api::Error>> + Send,
    {
        let start = Instant::now();
        let mut last = "nothing yet".to_owned();
        let mut fault: Option<run_api::Error> = None;
        let mut odd = false;
        loop {
            let found = match tokio::time::timeout(deadline.remaining(), look()).await {
                Err(_) => None,
                Ok(Ok(object)) => Some(Some(object)),
                Ok(Err(error)) if error.is_not_found() => Some(None),
                // A credential may have expired since the last look, or an answer have been mangled: once.
                Ok(Err(error)) if error.is_retryable() || (is_odd(&error) && !odd) => {
                    odd = is_odd(&error);
                    self.tell(&Event::LookFailed { error: error.to_string() });
                    fault = Some(error);
                    None
                }
                Ok(Err(error)) => return Err(Ended::Error(error.into())),
            };
            if let Some(object) = found {
                (fault, odd) = (None, false);
                if let Some(object) = &object {
                    seen(object);
                }
                match condition.judge(object.as_ref()) {
                    Verdict::Met => return Ok(object),
                    Verdict::NotYet => last = object.as_ref().map_or_else(|| "not found".to_owned(), &state),
                    ended => return Err(Ended::By(ended, object)),
                }
            }
            let asked = fault.as_ref().and_then(run_api::Error::retry_after);
            if !self.pause(start, deadline, asked).await {
                let seconds = deadline.allowed().as_secs_f64();
                let message = format!("it did not come to be that {condition} within {seconds:.1} s");
                let error = Error::new(ErrorKind::Deadline, message);
                return Err(Ended::Error(match fault {
                    Some(fault) => error.with_last_seen(format!("{last}; then {fault}")).with_api(fault),
                    None => error.with_last_seen(last),
                }));
            }
        }
    }
}

/// Whether an answer is not what a wait that goes well meets, and yet no fault that passes by itself.
fn is_odd(error: &run_api::Error) -> bool {
    error.is_unauthenticated() || error.is_foreign_answer()
}

/// The error of a wait that was not met.
pub(crate) fn failure<T>(ended: Ended<T>, condition: &Condition<T>) -> Error {
    match ended {
        Ended::Error(error) => error,
        Ended::By(Verdict::Superseded { generation }, _) => {
            let message = format!("superseded by generation {generation} before {condition}");
            Error::new(ErrorKind::Superseded, message)
        }
        Ended::By(Verdict::Gone { why }, _) => Error::new(ErrorKind::Gone, why),
        Ended::By(Verdict::Never { reason, message }, _) => {
            let text = match &reason {
                Some(reason) => format!("it failed ({reason}): {message}"),
                None => format!("it failed: {message}"),
            };
            Error::new(ErrorKind::Failed, text).with_reason(reason)
        }
        // The loop goes on at these.
        Ended::By(Verdict::Met | Verdict::NotYet, _) => {
            Error::new(ErrorKind::Unexpected, "the wait ended without a verdict")
        }
    }
}
