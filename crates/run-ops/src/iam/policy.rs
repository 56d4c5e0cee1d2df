//! Changing an IAM policy without losing anybody's change.

use std::fmt;
use std::marker::PhantomData;

use run_api::ResourceRef;
use run_api::types::Policy;

use super::plan::{self, Change};
use super::{Grant, Member};
use crate::api::{IamApi, Kind, name};
use crate::remedy::Remedy;
use crate::request::call::Answer;
use crate::write::contract::{Absence, Confirmed, Known, Plan, Worth, Write};
use crate::write::outcome::Outcome;
use crate::{Error, ErrorKind, Ops, Result};

/// What a policy is to become; none if it is as wanted.
type Planner<'p> = dyn FnMut(&Policy) -> Result<Option<Policy>> + Send + 'p;

impl<C: Send + Sync> Ops<C> {
    /// Reads the IAM policy of an object, edits it and replaces it under the etag that was read; again, on what is
    /// there then, if somebody else wrote in between.
    ///
    /// The policy is read with its conditions (version 3), and what `edit` leaves alone stays as it is. If it
    /// changes nothing, the policy that was read is set again under its etag, and once more under the one that this gave, so
    /// that the server confirms that it is the present one: the content is the same, the etag another. After a lost answer the policy is read again: if it is what was
    /// sent, or the edit finds nothing left to do, and the server confirms it in this way, the write was applied; with the
    /// etag that was read before, it was not, and is tried again.
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
    /// # fixture::with_service(async |ops, hello, _| {
    /// ops.allow_public_access(&hello).await?;
    /// let grant = ops
    ///     .update_iam_policy(&hello, |policy| {
    ///         policy.bindings.clear();
    ///         Ok(())
    ///     })
    ///     .await?;
    /// assert!(grant.changed() && grant.policy().bindings.is_empty());
    /// # Ok(()) })
    /// ```
    pub async fn update_iam_policy<K: Kind, F>(
        &self,
        reference: &ResourceRef<K>,
        mut edit: F,
    ) -> Result<Grant>
    where
        F: FnMut(&mut Policy) -> Result<()> + Send,
        C: IamApi<K>,
    {
        let mut plan = |before: &Policy| {
            let mut after = before.clone();
            edit(&mut after)?;
            after.etag.clone_from(&before.etag);
            Ok((after != *before).then_some(after))
        };
        self.update_policy(reference, &mut plan, Change::Unknown, Known::No).await
    }

    /// Gives members a role, or takes it from them.
    pub(crate) async fn change_members<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        change: Change,
        (role, members): (&str, &[Member]),
        known: Known,
    ) -> Result<Grant>
    where
        C: IamApi<K>,
    {
        let mut plan = |policy: &Policy| {
            Ok(match change {
                Change::Revokes => plan::without_members(policy, role, members),
                _ => plan::with_members(policy, role, members),
            })
        };
        self.update_policy(reference, &mut plan, change, known).await
    }

    /// Reads the policy, plans the change, and writes it under the etag that was read; again after a conflict. A
    /// change that can be repeated may be made once more on what somebody else wrote.
    async fn update_policy<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        plan: &mut Planner<'_>,
        change: Change,
        known: Known,
    ) -> Result<Grant>
    where
        C: IamApi<K>,
    {
        Box::pin(self.write_to(reference, None, known, &mut PolicyUpdate { plan, change, kind: PhantomData }))
            .await
    }
}

struct PolicyUpdate<'e, 'p, K> {
    plan: &'e mut Planner<'p>,
    change: Change,
    kind: PhantomData<fn() -> K>,
}

impl<K> PolicyUpdate<'_, '_, K> {
    fn grant(&mut self, policy: Policy, changed: bool) -> Result<Grant> {
        if self.change != Change::Unknown && (self.plan)(&policy)?.is_some() {
            let message = "the server took its IAM policy, and answers one without the change";
            return Err(Error::new(ErrorKind::Unexpected, message));
        }
        Ok(Grant { policy, changed })
    }
}

/// A policy that was sent, with the etag of the one that it was to replace.
struct SentPolicy(Policy);

impl<K: Kind, C: IamApi<K>> Write<C> for PolicyUpdate<'_, '_, K> {
    type Kind = K;
    type State = Policy;
    type Sent = SentPolicy;
    type Answer = Policy;
    type Mark = ();
    type Done = Grant;

    const ABSENCE: Absence = Absence::Missing;
    /// Only its content tells, which an older policy may have had as well.
    const BY_CONTENT: bool = true;
    const TO: &'static str = "change its IAM policy";

