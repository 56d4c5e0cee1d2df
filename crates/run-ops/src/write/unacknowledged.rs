//! A write whose answer was lost: reading the object again, and what follows from it.

use std::fmt;

use run_api::{ResourceId, ResourceRef};

use super::contract::{Absence, Confirmed, Worth, Write};
use super::outcome::Outcome;
use crate::remedy::{EndpointFault, Remedy};
use crate::request::absence::Missing;
use crate::request::call::{Attempts, is_out_of_place};
use crate::{Error, ErrorKind, Event, Ops, Result};

/// An attempt without an answer.
pub(crate) struct Unacknowledged<S> {
    operation: &'static str,
    sent: S,
    /// How the answer was lost.
    pub(crate) error: run_api::Error,
}

/// What became of it.
pub(crate) enum Settled<W: Write<C>, C> {
    Applied(W::Done),
    /// It was not applied; the state as it is now, if there is one. Should the write be on its way still, a later
    /// look will know it by its mark.
    NotApplied(Option<W::State>, Unacknowledged<W::Sent>),
}

impl<S: fmt::Display> Unacknowledged<S> {
    fn what_happened(&self) -> String {
        match self.error.is_foreign_answer() {
            true => format!("what answered is not the API ({})", self.error.detail()),
            false => "the answer was lost".to_owned(),
        }
    }

    /// The error when it may be in place, or may still arrive.
    fn unknown(self, reference: impl Into<ResourceId>, why: &str) -> Error {
        let message = format!(
            "{}, and whether it was applied cannot be told: {why}; sent was {}",
            self.what_happened(),
            self.sent
        );
        Error::new(ErrorKind::OutcomeUnknown, message).with_api(self.error).about(reference)
    }
}

/// Why a write was refused that may have been applied for all that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Because {
    /// Another writer was faster, or the first of two deliveries.
    Conflict,
    /// The name is taken, perhaps by the first of two deliveries.
    Taken,
}

/// The error when a refused write cannot be looked for.
pub(crate) fn out_of_sight(
    sent: &impl fmt::Display,
    refusal: impl fmt::Display,
    error: run_api::Error,
) -> Error {
    let message = format!(
        "{refusal}; whether that is its own work, delivered twice, cannot be told: reading it failed: {}; sent was \
         {sent}",
        error.detail()
    );
    Error::new(ErrorKind::OutcomeUnknown, message).with_api(error)
}

const OLDER: &str = "only states of it that are older than the write can be read";

/// Whether a write and the look after it met the same answer that is not the API's: a proxy that lets nothing through, a
/// region that does not exist. (A fault of a server's is another thing: that passes.)
fn is_kept_away(write: &run_api::Error, look: &run_api::Error) -> bool {
    is_out_of_place(write) && is_out_of_place(look) && write.http_status() == look.http_status()
}

impl<S> Unacknowledged<S> {
    /// The same of another attempt, refused by a conflict, if that was made for a later state.
    pub(crate) fn or_later<C, W: Write<C, Sent = S>>(self, sent: S) -> Self {
        if W::is_later(&self.sent, &sent) { self } else { Self { sent, ..self } }
    }
}

impl<C: Send + Sync> Ops<C> {
    /// Takes note of an answer that was lost.
    pub(crate) fn lose<S>(
        &self,
        operation: &'static str,
        sent: S,
        error: run_api::Error,
    ) -> Unacknowledged<S> {
        self.tell(&Event::Unacknowledged { operation, error: error.detail() });
        Unacknowledged { operation, sent, error }
    }

