//! The steps, one after the other.

use run_api::types::Service;
use run_api::{Client, RevisionName};
use run_ops::{Deadline, Ops, ServiceEdit, ServiceView, Target, TrafficShares, new_service};

use super::cleanup::{Made, Remains};
use super::report::Report;
use super::requests::{Measured, Requests, Share};
use super::settings::Settings;
use crate::terminal::{ExitStatus, Failure, Steps};

/// What it does, in this order.
pub(super) const STAGES: [&str; 9] =
    ["check", "create", "wait", "private", "publish", "release", "split", "measure", "delete"];

/// One run of the walkthrough.
pub(super) struct Walkthrough<'a> {
    pub(super) settings: &'a Settings,
    pub(super) ops: &'a Ops<Client>,
    pub(super) steps: &'a Steps,
    pub(super) remains: &'a Remains,
}

impl Walkthrough<'_> {
    pub(super) async fn run(&self) -> Result<Report, Failure> {
        self.check().await?;
        let first = self.create().await?;
        let stable = revision_of(&first)?;
        let url = first.url().ok_or_else(|| unexpected("the ready service has no URL"))?.to_owned();
        let requests = Requests::to(&url)?;
        self.private(&requests, &url).await?;
        self.publish(&requests).await?;
        let canary = revision_of(&self.release(&stable).await?)?;
        self.split(&stable, &canary).await?;
        let measured = self.measure(&requests, &stable, &canary).await?;
        self.delete().await?;
        Ok(Report::new(self.settings, url, measured, self.steps.timings()))
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.settings.timeout)
    }

    async fn check(&self) -> Result<(), Failure> {
        self.steps.start("check", "whether the service exists");
        let service = &self.settings.service;
        if self.ops.service_exists(service).await? {
            let message =
                format!("{} exists already, and the demo only deletes what it made", service.short());
            return Err(Failure::new(ExitStatus::Failed, message).hint("choose another name with --service"));
        }
        self.steps.done("it does not");
        Ok(())
    }

    async fn create(&self) -> Result<Service, Failure> {
        self.steps.start("create", &format!("a service from {}", self.settings.image));
        let service = &self.settings.service;
        let mut object = new_service(service, &self.settings.image);
        object.set_env("RELEASE", "first").set_limit("cpu", "1").set_limit("memory", "256Mi");
        self.remains.mark(&mut object);
        let written = self.remains.create(self.ops, service, object).await?;
        self.steps.done(&format!("generation {}", written.generation()));

        self.steps.start("wait", "until it is ready");
        let ready = self.ops.wait_until_ready(&written, self.deadline()).await?;
        self.steps.done(ready.url().unwrap_or("ready"));
        Ok(ready)
    }

    async fn private(&self, requests: &Requests, url: &str) -> Result<(), Failure> {
        self.steps.start("private", &format!("GET {url} without access"));
        requests.until_status(403, self.deadline()).await?;
        self.steps.done("403 Forbidden");
        Ok(())
    }

    async fn publish(&self, requests: &Requests) -> Result<(), Failure> {
        self.steps.start("publish", "let everybody invoke it");
        self.ops.allow_public_access(&self.settings.service).await?;
        requests.until_status(200, self.deadline()).await?;
        self.steps.done("200 OK");
        Ok(())
    }

    /// A second revision, which gets no traffic before it has proved to start.
    async fn release(&self, stable: &RevisionName) -> Result<Service, Failure> {
        self.steps.start("release", "a second revision with new environment and limits, without traffic");
        let shares = TrafficShares::all_to(Target::Revision(stable.clone()));
        let written = self
            .ops
            .update_service(&self.settings.service, |service| {
                service
                    .set_env("RELEASE", "second")
                    .set_env("GREETING", "hello")
                    .set_limit("memory", "512Mi");
                Ok(service.assign_traffic(&shares)?)
            })
            .await?;
        let ready = self.ops.wait_until_ready(&written, self.deadline()).await?;
        self.steps.done(ready.latest_created_revision().unwrap_or("ready"));
        Ok(ready)
    }

    async fn split(&self, stable: &RevisionName, canary: &RevisionName) -> Result<(), Failure> {
        let percent = self.settings.canary;
        let rest = 100 - percent.get();
        self.steps.start("split", &format!("{rest} % to the first, {percent} % to the second"));
        let shares = TrafficShares::new([
            (Target::Revision(canary.clone()), percent),
            (Target::Revision(stable.clone()), run_ops::Percent::new(rest.into())?),
        ])?;
        let written = self.ops.split_traffic(&self.settings.service, &shares).await?;
        let ready = self.ops.wait_until_ready(&written, self.deadline()).await?;
        let observed: Vec<String> = ready
            .observed_traffic()
            .iter()
            .map(|target| {
                format!(
                    "{} {} %",
                    target.revision_name.as_deref().unwrap_or("?"),
                    target.percent.unwrap_or(0)
                )
            })
            .collect();
        self.steps.done(&observed.join(", "));
        Ok(())
    }

    async fn measure(
        &self,
        requests: &Requests,
        stable: &RevisionName,
        canary: &RevisionName,
    ) -> Result<Measured, Failure> {
        let count = self.settings.requests;
        self.steps.start("measure", &format!("the split over {count} requests"));
        let percent = self.settings.canary.get();
        let wanted = [Share::new(stable.to_string(), 100 - percent), Share::new(canary.to_string(), percent)];
        let measured =
            requests.count(count, wanted, |sent| self.steps.detail(&format!("{sent} of {count}"))).await?;
        self.steps.done(&format!("{:.0} requests a second", measured.rate()));
        Ok(measured)
    }

    async fn delete(&self) -> Result<(), Failure> {
        self.steps.start("delete", "the service, and wait until it is gone");
        self.ops.delete_service(&self.settings.service, self.deadline()).await?;
        self.remains.set(Made::Nothing);
        self.steps.done("gone");
        Ok(())
    }
}

fn revision_of(service: &Service) -> Result<RevisionName, Failure> {
    let name = service.latest_created_revision();
    Ok(RevisionName::new(name.ok_or_else(|| unexpected("the ready service names no revision"))?)?)
}

fn unexpected(message: &str) -> Failure {
    Failure::new(ExitStatus::Failed, message)
}
