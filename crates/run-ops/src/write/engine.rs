//! The one loop of all writes: look, plan, send, and what follows from the answer.
//!
//! What it decides for all of them:
//! - A **conflict** (another writer was faster) starts over with a look. Conflicts are counted by themselves, up to
//!   [`Ops::conflict_attempts`], and are no attempts of the retry policy: a server that refuses a stale version is in
//!   good health.
//! - An answer that was **lost** is settled by a look before anything is sent again. All attempts at one write leave
//!   the same mark.
//! - A **refusal** says nothing of an earlier attempt without an answer, so there is one more look, and the outcome is
//!   unknown if that attempt may still arrive. The same holds when no attempt is left.
//! - **Absence** means to each write what it says in [`Absence`].
//! - What was **held back** by the quota for long is planned anew, if it depends on what was read.
//! - [`ErrorKind::Gone`] keeps the failure that showed it: the server's 404, or the lost answer.

use std::fmt;
use std::time::Duration;

use run_api::{Error as ApiError, ResourceRef};

use super::outcome::Outcome;
use super::unacknowledged::{Settled, Unacknowledged};
use crate::api::Kind;
use crate::call::{Answer, Attempts};
use crate::{Error, ErrorKind, Ops, Result};

/// A write that was held back longer than this is planned anew, for what is there then.
const FRESH: Duration = Duration::from_secs(1);

/// What it means to a write that its object is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It is what a creation expects. There is no look before the first attempt.
    Expected,
    /// It is the end that a deletion wants, once the object was seen; before, there is nothing to delete.
    Wanted,
    /// It is an error: of an update, or of a policy.
    Missing,
}

/// What a write is to do next.
pub(crate) enum Plan<S, D> {
    Send(S),
    /// Nothing: it is as wanted.
    Done(D),
}

/// One write, as the engine drives it.
///
/// The functions without `self` are what is awaited: so a future of the engine is `Send` without an edit being `Sync`.
pub(crate) trait Write<C>: Send {
    /// The kind of the object that it is about.
    type Kind: Kind;
    /// What is looked at: an object or a policy.
    type State: Send + Sync;
    /// What is sent, with all that is needed to know it again. `Display` names it in errors.
    type Sent: fmt::Display + Send + Sync;
    type Answer: Send;
    /// What is known of a write that was found to be applied.
    type Mark: Send;
    type Done: Send;

    const ABSENCE: Absence;
    /// What the write does, after "attempts to", in the error of too many conflicts.
    const TO: &'static str;

    /// What it is named in events and errors.
    fn operation() -> &'static str;

    /// What a look is named there.
    fn look_operation() -> &'static str;

    fn look<'a>(ops: &'a Ops<C>, reference: &'a ResourceRef<Self::Kind>) -> Answer<'a, Self::State>;

    fn send<'a>(
        api: &'a C,
        reference: &'a ResourceRef<Self::Kind>,
        sent: &'a Self::Sent,
    ) -> Answer<'a, Self::Answer>;

    /// What to send in view of what is there.
    fn plan(
        &mut self,
        reference: &ResourceRef<Self::Kind>,
        now: Option<Self::State>,
    ) -> Result<Plan<Self::Sent, Self::Done>>;

    /// The result, from the answer.
    fn answered(
        &mut self,
        reference: &ResourceRef<Self::Kind>,
        sent: Self::Sent,
        answer: Self::Answer,
    ) -> Result<Self::Done>;

    /// What became of an attempt without an answer.
    fn outcome(&mut self, sent: &Self::Sent, now: Option<&Self::State>) -> Outcome<Self::Mark>;

    /// Whether what is not in place at this look may be so for all that, since the look may be stale, or would be
    /// accepted if it arrived now.
    fn is_open(sent: &Self::Sent, now: Option<&Self::State>) -> bool;

    /// The result, from a look that shows that the write was applied.
    fn found(
        &mut self,
        reference: &ResourceRef<Self::Kind>,
        sent: Self::Sent,
        mark: Self::Mark,
        now: Option<Self::State>,
    ) -> Result<Self::Done>;

    /// The result when the object is [`Absence::Wanted`] and not there.
    fn absent(&mut self, sent: Self::Sent) -> Option<Self::Done> {
        let _ = sent;
        None
    }

    /// The error of a refusal, with advice.
    fn refusal(&self, sent: &Self::Sent, error: ApiError) -> Error {
        let _ = sent;
        error.into()
    }
}

