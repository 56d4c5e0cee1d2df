//! Who may do what: IAM policies.

mod member;
mod plan;
mod policy;

use run_api::types::{Policy, Service};
use run_api::{ResourceRef, ServiceRef};

pub use member::{InvalidMember, Member};
pub(crate) use plan::Change;

use crate::api::{IamApi, Kind, name};
use crate::write::contract::Known;
use crate::{Ops, Result};

/// The role that allows sending requests to a service, and running a job.
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

impl<C: Send + Sync> Ops<C> {
    /// Reads the IAM policy of an object, with conditions (version 3).
    ///
    /// # Errors
    /// As every request.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, _| {
    /// let policy = ops.iam_policy(&hello).await?;
    /// assert!(policy.etag.is_some() && policy.bindings.is_empty());
    /// # Ok(()) })
    /// ```
    pub async fn iam_policy<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<Policy>
    where
        C: IamApi<K>,
    {
        Ok(self.read_policy(reference).await?)
    }

    /// Of the given permissions, those that the caller has on an object, which need not exist.
    ///
    /// # Errors
    /// As every request. A permission that does not fit the kind can make the server refuse the whole question.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// let nightly = client.job("nightly")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert_eq!(ops.test_iam_permissions(&nightly, &["run.jobs.run"]).await?, ["run.jobs.run"]);
    /// # Ok(()) })
    /// ```
    pub async fn test_iam_permissions<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        permissions: &[&'static str],
    ) -> Result<Vec<String>>
    where
        C: IamApi<K>,
    {
        let operation = name(K::CALLS.iam.map(|[_, _, test]| test));
        let test = || self.api().test_iam_permissions(reference, permissions);
        Ok(self.read(operation, test).await?)
    }

    /// Lets members send requests to a service, or run a job: adds them to [`INVOKER_ROLE`] in its IAM policy.
    ///
    /// Reads the policy, adds what is missing and writes it back under the etag that was read; if somebody else
    /// wrote in between, it starts over. Everything else in the policy, conditional bindings included, stays as
    /// it is. With nothing to add, nothing is written.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// [`ErrorKind::Contended`](crate::ErrorKind::Contended) if every attempt lost against another writer, or the request's error: a failed
    /// precondition where an organisation policy forbids a member. [`ErrorKind::OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown) if an answer was
    /// lost and the policy cannot be read again. [`ErrorKind::Unexpected`](crate::ErrorKind::Unexpected) if the
    /// server takes the policy and answers one without the change.
    ///
    /// # Caveats
    /// It can take the serving side a minute to follow.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use run_ops::Member;
    ///
    /// let caller = Member::service_account("caller@p.iam.gserviceaccount.com")?;
    /// assert!(ops.grant_invoker(&hello, &[caller.clone()]).await?.changed());
    /// assert!(!ops.grant_invoker(&hello, &[caller]).await?.changed(), "it has the role already");
    /// # Ok(()) })
    /// ```
    pub async fn grant_invoker<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        members: &[Member],
    ) -> Result<Grant>
    where
        C: IamApi<K>,
    {
        self.add_members(reference, INVOKER_ROLE, members).await
    }

    /// Gives members a role on an object; see [`grant_invoker`](Self::grant_invoker), which is this with
    /// [`INVOKER_ROLE`].
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker); the server refuses a role that it does not know.
    ///
    /// # Caveats
    /// It can take the serving side a minute to follow.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// let ana = "user:ana@example.com".parse()?;
    /// let grant = ops.add_members(&hello, "roles/run.viewer", &[ana]).await?;
    /// assert_eq!(grant.policy().bindings[0].members, ["user:ana@example.com"]);
    /// # Ok(()) })
    /// ```
    pub async fn add_members<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        role: &str,
        members: &[Member],
    ) -> Result<Grant>
    where
        C: IamApi<K>,
    {
        self.change_members(reference, Change::Grants, (role, members), Known::No).await
    }

    /// Takes a role on an object from members. What they have through a conditional binding, or from the
    /// project, stays.
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker).
    ///
    /// # Caveats
    /// It can take the serving side a minute to follow. To see that nobody is left who may invoke it, look at the project's
    /// policy, too.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use run_ops::{INVOKER_ROLE, Member};
    ///
    /// ops.allow_public_access(&hello).await?;
    /// let revoked = ops.remove_members(&hello, INVOKER_ROLE, &[Member::all_users()]).await?;
    /// assert!(revoked.changed() && revoked.policy().bindings.is_empty());
    /// # Ok(()) })
    /// ```
    pub async fn remove_members<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        role: &str,
        members: &[Member],
    ) -> Result<Grant>
    where
        C: IamApi<K>,
    {
        self.change_members(reference, Change::Revokes, (role, members), Known::No).await
    }

    /// Makes a service public: everybody may send requests to it.
    ///
    /// # Errors
    /// As [`grant_invoker`](Self::grant_invoker).
    ///
    /// # Caveats
    /// It can take the serving side a minute to follow. An organisation may forbid public services; then this fails and
    /// says so.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// assert!(ops.allow_public_access(&hello).await?.changed());
    /// # Ok(()) })
    /// ```
    pub async fn allow_public_access(&self, service: &ServiceRef) -> Result<Grant>
    where
        C: IamApi<Service>,
    {
        self.grant_invoker(service, &[Member::all_users()]).await
    }
}

#[cfg(test)]
mod tests;
