//! Changing an IAM policy without losing anybody's change.

use std::fmt;

use run_api::ServiceRef;
use run_api::types::Policy;

use super::{Grant, plan};
use crate::call::Attempts;
use crate::lost::Lost;
use crate::{CloudRun, Error, ErrorKind, Event, Ops, Result};

const SET_POLICY: &str = "set_service_iam_policy";

impl<C: CloudRun> Ops<C> {
    /// Reads the IAM policy of a service, edits it and replaces it under the etag that was read; again, on what is
    /// there then, if somebody else wrote in between.
    ///
    /// The policy is read with its conditions (version 3), and what `edit` leaves alone stays as it is. If it
    /// changes nothing, nothing is sent. After a lost answer the policy is read again: if it is what was sent, or
    /// the edit finds nothing left to do, the write was applied; with the etag that was read before, it was not,
    /// and is tried again.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// What `edit` refuses with; [`ErrorKind::Contended`] if every attempt lost against another writer;
    /// [`ErrorKind::OutcomeUnknown`] if an answer was lost and somebody else has changed the policy since, so that
    /// it does not tell; or the request's error: a failed precondition where an organisation policy forbids a
    /// member.
    ///
    /// # Caveats
    /// `edit` may run several times. It can take the serving side a minute to follow.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # ops.create_service(&hello, object).await?;
    /// ops.allow_public_access(&hello).await?;
    /// let grant = ops
    ///     .update_iam_policy(&hello, |policy| {
    ///         policy.bindings.clear();
    ///         Ok(())
    ///     })
    ///     .await?;
    /// assert!(grant.changed() && grant.policy().bindings.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn update_iam_policy<F>(&self, service: &ServiceRef, mut edit: F) -> Result<Grant>
    where
        F: FnMut(&mut Policy) -> Result<()> + Send,
    {
        let mut plan = |before: &Policy| {
            let mut after = before.clone();
            edit(&mut after)?;
            after.etag.clone_from(&before.etag);
            Ok((after != *before).then_some(after))
        };
        self.update_policy(service, &mut plan, false).await
    }

    /// Reads the policy, plans the change, and writes it under the etag that was read; again after a conflict. A
    /// change that can be repeated may be made once more on what somebody else wrote.
    pub(super) async fn update_policy(
        &self,
        service: &ServiceRef,
        plan: &mut (dyn FnMut(&Policy) -> Result<Option<Policy>> + Send),
        repeatable: bool,
    ) -> Result<Grant> {
        let (mut attempts, mut conflicts) = (Attempts::new(), 1);
        let mut unsure: Option<Lost<SentPolicy>> = None;
        loop {
            let before = match self.read_policy(service).await {
                Ok(policy) => policy,
                Err(error) => {
                    let Some(lost) = unsure else { return Err(error.into()) };
                    return Err(lost.unknown(service, &format!("reading it again failed, too: {error}")));
                }
            };
            let known = unsure.as_ref().is_some_and(|lost| lost.sent.is_in(&before));
            let planned = match plan(&before).map_err(|error| error.about(service)) {
                Ok(planned) => planned,
                // What our own write made may be what the edit refuses.
                Err(_) if known => None,
                Err(error) => return Err(refused(unsure, service, error)),
            };
            if let Some(lost) = unsure.take() {
                let applied = known || (planned.is_none() && lost.sent.has_moved(&before));
                if applied || repeatable || !lost.sent.has_moved(&before) {
                    self.tell(&Event::Settled { operation: SET_POLICY, applied });
                }
                if applied {
                    return Ok(Grant { policy: before, changed: true });
                }
                if !repeatable && lost.sent.has_moved(&before) {
                    return Err(lost.unknown(service, "somebody else has changed the policy since"));
                }
                if lost.sent.last {
                    let why = "it was not at the last look, but may still arrive";
                    return Err(lost.unknown(service, why));
                }
                unsure = Some(lost);
            }
            let Some(mut after) = planned else {
                return Ok(Grant { policy: before, changed: false });
            };
            if after.etag.as_deref().unwrap_or_default().is_empty() {
                let message = "the server's policy has no etag, so it can not be replaced safely";
                return Err(Error::new(ErrorKind::Unexpected, message).about(service));
            }
            plan::set_version(&mut after);
            let answer = self.api().set_service_iam_policy(service, after.clone());
            match self.once_paced(SET_POLICY, service, answer).await {
                Ok(policy) if repeatable && plan(&policy)?.is_some() => {
                    let message = "the server took its IAM policy, and answers one without the change";
                    return Err(Error::new(ErrorKind::Unexpected, message).about(service));
                }
                Ok(policy) => return Ok(Grant { policy, changed: true }),
                Err(error) if error.is_conflict() => {
                    if !self.back_off(conflicts).await {
                        let message = format!(
                            "somebody else changed its IAM policy during each of {conflicts} attempts"
                        );
                        let error = Error::new(ErrorKind::Contended, message).with_api(error).about(service);
                        return Err(refused(unsure, service, error));
                    }
                    conflicts += 1;
                }
                Err(error) if error.is_failed_precondition() => {
                    let hint =
                        "an organisation policy, such as domain restricted sharing, may forbid this member";
                    return Err(refused(unsure, service, Error::from(error).with_hint(hint)));
                }
                Err(error) if error.may_have_been_applied() => {
                    let last = !self.retry(SET_POLICY, &mut attempts, &error).await;
                    unsure = Some(self.lose(SET_POLICY, SentPolicy { policy: after, last }, error));
                }
                Err(error) if self.retry(SET_POLICY, &mut attempts, &error).await => {}
                Err(error) => return Err(refused(unsure, service, error.into())),
            }
        }
    }
}

/// The end when an attempt was refused for good: that says nothing of an earlier one that may still arrive. Etags do
/// not tell which of two policies is the later one, so it can not be told either that this is too late for it.
fn refused(unsure: Option<Lost<SentPolicy>>, service: &ServiceRef, refusal: Error) -> Error {
    match unsure {
        Some(lost) => lost.unknown_after(service, &refusal),
        None => refusal,
    }
}

/// A policy that was sent, with the etag of the one that it was to replace.
struct SentPolicy {
    policy: Policy,
    /// Whether no attempt is left.
    last: bool,
}

impl SentPolicy {
    /// Whether somebody has written since: we, or another.
    fn has_moved(&self, now: &Policy) -> bool {
        now.etag != self.policy.etag
    }

    fn is_in(&self, now: &Policy) -> bool {
        let content = |policy: &Policy| Policy { etag: None, version: None, ..policy.clone() };
        self.has_moved(now) && content(now) == content(&self.policy)
    }
}

impl fmt::Display for SentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let etag = self.policy.etag.as_deref().unwrap_or_default();
        write!(
            f,
            "a policy of {} bindings in place of the one with the etag {etag}",
            self.policy.bindings.len()
        )
    }
}
