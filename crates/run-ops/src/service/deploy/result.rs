//! What a deployment made.

use std::collections::BTreeMap;
use std::fmt;

use run_api::ServiceRef;
use run_api::types::Service;

use super::plan::{DeployPlan, DeployWarning};
use crate::{Percent, ServiceView, Written};

/// A deployment that is written and not yet verified: what [`Ops::finish_deploy`](crate::Ops::finish_deploy) waits
/// for.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use run_ops::DeployRequest;
///
/// let request = DeployRequest::new(hello).image("us-docker.pkg.dev/cloudrun/container/hello:2");
/// let started = ops.start_deploy(&request).await?;
/// assert_eq!((started.written().generation(), started.plan().share().get()), (2, 100));
/// assert_eq!((started.created(), started.public()), (false, None));
/// # Ok(()) })
/// ```
#[derive(Clone, Debug)]
pub struct StartedDeploy {
    pub(super) plan: DeployPlan,
    pub(super) written: Written,
    pub(super) created: bool,
    pub(super) public: Option<bool>,
}

impl StartedDeploy {
    /// The plan that was applied: the last one, if others wrote at the same time.
    #[must_use]
    pub fn plan(&self) -> &DeployPlan {
        &self.plan
    }

    /// What was written: uid, generation, and the server's answer.
    #[must_use]
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Whether the service was created by this.
    #[must_use]
    pub fn created(&self) -> bool {
        self.created
    }

    /// Whether everybody may invoke the service, if the deployment had to know.
    #[must_use]
    pub fn public(&self) -> Option<bool> {
        self.public
    }
}

/// A deployment that is in force.
///
/// ```
/// # fixture::emulated(async |client| {
/// use std::time::Duration;
/// use run_ops::{Deadline, DeployRequest, Ops, ServiceView};
///
/// let hello = client.service("hello")?;
/// let tag = run_api::Tag::new("blue")?;
/// let request = DeployRequest::new(hello.clone()).image("us-docker.pkg.dev/cloudrun/container/hello").tag(tag);
/// let deployed = Ops::new(client).deploy(&request, Deadline::after(Duration::from_secs(60))).await?;
/// assert_eq!(deployed.reference(), &hello);
/// assert_eq!(deployed.service().latest_created_revision(), Some(deployed.revision()));
/// assert!(deployed.url().is_some() && deployed.tag_urls().contains_key("blue"));
/// assert_eq!((deployed.share().get(), deployed.public()), (100, Some(false)));
/// assert!(deployed.created() && deployed.changed() && deployed.warnings().is_empty());
/// # Ok(()) })
/// ```
#[derive(Clone)]
pub struct Deployed {
    pub(super) started: StartedDeploy,
    pub(super) revision: String,
    pub(super) service: Service,
}

/// Without the object: its variables may hold secrets.
impl fmt::Debug for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployed")
            .field("revision", &self.revision)
            .field("url", &self.url())
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

impl Deployed {
    /// The service that was deployed.
    #[must_use]
    pub fn reference(&self) -> &ServiceRef {
        self.started.written.reference()
    }

    /// The revision that this deployment made, or found to be as wanted; never somebody else's.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The ready service, at the generation that was written.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The service's URL.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.service.url()
    }

    /// The addresses of the tags that are on this revision.
    #[must_use]
    pub fn tag_urls(&self) -> BTreeMap<&str, &str> {
        let ours = |name: Option<&str>| name == Some(self.revision.as_str());
        let targets = self.service.observed_traffic().iter();
        let ours = targets.filter(|target| ours(target.revision_name.as_deref()));
        ours.filter_map(|target| Some((target.tag.as_deref()?, target.url.as_deref()?))).collect()
    }

    /// The share of the traffic that the revision has, in force at the written generation.
    #[must_use]
    pub fn share(&self) -> Percent {
        self.started.plan.share()
    }

    /// Whether everybody may invoke the service, if the deployment had to know: it was asked for, or the service is
    /// new.
    #[must_use]
    pub fn public(&self) -> Option<bool> {
        self.started.public
    }

    /// Whether the service was created by this.
    #[must_use]
    pub fn created(&self) -> bool {
        self.started.created
    }

    /// Whether the service was written; not if it was as wanted already.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.started.written.changed()
    }

    /// What the caller may not expect.
    #[must_use]
    pub fn warnings(&self) -> &[DeployWarning] {
        self.started.plan.warnings()
    }
}
