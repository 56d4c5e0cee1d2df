//! What a deployment is going to write, and what it will wait for. Pure.

use std::fmt;

use run_api::types::{Service, TrafficTarget};
use run_api::{Resource, ServiceRef, Tag};

use super::changes::changes;
use super::request::{Access, DeployRequest};
use super::revision::PlannedRevision;
use super::{revision, route};
use crate::edit::named;
use crate::write::write_id::content;
use crate::{Error, ErrorKind, Percent, Result, ServiceView};

/// What a deployment is going to do, for a service as it was read. `Display` shows it for people, without the values
/// of variables.
///
/// ```
/// use run_api::Resource;
/// use run_ops::{DeployAction, DeployRequest};
///
/// let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
/// let request = DeployRequest::new(hello.clone()).image("us-docker.pkg.dev/cloudrun/container/hello");
/// let plan = request.plan(None)?;
/// assert_eq!((plan.service(), plan.action(), plan.share().get()), (&hello, DeployAction::Create, 100));
/// assert_eq!(plan.revision().name(), None, "the server names it");
/// assert!(plan.changes().iter().any(|path| path.contains("image")) && plan.warnings().is_empty());
/// assert_eq!(plan.object().name(), Some("hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DeployPlan {
    service: ServiceRef,
    action: DeployAction,
    revision: PlannedRevision,
    share: Percent,
    tag: Option<Tag>,
    access: Access,
    changes: Vec<String>,
    warnings: Vec<DeployWarning>,
    before: Vec<TrafficTarget>,
    object: Service,
}

/// The write of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeployAction {
    /// The service does not exist and is created.
    Create,
    /// It exists and is replaced.
    Update,
    /// It is as wanted already.
    Nothing,
}

impl DeployRequest {
    /// What this deployment does to a service, or to none.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if it cannot be done: no traffic for a first revision, no image for a new service, a
    /// suffix that is used, shares that are none; [`ErrorKind::Gone`] if the service is being deleted; or what an
    /// edit refuses with.
    ///
    /// ```
    /// use run_ops::{DeployRequest, ErrorKind, TrafficIntent};
    ///
    /// let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
    /// let first = DeployRequest::new(hello).image("us-docker.pkg.dev/cloudrun/container/hello");
    /// let error = first.traffic(TrafficIntent::NoTraffic).plan(None).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Invalid);
    /// # Ok::<(), run_api::InvalidName>(())
    /// ```
    pub fn plan(&self, existing: Option<&Service>) -> Result<DeployPlan> {
        self.planned(existing).map_err(|error| error.about(&self.service))
    }

    fn planned(&self, existing: Option<&Service>) -> Result<DeployPlan> {
        if existing.is_some_and(|service| service.deletion_timestamp().is_some()) {
            return Err(Error::new(ErrorKind::Gone, "it is being deleted"));
        }
        let mut object = existing.cloned().unwrap_or_else(|| named(&self.service));
        for edit in &self.edits {
            edit(&mut object)?;
        }
        if existing.is_none() && !has_image(&object) {
            return Err(Error::invalid("it does not exist, and no image was given to create it with"));
        }
        let revision = revision::plan(self, existing, &mut object)?;
        route::plan(self, existing, &revision, &mut object)?;
        let share = route::share(object.desired_traffic(), revision.name());
        let action = match existing {
            None => DeployAction::Create,
            Some(before) if content(before)? == content(&object)? => DeployAction::Nothing,
            Some(_) => DeployAction::Update,
        };
        let kept = self.traffic == super::TrafficIntent::KeepSplit && share < Percent::ALL;
        let empty = Service::default();
        Ok(DeployPlan {
            service: self.service.clone(),
            action,
            share,
            tag: self.tag.clone(),
            access: self.access.clone(),
            changes: changes(&content(existing.unwrap_or(&empty))?, &content(&object)?),
            warnings: kept.then_some(DeployWarning::SplitKept { share }).into_iter().collect(),
            before: existing.map(|before| before.desired_traffic().to_vec()).unwrap_or_default(),
            revision,
            object,
        })
    }
}

