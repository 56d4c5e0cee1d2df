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
//! - An **answer to another request** is no answer: it is settled like a lost one.
//! - A refusal because of a **conflict** or of a **taken name** may be the second answer to a request that was delivered
//!   twice: the next look tells whether the first was applied.
//! - **Absence** means to each write what it says in [`Absence`]. Of what was there before, it is believed after a time and
//!   a number of looks.
//! - That **nothing is to be done** is confirmed by the server, since a look may be stale.
//! - What was **held back** by the quota for long is planned anew, if it depends on what was read.
//! - [`ErrorKind::Gone`] keeps the failure that showed it: the server's 404, or the lost answer.

use std::time::Duration;

use run_api::{Error as ApiError, ResourceRef};

use super::contract::{Absence, Known, Plan, Write};
use super::unacknowledged::{Because, Settled, Unacknowledged, out_of_sight};
use crate::request::absence::Missing;
use crate::request::call::Attempts;
use crate::{Error, ErrorKind, Ops, Result};

/// What refused a write that may have been applied for all that.
const CONFLICT: &str = "it was refused because of a conflict";

/// A write that was held back longer than this is planned anew, for what is there then.
const FRESH: Duration = Duration::from_secs(1);

impl<C: Send + Sync> Ops<C> {
    /// Carries out a write; `first` is what a look saw already.
    pub(crate) async fn write<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        first: Option<W::State>,
        write: &mut W,
    ) -> Result<W::Done> {
        Box::pin(self.write_to(reference, first, Known::No, write)).await
    }

    /// The same for an object that is perhaps known to be there, by a write that made it or a look at it.
    pub(crate) async fn write_to<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        mut first: Option<W::State>,
        known: Known,
        write: &mut W,
    ) -> Result<W::Done> {
        let (mut attempts, mut conflicts, mut looks) = (Attempts::new(), 0, 0);
        let (mut missing, mut refused_as_missing) = (Missing::default(), Missing::default());
        // What a conflict has refused.
        let mut rejected: Option<W::Sent> = None;
        let mut unsure: Option<Unacknowledged<W::Sent>> = None;
        let (operation, mut reserved) = (W::operation(), false);
        let mut open = None;
        loop {
            if unsure.is_none() {
                open = None;
            }
            let now = match (first.take(), unsure.take()) {
                (Some(first), _) => Some(first),
                (None, Some(lost)) => match Box::pin(self.settle(reference, write, lost)).await? {
                    Settled::Applied(done) => return Ok(done),
                    Settled::NotApplied(now, lost) => {
                        unsure = Some(lost);
                        now
                    }
                },
                (None, None) if W::ABSENCE == Absence::Expected => None,
                (None, None) => match W::look(self, reference).await {
                    Ok(now) => {
                        missing = Missing::default();
                        match rejected.as_ref().and_then(|sent| write.came_twice(sent, &now)) {
                            None => Some(now),
                            Some(mark) => {
                                match (Box::pin(self.present::<W>(reference, now)).await, rejected.take()) {
                                    (Err(error), Some(sent)) => {
                                        return Err(out_of_sight(&sent, CONFLICT, error).about(reference));
                                    }
                                    (Ok(Some(now)), Some(sent)) => {
                                        return write.found(reference, sent, mark, Some(now));
                                    }
                                    (_, sent) => {
                                        (rejected, conflicts) = (sent, conflicts + 1);
                                        if self.back_off(conflicts).await {
                                            continue;
                                        }
                                        return Err(out_of_date::<C, W>(conflicts).about(reference));
                                    }
                                }
                            }
                        }
                    }
                    Err(error) if error.is_not_found() && (looks > 0 || known == Known::Yes) => {
                        match W::ABSENCE {
                            Absence::Wanted if missing.is_confirmed() => None,
                            Absence::Missing if missing.is_believed() => {
                                return Err(gone(error).about(reference));
                            }
                            _ => {
                                self.look_again(W::look_operation(), &error).await;
                                continue;
                            }
                        }
                    }
                    Err(error) => {
                        return Err(match &rejected {
                            Some(sent) => out_of_sight(sent, CONFLICT, error).about(reference),
                            None => error.into(),
                        });
                    }
                },
            };
            looks += 1;
            let sent = match write.plan(reference, now) {
                Ok(Plan::Send(sent)) => sent,
                Ok(Plan::Done(done)) => return Ok(done),
                Ok(Plan::Unchanged(now)) => match Box::pin(self.confirm::<W>(reference, &now)).await {
                    Ok(newer) => return write.unchanged(reference, newer.unwrap_or(now)),
                    Err(error) if write.stands(&error) => return write.unchanged(reference, now),
                    Err(error) if error.is_conflict() => {
                        conflicts += 1;
                        if self.back_off(conflicts).await {
                            continue;
                        }
                        let refusal = contended::<C, W>(conflicts, error).about(reference);
                        return Box::pin(self.refused(reference, write, (unsure, rejected), refusal)).await;
                    }
                    Err(error) if error.is_not_found() && !refused_as_missing.is_believed() => {
                        self.look_again(operation, &error).await;
                        continue;
                    }
                    Err(error) if error.is_not_found() => {
                        return self
                            .refused(reference, write, (unsure, rejected), gone(error).about(reference))
                            .await;
                    }
                    Err(error) => {
                        return Box::pin(self.refused(reference, write, (unsure, rejected), error.into()))
                            .await;
                    }
                },
                Err(error) => {
                    return Box::pin(self.refused(
                        reference,
                        write,
                        (unsure, rejected),
                        error.about(reference),
                    ))
                    .await;
                }
            };
            if !std::mem::replace(&mut reserved, true) {
                let held_back = self.hold_back(operation, &reference.location).await;
                if held_back > FRESH && W::ABSENCE != Absence::Expected {
                    continue;
                }
            }
            reserved = false;
            open.get_or_insert_with(|| self.open_write());
            let error = match self.once(operation, None, W::send(self.api(), reference, &sent)).await {
                Ok(answer) => match write.doubt(&sent, &answer) {
                    None => return write.answered(reference, sent, answer),
                    Some(doubt) => ApiError::from_kind(run_api::ErrorKind::Decode, doubt),
                },
                Err(error) => error,
            };
            let is_definite =
                !error.may_have_been_applied() && !error.is_conflict() && !error.is_already_exists();
            if is_definite && unsure.is_none() && rejected.is_none() {
                // While it waits for another try, nothing is on its way.
                open = None;
            }
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
                    rejected = Some(later::<C, W>(rejected, sent));
                    return Box::pin(self.refused(reference, write, (unsure, rejected), refusal)).await;
                }
                match unsure {
                    Some(lost) => unsure = Some(lost.or_later::<C, W>(sent)),
                    None => rejected = Some(later::<C, W>(rejected, sent)),
                }
            } else if error.is_already_exists() && unsure.is_none() {
                let refusal = write.refusal(&sent, error);
                let sent = later::<C, W>(rejected, sent);
                return Box::pin(self.refused_or_own(reference, write, sent, Because::Taken, refusal)).await;
            } else if error.is_not_found() && W::ABSENCE == Absence::Expected && unsure.is_none() {
                // Perhaps it is the answer to the look before: what is created cannot be missing.
                return match W::look(self, reference).await {
                    Ok(now) => match write.came_twice(&sent, &now) {
                        Some(mark) => write.found(reference, sent, mark, Some(now)),
                        None => Err(write.refusal(&sent, error)),
                    },
                    Err(look) if look.is_not_found() => Err(write.refusal(&sent, error)),
                    Err(look) => Err(out_of_sight(&sent, error.detail(), look).about(reference)),
                };
            } else if error.is_not_found() && known == Known::Yes && !refused_as_missing.is_believed() {
                self.look_again(operation, &error).await;
            } else if error.may_have_been_applied() {
                let again = self.retry(operation, &mut attempts, &error).await;
                let lost = self.lose(operation, sent, error);
                if !again {
                    return Box::pin(self.give_up(reference, write, lost)).await;
                }
                unsure = Some(lost);
            } else if let (true, Some(lost)) = (is_ours_perhaps::<C, W>(&error), &unsure) {
                // The attempt without an answer may have been applied after the look.
                if !self.retry(operation, &mut attempts, &lost.error).await {
                    return Box::pin(self.refused(reference, write, (unsure, rejected), error.into())).await;
                }
            } else if !self.retry(operation, &mut attempts, &error).await {
                let refusal = write.refusal(&sent, error);
                return Box::pin(self.refused(reference, write, (unsure, rejected), refusal)).await;
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

/// Of two writes that were refused, the one that may have been applied: later ones go back to older looks.
fn later<C, W: Write<C>>(before: Option<W::Sent>, sent: W::Sent) -> W::Sent {
    match before {
        Some(before) if W::is_later(&before, &sent) => before,
        _ => sent,
    }
}

fn out_of_date<C, W: Write<C>>(attempts: u32) -> Error {
    let message = format!("after {attempts} attempts to {} only older states of it can be read", W::TO);
    Error::new(ErrorKind::OutcomeUnknown, message)
}

fn contended<C, W: Write<C>>(attempts: u32, error: ApiError) -> Error {
    let message = format!("each of {attempts} attempts to {} lost against another writer", W::TO);
    Error::new(ErrorKind::Contended, message).with_api(error)
}
