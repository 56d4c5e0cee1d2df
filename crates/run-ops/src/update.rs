//! Changing a service without losing anybody's edit.

use run_api::ServiceRef;
use run_api::types::{RevisionTemplate, Service};

use crate::{CloudRun, Error, ErrorKind, Event, Ops, Result, ServiceView, Written, marker};

impl<C: CloudRun> Ops<C> {
    /// Reads a service, edits it and replaces it, all in one go.
    ///
    /// If somebody else writes in between, the server refuses ours; then the service is read again and `edit`
    /// runs again on what they wrote, so that both edits are in the end there. `edit` may therefore run several
    /// times. If it changes nothing, nothing is sent. If it changes the template but not the revision's name,
    /// the name is dropped, since a name can not be used again with other content; the server then makes one.
    ///
    /// If the answer is lost, the service is read again: the mark of this very write tells whether it was carried
    /// out, and if it was not, the edit starts over. Nothing is written twice.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// What `edit` refuses with; [`ErrorKind::Contended`] if every attempt lost against another writer;
    /// [`ErrorKind::Gone`] if the service is being deleted; [`ErrorKind::OutcomeUnknown`] if the answer was lost and
    /// reading the service failed as well; or the request's error. But for `OutcomeUnknown`, nothing is changed then.
    ///
    /// # Caveats
    /// The service gets the annotation `run-rs.dev/writes`. A write that only renews it is never sent.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_ops::{Ops, ServiceEdit, new_service};
    ///
    /// let ops = Ops::new(client.clone());
    /// let hello = client.service("hello")?;
    /// ops.create_service(&hello, new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello")).await?;
    /// let set = |service: &mut run_api::types::Service| {
    ///     service.set_env("GREETING", "hi");
    ///     Ok(())
    /// };
    /// assert!(ops.update_service(&hello, set).await?.changed());
    /// assert!(!ops.update_service(&hello, set).await?.changed());
    /// # Ok(()) }
    /// ```
    pub async fn update_service<F>(&self, reference: &ServiceRef, mut edit: F) -> Result<Written>
    where
        F: FnMut(&mut Service) -> Result<()> + Send,
    {
        let mut sent: Vec<Sent> = Vec::new();
        let (mut attempts, mut contended) = (self.retries().begin(), 1);
        loop {
            let before = match self.read(|| self.api().get_service(reference)).await {
                Ok(before) => before,
                Err(error) if sent.iter().any(|write| write.lost) => {
                    return Err(Error::outcome_unknown("its replacement", error).about(reference));
                }
                Err(error) => return Err(error.into()),
            };
            if let Some(write) = sent.iter().find(|write| marker::has(&before, &write.id)) {
                self.tell(&Event::Settled);
                return Written::found(reference, before, write.generation);
            }
            if before.deletion_timestamp().is_some() {
                return Err(Error::new(ErrorKind::Gone, "it is being deleted").about(reference));
            }
            let Some(mut after) = edited(&before, &mut edit).map_err(|error| error.about(reference))? else {
                return Written::new(reference, before, false);
            };
            let mut write = Sent::of(&before, &after)?;
            marker::stamp(&mut after, &write.id);
            let error = match self.api().replace_service(reference, &after).await {
                Ok(answer) => {
                    attempts.succeeded();
                    return Written::new(reference, answer, true);
                }
                Err(error) => error,
            };
            write.lost = error.may_have_been_applied();
            sent.push(write);
            if error.is_conflict() {
                if !self.back_off(contended).await {
                    let message =
                        format!("somebody else changed it during each of {contended} attempts to update it");
                    return Err(Error::new(ErrorKind::Contended, message).with_api(error).about(reference));
                }
                contended += 1;
            } else if !self.again(&mut attempts, &error).await {
                return self.settle(reference, &sent, error).await;
            }
        }
    }

