//! Who may invoke a service.

mod member;
mod plan;

use std::fmt;

use run_api::ServiceRef;
use run_api::types::Policy;

pub use member::{InvalidMember, Member};

use crate::call::Attempts;
use crate::lost::Lost;
use crate::{CloudRun, Error, ErrorKind, Event, Ops, Result};

const SET_POLICY: &str = "set_service_iam_policy";

/// The role that allows sending requests to a service.
pub const INVOKER_ROLE: &str = "roles/run.invoker";

/// The result of granting or revoking access.
#[derive(Clone, Debug)]
pub struct Grant {
    policy: Policy,
    changed: bool,
}

impl Grant {
    /// The policy in force afterwards.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether anything was written; not if the policy was as asked already.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.changed
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

impl<C: CloudRun> Ops<C> {
    /// Lets members send requests to a service: adds them to [`INVOKER_ROLE`] in its IAM policy.
    ///
    /// Reads the policy, adds what is missing and writes it back under the etag that was read; if somebody else
    /// wrote in between, it starts over. Everything else in the policy, conditional bindings included, stays as
    /// it is. With nothing to add, nothing is written.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// [`ErrorKind::Contended`] if every attempt lost against another writer, or the request's error: a failed
    /// precondition where an organisation policy forbids a member. [`ErrorKind::OutcomeUnknown`] if an answer was
    /// lost and the policy can not be read again.
    ///
    /// # Caveats
    /// It can take the serving side a minute to follow.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// use run_ops::Member;
    ///
    /// let caller = Member::service_account("caller@p.iam.gserviceaccount.com")?;
    /// assert!(ops.grant_invoker(&hello, &[caller.clone()]).await?.changed());
    /// assert!(!ops.grant_invoker(&hello, &[caller]).await?.changed(), "it has the role already");
    /// # Ok(()) }
    /// ```
    pub async fn grant_invoker(&self, service: &ServiceRef, members: &[Member]) -> Result<Grant> {
        self.add_members(service, INVOKER_ROLE, members).await
    }

    /// Gives members a role on a service; see [`grant_invoker`](Self::grant_invoker), which is this with
    /// [`INVOKER_ROLE`].
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker); the server refuses a role that it does not know.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// let ana = "user:ana@example.com".parse()?;
    /// let grant = ops.add_members(&hello, "roles/run.viewer", &[ana]).await?;
    /// assert_eq!(grant.policy().bindings[0].members, ["user:ana@example.com"]);
    /// # Ok(()) }
    /// ```
    pub async fn add_members(&self, service: &ServiceRef, role: &str, members: &[Member]) -> Result<Grant> {
        self.update_policy(service, &mut |policy| Ok(plan::with_members(policy, role, members)), true).await
    }

