//! Why a deployment failed, as data.

mod advice;
mod api;
mod cause;
mod condition;
mod diagnosis;
mod left_behind;

use std::fmt;

use run_api::types::{Revision, Service};
use run_api::{Resource, ServiceRef};

pub(crate) use advice::{IMAGE_HOST, LAUNCH_STAGE, REVISION_NAME, reserved_env};
pub use cause::Cause;
pub use condition::FailedCondition;
pub use diagnosis::Diagnosis;
pub use left_behind::LeftBehind;

use crate::api::ServiceApi;
use crate::remedy::Remedy;
use crate::{Ops, Result, ServiceView};

/// Why a service is not ready, what that left behind, and what to do.
///
/// [`of`](Self::of) makes it from objects, [`Ops::failure_report`] reads them first. Displays as a few lines for
/// people; for programs there is the stable [`Cause::code`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureReport {
    /// The service's name.
    pub service: String,
    /// The generation that failed: a count of changes to the spec.
    pub generation: Option<i32>,
    /// The cause, and what to do about it.
    pub diagnosis: Diagnosis,
    /// The condition that decided: the service's `Ready`, or the newest revision's if the service does not mind.
    pub failing: FailedCondition,
    /// The revision that failed; none if no revision did, or it could not be read.
    pub revision: Option<FailedRevision>,
    /// What serves now, and what will go wrong next.
    pub left_behind: LeftBehind,
}

/// A revision that cannot serve.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedRevision {
    /// Its name.
    pub name: String,
    /// Its conditions that are False, `Ready` first.
    pub conditions: Vec<FailedCondition>,
    /// Where its logs are.
    pub log_url: Option<String>,
}

impl FailureReport {
    /// The report on a service, and on the revision that failed if it is at hand. Pure.
    ///
    /// None if the status says nothing about the present generation yet, or nothing failed. A revision that is
    /// not the one that the failure speaks of ([`suspect`](Self::suspect)) is left aside.
    ///
    /// ```
    /// use run_ops::FailureReport;
    ///
    /// let service = serde_json::from_value(serde_json::json!({
    ///     "metadata": {"name": "hello", "generation": 2},
    ///     "status": {"observedGeneration": 2, "latestCreatedRevisionName": "hello-2", "conditions": [
    ///         {"type": "Ready", "status": "False", "reason": "RevisionFailed",
    ///          "message": "Revision 'hello-2' is not ready and cannot serve traffic. Image 'a/b' not found."},
    ///     ]},
    /// }))?;
    /// let report = FailureReport::of(&service, None).expect("it failed");
    /// assert_eq!((report.generation, report.failing.kind.as_str()), (Some(2), "Ready"));
    /// assert_eq!(FailureReport::suspect(&service).as_deref(), Some("hello-2"));
    /// println!("{report}");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn of(service: &Service, revision: Option<&Revision>) -> Option<Self> {
        if service.generation().is_none() || service.observed_generation() != service.generation() {
            return None;
        }
        let conditions = service.status.as_ref().map_or(&[][..], |status| &status.conditions);
        let of_service =
            FailedCondition::all(conditions).into_iter().find(|condition| condition.kind == "Ready");
        let suspect = Self::suspect(service);
        let seen = revision.filter(|revision| name_of(revision) == suspect.as_deref());
        let revision = seen.and_then(FailedRevision::of);
        let of_revision = revision.as_ref().and_then(|revision| revision.conditions.first());
        let failing = of_service.clone().or_else(|| of_revision.cloned())?;

