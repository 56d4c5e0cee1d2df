//! A deployment whose success means something.

mod changes;
mod goal;
mod plan;
mod request;
mod result;
mod revision;
mod route;

pub use plan::{DeployAction, DeployPlan, DeployWarning};
pub use request::{Access, DeployRequest, TrafficIntent};
pub use result::{Deployed, StartedDeploy};
pub use revision::PlannedRevision;

use goal::{InForce, Started};
use run_api::types::Service;

use crate::api::ServiceApi;
use crate::iam::Change;
use crate::progress::Stage;
use crate::write::contract::Known;
use crate::{Deadline, Error, ErrorKind, Event, Grant, INVOKER_ROLE, Member, Ops, Result, Target, Written};

/// How often a service may come to be, or vanish, between our read and our write.
const CREATIONS: u32 = 3;

impl<C: ServiceApi> Ops<C> {
    /// Creates a service or releases a new revision of it, and returns when that is in force.
    ///
    /// That means: the revision that *this call* made is ready, and `status.traffic` of the generation that it
    /// wrote gives it the share that the [`TrafficIntent`] asks for. The revision is known from our own write: by
    /// the name that we gave it, or as the latest created one of that very generation, never of a later one. If
    /// nothing changes, nothing is written, and the present revision is verified in the same way, without another
    /// request if it is in force already.
    ///
    /// The steps: read the service; make a [plan](DeployRequest::plan) and look the revisions up that it names;
    /// create or replace the service (again on what is there then, if somebody else writes at the same time); set
    /// the access; look until the goal is met. Dropping the future stops before the next request; what was written
    /// stays. [`start_deploy`](Self::start_deploy) and [`finish_deploy`](Self::finish_deploy) are its two halves.
    ///
    /// # Errors
    /// As [`start_deploy`](Self::start_deploy) and [`finish_deploy`](Self::finish_deploy). If the service was
    /// written before, [`Error::written`] says which generation.
    ///
    /// # Caveats
    /// With the default, [`TrafficIntent::KeepSplit`], a service whose traffic is pinned to revisions by name gives
    /// the new one nothing; [`Deployed::warnings`] says so. Ask for [`TrafficIntent::FollowLatest`] to move it.
    ///
    /// The deadline limits the wait. The requests before it have the limits of the
    /// [`retry_policy`](Ops::retry_policy).
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Access, Deadline, DeployRequest, Ops, Percent, TrafficIntent};
    ///
    /// let soon = || Deadline::after(Duration::from_secs(60));
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let request = DeployRequest::new(hello)
    ///     .image("us-docker.pkg.dev/cloudrun/container/hello:1")
    ///     .access(Access::Public);
    /// let first = ops.deploy(&request, soon()).await?;
    /// assert!(first.created() && first.public() == Some(true));
    /// println!("{} serves at {}", first.revision(), first.url().unwrap_or_default());
    ///
    /// let again = ops.deploy(&request, soon()).await?;
    /// assert!(!again.changed() && again.revision() == first.revision());
    ///
    /// let canary = request
    ///     .image("us-docker.pkg.dev/cloudrun/container/hello:2")
    ///     .traffic(TrafficIntent::Share(Percent::new(10)?))
    ///     .tag(run_api::Tag::new("canary")?);
    /// let canary = ops.deploy(&canary, soon()).await?;
    /// assert_eq!(canary.share(), Percent::new(10)?);
    /// assert!(canary.tag_urls().contains_key("canary"));
    /// # Ok(()) })
    /// ```
    pub async fn deploy(&self, request: &DeployRequest, deadline: Deadline) -> Result<Deployed> {
        let started = self.start_deploy(request).await?;
        self.finish_deploy(started, deadline).await
    }

    /// What a deployment would do now; nothing is written.
    ///
    /// # Errors
    /// As [`DeployRequest::plan`], or the request's error. That the service cannot be read is no reason to plan its
    /// creation.
    ///
    /// # Caveats
    /// Others may write until the plan is carried out; [`start_deploy`](Self::start_deploy) always makes its own.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use run_ops::{DeployAction, DeployRequest};
    ///
    /// let request = DeployRequest::new(hello).image("us-docker.pkg.dev/cloudrun/container/hello:2");
    /// let plan = ops.plan_deploy(&request).await?;
    /// assert_eq!(plan.action(), DeployAction::Update);
    /// println!("{plan}");
    /// # Ok(()) })
    /// ```
    pub async fn plan_deploy(&self, request: &DeployRequest) -> Result<DeployPlan> {
        let existing = self.find_object(request.service()).await?;
        self.plan_checked(request, existing.as_ref()).await
    }

    /// The first half of a [deployment](Self::deploy): everything that writes. The revision may start or fail
    /// afterwards.
    ///
    /// # Errors
    /// As [`DeployRequest::plan`], with nothing written; as [`create_service`](Self::create_service) and
    /// [`update_service`](Self::update_service); as [`grant_invoker`](Self::grant_invoker), after the service was
    /// written.
    ///
    /// # Caveats
    /// What a failed deployment wrote stays; see [`failure_report`](Self::failure_report) and [`repair`](Self::repair).
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, DeployRequest};
    ///
    /// let request = DeployRequest::new(hello).image("us-docker.pkg.dev/cloudrun/container/hello:2");
    /// let started = ops.start_deploy(&request).await?;
    /// assert_eq!(started.written().generation(), 2);
    /// let deployed = ops.finish_deploy(started, Deadline::after(Duration::from_secs(60))).await?;
    /// assert_eq!(deployed.share().get(), 100);
    /// # Ok(()) })
    /// ```
    pub async fn start_deploy(&self, request: &DeployRequest) -> Result<StartedDeploy> {
        let mut attempt = 1;
        let (plan, written, created) = loop {
            let existing = self.find_object(request.service()).await?;
            let plan = self.plan_checked(request, existing.as_ref()).await?;
            let (stage, what) = match plan.action() {
                DeployAction::Create => (Stage::Create, request.service().short()),
                _ => (Stage::Update, request.service().short()),
            };
            self.start_stage(stage, what);
            match existing {
                Some(existing) => {
                    let (plan, written) = self.replace_planned(request, plan, existing).await?;
                    break (plan, written, false);
                }
                None => match self.create_service(request.service(), plan.object().clone()).await {
                    Ok(written) => break (plan, written, true),
                    // Somebody else was faster: theirs is updated.
                    Err(error) if is_taken(&error) && attempt < CREATIONS => attempt += 1,
                    Err(error) => return Err(error),
                },
            }
        };
        let outcome = match written.changed() {
            true => format!("generation {}", written.generation()),
            false => "nothing to change".to_owned(),
        };
        self.end_stage(if created { Stage::Create } else { Stage::Update }, outcome);
        let public = self.set_access(request, created).await.map_err(|error| error.after(written.made()))?;
        Ok(StartedDeploy { plan, written, created, public })
    }

    /// The second half of a [deployment](Self::deploy): waits until what was written is in force.
    ///
    /// Dropping the future stops the wait and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`] with the server's reason if the revision or its routes fail;
    /// [`ErrorKind::Superseded`] if somebody else wrote a later generation before it was in force;
    /// [`ErrorKind::Deadline`] with the last state seen, the share of the revision included; [`ErrorKind::Gone`]; or
    /// the request's error. Nothing is undone: [`Error::written`] says what is in place.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, DeployRequest};
    ///
    /// let request = DeployRequest::new(hello).image("docker.io/run-emulator/exits");
    /// let started = ops.start_deploy(&request).await?;
    /// let error = ops.finish_deploy(started, Deadline::after(Duration::from_secs(60))).await.unwrap_err();
    /// assert_eq!(error.reason(), Some("HealthCheckContainerError"));
    /// assert_eq!(error.written().map(|written| written.generation()), Some(2));
    /// # Ok(()) })
    /// ```
    pub async fn finish_deploy(&self, started: StartedDeploy, deadline: Deadline) -> Result<Deployed> {
        let written = &started.written;
        let goal = InForce { written, plan: &started.plan };
        self.start_stage(Stage::Verify, "until it is ready".to_owned());
        let first = Some(written.service().clone());
        let in_force = self.until_in_force(&goal, first, deadline).await;
        let (service, revision) = in_force.map_err(|error| error.after(written.made()))?;
        self.end_stage(Stage::Verify, revision.clone());
        Ok(Deployed { revision, service, started })
    }

    /// The service when the deployment is in force, and its revision.
    async fn until_in_force(
        &self,
        goal: &InForce<'_>,
        first: Option<Service>,
        deadline: Deadline,
    ) -> Result<(Service, String)> {
        let reference = goal.written.reference();
        let service = self.until_ready(reference, first, goal, deadline).await?;
        let name = goal.revision(&service).unwrap_or_default().to_owned();
        if goal.plan.share().is_zero() {
            let revision = self.watch_revision(&reference.location.revision(name.as_str())?);
            self.wait(&revision, &Started(&name), deadline).await.map_err(|error| error.about(reference))?;
        }
        Ok((service, name))
    }

    /// A plan whose revisions are there.
    async fn plan_checked(&self, request: &DeployRequest, existing: Option<&Service>) -> Result<DeployPlan> {
        let plan = request.plan(existing)?;
        if let TrafficIntent::Exact(shares) = &request.traffic {
            let others = shares.iter().map(|(target, _)| target);
            let ours = |target: &&Target| match target {
                Target::Revision(name) => plan.revision().name() == Some(name.as_str()),
                Target::Latest => true,
            };
            let others: Vec<&Target> = others.filter(|target| !ours(target)).collect();
            self.check_revisions(request.service(), others).await?;
        }
        Ok(plan)
    }

    /// Replaces a service as planned; after a conflict with a new plan for what is there then.
    async fn replace_planned(
        &self,
        request: &DeployRequest,
        mut plan: DeployPlan,
        existing: Service,
    ) -> Result<(DeployPlan, Written)> {
        let mut edit = |object: &mut Service| {
            plan = request.plan(Some(object))?;
            *object = plan.object().clone();
            Ok(())
        };
        let written = self.update_from(request.service(), Some(existing), &mut edit).await?;
        Ok((plan, written))
    }

    /// Sets who may invoke the service, and says whether everybody may.
    async fn set_access(&self, request: &DeployRequest, created: bool) -> Result<Option<bool>> {
        let (service, everybody) = (request.service(), [Member::all_users()]);
        let what = match &request.access {
            Access::Leave => return Ok(created.then_some(false)),
            Access::Public => "let everybody invoke it",
            Access::Private => "let nobody invoke it without permission",
            Access::Invokers(_) => "let more members invoke it",
        };
        self.start_stage(Stage::Access, what.to_owned());
        let change = match &request.access {
            Access::Public => Some((Change::Grants, &everybody[..])),
            Access::Invokers(members) => Some((Change::Grants, &members[..])),
            // A new service is not public: there is nothing to take away.
            Access::Private if !created => Some((Change::Revokes, &everybody[..])),
            _ => None,
        };
        let grant = match change {
            Some((change, members)) => {
                Some(self.change_members(service, change, (INVOKER_ROLE, members), Known::Yes).await?)
            }
            None => None,
        };
        self.end_stage(Stage::Access, "done".to_owned());
        Ok(Some(grant.as_ref().is_some_and(is_public)))
    }

    fn start_stage(&self, stage: Stage, what: String) {
        self.tell(&Event::StageStarted { stage, what });
    }

    fn end_stage(&self, stage: Stage, outcome: String) {
        self.tell(&Event::StageDone { stage, outcome });
    }
}

fn is_taken(error: &Error) -> bool {
    error.kind() == ErrorKind::AlreadyExists || error.api().is_some_and(run_api::Error::is_already_exists)
}

fn is_public(grant: &Grant) -> bool {
    grant.policy().bindings.iter().any(|binding| {
        binding.role.as_deref() == Some(INVOKER_ROLE)
            && binding.condition.is_none()
            && binding.members.iter().any(|member| member == "allUsers")
    })
}

#[cfg(test)]
mod tests;
