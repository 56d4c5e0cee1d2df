//! What a write says of itself to the engine.

use std::fmt;

use run_api::{Error as ApiError, ResourceRef};

use super::outcome::Outcome;
use crate::api::Kind;
use crate::request::call::Answer;
use crate::{Error, ErrorKind, Ops, Result};

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

/// Whether the object of a write is known to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Yes,
    No,
}

/// What a write is to do next.
pub(crate) enum Plan<S, N, D> {
    Send(S),
    /// Nothing: what was looked at is as wanted. The server is to confirm that it is the present state.
    Unchanged(N),
    /// Nothing.
    Done(D),
}

/// What the server answers to the question whether a state is the present one.
pub(crate) struct Confirmed<N> {
    /// A newer state of the same content, if the question makes one.
    pub(crate) newer: Option<N>,
    pub(crate) worth: Worth,
}

/// How much of a proof an answer is. An answer to another request may look like one that is wanted; but it cannot be
/// asked for again, each time under the version that the answer before has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// It has what only this request had.
    Proof,
    /// It has a version that is new.
    Half,
    /// It has nothing that a read would not have had.
    Third,
}

impl Worth {
    pub(crate) const PROOF: u32 = 6;

    /// In parts of a proof.
    pub(crate) fn parts(self) -> u32 {
        match self {
            Self::Proof => Self::PROOF,
            Self::Half => Self::PROOF / 2,
            Self::Third => Self::PROOF / 3,
        }
    }
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
    /// Whether only the content of a state tells that the write is in it, and no mark: then an older state may have the
    /// same, and the server is to confirm the one that was looked at.
    const BY_CONTENT: bool = false;
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
    ) -> Result<Plan<Self::Sent, Self::State, Self::Done>>;

    /// Asks the server whether this state, which is as wanted, is the present one: a conflict says that it is not.
    fn confirm<'a>(
        api: &'a C,
        reference: &'a ResourceRef<Self::Kind>,
        now: &'a Self::State,
    ) -> Answer<'a, Confirmed<Self::State>> {
        let _ = (api, reference, now);
        Box::pin(async { Ok(Confirmed { newer: None, worth: Worth::Proof }) })
    }

    /// Whether the look stands although the server refuses to confirm it.
    fn stands(&self, refusal: &ApiError) -> bool {
        let _ = refusal;
        false
    }

    /// The result, from a look that shows that nothing is to be done.
    fn unchanged(&mut self, reference: &ResourceRef<Self::Kind>, now: Self::State) -> Result<Self::Done> {
        let (_, message) = (now, "it is as wanted, which this write does not expect");
        Err(Error::new(ErrorKind::Unexpected, message).about(reference))
    }

    /// Why an answer is not the one to what was sent but to another request, somebody else's or an earlier one; none if
    /// nothing speaks against it.
    fn doubt(&mut self, sent: &Self::Sent, answer: &Self::Answer) -> Option<&'static str> {
        let _ = (sent, answer);
        None
    }

    /// The result, from the answer.
    fn answered(
        &mut self,
        reference: &ResourceRef<Self::Kind>,
        sent: Self::Sent,
        answer: Self::Answer,
    ) -> Result<Self::Done>;

    /// What became of an attempt without an answer.
    fn outcome(&mut self, sent: &Self::Sent, now: Option<&Self::State>) -> Outcome<Self::Mark>;

    /// What is known of the write if this look shows that it was applied although it was refused: it came to the server
    /// twice, and the answer is the second one's.
    fn came_twice(&mut self, sent: &Self::Sent, now: &Self::State) -> Option<Self::Mark> {
        match self.outcome(sent, Some(now)) {
            Outcome::Applied(mark) => Some(mark),
            _ => None,
        }
    }

    /// Whether a look that shows this is older than the conflict that refused the write: it has the version that was refused.
    fn is_before(sent: &Self::Sent, now: &Self::State) -> bool {
        let _ = (sent, now);
        false
    }

    /// Whether the first of two attempts was made for a later state than the second.
    fn is_later(first: &Self::Sent, second: &Self::Sent) -> bool {
        let _ = (first, second);
        false
    }

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
