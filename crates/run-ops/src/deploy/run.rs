//! Carrying a deployment out.

use std::collections::BTreeMap;

use run_api::ServiceRef;
use run_api::types::Service;

use super::plan::{DeployPlan, Warning, plan};
use super::request::{Access, DeployRequest};
use super::verify::verify;
use crate::{
    CloudRun, Deadline, Error, Event, Grant, INVOKER_ROLE, Member, Ops, Percent, Result, ServiceView, Written,
};

/// What a deployment has brought about.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub(super) service: Service,
    pub(super) revision: String,
    pub(super) share: Percent,
    pub(super) created: bool,
    pub(super) changed: bool,
    pub(super) public: Option<bool>,
    pub(super) warnings: Vec<Warning>,
}

impl Deployed {
    /// The service as it was when the deployment was found in force.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The revision that this call made, never one that somebody made later; the latest one if it made none.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The share of the traffic that the revision has, as `status.traffic` says.
    #[must_use]
    pub fn share(&self) -> Percent {
        self.share
    }

    /// The address of the service.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.service.url()
    }

    /// The addresses of the tags on the revision, by tag.
    #[must_use]
    pub fn tag_urls(&self) -> BTreeMap<&str, &str> {
        let targets = self.service.observed_traffic().iter();
        let own = targets.filter(|target| target.revision_name.as_deref() == Some(&self.revision));
        own.filter_map(|target| Some((target.tag.as_deref()?, target.url.as_deref()?))).collect()
    }

    /// Whether the service is new.
    #[must_use]
    pub fn created(&self) -> bool {
        self.created
    }

    /// Whether anything was written.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Whether everybody may send requests; none if the deployment did not touch access.
    #[must_use]
    pub fn public(&self) -> Option<bool> {
        self.public
    }

    /// What the caller should know.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl<C: CloudRun> Ops<C> {
    /// What a deployment would write now. Reads the service, and writes nothing.
    ///
    /// # Errors
    /// What an edit refuses with, [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the intent can not be had, or
    /// the request's error. Only the API's own "not found" means that the service is to be created.
    pub async fn plan_deploy(&self, request: &DeployRequest) -> Result<DeployPlan> {
        let before = self.found(&request.service).await?;
        let name = revision_name(&request.service, before.as_ref(), request);
        plan(before.as_ref(), request, &name).map_err(|error| error.about(&request.service))
    }

    /// Deploys: plans, writes, and verifies.
    ///
    /// It returns only when the revision that this very call made is ready, and has the share of the traffic that
    /// the intent asks for in `status.traffic` of the written generation. Everything goes into one write and one
    /// revision, whose name is made up here, so that another deployment at the same time can not be mistaken for
    /// it. A deployment that changes nothing writes nothing and returns at once; one of a service that does not
    /// exist creates it, under the same contract.
    ///
    /// Dropping the future stops before the next request; what was written stays, and the same call finishes it.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`](crate::ErrorKind::Failed) with the server's reason if the revision does not start;
    /// [`ErrorKind::NotServing`](crate::ErrorKind::NotServing) if it is ready and has not its share;
    /// [`ErrorKind::Superseded`](crate::ErrorKind::Superseded) if somebody wrote a later generation meanwhile;
    /// [`ErrorKind::Deadline`](crate::ErrorKind::Deadline) with the last state seen; those of
    /// [`update_service`](Self::update_service), [`create_service`](Self::create_service) and
    /// [`allow_public_access`](Self::allow_public_access). After a write, [`Error::written`] says what was written.
    ///
    /// # Caveats
    /// Access is set after the service is written and before it is awaited. With pinned traffic and
    /// [`TrafficIntent::KeepSplit`](crate::TrafficIntent::KeepSplit) the new revision gets nothing, and
    /// [`Deployed::warnings`] says so.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_ops::{Access, Deadline, DeployRequest, Ops, PollSchedule};
    ///
    /// let often = PollSchedule::between(Duration::from_millis(5), Duration::from_secs(1));
    /// let ops = Ops::new(client.clone()).poll_schedule(often);
    /// let image = "us-docker.pkg.dev/cloudrun/container/hello";
    /// let request = DeployRequest::new(&client.service("hello")?).image(image).access(Access::Public);
    /// let deployed = ops.deploy(&request, Deadline::after(Duration::from_secs(60))).await?;
    /// assert_eq!((deployed.share().get(), deployed.public()), (100, Some(true)));
    /// assert!(deployed.url().is_some());
    ///
    /// let again = ops.deploy(&request, Deadline::after(Duration::from_secs(60))).await?;
    /// assert!(!again.changed());
    /// # Ok(()) }
    /// ```
    pub async fn deploy(&self, request: &DeployRequest, deadline: Deadline) -> Result<Deployed> {
        let service = &request.service;
        let before = self.found(service).await?;
        let name = revision_name(service, before.as_ref(), request);
        let (written, plan) = match before {
            None => self.deploy_new(request, &name).await?,
            Some(_) => self.deploy_over(request, &name).await?,
        };
        self.tell(&Event::Planned { plan: plan.to_string() });
        let what = |error: Error| {
            if !written.changed() {
                return error;
            }
            let revision = plan.new_revision().map(|name| format!(", revision {name}")).unwrap_or_default();
            error.with_written(format!("generation {}{revision}", written.generation()))
        };
        let access = self.give_access(service, request.access, plan.creates).await.map_err(what)?;
        let (ready, revision) = verify(self, &written, &plan, deadline).await.map_err(what)?;
        Ok(Deployed {
            revision,
            service: ready,
            share: plan.share,
            created: plan.creates,
            changed: written.changed() || access.as_ref().is_some_and(Grant::changed),
            public: access.map(|grant| is_public(&grant)),
            warnings: plan.warnings,
        })
    }

    /// The service, or none if the API itself says that there is none. (A 403 says nothing:
    /// <https://github.com/BasedHardware/omi/issues/11103>.)
    async fn found(&self, service: &ServiceRef) -> Result<Option<Service>> {
        match self.read(|| self.api().get_service(service)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn deploy_new(&self, request: &DeployRequest, name: &str) -> Result<(Written, DeployPlan)> {
        let service = &request.service;
        let plan = plan(None, request, name).map_err(|error| error.about(service))?;
        let written = self.create_service(service, plan.object.clone()).await?;
        Ok((written, plan))
    }

    async fn deploy_over(&self, request: &DeployRequest, name: &str) -> Result<(Written, DeployPlan)> {
        let mut planned = None;
        let written = self
            .update_service(&request.service, |object| {
                // Planned anew on whatever somebody else has written meanwhile.
                let plan = plan(Some(object), request, name)?;
                object.clone_from(&plan.object);
                planned = Some(plan);
                Ok(())
            })
            .await?;
        let nothing = || Error::new(crate::ErrorKind::Unexpected, "the update ended without a plan");
        Ok((written, planned.ok_or_else(nothing)?))
    }

    async fn give_access(&self, service: &ServiceRef, access: Access, new: bool) -> Result<Option<Grant>> {
        Ok(match access {
            Access::Leave => None,
            Access::Public => Some(self.allow_public_access(service).await?),
            // A new service is not public: there is nothing to take away, and perhaps no right to.
            Access::Private if new => None,
            Access::Private => {
                let everybody = [Member::all_users(), Member::all_authenticated_users()];
                Some(self.remove_members(service, INVOKER_ROLE, &everybody).await?)
            }
        })
    }
}

fn is_public(grant: &Grant) -> bool {
    let everybody = Member::all_users();
    grant.policy().bindings.iter().any(|binding| {
        binding.role.as_deref() == Some(INVOKER_ROLE)
            && binding.condition.is_none()
            && binding.members.iter().any(|member| member == everybody.as_str())
    })
}

/// The name of the revision, if one is made: the caller's, or one as the server makes them, `hello-00007-kux`, with more
/// letters, so that two deployments at the same time do not choose the same.
fn revision_name(service: &ServiceRef, before: Option<&Service>, request: &DeployRequest) -> String {
    const LONGEST: usize = 63;
    let suffix = request.suffix.clone().unwrap_or_else(|| {
        let generation = before.and_then(ServiceView::generation).unwrap_or(0).saturating_add(1);
        let letters = crate::marker::new_id();
        format!("{generation:05}-{}", letters.get(..6).unwrap_or(&letters))
    });
    let name = service.name.as_str();
    let room = LONGEST.saturating_sub(suffix.len() + 1);
    let name = if request.suffix.is_some() { name } else { name.get(..room).unwrap_or(name) };
    format!("{name}-{suffix}")
}
