//! A write whose answer was lost: reading the object again, and what follows from it.

use std::fmt;

use run_api::ServiceRef;
use run_api::types::Service;

use crate::call::Attempts;
use crate::settle::Outcome;
use crate::{CloudRun, Error, ErrorKind, Event, Ops, Result, Written};

/// A write that was sent, and how it shows in the object. `Display` names it in errors.
pub(crate) trait Sent: fmt::Display + Send {
    fn outcome(&self, now: Option<&Service>) -> Outcome;

    /// Whether it may be in place for all that, since this look may be stale, or would be accepted if it arrived now.
    fn is_open(&self, now: Option<&Service>) -> bool;
}

/// A write without an answer.
pub(crate) struct Lost<S> {
    pub(crate) operation: &'static str,
    pub(crate) sent: S,
    /// How the answer was lost.
    pub(crate) error: run_api::Error,
}

/// What became of it.
pub(crate) enum Settled<S> {
    Applied(Written),
    /// It was not applied; the object as it is now, if there is one. Should the write be on its way still, a later
    /// look will know it by its mark.
    NotApplied(Option<Service>, Lost<S>),
}

impl<S: Sent> Lost<S> {
    /// Reads the object again and says what became of the write.
    ///
    /// # Errors
    /// If that can not be told, or if the object is not the one that was meant.
    pub(crate) async fn settle<C: CloudRun>(
        self,
        ops: &Ops<C>,
        reference: &ServiceRef,
    ) -> Result<Settled<S>> {
        let mut attempts = Attempts::new();
        let (now, outcome) = loop {
            let now = match ops.find_service(reference).await {
                Ok(now) => now,
                Err(error) => {
                    let why = format!("reading it again failed, too: {error}");
                    return Err(self.unknown(reference, &why));
                }
            };
            match self.sent.outcome(now.as_ref()) {
                // Older than what was replaced: it says nothing, and nothing may be built on it.
                Outcome::Stale if ops.retry("get_service", &mut attempts, &self.error).await => {}
                outcome => break (now, outcome),
            }
        };
        if let Outcome::Applied { .. } | Outcome::NotApplied = outcome {
            let applied = outcome != Outcome::NotApplied;
            ops.tell(&Event::Settled { operation: self.operation, applied });
        }
        match (outcome, now) {
            (Outcome::Applied { generation }, Some(found)) => {
                Ok(Settled::Applied(Written::found(reference, found, generation)?))
            }
            (Outcome::Applied { .. }, None) => Err(self.unknown(reference, "it is not there")),
            (Outcome::NotApplied, now) => Ok(Settled::NotApplied(now, self)),
            (Outcome::Taken, _) => {
                let message = "somebody else created a service of this name meanwhile; ours was not created";
                let error = Error::new(ErrorKind::Contended, message).with_api(self.error).about(reference);
                Err(error.with_hint("look whose it is, then update it or choose another name"))
            }
            (Outcome::Gone(why), _) => {
                Err(Error::new(ErrorKind::Gone, why).with_api(self.error).about(reference))
            }
            (Outcome::Unknown(why), _) => Err(self.unknown(reference, &why)),
            (Outcome::Stale, _) => {
                Err(self.unknown(reference, "only states of it that are older than the write can be read"))
            }
        }
    }

    /// The end when no attempt is left: one more look, and then the truth.
    pub(crate) async fn give_up<C: CloudRun>(self, ops: &Ops<C>, reference: &ServiceRef) -> Result<Written> {
        match self.settle(ops, reference).await? {
            Settled::Applied(written) => Ok(written),
            Settled::NotApplied(now, lost) if lost.sent.is_open(now.as_ref()) => {
                Err(lost.unknown(reference, "it was not at the last look, but may still arrive"))
            }
            Settled::NotApplied(_, lost) => Err(lost.error.into()),
        }
    }

    /// The end when a later attempt was refused for good: that says nothing of this one.
    pub(crate) async fn refused<C: CloudRun>(
        self,
        ops: &Ops<C>,
        reference: &ServiceRef,
        refusal: Error,
    ) -> Result<Written> {
        match self.settle(ops, reference).await? {
            Settled::Applied(written) => Ok(written),
            Settled::NotApplied(now, lost) if lost.sent.is_open(now.as_ref()) => {
                Err(lost.unknown_after(reference, &refusal))
            }
            Settled::NotApplied(..) => Err(refusal),
        }
    }
}

impl<S: fmt::Display> Lost<S> {
    /// The unknown outcome of what may still arrive, when a later attempt was refused.
    pub(crate) fn unknown_after(self, reference: &ServiceRef, refusal: &Error) -> Error {
        self.unknown(
            reference,
            &format!("it was not at the last look, but may still arrive; a later attempt failed: {refusal}"),
        )
    }

    pub(crate) fn unknown(self, reference: &ServiceRef, why: &str) -> Error {
        let message = format!(
            "the answer to {} was lost, and whether it was applied can not be told: {why}; sent was {}",
            self.operation, self.sent
        );
        Error::new(ErrorKind::OutcomeUnknown, message).with_api(self.error).about(reference)
    }
}

impl<C: CloudRun> Ops<C> {
    /// Takes note of an answer that was lost.
    pub(crate) fn lose<S>(&self, operation: &'static str, sent: S, error: run_api::Error) -> Lost<S> {
        self.tell(&Event::Settling { operation, error: error.to_string() });
        Lost { operation, sent, error }
    }
}