    /// The last look after a replacement that failed for good: its answer may have been lost.
    async fn settle(&self, reference: &ServiceRef, sent: &[Sent], error: run_api::Error) -> Result<Written> {
        if !sent.iter().any(|write| write.lost) {
            return Err(error.into());
        }
        match self.read(|| self.api().get_service(reference)).await {
            Ok(found) => match sent.iter().find(|write| marker::has(&found, &write.id)) {
                Some(write) => {
                    self.tell(&Event::Settled);
                    Written::found(reference, found, write.generation)
                }
                None => Err(error.into()),
            },
            Err(_) => Err(Error::outcome_unknown("its replacement", error).about(reference)),
        }
    }
}

/// A replacement that was sent.
struct Sent {
    id: String,
    /// The generation that it makes, if it is carried out.
    generation: i32,
    /// Whether its answer was lost.
    lost: bool,
}

impl Sent {
    fn of(before: &Service, after: &Service) -> Result<Self> {
        let changes = json(&before.spec)? != json(&after.spec)?;
        let generation = before.generation().unwrap_or_default() + i32::from(changes);
        Ok(Self { id: marker::new_id(), generation, lost: false })
    }
}

/// The object to send, or none if the edit changes nothing.
fn edited(before: &Service, edit: &mut impl FnMut(&mut Service) -> Result<()>) -> Result<Option<Service>> {
    if before.metadata.as_ref().and_then(|metadata| metadata.resource_version.as_deref()).is_none() {
        let message = "the server's answer has no metadata.resourceVersion, so it can not be replaced safely";
        return Err(Error::new(ErrorKind::Unexpected, message));
    }
    let mut after = before.clone();
    edit(&mut after)?;
    // Whatever the edit did to them: these decide which object is replaced, and which change is noticed.
    if let (Some(after), Some(before)) = (after.metadata.as_mut(), before.metadata.as_ref()) {
        after.resource_version.clone_from(&before.resource_version);
        after.uid.clone_from(&before.uid);
    }
    // The mark of a write is no change.
    if json(&marker::without(&after))? == json(&marker::without(before))? {
        return Ok(None);
    }
    drop_stale_revision_name(before, &mut after)?;
    Ok(Some(after))
}

fn drop_stale_revision_name(before: &Service, after: &mut Service) -> Result<()> {
    let old = before.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let Some(new) = after.spec.as_mut().and_then(|spec| spec.template.as_mut()) else { return Ok(()) };
    let same_name = old.is_some_and(|old| name(old).is_some() && name(old) == name(new));
    if same_name
        && json(&old)? != json(&Some(&*new))?
        && let Some(metadata) = new.metadata.as_mut()
    {
        metadata.name = None;
    }
    Ok(())
}

fn name(template: &RevisionTemplate) -> Option<&str> {
    template.metadata.as_ref()?.name.as_deref()
}