    /// Takes a role on a service from members. What they have through a conditional binding, or from the
    /// project, stays.
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// use run_ops::{INVOKER_ROLE, Member};
    ///
    /// ops.allow_public_access(&hello).await?;
    /// let revoked = ops.remove_members(&hello, INVOKER_ROLE, &[Member::all_users()]).await?;
    /// assert!(revoked.changed() && revoked.policy().bindings.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn remove_members(
        &self,
        service: &ServiceRef,
        role: &str,
        members: &[Member],
    ) -> Result<Grant> {
        self.update_policy(service, &mut |policy| Ok(plan::without_members(policy, role, members)), true)
            .await
    }

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
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
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
    async fn update_policy(
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
            let planned = plan(&before).map_err(|error| error.about(service))?;
            if let Some(lost) = unsure.take() {
                let applied = lost.sent.is_in(&before) || (planned.is_none() && lost.sent.has_moved(&before));
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
                    return Err(match lost.is_under_way() {
                        true => lost.unknown(service, "it was not at the last look, but may still arrive"),
                        false => lost.error.into(),
                    });
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
                Ok(policy) => return Ok(Grant { policy, changed: true }),
                Err(error) if error.is_conflict() => {
                    if !self.back_off(conflicts).await {
                        let message = format!(
                            "somebody else changed its IAM policy during each of {conflicts} attempts"
                        );
                        return Err(Error::new(ErrorKind::Contended, message).with_api(error).about(service));
                    }
                    conflicts += 1;
                }
                Err(error) if error.is_failed_precondition() => {
                    let hint =
                        "an organisation policy, such as domain restricted sharing, may forbid this member";
                    return Err(Error::from(error).with_hint(hint));
                }
                Err(error) if error.may_have_been_applied() => {
                    let last = !self.retry(SET_POLICY, &mut attempts, &error).await;
                    unsure = Some(self.lose(SET_POLICY, SentPolicy { policy: after, last }, error));
                }
                Err(error) if self.retry(SET_POLICY, &mut attempts, &error).await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes a service public: everybody may send requests to it.
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// assert!(ops.allow_public_access(&hello).await?.changed());
    /// # Ok(()) }
    /// ```
    pub async fn allow_public_access(&self, service: &ServiceRef) -> Result<Grant> {
        self.grant_invoker(service, &[Member::all_users()]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MockCloudRun;
    use mockall::Sequence;
    use serde_json::json;

    fn hello() -> ServiceRef {
        ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    fn policy(etag: &str, members: &[&str]) -> Policy {
        serde_json::from_value(
            json!({"etag": etag, "version": 1, "bindings": [{"role": INVOKER_ROLE, "members": members}]}),
        )
        .unwrap()
    }

    // https://github.com/pulumi/pulumi-google-native/issues/862
    #[tokio::test(start_paused = true)]
    async fn policy_etag_race() {
        let mut api = MockCloudRun::new();
        let mut order = Sequence::new();
        let aborted = || run_api::Error::from_status(409, "ABORTED", "There were concurrent policy changes.");
        api.expect_get_service_iam_policy()
            .once()
            .in_sequence(&mut order)
            .returning(|_| Ok(policy("e1", &[])));
        api.expect_set_service_iam_policy()
            .once()
            .in_sequence(&mut order)
            .returning(move |_, _| Err(aborted()));
        api.expect_get_service_iam_policy()
            .once()
            .in_sequence(&mut order)
            .returning(|_| Ok(policy("e2", &["user:theirs@example.com"])));
        api.expect_set_service_iam_policy()
            .once()
            .in_sequence(&mut order)
            .withf(|_, policy| policy.etag.as_deref() == Some("e2"))
            .returning(|_, policy| Ok(policy));
        let grant = Ops::new(api).allow_public_access(&hello()).await.unwrap();
        assert!(grant.changed());
        assert_eq!(grant.policy().bindings[0].members, ["user:theirs@example.com", "allUsers"]);
    }

    /// A server that loses the answers to the first writes, having stored them or not; then somebody else writes.
    fn losing(answers: u32, stored: bool, other: &'static [&'static str]) -> MockCloudRun {
        let store = std::sync::Arc::new(std::sync::Mutex::new((policy("e0", &[]), answers, 0)));
        let mut api = MockCloudRun::new();
        let seen = store.clone();
        api.expect_get_service_iam_policy().returning(move |_| Ok(seen.lock().unwrap().0.clone()));
        api.expect_set_service_iam_policy().returning(move |_, sent| {
            let mut store = store.lock().unwrap();
            if sent.etag != store.0.etag {
                return Err(run_api::Error::from_status(
                    409,
                    "ABORTED",
                    "There were concurrent policy changes.",
                ));
            }
            if store.1 == 0 || stored {
                store.2 += 1;
                store.0 = Policy { etag: Some(format!("e{}", store.2)), ..sent };
            }
            if store.1 > 0 {
                store.1 -= 1;
                if !other.is_empty() {
                    let members = &mut store.0.bindings[0].members;
                    members.extend(other.iter().map(|member| (*member).to_owned()));
                    store.0.etag = Some("other".to_owned());
                }
                return Err(run_api::Error::from_status(504, "DEADLINE_EXCEEDED", "lost"));
            }
            Ok(store.0.clone())
        });
        api
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_is_settled_by_the_policy_itself() {
        for (answers, stored) in [(1, true), (1, false), (3, false)] {
            for other in [&[][..], &["user:theirs@example.com"]] {
                let api = losing(answers, stored, other);
                let grant = Ops::new(api).allow_public_access(&hello()).await.unwrap();
                let members = &grant.policy().bindings[0].members;
                assert!(grant.changed() && members.iter().any(|member| member == "allUsers"));
                assert_eq!(members.iter().filter(|member| *member == "allUsers").count(), 1);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_edit_that_can_not_be_repeated_is_left_unknown() {
        let edit = |policy: &mut Policy| {
            policy
                .bindings
                .push(run_api::types::Binding { role: Some("r".to_owned()), ..Default::default() });
            Ok(())
        };
        let fine = Ops::new(losing(1, true, &[])).update_iam_policy(&hello(), edit).await.unwrap();
        assert_eq!(fine.policy().bindings.len(), 2, "it was what was sent");
        let api = losing(1, true, &["user:theirs@example.com"]);
        let error = Ops::new(api).update_iam_policy(&hello(), edit).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error}");
    }

    #[tokio::test]
    async fn what_is_granted_already_is_not_written() {
        let mut api = MockCloudRun::new();
        api.expect_get_service_iam_policy().once().returning(|_| Ok(policy("e1", &["allUsers"])));
        assert!(!Ops::new(api).allow_public_access(&hello()).await.unwrap().changed());
    }

    #[tokio::test]
    async fn a_policy_without_an_etag_is_not_overwritten() {
        let mut api = MockCloudRun::new();
        api.expect_get_service_iam_policy().once().returning(|_| Ok(policy("", &[])));
        let error = Ops::new(api).allow_public_access(&hello()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected);
    }
}
