//! Who may invoke a service.

mod member;
mod plan;

use run_api::ServiceRef;
use run_api::types::Policy;

pub use member::{InvalidMember, Member};

use crate::{CloudRun, Error, ErrorKind, Event, Ops, Result};

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

impl<C: CloudRun> Ops<C> {
    /// Lets members send requests to a service: adds them to [`INVOKER_ROLE`] in its IAM policy.
    ///
    /// Reads the policy, adds what is missing and writes it back under the etag that was read; if somebody else
    /// wrote in between, it starts over. Everything else in the policy, conditional bindings included, stays as
    /// it is. With nothing to add, nothing is written. It can take the serving side a minute to follow.
    ///
    /// # Errors
    /// [`ErrorKind::Contended`] if every attempt lost against another writer, or the request's error: a failed
    /// precondition where an organisation policy forbids a member.
    pub async fn grant_invoker(&self, service: &ServiceRef, members: &[Member]) -> Result<Grant> {
        self.add_members(service, INVOKER_ROLE, members).await
    }

    /// Gives members a role on a service; see [`grant_invoker`](Self::grant_invoker), which is this with
    /// [`INVOKER_ROLE`].
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker); the server refuses a role that it does not know.
    pub async fn add_members(&self, service: &ServiceRef, role: &str, members: &[Member]) -> Result<Grant> {
        self.update_policy(service, |policy| plan::with_members(policy, role, members)).await
    }

    /// Takes a role on a service from members. What they have through a conditional binding, or from the
    /// project, stays.
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker).
    pub async fn remove_members(
        &self,
        service: &ServiceRef,
        role: &str,
        members: &[Member],
    ) -> Result<Grant> {
        self.update_policy(service, |policy| plan::without_members(policy, role, members)).await
    }

    /// Changes the IAM policy of a service without losing anybody's edit: reads it with its conditions, lets `edit`
    /// make the new one, and writes that under the etag that was read; again after a conflict, so that `edit` may
    /// run several times. If `edit` returns none, or what was there, nothing is written.
    ///
    /// If the answer is lost, the policy is read again. What is as it was sent was carried out; a policy that is as it
    /// was before was not, and is edited again.
    ///
    /// # Errors
    /// [`ErrorKind::Contended`] if every attempt lost against another writer, [`ErrorKind::OutcomeUnknown`] if the
    /// answer was lost and the policy is neither the one before nor the one sent, or the request's error.
    ///
    /// # Caveats
    /// The policy has version 3 if it has conditions; the API refuses to write them as another version.
    pub async fn update_policy(
        &self,
        service: &ServiceRef,
        edit: impl Fn(&Policy) -> Option<Policy> + Send + Sync,
    ) -> Result<Grant> {
        let (mut attempts, mut contended) = (self.retries().begin(), 1);
        let mut lost: Option<Lost> = None;
        let mut perhaps = false;
        loop {
            let before = match self.read(|| self.api().get_service_iam_policy(service)).await {
                Ok(before) => before,
                Err(error) if lost.is_some() => {
                    return Err(Error::outcome_unknown("the change of its IAM policy", error).about(service));
                }
                Err(error) => return Err(error.into()),
            };
            if let Some(lost) = &lost
                && same(&before, &lost.sent)
            {
                self.tell(&Event::Settled);
                return Ok(Grant { policy: before, changed: true });
            }
            let planned = edit(&before).filter(|after| !same(after, &before));
            let Some(after) = planned else {
                // After a lost answer it is as wanted through us or through somebody else: all the same.
                return Ok(Grant { policy: before, changed: perhaps });
            };
            if let Some(Lost { error, .. }) = lost.take()
                && !self.again(&mut attempts, &error).await
            {
                return Err(error.into());
            }
            if after.etag.as_deref().unwrap_or_default().is_empty() {
                let message = "the server's policy has no etag, so it can not be replaced safely";
                return Err(Error::new(ErrorKind::Unexpected, message).about(service));
            }
            match self.api().set_service_iam_policy(service, after.clone()).await {
                Ok(policy) => {
                    attempts.succeeded();
                    return Ok(Grant { policy, changed: true });
                }
                Err(error) if error.is_conflict() => {
                    if !self.back_off(contended).await {
                        let message = format!(
                            "somebody else changed its IAM policy during each of {contended} attempts"
                        );
                        return Err(Error::new(ErrorKind::Contended, message).with_api(error).about(service));
                    }
                    contended += 1;
                }
                Err(error) if error.may_have_been_applied() => {
                    perhaps = true;
                    lost = Some(Lost { sent: after, error });
                }
                Err(error) if error.is_failed_precondition() => {
                    let hint =
                        "an organisation policy, such as domain restricted sharing, may forbid this member";
                    return Err(Error::from(error).with_hint(hint));
                }
                Err(error) => {
                    if !self.again(&mut attempts, &error).await {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    /// Makes a service public: everybody may send requests to it.
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker).
    pub async fn allow_public_access(&self, service: &ServiceRef) -> Result<Grant> {
        self.grant_invoker(service, &[Member::all_users()]).await
    }
}

/// A policy that was sent, and whose answer was lost.
struct Lost {
    sent: Policy,
    error: run_api::Error,
}

/// Whether two policies say the same; the etag and the version are the server's.
fn same(a: &Policy, b: &Policy) -> bool {
    let content = |policy: &Policy| Policy { etag: None, version: None, ..policy.clone() };
    content(a) == content(b)
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
