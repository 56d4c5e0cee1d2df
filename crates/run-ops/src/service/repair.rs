//! Mending a service whose traffic names revisions that cannot serve.

mod plan;
mod state;

use std::collections::BTreeSet;

use run_api::known::labels;
use run_api::types::{Revision, Service, TrafficTarget};
use run_api::{ListOptions, Resource, ServiceRef};

pub use plan::{Mend, RepairPlan, TrafficProblem};
pub use state::{RevisionState, RevisionStates};

use crate::api::Pages;
use crate::api::ServiceApi;
use crate::{Ops, Result, ServiceView, Written};

impl<C: ServiceApi> Ops<C> {
    /// Finds what is wrong with a service's traffic, and plans to mend it. Writes nothing.
    ///
    /// Reads the service and each revision that its traffic names, or that serves, and the newest. Dropping the
    /// future changes nothing.
    ///
    /// # Errors
    /// As reading; [`Error::is_not_found`](crate::Error::is_not_found) if there is no such service. A revision
    /// that the API says is missing is no error but what this looks for.
    ///
    /// # Caveats
    /// A plan is of the moment; [`repair`](Self::repair) makes its own. Up to eight revisions are read one by one,
    /// more are listed: a service with 1000 revisions is a few reads and not one.
    ///
    /// # Example
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use run_ops::Mend;
    ///
    /// let plan = ops.plan_repair(&hello, Mend::KeepServing).await?;
    /// assert_eq!(plan.to_string(), "nothing is wrong with the traffic");
    /// # Ok(()) })
    /// ```
    pub async fn plan_repair(&self, reference: &ServiceRef, mend: Mend) -> Result<RepairPlan> {
        let service = self.read_object(reference).await?;
        let states = self.revision_states(reference, interesting(&service)).await?;
        Ok(RepairPlan::of(&service, &states, mend)?)
    }

    /// Finds what is wrong with a service's traffic and mends it: revisions that failed or were deleted lose
    /// their share and their tags. Returns what was planned and what was written; wait for it with
    /// [`wait_until_ready`](Ops::wait_until_ready).
    ///
    /// With nothing wrong, nothing is written. After a conflict with another writer the plan is made again on
    /// what they wrote. [`Mend`] says where the shares go; by default no request goes elsewhere than before.
    /// Dropping the future stops before the next request; a write on its way may or may not be applied.
    ///
    /// # Errors
    /// As [`plan_repair`](Self::plan_repair) and [`update_service`](Ops::update_service).
    ///
    /// # Caveats
    /// Revisions are looked at once, before the write: one that another writer names meanwhile is taken for
    /// able. A newest revision that failed is only mended by [`Mend::PinServing`]; else
    /// [`RepairPlan::remaining`] says so, and the service stays not ready until the next good deployment.
    ///
    /// # Example
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Mend, Ops, ServiceEdit, TrafficChange, new_service};
    /// let soon = || Deadline::after(Duration::from_secs(60));
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let written = ops.create_service(&hello, new_service(&hello, "docker.io/a/b:1")).await?;
    /// ops.wait_until_ready(&written, soon()).await?;
    ///
    /// // Somebody asks for a revision that is not there.
    /// let change = TrafficChange::to_targets("hello-gone=10".parse()?);
    /// let written = ops.update_service(&hello, |service| Ok(service.change_traffic(&change).map(|_| ())?)).await?;
    /// assert!(ops.wait_until_ready(&written, soon()).await.is_err());
    ///
    /// let (plan, written) = ops.repair(&hello, Mend::KeepServing).await?;
    /// assert_eq!(plan.problems()[0].to_string(), "hello-gone has 10 % and does not exist");
    /// ops.wait_until_ready(&written, soon()).await?;
    /// # Ok(()) })
    /// ```
    pub async fn repair(&self, reference: &ServiceRef, mend: Mend) -> Result<(RepairPlan, Written)> {
        let service = self.read_object(reference).await?;
        let states = self.revision_states(reference, interesting(&service)).await?;
        let mut plan = RepairPlan::of(&service, &states, mend)?;
        let written = self
            .update_service(reference, |service| {
                plan = RepairPlan::of(service, &states, mend)?;
                if !plan.is_empty() {
                    service.spec.get_or_insert_default().traffic = plan.traffic().targets().to_vec();
                }
                Ok(())
            })
            .await?;
        Ok((plan, written))
    }

    /// The states of revisions; one of another service is none of this one's.
    ///
    /// Many are listed, and only those that the list leaves out are looked up one by one.
    pub(crate) async fn revision_states(
        &self,
        reference: &ServiceRef,
        mut names: BTreeSet<String>,
    ) -> Result<RevisionStates> {
        let mut states = RevisionStates::new();
        if names.len() > FEW {
            let label = format!("{}={}", labels::SERVICE, reference.name);
            let mut pages = Pages::new(&ListOptions::labelled(label));
            while let (false, Some(options)) = (names.is_empty(), pages.next()?) {
                let page = self.list_page::<Revision>(&reference.location, &options).await?;
                for revision in pages.turn(page) {
                    let name = revision.name().and_then(|name| names.take(name));
                    states.extend(name.map(|name| (name, RevisionState::of(Some(&revision)))));
                }
            }
        }
        for name in names {
            let revision = reference.location.revision(name.as_str())?;
            let state = match self.read_object(&revision).await {
                Ok(found) => {
                    let ours =
                        found.label(labels::SERVICE).is_none_or(|owner| owner == reference.name.as_str());
                    RevisionState::of(Some(&found).filter(|_| ours))
                }
                Err(error) if error.is_not_found() => RevisionState::Missing,
                Err(error) => return Err(error.into()),
            };
            states.insert(name, state);
        }
        Ok(states)
    }
}