    fn operation() -> &'static str {
        name(K::CALLS.iam.map(|[_, set, _]| set))
    }

    fn look_operation() -> &'static str {
        name(K::CALLS.iam.map(|[get, _, _]| get))
    }

    fn look<'a>(ops: &'a Ops<C>, reference: &'a ResourceRef<K>) -> Answer<'a, Policy> {
        Box::pin(ops.read_policy(reference))
    }

    fn send<'a>(api: &'a C, reference: &'a ResourceRef<K>, sent: &'a SentPolicy) -> Answer<'a, Policy> {
        api.set_iam_policy(reference, sent.0.clone())
    }

    fn plan(&mut self, _: &ResourceRef<K>, now: Option<Policy>) -> Result<Plan<SentPolicy, Policy, Grant>> {
        let Some(before) = now else { return Err(Error::new(ErrorKind::Gone, "it was deleted")) };
        // Without one it cannot be replaced safely, and nothing that it lacks can be believed to be gone.
        if before.etag.as_deref().unwrap_or_default().is_empty() {
            let message = "the server's policy has no etag, so it is not believed and not replaced";
            return Err(Error::new(ErrorKind::Unexpected, message));
        }
        let Some(mut after) = (self.plan)(&before)? else {
            return Ok(Plan::Unchanged(before));
        };
        plan::set_version(&mut after);
        Ok(Plan::Send(SentPolicy(after)))
    }

    /// By setting the policy that was read, under its etag. (The API has no dry run of it. The content is the same, the etag
    /// another.)
    fn confirm<'a>(
        api: &'a C,
        reference: &'a ResourceRef<K>,
        now: &'a Policy,
    ) -> Answer<'a, Confirmed<Policy>> {
        let mut same = now.clone();
        plan::set_version(&mut same);
        Box::pin(async move {
            let newer = api.set_iam_policy(reference, same).await?;
            let worth = if newer.etag == now.etag { Worth::Third } else { Worth::Half };
            Ok(Confirmed { newer: Some(newer), worth })
        })
    }

    /// Who may not set the policy can be told all the same that somebody has access already, as far as the read shows.
    fn stands(&self, refusal: &run_api::Error) -> bool {
        self.change == Change::Grants && refusal.is_permission_denied()
    }

    fn unchanged(&mut self, reference: &ResourceRef<K>, policy: Policy) -> Result<Grant> {
        self.grant(policy, false).map_err(|error| error.about(reference))
    }

    fn doubt(&mut self, _: &SentPolicy, answer: &Policy) -> Option<&'static str> {
        let is_without = self.change != Change::Unknown && matches!((self.plan)(answer), Ok(Some(_)));
        is_without.then_some("the answer is a policy without the change")
    }

    fn answered(&mut self, reference: &ResourceRef<K>, _: SentPolicy, policy: Policy) -> Result<Grant> {
        self.grant(policy, true).map_err(|error| error.about(reference))
    }

    /// Nothing tells whose change it was, but that it is what was sent, or does what was asked for.
    fn came_twice(&mut self, sent: &SentPolicy, now: &Policy) -> Option<()> {
        let is_so = self.change != Change::Unknown && matches!((self.plan)(now), Ok(None));
        (sent.is_in(now) || (is_so && sent.has_moved(now))).then_some(())
    }

    fn outcome(&mut self, sent: &SentPolicy, now: Option<&Policy>) -> Outcome<()> {
        let Some(now) = now else {
            return Outcome::Gone("it is not found any more: somebody deleted it".to_owned());
        };
        let moved = sent.has_moved(now);
        // What our own write made may be what the edit refuses, or finds to be as wanted.
        if sent.is_in(now) || (moved && matches!((self.plan)(now), Ok(None))) {
            return Outcome::Applied(());
        }
        match moved && self.change == Change::Unknown {
            true => Outcome::Unknown("somebody else has changed the policy since".to_owned()),
            false => Outcome::NotApplied,
        }
    }

    /// Etags do not tell which of two policies is the later one, so it can never be told that one comes too late.
    fn is_before(sent: &SentPolicy, now: &Policy) -> bool {
        !sent.has_moved(now)
    }

    fn is_open(_: &SentPolicy, _: Option<&Policy>) -> bool {
        true
    }

    fn found(&mut self, _: &ResourceRef<K>, sent: SentPolicy, (): (), now: Option<Policy>) -> Result<Grant> {
        Ok(Grant { policy: now.unwrap_or(sent.0), changed: true })
    }

    fn refusal(&self, _: &SentPolicy, error: run_api::Error) -> Error {
        match error.is_failed_precondition() {
            true => Error::from(error).with_remedy(Remedy::AskOrganisation),
            false => error.into(),
        }
    }
}

impl SentPolicy {
    /// Whether somebody has written since: we, or another.
    fn has_moved(&self, now: &Policy) -> bool {
        now.etag != self.0.etag
    }

    fn is_in(&self, now: &Policy) -> bool {
        let content = |policy: &Policy| Policy { etag: None, version: None, ..policy.clone() };
        self.has_moved(now) && content(now) == content(&self.0)
    }
}

impl fmt::Display for SentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let etag = self.0.etag.as_deref().unwrap_or_default();
        write!(f, "a policy of {} bindings in place of the one with the etag {etag}", self.0.bindings.len())
    }
}
