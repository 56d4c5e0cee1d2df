//! Splitting traffic over revisions.

mod apply;
mod change;
mod delta;
mod map;
mod shares;
mod split;
mod tag_shares;
mod tags;

pub use change::{TrafficChange, TrafficPlan};
pub use delta::TrafficDelta;
pub use map::TrafficMap;
pub use shares::{InvalidTraffic, Percent, Target, TrafficShares};
pub use split::TrafficSplit;
pub(crate) use split::apportion;
pub use tag_shares::TagShares;
pub use tags::TagChange;

use run_api::known::labels;
use run_api::{Resource, RevisionRef, ServiceRef};

use crate::api::ServiceApi;
use crate::{Error, Ops, Result, ServiceEdit, Written};

impl<C: ServiceApi> Ops<C> {
    /// Gives revisions their shares of a service's traffic; the others keep the rest in their proportions, and
    /// tags stay where they are. This is [`update_traffic`](Self::update_traffic) with
    /// [`TrafficChange::to_targets`].
    ///
    /// # Errors
    /// As [`update_traffic`](Self::update_traffic).
    ///
    /// # Caveats
    /// As [`update_traffic`](Self::update_traffic). A split pins: while `LATEST` has no share, later deployments
    /// get no traffic.
    ///
    /// # Example
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, ServiceView};
    ///
    /// let ready = ops.wait_until_ready(&written, Deadline::after(Duration::from_secs(60))).await?;
    /// let first = ready.latest_ready_revision().unwrap_or_default();
    /// let written = ops.split_traffic(&hello, &format!("{first}=90").parse()?).await?;
    /// assert_eq!(written.service().desired_traffic()[1].percent, Some(10), "LATEST has the rest");
    /// # Ok(()) })
    /// ```
    pub async fn split_traffic(&self, reference: &ServiceRef, shares: &TrafficShares) -> Result<Written> {
        self.update_traffic(reference, &TrafficChange::to_targets(shares.clone())).await
    }

    /// Changes the shares and tags of a service's traffic in one write, by the semantics of
    /// `gcloud run services update-traffic` ([`TrafficChange`] says where it is better).
    ///
    /// Revisions that the change names are looked up first, since the server would accept a name that does not
    /// exist and fail later. After a conflict with another writer the change is planned again on what they
    /// wrote. Wait for the result with [`wait_until_ready`](Ops::wait_until_ready).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), with nothing written, if no target is left for the
    /// rest, a tag is unknown, or a revision is not one of this service's; else as
    /// [`update_service`](Ops::update_service).
    ///
    /// # Caveats
    /// Revisions that the split has already are not looked up: [`repair`](Ops::repair) finds those that are
    /// gone. A revision may be deleted between the look and the write.
    ///
    /// # Example
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_api::Tag;
    /// use run_ops::{Deadline, Ops, ServiceView, TagChange, Target, TrafficChange, new_service};
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let written = ops.create_service(&hello, new_service(&hello, "docker.io/a/b:1")).await?;
    /// let ready = ops.wait_until_ready(&written, Deadline::after(Duration::from_secs(60))).await?;
    /// let first = Target::revision(ready.latest_ready_revision().unwrap_or_default())?;
    ///
    /// let tags = TagChange { set: [(Tag::new("stable")?, first.clone())].into(), ..TagChange::default() };
    /// let change = TrafficChange::to_tags("stable=100".parse()?).with_tags(tags);
    /// let written = ops.update_traffic(&hello, &change).await?;
    /// ops.wait_until_ready(&written, Deadline::after(Duration::from_secs(60))).await?;
    ///
    /// assert!(!ops.update_traffic(&hello, &change).await?.changed(), "nothing is left to do");
    /// # Ok(()) })
    /// ```
    pub async fn update_traffic(&self, reference: &ServiceRef, change: &TrafficChange) -> Result<Written> {
        self.check_revisions(reference, change.targets()).await?;
        self.update_service(reference, |service| {
            service.change_traffic(change)?;
            Ok(())
        })
        .await
    }

    /// Fails, with nothing written, if a target is not a revision of the service.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), or the request's error.
    ///
    /// # Caveats
    /// A read for each revision, and only of its existence: one that failed passes. [`plan_repair`](Ops::plan_repair)
    /// and [`preflight`](Ops::preflight) look at its state.
    ///
    /// # Example
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// let nobody = run_ops::Target::revision("hello-nobody")?;
    /// let error = ops.check_revisions(&hello, [&nobody]).await.unwrap_err();
    /// assert!(error.to_string().ends_with("it has no revision `hello-nobody`"));
    /// # Ok(()) })
    /// ```
    pub async fn check_revisions(
        &self,
        reference: &ServiceRef,
        targets: impl IntoIterator<Item = &Target>,
    ) -> Result<()> {
        let names: Vec<_> = targets
            .into_iter()
            .filter_map(|target| match target {
                Target::Revision(name) => Some(name),
                Target::Latest => None,
            })
            .collect();
        for name in names {
            let revision: RevisionRef = reference.location.resource(name.clone());
            let owner = match self.read_object(&revision).await {
                Ok(found) => found.label(labels::SERVICE).map(str::to_owned),
                Err(error) if error.is_not_found() => {
                    return Err(Error::invalid(format!("it has no revision `{name}`"))
                        .with_api(error)
                        .with_remedy(crate::remedy::Remedy::ListRevisions)
                        .about(reference));
                }
                Err(error) => return Err(error.into()),
            };
            if let Some(owner) = owner.filter(|owner| owner != reference.name.as_str()) {
                let message = format!("the revision `{name}` belongs to the service `{owner}`");
                return Err(Error::invalid(message).about(reference));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, MockCloudRun, ServiceView};
    use run_api::types::{Revision, Service};
    use serde_json::json;

    fn hello() -> ServiceRef {
        ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    fn api(traffic: serde_json::Value) -> MockCloudRun {
        let mut api = MockCloudRun::new();
        let service: Service = serde_json::from_value(json!({
            "metadata": {"name": "hello", "uid": "u", "generation": 1, "resourceVersion": "1"},
            "spec": {"traffic": traffic},
        }))
        .unwrap();
        api.services.expect_get().returning(move |_| Ok(service.clone()));
        api.revisions.expect_get().returning(|revision| {
            let owner = match revision.name.as_str() {
                "missing" => return Err(run_api::Error::from_status(404, "NOT_FOUND", "no")),
                "other-1" => "other",
                _ => "hello",
            };
            let revision = json!({"metadata": {"labels": {labels::SERVICE: owner}}});
            Ok(serde_json::from_value::<Revision>(revision).unwrap())
        });
        api
    }

    #[tokio::test]
    async fn the_split_is_written_and_tags_stay() {
        let mut api =
            api(json!([{"latestRevision": true, "percent": 100}, {"revisionName": "hello-1", "tag": "old"}]));
        api.services.expect_replace().once().returning(|_, body| Ok(body.clone()));
        let shares = "hello-1=90".parse().unwrap();
        let written = Ops::new(api).split_traffic(&hello(), &shares).await.unwrap();
        assert_eq!(
            serde_json::to_value(written.service().desired_traffic()).unwrap(),
            json!([
                {"revisionName": "hello-1", "percent": 90},
                {"latestRevision": true, "percent": 10},
                {"revisionName": "hello-1", "tag": "old"},
            ])
        );
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_before_anything_is_written() {
        for (shares, message) in [
            ("missing=10", "it has no revision `missing`"),
            ("other-1=10", "the revision `other-1` belongs to the service `other`"),
            ("LATEST=10", "only 10 % of the traffic is assigned"),
        ] {
            let api = api(json!([{"latestRevision": true, "percent": 100}]));
            let error = Ops::new(api).split_traffic(&hello(), &shares.parse().unwrap()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}