/// So many revisions are looked up one by one rather than listed.
const FEW: usize = 8;

/// The revisions that decide about a service's traffic.
fn interesting(service: &Service) -> BTreeSet<String> {
    let targets = service.desired_traffic().iter().chain(service.observed_traffic());
    let newest = [service.latest_created_revision(), service.latest_ready_revision()];
    targets
        .filter_map(|target: &TrafficTarget| target.revision_name.as_deref())
        .chain(newest.into_iter().flatten())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Page;
    use crate::{ErrorKind, MockCloudRun};
    use serde_json::json;

    fn hello() -> ServiceRef {
        ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    fn api(traffic: serde_json::Value) -> MockCloudRun {
        let mut api = MockCloudRun::new();
        let service: Service = serde_json::from_value(json!({
            "metadata": {"name": "hello", "uid": "u", "generation": 3, "resourceVersion": "1"},
            "spec": {"traffic": traffic},
            "status": {
                "latestCreatedRevisionName": "hello-2", "latestReadyRevisionName": "hello-1",
                "traffic": [{"revisionName": "hello-1", "percent": 100}],
            },
        }))
        .unwrap();
        api.services.expect_get().returning(move |_| Ok(service.clone()));
        api.services.expect_dry_replace().returning(|_, body| Ok(body.clone()));
        api.revisions.expect_get().returning(|revision| {
            let (owner, ready) = match revision.name.as_str() {
                "hello-9" => return Err(run_api::Error::from_status(404, "NOT_FOUND", "no")),
                "secret" => return Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "no")),
                "hello-2" => ("hello", "False"),
                "other-1" => ("other", "True"),
                _ => ("hello", "True"),
            };
            let revision = json!({
                "metadata": {"labels": {labels::SERVICE: owner}},
                "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "R"}]},
            });
            Ok(serde_json::from_value::<Revision>(revision).unwrap())
        });
        api
    }

    // https://github.com/Lore-Hex/quill-router/issues/782
    #[tokio::test]
    async fn failed_revision_in_spec() {
        let traffic = json!([
            {"revisionName": "hello-2", "percent": 60},
            {"revisionName": "hello-9", "percent": 30},
            {"revisionName": "other-1", "percent": 10, "tag": "other"},
        ]);
        let mut api = api(traffic);
        api.services.expect_replace().once().returning(|_, body| Ok(body.clone()));
        let (plan, written) = Ops::new(api).repair(&hello(), Mend::KeepServing).await.unwrap();
        assert_eq!(plan.problems().len(), 4, "{plan}");
        assert!(written.changed());
        assert_eq!(
            serde_json::to_value(written.service().desired_traffic()).unwrap(),
            json!([{"revisionName": "hello-1", "percent": 100}])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_else_mended_meanwhile_is_left_to_them() {
        let with = |version: &str, revision: &str| -> Service {
            serde_json::from_value(json!({
                "metadata": {"name": "hello", "uid": "u", "generation": 3, "resourceVersion": version},
                "spec": {"traffic": [{"revisionName": revision, "percent": 100}]},
                "status": {"traffic": [{"revisionName": "hello-1", "percent": 100}]},
            }))
            .unwrap()
        };
        let mut api = MockCloudRun::new();
        // Once to look, once to edit; then it has changed.
        api.services.expect_get().times(2).returning(move |_| Ok(with("1", "hello-9")));
        api.services.expect_get().once().returning(move |_| Ok(with("2", "hello-3")));
        api.services.expect_dry_replace().once().returning(|_, body| Ok(body.clone()));
        api.revisions.expect_get().returning(|revision| match revision.name.as_str() {
            "hello-9" => Err(run_api::Error::from_status(404, "NOT_FOUND", "no")),
            _ => Ok(Revision::default()),
        });
        api.services.expect_replace().once().returning(|_, _| {
            Err(run_api::Error::from_status(409, "ABORTED", "Conflict for resource 'hello'"))
        });
        let (plan, written) = Ops::new(api).repair(&hello(), Mend::KeepServing).await.unwrap();
        assert!(plan.problems().is_empty() && !written.changed());
        assert_eq!(written.service().desired_traffic()[0].revision_name.as_deref(), Some("hello-3"));
    }

    #[tokio::test]
    async fn with_nothing_wrong_nothing_is_written() {
        let traffic = json!([{"revisionName": "hello-1", "percent": 100}]);
        let (plan, written) = Ops::new(api(traffic)).repair(&hello(), Mend::default()).await.unwrap();
        assert_eq!(plan.to_string(), "nothing is wrong with the traffic");
        assert!(!written.changed());
    }

    // A preview service: 76 stale tags, https://github.com/noricha-vr/vrc-ta-hub/issues/173
    #[tokio::test]
    async fn many_revisions_are_listed() {
        let tag =
            |number: u32| json!({"revisionName": format!("hello-{number}"), "tag": format!("pr-{number}")});
        let mut traffic: Vec<_> = (10..90).map(tag).collect();
        traffic.push(json!({"revisionName": "hello-1", "percent": 100}));
        let mut api = api(traffic.into());
        api.revisions.expect_list().times(2).returning(|_, options| {
            assert_eq!(options.label_selector.as_deref(), Some("serving.knative.dev/service=hello"));
            // Two pages; hello-11 is in neither, and when it is looked up it is well.
            let (numbers, next) = match options.continue_token.as_deref() {
                None => (12..50, "more"),
                Some(_) => (50..90, ""),
            };
            let item = |number: u32| {
                let ready = json!([{"type": "Ready", "status": if number < 40 { "True" } else { "False" }}]);
                json!({"metadata": {"name": format!("hello-{number}")}, "status": {"conditions": ready}})
            };
            let items: Vec<_> = numbers.map(item).collect();
            let items = serde_json::from_value(items.into()).unwrap();
            Ok(Page::new(items, Some(next.to_owned())))
        });
        let plan = Ops::new(api).plan_repair(&hello(), Mend::default()).await.unwrap();
        assert_eq!(plan.problems().len(), 50, "hello-40 to hello-89");
        assert_eq!(plan.traffic().after().tags().count(), 30);
    }

    #[tokio::test]
    async fn a_revision_that_may_not_be_read_is_not_taken_for_missing() {
        let traffic = json!([{"revisionName": "secret", "percent": 100}]);
        let error = Ops::new(api(traffic)).plan_repair(&hello(), Mend::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
        assert!(error.is_permission_denied());
    }
}