        // A revision knows more about itself than the service says of it.
        let cause = of_revision
            .map(FailedCondition::cause)
            .filter(|cause| !matches!(cause, Cause::Unknown { .. } | Cause::RevisionFailed { .. }))
            .unwrap_or_else(|| failing.cause());
        let mut unable: Vec<String> = revision.iter().map(|revision| revision.name.clone()).collect();
        // Unless it was seen to be well, the service's word is all there is.
        if of_service.is_some() && seen.is_none() {
            unable.extend(suspect);
        }
        let left_behind = LeftBehind::of(service, &unable);
        let mut diagnosis = Diagnosis::of(cause, &advice::About::service(service));
        // It mends what would make the next deployment fail, too, and not what made this one fail.
        if !left_behind.unable_in_spec.is_empty() {
            diagnosis.remedies.retain(|remedy| *remedy != Remedy::Repair);
            diagnosis.remedies.push(Remedy::Repair);
        }
        Some(Self {
            service: service.name().unwrap_or_default().to_owned(),
            generation: service.generation(),
            diagnosis,
            failing,
            revision,
            left_behind,
        })
    }

    /// The revision to read for a report: the one that the service's `Ready` speaks of, else the newest if it is
    /// not known to be ready.
    #[must_use]
    pub fn suspect(service: &Service) -> Option<String> {
        let ready = service.condition("Ready");
        let failed =
            ready.filter(|ready| ready.status.as_deref().is_some_and(|is| is.eq_ignore_ascii_case("False")));
        let named = failed.and_then(|ready| condition::revision(ready.message.as_deref()?));
        let newest = service.latest_created_revision();
        // A failing revision was seen as the latest ready one of a service that never served.
        let newest = newest.filter(|name| failed.is_some() || Some(*name) != service.latest_ready_revision());
        named.or_else(|| newest.map(str::to_owned))
    }
}

impl FailedRevision {
    fn of(revision: &Revision) -> Option<Self> {
        let status = revision.status.as_ref()?;
        let conditions = FailedCondition::all(&status.conditions);
        if conditions.is_empty() {
            return None;
        }
        Some(Self { name: name_of(revision)?.to_owned(), conditions, log_url: status.log_url.clone() })
    }
}

fn name_of(revision: &Revision) -> Option<&str> {
    revision.metadata.as_ref()?.name.as_deref()
}

impl fmt::Display for FailureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, diagnosis, failing, revision, left_behind, .. } = self;
        writeln!(f, "service `{service}` failed: {} [{}]", diagnosis.cause, diagnosis.cause.code())?;
        writeln!(f, "{failing}")?;
        if let Some(revision) = revision {
            writeln!(f, "revision {}:", revision.name)?;
            let news = revision.conditions.iter().filter(|condition| condition.message != failing.message);
            for condition in news {
                writeln!(f, "  {condition}")?;
            }
            if let Some(url) = &revision.log_url {
                writeln!(f, "  logs: {url}")?;
            }
        }
        write!(f, "{left_behind}")?;
        for remedy in &diagnosis.remedies {
            write!(f, "\nhint: {remedy}")?;
        }
        Ok(())
    }
}

impl<C: ServiceApi> Ops<C> {
    /// Reads a service and the revision that failed, and says why it is not ready; none if nothing failed, or
    /// the server is not done with the present generation.
    ///
    /// Two reads at most. A revision that cannot be read (it is gone, or a permission is missing) leaves a
    /// report without it. Dropping the future changes nothing.
    ///
    /// # Errors
    /// As reading the service; [`Error::is_not_found`](crate::Error::is_not_found) if there is none.
    ///
    /// # Caveats
    /// It reports on the state now, which may be a later writer's. What the container wrote is in its logs,
    /// which this crate does not read: [`FailedRevision::log_url`] leads to them.
    ///
    /// # Example
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, new_service};
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let object = new_service(&hello, "docker.io/run-emulator/missing");
    /// let written = ops.create_service(&hello, object).await?;
    /// let failed = ops.wait_until_ready(&written, Deadline::after(Duration::from_secs(60))).await;
    /// assert!(failed.unwrap_err().is_failed());
    ///
    /// let report = ops.failure_report(&hello).await?.expect("it failed");
    /// assert_eq!(report.diagnosis.cause.code(), "image-missing");
    /// assert!(report.left_behind.serving.is_empty(), "there was no revision before");
    /// # Ok(()) })
    /// ```
    pub async fn failure_report(&self, reference: &ServiceRef) -> Result<Option<FailureReport>> {
        let service = self.read_object(reference).await?;
        let mut revision = None;
        if let Some(name) = FailureReport::suspect(&service)
            && let Ok(suspect) = reference.location.revision(name)
        {
            revision = self.read_object(&suspect).await.ok();
        }
        Ok(FailureReport::of(&service, revision.as_ref()))
    }
}

#[cfg(test)]
mod tests;