/// Compared as JSON, an absent field and an empty one are the same, as they are for the server.
fn json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| {
        Error::new(ErrorKind::Invalid, format!("the edited object is not valid JSON: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MockCloudRun, ServiceEdit};
    use mockall::Sequence;
    use serde_json::json;

    fn hello() -> ServiceRef {
        ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    fn stored(version: &str, env: &[&str]) -> Service {
        let env: Vec<_> = env.iter().map(|name| json!({"name": name, "value": "x"})).collect();
        serde_json::from_value(json!({
            "metadata": {"name": "hello", "uid": "u", "generation": 1, "resourceVersion": version},
            "spec": {
                "template": {"metadata": {"name": "hello-v1"}, "spec": {"containers": [{"image": "i", "env": env}]}},
                "future": true,
            },
        }))
        .unwrap()
    }

    fn conflict() -> run_api::Error {
        run_api::Error::from_status(
            409,
            "ABORTED",
            "Conflict for resource 'hello': version '1' was specified …",
        )
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_conflict_the_edit_runs_on_what_the_other_wrote() {
        let mut api = MockCloudRun::new();
        let mut order = Sequence::new();
        api.expect_get_service().once().in_sequence(&mut order).returning(|_| Ok(stored("1", &[])));
        api.expect_replace_service().once().in_sequence(&mut order).returning(|_, _| Err(conflict()));
        api.expect_get_service().once().in_sequence(&mut order).returning(|_| Ok(stored("2", &["THEIRS"])));
        api.expect_replace_service()
            .once()
            .in_sequence(&mut order)
            .withf(|_, body| body.metadata.as_ref().unwrap().resource_version.as_deref() == Some("2"))
            .returning(|_, body| Ok(body.clone()));
        let written = Ops::new(api)
            .update_service(&hello(), |service| {
                service.set_env("OURS", "1");
                Ok(())
            })
            .await
            .unwrap();
        let mut service = written.service().clone();
        let names: Vec<_> = service.container_mut().env.iter().filter_map(|env| env.name.clone()).collect();
        assert_eq!(names, ["THEIRS", "OURS"]);
        assert_eq!(json(&service).unwrap()["spec"]["future"], true, "unknown fields are written back");
    }

    #[tokio::test(start_paused = true)]
    async fn conflicts_without_end_are_given_up() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().times(3).returning(|_| Ok(stored("1", &[])));
        api.expect_replace_service().times(3).returning(|_, _| Err(conflict()));
        let error = Ops::new(api)
            .conflict_attempts(3)
            .update_service(&hello(), |service| {
                service.set_env("A", "1");
                Ok(())
            })
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Contended);
    }

    // https://github.com/hashicorp/terraform-provider-google/issues/9438
    #[tokio::test]
    async fn a_taken_revision_name_is_not_tried_again() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().once().returning(|_| Ok(stored("1", &[])));
        api.expect_replace_service().once().returning(|_, _| {
            Err(run_api::Error::from_status(
                409,
                "ALREADY_EXISTS",
                "Revision named 'hello-v0' with different configuration already exists.",
            ))
        });
        let error = Ops::new(api)
            .update_service(&hello(), |service| {
                service.set_env("A", "1").set_revision_suffix("v0");
                Ok(())
            })
            .await
            .unwrap_err();
        assert!(error.api().unwrap().is_already_exists());
    }

    #[tokio::test]
    async fn an_edit_that_changes_nothing_sends_nothing() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().once().returning(|_| Ok(stored("1", &["A"])));
        let written = Ops::new(api)
            .update_service(&hello(), |service| {
                service.set_env("A", "x");
                service.container_mut().args.clear();
                Ok(())
            })
            .await
            .unwrap();
        assert!(!written.changed());
    }

    #[tokio::test]
    async fn a_refused_edit_sends_nothing() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().once().returning(|_| Ok(stored("1", &[])));
        let refuse = |_: &mut Service| Err(Error::invalid("not this one"));
        let error = Ops::new(api).update_service(&hello(), refuse).await.unwrap_err();
        assert_eq!(error.to_string(), "service `hello` (project p, region us-central1): not this one");
    }

    // https://github.com/hashicorp/terraform-provider-google/issues/13410
    #[test]
    fn a_stale_revision_name_is_dropped_and_a_new_one_kept() {
        let revision_name = |mut edit: fn(&mut Service) -> Result<()>| {
            let after = edited(&stored("1", &[]), &mut edit).unwrap().unwrap();
            after.spec.unwrap().template.unwrap().metadata.and_then(|metadata| metadata.name)
        };
        let unnamed = revision_name(|service| {
            service.set_env("A", "1");
            Ok(())
        });
        assert_eq!(unnamed, None);
        let named = revision_name(|service| {
            service.set_env("A", "1").set_revision_suffix("v2");
            Ok(())
        });
        assert_eq!(named.as_deref(), Some("hello-v2"));
        let untouched = revision_name(|service| {
            service.metadata.as_mut().unwrap().labels.insert("a".to_owned(), "b".to_owned());
            Ok(())
        });
        assert_eq!(untouched.as_deref(), Some("hello-v1"));
    }

    #[test]
    fn an_object_without_a_version_is_not_replaced() {
        let mut service = stored("1", &[]);
        service.metadata.as_mut().unwrap().resource_version = None;
        let error = edited(&service, &mut |service: &mut Service| {
            service.set_env("A", "1");
            Ok(())
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected);
    }
}
