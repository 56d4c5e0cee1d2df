//! What can be looked at.

use async_trait::async_trait;
use run_api::types::{Condition, ObjectMeta, Policy, Revision, Service};
use run_api::{Error, RevisionRef, ServiceRef};

use crate::share::Membership;
use crate::{CloudRun, Ops};

/// Something that can be looked at again and again.
///
/// [`Ops::watch_service`] and its siblings make the usual ones; implement it for other resources.
#[async_trait]
pub trait Watched: Send + Sync {
    /// What a look sees.
    type Object: Watchable + Send + Sync;

    /// One look: the object, or none if the API itself says that there is none. (An implementation returns the
    /// API's "not found" either way.)
    async fn look(&self) -> Result<Option<Self::Object>, Error>;

    /// The service that errors are about, if there is one.
    fn service(&self) -> Option<&ServiceRef>;
}

/// What a wait tells of an object on the way.
pub trait Watchable {
    /// The object's metadata; a policy has none.
    fn metadata(&self) -> Option<&ObjectMeta>;

    /// The conditions of its status.
    fn conditions(&self) -> &[Condition];

    /// The generation that the conditions speak of, if the status says so.
    fn status_generation(&self) -> Option<i32>;

    /// The state in a few words, for the error of a deadline.
    fn state(&self) -> String {
        let ready = self.conditions().iter().find(|condition| condition.type_.as_deref() == Some("Ready"));
        let mut text = match ready {
            Some(ready) => format!("Ready is {}", ready.status.as_deref().unwrap_or("not set")),
            None => "no Ready condition".to_owned(),
        };
        for more in ready.into_iter().flat_map(|ready| [&ready.reason, &ready.message]).flatten() {
            text.push_str(", ");
            text.push_str(more);
        }
        let number = |generation: Option<i32>| {
            generation.map_or_else(|| "none".to_owned(), |number| number.to_string())
        };
        let generation = self.metadata().and_then(|metadata| metadata.generation);
        format!("{text} (observed generation {} of {})", number(self.status_generation()), number(generation))
    }
}

impl Watchable for Service {
    fn metadata(&self) -> Option<&ObjectMeta> {
        self.metadata.as_ref()
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn status_generation(&self) -> Option<i32> {
        self.status.as_ref()?.observed_generation
    }
}

impl Watchable for Revision {
    fn metadata(&self) -> Option<&ObjectMeta> {
        self.metadata.as_ref()
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn status_generation(&self) -> Option<i32> {
        self.status.as_ref()?.observed_generation
    }
}

impl Watchable for Policy {
    fn metadata(&self) -> Option<&ObjectMeta> {
        None
    }

    fn conditions(&self) -> &[Condition] {
        &[]
    }

    fn status_generation(&self) -> Option<i32> {
        None
    }

    fn state(&self) -> String {
        format!("a policy of {} bindings", self.bindings.len())
    }
}

macro_rules! source {
    ($(#[$doc:meta])* $name:ident, $reference:ty => $object:ty, $read:ident, $service:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<'a, C> {
            api: &'a C,
            reference: $reference,
        }

        #[async_trait]
        impl<C: CloudRun> Watched for $name<'_, C> {
            type Object = $object;

            async fn look(&self) -> Result<Option<$object>, Error> {
                self.api.$read(&self.reference).await.map(Some)
            }

            fn service(&self) -> Option<&ServiceRef> {
                let find: fn(&Self) -> Option<&ServiceRef> = $service;
                find(self)
            }
        }
    };
}

/// A service; see [`Ops::watch_service`].
#[derive(Debug)]
pub struct ServiceSource<'a, C> {
    api: &'a C,
    reference: ServiceRef,
    shared: Option<Membership>,
}

#[async_trait]
impl<C: CloudRun> Watched for ServiceSource<'_, C> {
    type Object = Service;

    async fn look(&self) -> Result<Option<Service>, Error> {
        match &self.shared {
            Some(shared) => shared.look(self.api, &self.reference).await.map(Some),
            None => self.api.get_service(&self.reference).await.map(Some),
        }
    }

    fn service(&self) -> Option<&ServiceRef> {
        Some(&self.reference)
    }
}

source!(
    /// A revision; see [`Ops::watch_revision`].
    RevisionSource, RevisionRef => Revision, get_revision, |_| None
);
source!(
    /// The IAM policy of a service; see [`Ops::watch_policy`].
    PolicySource, ServiceRef => Policy, get_service_iam_policy, |source| Some(&source.reference)
);

impl<C: CloudRun> Ops<C> {
    /// A service, to be waited on; with others of its region, if [looks are shared](Ops::share_looks).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// use std::time::Duration;
    /// use run_ops::{Deadline, wait};
    ///
    /// let ready = wait::condition("Ready", "True");
    /// ops.wait(&ops.watch_service(&hello), &ready, Deadline::after(Duration::from_secs(60))).await?;
    /// # Ok(()) }
    /// ```
    pub fn watch_service(&self, service: &ServiceRef) -> ServiceSource<'_, C> {
        let shared = self.shared.as_ref().map(|shared| shared.join(&service.location));
        ServiceSource { api: self.api(), reference: service.clone(), shared }
    }

    /// A revision, to be waited on.
    ///
    /// # Caveats
    /// A revision without traffic and tag says that it is `Ready` without telling whether it ever started; see
    /// [`configured`](crate::wait::configured).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// use std::time::Duration;
    /// use run_ops::{Deadline, ServiceView, wait};
    ///
    /// let soon = Deadline::after(Duration::from_secs(60));
    /// let service = ops.wait_until_ready(&written, soon).await?;
    /// let revision = hello.location.revision(service.latest_created_revision().unwrap_or_default())?;
    /// ops.wait(&ops.watch_revision(&revision), &wait::condition("Ready", "True"), soon).await?;
    /// # Ok(()) }
    /// ```
    pub fn watch_revision(&self, revision: &RevisionRef) -> RevisionSource<'_, C> {
        RevisionSource { api: self.api(), reference: revision.clone() }
    }

    /// The IAM policy of a service, to be waited on.
    ///
    /// # Caveats
    /// The serving side may follow the policy a minute later.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
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
    /// # Ok(()) }
    /// ```
    pub fn watch_policy(&self, service: &ServiceRef) -> PolicySource<'_, C> {
        PolicySource { api: self.api(), reference: service.clone() }
    }
}
