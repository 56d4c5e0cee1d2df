//! A write whose answer was lost: reading the object again, and what follows from it.

use std::fmt;

use run_api::ServiceRef;
use run_api::types::Service;

use crate::settle::Outcome;
use crate::{CloudRun, Error, ErrorKind, Event, Ops, Result, Written};

/// A write that was sent, and how it shows in the object. `Display` names it in errors.
pub(crate) trait Sent: fmt::Display + Send {
    fn outcome(&self, now: Option<&Service>) -> Outcome;
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
        let now = match ops.find_service(reference).await {
            Ok(now) => now,
            Err(error) => {
                let why = format!("reading it again failed, too: {error}");
                return Err(self.unknown(reference, &why));
            }
        };
        let outcome = self.sent.outcome(now.as_ref());
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
            (Outcome::Gone(why), _) => {
                Err(Error::new(ErrorKind::Gone, why).with_api(self.error).about(reference))
            }
            (Outcome::Unknown(why), _) => Err(self.unknown(reference, &why)),
        }
    }

    /// The end when no attempt is left: one more look, and then the truth.
    pub(crate) async fn give_up<C: CloudRun>(self, ops: &Ops<C>, reference: &ServiceRef) -> Result<Written> {
        match self.settle(ops, reference).await? {
            Settled::Applied(written) => Ok(written),
            Settled::NotApplied(_, lost) if lost.is_under_way() => {
                Err(lost.unknown(reference, "it was not at the last look, but may still arrive"))
            }
            Settled::NotApplied(_, lost) => Err(lost.error.into()),
        }
    }
}

impl<S: fmt::Display> Lost<S> {
    /// Whether the server may still be at it: it never answered.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.error.kind(), run_api::ErrorKind::Timeout | run_api::ErrorKind::Transport)
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
