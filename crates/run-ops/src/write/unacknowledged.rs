//! A write whose answer was lost: reading the object again, and what follows from it.

use std::fmt;

use run_api::{ResourceId, ResourceRef};

use super::contract::Write;
use super::outcome::Outcome;
use crate::request::call::Attempts;
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
    /// The error when it may be in place, or may still arrive.
    fn unknown(self, reference: impl Into<ResourceId>, why: &str) -> Error {
        let message = format!(
            "the answer to {} was lost, and whether it was applied can not be told: {why}; sent was {}",
            self.operation, self.sent
        );
        Error::new(ErrorKind::OutcomeUnknown, message).with_api(self.error).about(reference)
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
        self.tell(&Event::Unacknowledged { operation, error: error.to_string() });
        Unacknowledged { operation, sent, error }
    }

    /// Looks again and says what became of the write.
    ///
    /// # Errors
    /// If that can not be told, or if the object is not the one that was meant.
    pub(crate) async fn settle<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        write: &mut W,
        lost: Unacknowledged<W::Sent>,
    ) -> Result<Settled<W, C>> {
        let mut attempts = Attempts::new();
        loop {
            let now = match W::look(self, reference).await {
                Ok(now) => Some(now),
                Err(error) if error.is_not_found() => None,
                Err(error) => {
                    let why = format!("reading it again failed, too: {error}");
                    return Err(lost.unknown(reference, &why));
                }
            };
            let operation = lost.operation;
            let settled = |applied| self.tell(&Event::OutcomeKnown { operation, applied });
            match write.outcome(&lost.sent, now.as_ref()) {
                Outcome::Applied(mark) => {
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
                        let why = "only states of it that are older than the write can be read";
                        return Err(lost.unknown(reference, why));
                    }
                }
                Outcome::Taken => {
                    let message =
                        "somebody else created a service of this name meanwhile; ours was not created";
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
        match self.settle(reference, write, lost).await? {
            Settled::Applied(done) => Ok(done),
            Settled::NotApplied(now, lost) if W::is_open(&lost.sent, now.as_ref()) => {
                Err(lost.unknown(reference, "it was not at the last look, but may still arrive"))
            }
            Settled::NotApplied(_, lost) => Err(lost.error.into()),
        }
    }

    /// The end when an attempt is refused for good: that says nothing of an earlier one without an answer.
    pub(crate) async fn refused<W: Write<C>>(
        &self,
        reference: &ResourceRef<W::Kind>,
        write: &mut W,
        unsure: Option<Unacknowledged<W::Sent>>,
        refusal: Error,
    ) -> Result<W::Done> {
        let Some(lost) = unsure else { return Err(refusal) };
        // There is nothing left that it could be found in.
        if refusal.kind() == ErrorKind::Gone {
            return Err(refusal.with_api(lost.error));
        }
        match self.settle(reference, write, lost).await? {
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
}