fn has_image(service: &Service) -> bool {
    let template = service.spec.as_ref().and_then(|spec| spec.template.as_ref()?.spec.as_ref());
    template.is_some_and(|spec| spec.containers.iter().any(|container| container.image.is_some()))
}

impl DeployPlan {
    /// The service that is deployed.
    #[must_use]
    pub fn service(&self) -> &ServiceRef {
        &self.service
    }

    /// What is written.
    #[must_use]
    pub fn action(&self) -> DeployAction {
        self.action
    }

    /// The revision that the deployment is about.
    #[must_use]
    pub fn revision(&self) -> &PlannedRevision {
        &self.revision
    }

    /// The share of the traffic that the revision shall have in the end, tags aside.
    #[must_use]
    pub fn share(&self) -> Percent {
        self.share
    }

    /// The paths that change, for example `spec.template.spec.containers[0].image`; values only of images.
    #[must_use]
    pub fn changes(&self) -> &[String] {
        &self.changes
    }

    /// What the caller may not expect.
    #[must_use]
    pub fn warnings(&self) -> &[DeployWarning] {
        &self.warnings
    }

    /// The object that is going to be sent.
    #[must_use]
    pub fn object(&self) -> &Service {
        &self.object
    }

    pub(super) fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }
}

/// Without the object: its variables may hold secrets.
impl fmt::Debug for DeployPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployPlan")
            .field("service", &self.service)
            .field("action", &self.action)
            .field("revision", &self.revision)
            .field("share", &self.share)
            .field("tag", &self.tag)
            .field("access", &self.access)
            .field("changes", &self.changes)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for DeployPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.action {
            DeployAction::Create => "create",
            DeployAction::Update => "update",
            DeployAction::Nothing => "leave",
        };
        write!(f, "{verb} {}", self.service.short())?;
        for change in &self.changes {
            write!(f, "\n  {change}")?;
        }
        write!(f, "\n  revision: {}", self.revision)?;
        let (before, after) = (traffic(&self.before), traffic(self.object.desired_traffic()));
        match before == after {
            true => write!(f, "\n  traffic: {after}")?,
            false => write!(f, "\n  traffic: {before} -> {after}")?,
        }
        write!(f, " ({} % for this revision)", self.share)?;
        if let Some(tag) = &self.tag {
            write!(f, "\n  tag: {tag}")?;
        }
        match &self.access {
            Access::Leave => {}
            Access::Public => write!(f, "\n  access: everybody")?,
            Access::Private => write!(f, "\n  access: nobody without permission")?,
            Access::Invokers(members) => {
                let members: Vec<String> = members.iter().map(ToString::to_string).collect();
                write!(f, "\n  access: also {}", members.join(", "))?;
            }
        }
        self.warnings.iter().try_for_each(|warning| write!(f, "\n  warning: {warning}"))
    }
}

/// `LATEST=90,hello-1=10,hello-2=0 (tag blue)`
fn traffic(targets: &[TrafficTarget]) -> String {
    if targets.is_empty() {
        return "LATEST=100".to_owned();
    }
    let entry = |target: &TrafficTarget| {
        let name = target.revision_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("LATEST");
        let tag = target.tag.as_ref().map(|tag| format!(" (tag {tag})")).unwrap_or_default();
        format!("{name}={}{tag}", target.percent.unwrap_or(0))
    };
    targets.iter().map(entry).collect::<Vec<_>>().join(",")
}

/// Something about a deployment that succeeds and may surprise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeployWarning {
    /// Nothing was said about the traffic, and the split has revisions by name: the new one gets less than all.
    SplitKept {
        /// What it gets.
        share: Percent,
    },
}

impl fmt::Display for DeployWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SplitKept { share } if share.is_zero() => f.write_str(
                "the traffic of this service is pinned to other revisions, so the new one gets none",
            ),
            Self::SplitKept { share } => write!(
                f,
                "some traffic of this service is pinned to other revisions, so the new one gets {share} % only"
            ),
        }
    }
}