    /// Looks again and says what became of the write.
    ///
    /// # Errors
    /// If that cannot be told, or if the object is not the one that was meant.
    pub(crate) async fn settle<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        write: &mut W,
        lost: Unacknowledged<W::Sent>,
    ) -> Result<Settled<W, C>> {
        let (mut attempts, mut missing) = (Attempts::new(), Missing::default());
        loop {
            let now = match W::look(self, reference).await {
                Ok(now) => Some(now),
                Err(error) if error.is_not_found() => {
                    let is_believed = match W::ABSENCE {
                        Absence::Expected => true,
                        Absence::Wanted => missing.is_confirmed(),
                        Absence::Missing => missing.is_believed(),
                    };
                    if !is_believed {
                        self.look_again(W::look_operation(), &error).await;
                        continue;
                    }
                    None
                }
                Err(error) if is_kept_away(&lost.error, &error) => {
                    let remedy = Remedy::CheckEndpoint(EndpointFault::Foreign);
                    let why = "reading it gets the same foreign answer, so nothing is known to be written";
                    return Err(lost.unknown(reference, why).with_remedy(remedy));
                }
                Err(error) => {
                    let why = format!("reading it again failed, too: {}", error.detail());
                    return Err(lost.unknown(reference, &why));
                }
            };
            let operation = lost.operation;
            let settled = |applied| self.tell(&Event::OutcomeKnown { operation, applied });
            match write.outcome(&lost.sent, now.as_ref()) {
                Outcome::Applied(mark) => {
                    let now = match now {
                        None => None,
                        Some(now) => match Box::pin(self.present::<W>(reference, now)).await {
                            Ok(Some(now)) => Some(now),
                            Ok(None) if self.retry(W::look_operation(), &mut attempts, &lost.error).await => {
                                continue;
                            }
                            Ok(None) => return Err(lost.unknown(reference, OLDER)),
                            Err(error) => {
                                let why = format!(
                                    "it looks so, but confirming that failed, too: {}",
                                    error.detail()
                                );
                                return Err(lost.unknown(reference, &why));
                            }
                        },
                    };
                    settled(true);
                    return write.found(reference, lost.sent, mark, now).map(Settled::Applied);
                }
                Outcome::NotApplied => {
                    settled(false);
                    return Ok(Settled::NotApplied(now, lost));
                }
                // Older than what was replaced: it says nothing, and nothing may be built on it.
                Outcome::Stale => {
                    if !self.retry(W::look_operation(), &mut attempts, &lost.error).await {
                        return Err(lost.unknown(reference, OLDER));
                    }
                }
                Outcome::Taken => {
                    let noun = <W::Kind as run_api::Named>::NOUN;
                    let message = format!(
                        "somebody else created the {noun} of this name meanwhile; ours was not created"
                    );
                    let error = Error::new(ErrorKind::AlreadyExists, message).with_api(lost.error);
                    return Err(error.about(reference));
                }
                Outcome::Gone(why) => {
                    return Err(Error::new(ErrorKind::Gone, why).with_api(lost.error).about(reference));
                }
                Outcome::Unknown(why) => return Err(lost.unknown(reference, &why)),
            }
        }
    }

    /// The end when no attempt is left: one more look, and then the truth.
    pub(crate) async fn give_up<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        write: &mut W,
        lost: Unacknowledged<W::Sent>,
    ) -> Result<W::Done> {
        match Box::pin(self.settle(reference, write, lost)).await? {
            Settled::Applied(done) => Ok(done),
            Settled::NotApplied(now, lost) if W::is_open(&lost.sent, now.as_ref()) => {
                Err(lost.unknown(reference, "it was not at the last look, but may still arrive"))
            }
            Settled::NotApplied(_, lost) => Err(lost.error.into()),
        }
    }

    /// The end when an attempt is refused for good: that says nothing of an earlier one without an answer, nor of one that
    /// a conflict refused.
    pub(crate) async fn refused<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        write: &mut W,
        open: (Option<Unacknowledged<W::Sent>>, Option<W::Sent>),
        refusal: Error,
    ) -> Result<W::Done> {
        let lost = match open {
            (Some(lost), _) => lost,
            (None, Some(rejected)) => {
                return Box::pin(self.refused_or_own(reference, write, rejected, Because::Conflict, refusal))
                    .await;
            }
            (None, None) => return Err(refusal),
        };
        // There is nothing left that it could be found in.
        if refusal.kind() == ErrorKind::Gone {
            return Err(refusal.with_api(lost.error));
        }
        match Box::pin(self.settle(reference, write, lost)).await? {
            Settled::Applied(done) => Ok(done),
            Settled::NotApplied(now, lost) if W::is_open(&lost.sent, now.as_ref()) => {
                let why = format!(
                    "it was not at the last look, but may still arrive; a later attempt failed: {refusal}"
                );
                Err(lost.unknown(reference, &why))
            }
            Settled::NotApplied(..) => Err(refusal),
        }
    }

    /// The end when a write is refused that may have been delivered twice: then a conflict or a taken name is the second
    /// answer, and what is in the way is its own work.
    pub(crate) async fn refused_or_own<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        write: &mut W,
        sent: W::Sent,
        because: Because,
        refusal: Error,
    ) -> Result<W::Done> {
        let mut missing = Missing::default();
        loop {
            // What the server has just spoken of is there, and not as it was: another look is older.
            match W::look(self, reference).await {
                Ok(now) => {
                    let present = match because {
                        Because::Taken => Some(now),
                        Because::Conflict if W::is_before(&sent, &now) => None,
                        Because::Conflict => match Box::pin(self.present::<W>(reference, now)).await {
                            Ok(present) => present,
                            Err(error) => {
                                return Err(out_of_sight(&sent, refusal.message(), error).about(reference));
                            }
                        },
                    };
                    match present {
                        Some(now) => {
                            return match write.came_twice(&sent, &now) {
                                Some(mark) => write.found(reference, sent, mark, Some(now)),
                                None => Err(refusal),
                            };
                        }
                        None if missing.is_believed() => return Err(refusal),
                        None => tokio::time::sleep(Missing::PAUSE).await,
                    }
                }
                Err(error) if error.is_not_found() => {
                    if because == Because::Conflict || missing.is_believed() {
                        return Err(refusal);
                    }
                    self.look_again(W::look_operation(), &error).await;
                }
                Err(error) if error.is_permission_denied() => {
                    return Err(refusal);
                }
                Err(error) => return Err(out_of_sight(&sent, refusal.message(), error).about(reference)),
            }
        }
    }

    /// Asks the server to confirm a state that is as wanted, until its answers are a proof. Nothing is written that is not
    /// there, so it may be asked again.
    pub(crate) async fn confirm<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        now: &W::State,
    ) -> Result<Option<W::State>, run_api::Error> {
        let (mut attempts, mut newest, mut parts) = (Attempts::new(), None, 0);
        loop {
            self.hold_back(W::operation(), &reference.location).await;
            let question = W::confirm(self.api(), reference, newest.as_ref().unwrap_or(now));
            match self.once(W::operation(), None, question).await {
                Ok(Confirmed { newer, worth }) => {
                    newest = newer.or(newest);
                    parts += worth.parts();
                    if parts >= Worth::PROOF {
                        return Ok(newest);
                    }
                }
                Err(error)
                    if !error.is_conflict() && self.retry(W::operation(), &mut attempts, &error).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A state that shows a write, if it is the present one; none if it is an older one.
    pub(crate) async fn present<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        now: W::State,
    ) -> Result<Option<W::State>, run_api::Error> {
        if !W::BY_CONTENT {
            return Ok(Some(now));
        }
        match Box::pin(self.confirm::<W>(reference, &now)).await {
            Ok(newer) => Ok(Some(newer.unwrap_or(now))),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pauses before another look for what was not found.
    pub(crate) async fn look_again(&self, operation: &'static str, error: &run_api::Error) {
        let next = Missing::PAUSE;
        self.tell(&Event::Retrying { operation, attempt: 1, next, error: error.detail() });
        tokio::time::sleep(next).await;
    }
}
