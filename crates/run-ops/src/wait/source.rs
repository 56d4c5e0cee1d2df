//! What can be looked at.

use async_trait::async_trait;
use run_api::types::{Condition, Policy, Revision, Service};
use run_api::{Error, ResourceId, ResourceRef, RevisionRef, ServiceRef};

use super::readiness::is_fresh;
use crate::Ops;
use crate::api::{IamApi, Kind, ReadApi};
use crate::request::shared_poll::Membership;

/// Something that can be looked at again and again.
///
/// [`Ops::watch`] and its siblings make the usual ones; implement it for other resources.
#[async_trait]
pub trait Source: Send + Sync {
    /// What a look sees.
    type Object: Polled + Send + Sync;

    /// One look: the object, or none if the API itself says that there is none. (An implementation returns the
    /// API's "not found" either way.)
    async fn look(&self) -> Result<Option<Self::Object>, Error>;

    /// What errors are about.
    fn resource(&self) -> Option<ResourceId>;
}

/// What a wait tells of an object on the way. All kinds have it, and policies.
pub trait Polled {
    /// The conditions of its status, if they speak of its present generation.
    fn fresh_conditions(&self) -> &[Condition];

    /// The state in a few words, for the error of a deadline.
    fn state(&self) -> String;
}

impl<K: Kind> Polled for K {
    fn fresh_conditions(&self) -> &[Condition] {
        if is_fresh(self) { self.conditions() } else { &[] }
    }

    fn state(&self) -> String {
        let kind = K::TERMINAL_CONDITION;
        let terminal = self.terminal_condition();
        let mut text = match terminal {
            Some(terminal) => format!("{kind} is {}", terminal.status.as_deref().unwrap_or("not set")),
            None => format!("no {kind} condition"),
        };
        for more in terminal.into_iter().flat_map(|one| [&one.reason, &one.message]).flatten() {
            text.push_str(", ");
            text.push_str(more);
        }
        let number = |generation: Option<i32>| {
            generation.map_or_else(|| "none".to_owned(), |number| number.to_string())
        };
        let (observed, generation) = (number(self.observed_generation()), number(self.generation()));
        format!("{text} (observed generation {observed} of {generation})")
    }
}

impl Polled for Policy {
    fn fresh_conditions(&self) -> &[Condition] {
        &[]
    }

    fn state(&self) -> String {
        format!("a policy of {} bindings", self.bindings.len())
    }
}

/// An object; see [`Ops::watch`].
#[derive(Debug)]
pub struct ObjectSource<'a, K: Kind, C> {
    api: &'a C,
    reference: ResourceRef<K>,
    shared: Option<Membership<K>>,
}

#[async_trait]
impl<K: Kind, C: ReadApi<K>> Source for ObjectSource<'_, K, C> {
    type Object = K;

    async fn look(&self) -> Result<Option<K>, Error> {
        match &self.shared {
            Some(shared) => shared.look(self.api, &self.reference).await.map(Some),
            None => self.api.get(&self.reference).await.map(Some),
        }
    }

    fn resource(&self) -> Option<ResourceId> {
        Some(self.reference.id())
    }
}

/// The IAM policy of an object; see [`Ops::watch_policy`].
#[derive(Debug)]
pub struct PolicySource<'a, K: Kind, C> {
    api: &'a C,
    reference: ResourceRef<K>,
}

#[async_trait]
impl<K: Kind, C: IamApi<K>> Source for PolicySource<'_, K, C> {
    type Object = Policy;

    async fn look(&self) -> Result<Option<Policy>, Error> {
        self.api.get_iam_policy(&self.reference).await.map(Some)
    }

    fn resource(&self) -> Option<ResourceId> {
        Some(self.reference.id())
    }
}

impl<C: Send + Sync> Ops<C> {
    /// An object, to be waited on; with others of its kind and region, if [looks are shared](Ops::share_polls).
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, wait};
    ///
    /// let ready = wait::condition("Ready", "True");
    /// ops.wait(&ops.watch(&hello), &ready, Deadline::after(Duration::from_secs(60))).await?;
    /// # Ok(()) })
    /// ```
    pub fn watch<K: Kind>(&self, reference: &ResourceRef<K>) -> ObjectSource<'_, K, C>
    where
        C: ReadApi<K>,
    {
        let shared = self.shared.as_ref().map(|shared| shared.join(&reference.location));
        ObjectSource { api: self.api(), reference: reference.clone(), shared }
    }

    /// [`watch`](Self::watch) for a service.
    pub fn watch_service(&self, service: &ServiceRef) -> ObjectSource<'_, Service, C>
    where
        C: ReadApi<Service>,
    {
        self.watch(service)
    }

    /// [`watch`](Self::watch) for a revision.
    ///
    /// # Caveats
    /// A revision without traffic and tag says that it is `Ready` without telling whether it ever started; see
    /// [`configured`](crate::wait::configured).
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, ServiceView, wait};
    ///
    /// let soon = Deadline::after(Duration::from_secs(60));
    /// let service = ops.wait_until_ready(&written, soon).await?;
    /// let revision = hello.location.revision(service.latest_created_revision().unwrap_or_default())?;
    /// ops.wait(&ops.watch_revision(&revision), &wait::condition("Ready", "True"), soon).await?;
    /// # Ok(()) })
    /// ```
    pub fn watch_revision(&self, revision: &RevisionRef) -> ObjectSource<'_, Revision, C>
    where
        C: ReadApi<Revision>,
    {
        self.watch(revision)
    }

    /// The IAM policy of an object, to be waited on.
    ///
    /// # Caveats
    /// The serving side may follow the policy a minute later.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_api::types::Policy;
    /// use run_ops::wait::{Verdict, goal};
    /// use run_ops::Deadline;
    ///
    /// ops.allow_public_access(&hello).await?;
    /// let bound = goal("nobody was bound", |seen: Option<&Policy>| match seen {
    ///     Some(policy) if !policy.bindings.is_empty() => Verdict::Met,
    ///     _ => Verdict::NotYet,
    /// });
    /// ops.wait(&ops.watch_policy(&hello), &bound, Deadline::after(Duration::from_secs(60))).await?;
    /// # Ok(()) })
    /// ```
    pub fn watch_policy<K: Kind>(&self, reference: &ResourceRef<K>) -> PolicySource<'_, K, C>
    where
        C: IamApi<K>,
    {
        PolicySource { api: self.api(), reference: reference.clone() }
    }
}