impl<C: Send + Sync> Ops<C> {
    /// Carries out a write; `first` is what a look saw already.
    pub(crate) async fn write<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        mut first: Option<W::State>,
        write: &mut W,
    ) -> Result<W::Done> {
        let (mut attempts, mut conflicts, mut looks) = (Attempts::new(), 0, 0);
        let mut unsure: Option<Unacknowledged<W::Sent>> = None;
        let (operation, mut reserved) = (W::operation(), false);
        loop {
            let now = match (first.take(), unsure.take()) {
                (Some(first), _) => Some(first),
                (None, Some(lost)) => match self.settle(reference, write, lost).await? {
                    Settled::Applied(done) => return Ok(done),
                    Settled::NotApplied(now, lost) => {
                        unsure = Some(lost);
                        now
                    }
                },
                (None, None) if W::ABSENCE == Absence::Expected => None,
                (None, None) => match W::look(self, reference).await {
                    Ok(now) => Some(now),
                    Err(error) if error.is_not_found() && looks > 0 => match W::ABSENCE {
                        Absence::Wanted => None,
                        _ => return Err(gone(error).about(reference)),
                    },
                    Err(error) => return Err(error.into()),
                },
            };
            looks += 1;
            let sent = match write.plan(reference, now) {
                Ok(Plan::Send(sent)) => sent,
                Ok(Plan::Done(done)) => return Ok(done),
                Err(error) => return self.refused(reference, write, unsure, error.about(reference)).await,
            };
            if !std::mem::replace(&mut reserved, true) {
                let held_back = self.hold_back(operation, &reference.location).await;
                if held_back > FRESH && W::ABSENCE != Absence::Expected {
                    continue;
                }
            }
            reserved = false;
            let error = match self.once(operation, None, W::send(self.api(), reference, &sent)).await {
                Ok(answer) => return write.answered(reference, sent, answer),
                Err(error) => error,
            };
            if error.is_not_found() && W::ABSENCE == Absence::Wanted {
                // Somebody else was faster, or our own request, whose answer was lost.
                if let Some(done) = write.absent(sent) {
                    return Ok(done);
                }
                return Err(error.into());
            }
            if error.is_conflict() {
                conflicts += 1;
                if !self.back_off(conflicts).await {
                    let refusal = contended::<C, W>(conflicts, error).about(reference);
                    return self.refused(reference, write, unsure, refusal).await;
                }
            } else if error.may_have_been_applied() {
                let again = self.retry(operation, &mut attempts, &error).await;
                let lost = self.lose(operation, sent, error);
                if !again {
                    return self.give_up(reference, write, lost).await;
                }
                unsure = Some(lost);
            } else if let (true, Some(lost)) = (is_ours_perhaps::<C, W>(&error), &unsure) {
                // The attempt without an answer may have been applied after the look.
                if !self.retry(operation, &mut attempts, &lost.error).await {
                    return self.refused(reference, write, unsure, error.into()).await;
                }
            } else if !self.retry(operation, &mut attempts, &error).await {
                let refusal = write.refusal(&sent, error);
                return self.refused(reference, write, unsure, refusal).await;
            }
        }
    }
}

/// Whether a creation is refused because of an object that may be its own.
fn is_ours_perhaps<C, W: Write<C>>(error: &ApiError) -> bool {
    W::ABSENCE == Absence::Expected && error.is_already_exists()
}

fn gone(error: ApiError) -> Error {
    Error::new(ErrorKind::Gone, "it is not found any more: somebody deleted it").with_api(error)
}

fn contended<C, W: Write<C>>(attempts: u32, error: ApiError) -> Error {
    let message = format!("each of {attempts} attempts to {} lost against another writer", W::TO);
    Error::new(ErrorKind::Contended, message).with_api(error)
}
