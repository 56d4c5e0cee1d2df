//! What a deployment is asked for.

use std::fmt;
use std::sync::Arc;

use run_api::types::Service;
use run_api::{ServiceRef, Tag};

use crate::write::write_id::letters;
use crate::{Member, Percent, Result, ServiceEdit, TrafficShares};

type Edit = Arc<dyn Fn(&mut Service) -> Result<()> + Send + Sync>;

/// The desired state of a service after a deployment: what changes in it, and what its traffic, tag and access
/// shall be. See [`Ops::deploy`](crate::Ops::deploy).
///
/// ```
/// use run_ops::{Access, DeployRequest, ServiceEdit, TrafficIntent};
///
/// let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
/// let request = DeployRequest::new(hello)
///     .image("us-docker.pkg.dev/cloudrun/container/hello")
///     .edit(|service| {
///         service.set_env("GREETING", "hi").set_limit("memory", "256Mi");
///         Ok(())
///     })
///     .traffic(TrafficIntent::FollowLatest)
///     .access(Access::Public);
/// println!("{}", request.plan(None)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DeployRequest {
    pub(super) service: ServiceRef,
    pub(super) edits: Vec<Edit>,
    pub(super) traffic: TrafficIntent,
    pub(super) tag: Option<Tag>,
    pub(super) suffix: Option<String>,
    pub(super) always_new_revision: bool,
    pub(super) access: Access,
    /// The same however often the request is planned.
    pub(super) nonce: String,
}

/// What a deployment does to the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrafficIntent {
    /// The split stays: the new revision gets the share of `LATEST`. That is nothing if the traffic is pinned to
    /// revisions by name, which the result then says as a [warning](crate::DeployWarning::SplitKept).
    #[default]
    KeepSplit,
    /// All traffic goes to the latest revision, and so to the new one.
    FollowLatest,
    /// The new revision gets nothing: the share of `LATEST` is pinned to the revision that is the latest ready one
    /// now. Not possible when the service is created.
    NoTraffic,
    /// The new revision gets this share under its own name; the others keep the rest in their proportions, `LATEST`
    /// pinned to the revision that is the latest ready one now. When the service is created, only 100 % is possible.
    Share(Percent),
    /// These targets get exactly these shares, where `LATEST` is the new revision and those after it; others keep
    /// the rest in their proportions. With shares of 100 % in all, this is the whole split.
    Exact(TrafficShares),
}

/// Who may invoke the service after a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Whoever may now. A new service can be invoked by nobody without permission.
    #[default]
    Leave,
    /// Everybody.
    Public,
    /// Not everybody: `allUsers` loses the role of an invoker.
    Private,
    /// These members, besides those who may now.
    Invokers(Vec<Member>),
}

impl DeployRequest {
    /// A deployment of this service that changes nothing yet.
    #[must_use]
    pub fn new(service: ServiceRef) -> Self {
        Self {
            service,
            edits: Vec::new(),
            traffic: TrafficIntent::default(),
            tag: None,
            suffix: None,
            always_new_revision: false,
            access: Access::default(),
            nonce: letters(),
        }
    }

    /// The image of the container that receives requests. Needed to create a service.
    #[must_use]
    pub fn image(self, image: impl Into<String>) -> Self {
        let image = image.into();
        self.edit(move |service| {
            service.set_image(&image);
            Ok(())
        })
    }

    /// An edit of the service, after those that were given before. It may run several times.
    #[must_use]
    pub fn edit(mut self, edit: impl Fn(&mut Service) -> Result<()> + Send + Sync + 'static) -> Self {
        self.edits.push(Arc::new(edit));
        self
    }

    /// What to do with the traffic; by default the split stays.
    #[must_use]
    pub fn traffic(mut self, intent: TrafficIntent) -> Self {
        self.traffic = intent;
        self
    }

    /// Puts this tag on the revision, which gives it an address of its own.
    #[must_use]
    pub fn tag(mut self, tag: Tag) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Names the new revision: the service's name, a hyphen and this suffix. By default the server names it, unless
    /// a tag or a share needs its name.
    #[must_use]
    pub fn revision_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// Makes a new revision even if nothing in it changes, for instance to take up what an image's tag names now.
    #[must_use]
    pub fn always_new_revision(mut self) -> Self {
        self.always_new_revision = true;
        self
    }

    /// Who may invoke the service afterwards; by default that stays as it is.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The service that is deployed.
    #[must_use]
    pub fn service(&self) -> &ServiceRef {
        &self.service
    }
}

impl fmt::Debug for DeployRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployRequest")
            .field("service", &self.service)
            .field("edits", &self.edits.len())
            .field("traffic", &self.traffic)
            .field("tag", &self.tag)
            .field("suffix", &self.suffix)
            .field("always_new_revision", &self.always_new_revision)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}
