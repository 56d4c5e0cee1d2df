//! What a deployment is to bring about.

use std::fmt;
use std::sync::Arc;

use run_api::ServiceRef;
use run_api::types::Service;

use crate::{Result, ServiceEdit, TrafficShares};

/// What the traffic of the service is to be afterwards.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum TrafficIntent {
    /// The split stays as it is: the new revision gets what the split gives to the latest one. If the traffic is
    /// pinned to other revisions, that is nothing, and the result warns of it.
    #[default]
    KeepSplit,
    /// The latest revision gets everything, now and after later deployments.
    FollowLatest,
    /// The new revision gets nothing; what the latest one had goes to the revision that is the latest ready one now.
    NoTraffic,
    /// Targets get these shares, and the others keep the rest in their proportions. `LATEST` stands for the new
    /// revision, which gets its share by name.
    Exact(TrafficShares),
}

/// Who may send requests afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// As before; nobody without permission, if the service is new.
    #[default]
    Leave,
    /// Everybody.
    Public,
    /// Nobody without permission.
    Private,
}

type Edit = Arc<dyn Fn(&mut Service) -> Result<()> + Send + Sync>;

/// A deployment: a service, what is to change in it, and what shall be true afterwards.
///
/// ```
/// use run_ops::{Access, DeployRequest, ServiceEdit, TrafficIntent};
///
/// let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
/// let request = DeployRequest::new(&hello)
///     .image("us-docker.pkg.dev/cloudrun/container/hello")
///     .edit(|service| {
///         service.set_env("GREETING", "hi");
///         Ok(())
///     })
///     .traffic(TrafficIntent::FollowLatest)
///     .tag("candidate")
///     .access(Access::Public);
/// # let _ = request;
/// # Ok::<(), run_api::InvalidName>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct DeployRequest {
    pub(super) service: ServiceRef,
    pub(super) edits: Vec<Edit>,
    pub(super) traffic: TrafficIntent,
    pub(super) tag: Option<String>,
    pub(super) access: Access,
    pub(super) suffix: Option<String>,
    pub(super) forces: bool,
}

impl DeployRequest {
    /// A deployment of a service that changes nothing yet.
    pub fn new(service: &ServiceRef) -> Self {
        Self {
            service: service.clone(),
            edits: Vec::new(),
            traffic: TrafficIntent::default(),
            tag: None,
            access: Access::default(),
            suffix: None,
            forces: false,
        }
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &ServiceRef {
        &self.service
    }

    /// Deploys this image in the container that receives requests. A service that does not exist needs one.
    pub fn image(self, image: impl Into<String>) -> Self {
        let image = image.into();
        self.edit(move |service| {
            service.set_image(&image);
            Ok(())
        })
    }

    /// Any other edit. It may run several times, each time on a fresh copy; all edits make one revision.
    pub fn edit(mut self, edit: impl Fn(&mut Service) -> Result<()> + Send + Sync + 'static) -> Self {
        self.edits.push(Arc::new(edit));
        self
    }

    /// What the traffic is to be afterwards; [`TrafficIntent::KeepSplit`] by default.
    pub fn traffic(mut self, intent: TrafficIntent) -> Self {
        self.traffic = intent;
        self
    }

    /// Puts a tag on the new revision, which gives it an address of its own. A tag of this name moves to it; other tags
    /// stay where they are.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Who may send requests afterwards; [`Access::Leave`] by default.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Names the new revision `SERVICE-SUFFIX`. Without one the name is made up.
    pub fn revision_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// Makes a new revision even if nothing changes, so that a moving image tag is looked up anew.
    pub fn force_new_revision(mut self) -> Self {
        self.forces = true;
        self
    }
}

impl fmt::Debug for DeployRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployRequest")
            .field("service", &self.service)
            .field("edits", &self.edits.len())
            .field("traffic", &self.traffic)
            .field("tag", &self.tag)
            .field("access", &self.access)
            .field("suffix", &self.suffix)
            .finish_non_exhaustive()
    }
}
