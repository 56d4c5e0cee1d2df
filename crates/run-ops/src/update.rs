//! Changing a service without losing anybody's edit.

use std::fmt;

use run_api::ServiceRef;
use run_api::types::{RevisionTemplate, Service};

use crate::call::Attempts;
use crate::lost::{Lost, Sent, Settled};
use crate::marker::{WriteId, unmarked};
use crate::settle::{Outcome, Replacement};
use crate::{CloudRun, Error, ErrorKind, Ops, Result, ServiceView, Written};

const REPLACE: &str = "replace_service";

impl<C: CloudRun> Ops<C> {
    /// Reads a service, edits it and replaces it, all in one go.
    ///
    /// If somebody else writes in between, the server refuses ours; then the service is read again and `edit`
    /// runs again on what they wrote, so that both edits are in the end there. `edit` may therefore run several
    /// times. If it changes nothing, nothing is sent. If it changes the template but not the revision's name,
    /// the name is dropped, since a name can not be used again with other content; the server then makes one.
    ///
    /// If the answer is lost, the service is read again, and the mark that the write leaves
    /// ([`WRITES_ANNOTATION`](crate::WRITES_ANNOTATION)) tells whether it was applied: then that is the result;
    /// if not, it is tried again. It is never sent twice without knowing.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// What `edit` refuses with; [`ErrorKind::Contended`] if every attempt lost against another writer;
    /// [`ErrorKind::Gone`] if the service is being deleted; or the request's error. Nothing is changed then.
    /// [`ErrorKind::OutcomeUnknown`] if an answer was lost and the service does not tell what became of it.
    ///
    /// # Caveats
    /// A client that removes the annotations of others, or writes without `resourceVersion`, can make an outcome
    /// untellable. An edit that counts on running once (an increment) must look at what it finds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_ops::{Ops, ServiceEdit, new_service};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// ops.create_service(&hello, new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello")).await?;
    /// let edit = |service: &mut run_api::types::Service| {
    ///     service.set_env("GREETING", "hi");
    ///     Ok(())
    /// };
    /// assert!(ops.update_service(&hello, edit).await?.changed());
    /// assert!(!ops.update_service(&hello, edit).await?.changed(), "it is as wanted already");
    /// # Ok(()) }
    /// ```
    pub async fn update_service<F>(&self, reference: &ServiceRef, mut edit: F) -> Result<Written>
    where
        F: FnMut(&mut Service) -> Result<()> + Send,
    {
        self.update_from(reference, None, &mut edit).await
    }

    /// An update whose first read has been done already.
    pub(crate) async fn update_from(
        &self,
        reference: &ServiceRef,
        mut first: Option<Service>,
        edit: &mut (dyn FnMut(&mut Service) -> Result<()> + Send),
    ) -> Result<Written> {
        let id = WriteId::new();
        let (mut attempts, mut conflicts) = (Attempts::new(), 1);
        let mut unsure: Option<Lost<Replacement>> = None;
        loop {
            let before = match (first.take(), unsure.take()) {
                (Some(first), _) => first,
                (None, None) => self.read_service(reference).await?,
                (None, Some(lost)) => match lost.settle(self, reference).await? {
                    Settled::Applied(written) => return Ok(written),
                    Settled::NotApplied(now, lost) => {
                        unsure = Some(lost);
                        now.ok_or_else(|| Error::new(ErrorKind::Gone, "it was deleted").about(reference))?
                    }
                },
            };
            if before.deletion_timestamp().is_some() {
                return Err(Error::new(ErrorKind::Gone, "it is being deleted").about(reference));
            }
            let Some(mut after) = edited(&before, edit).map_err(|error| error.about(reference))? else {
                return Written::new(reference, before, false);
            };
            id.stamp(&mut after, Some(&before));
            let answer = self.api().replace_service(reference, &after);
            match self.once_paced(REPLACE, reference, answer).await {
                Ok(answer) => return Written::new(reference, answer, true),
                Err(error) if error.is_conflict() => {
                    if !self.back_off(conflicts).await {
                        let message = format!(
                            "somebody else changed it during each of {conflicts} attempts to update it"
                        );
                        return Err(Error::new(ErrorKind::Contended, message)
                            .with_api(error)
                            .about(reference));
                    }
                    conflicts += 1;
                }
                Err(error) if error.may_have_been_applied() => {
                    let again = self.retry(REPLACE, &mut attempts, &error).await;
                    let spec_changes = json(&before.spec)? != json(&after.spec)?;
                    let sent = Replacement { id: id.clone(), before, spec_changes };
                    let lost = self.lose(REPLACE, sent, error);
                    if !again {
                        return lost.give_up(self, reference).await;
                    }
                    unsure = Some(lost);
                }
                Err(error) if self.retry(REPLACE, &mut attempts, &error).await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Sent for Replacement {
    fn outcome(&self, now: Option<&Service>) -> Outcome {
        Self::outcome(self, now)
    }
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let generation = self.before.generation().unwrap_or_default();
        write!(f, "the replacement {} of generation {generation}", self.id.as_str())
    }
}

/// The object to send, or none if the edit changes nothing.
fn edited(
    before: &Service,
    edit: &mut (dyn FnMut(&mut Service) -> Result<()> + Send),
) -> Result<Option<Service>> {
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
    if json(&unmarked(&after))? == json(&unmarked(before))? {
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
    use std::sync::{Arc, Mutex};

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

    /// A server with versions, which loses the answers to the first writes, having stored them or not. What it
    /// stores late, it stores at the next read.
    fn losing(answers: u32, stored: Stored) -> (MockCloudRun, Arc<Mutex<u32>>) {
        let store = Arc::new(Mutex::new((stored_at(1, &[]), answers, None::<Service>)));
        let writes = Arc::new(Mutex::new(0));
        let mut api = MockCloudRun::new();
        let (seen, count) = (store.clone(), writes.clone());
        let put = move |store: &mut Service, sent: &Service| {
            let version = |service: &Service| service.metadata.as_ref().unwrap().resource_version.clone();
            if version(store) != version(sent) {
                return Err(conflict());
            }
            *store = sent.clone();
            let metadata = store.metadata.as_mut().unwrap();
            let generation = metadata.generation.unwrap() + 1;
            metadata.generation = Some(generation);
            metadata.resource_version = Some(generation.to_string());
            *count.lock().unwrap() += 1;
            Ok(())
        };
        let put_late = put.clone();
        api.expect_get_service().returning(move |_| {
            let mut store = seen.lock().unwrap();
            let found = store.0.clone();
            if let Some(late) = store.2.take() {
                // For a version that may be no more.
                let _ = put_late(&mut store.0, &late);
            }
            Ok(found)
        });
        api.expect_replace_service().returning(move |_, sent| {
            let mut store = store.lock().unwrap();
            if store.1 > 0 {
                store.1 -= 1;
                match stored {
                    Stored::Yes => put(&mut store.0, sent)?,
                    Stored::Later => store.2 = Some(sent.clone()),
                    Stored::No => {}
                }
                return Err(run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"));
            }
            put(&mut store.0, sent)?;
            Ok(store.0.clone())
        });
        (api, writes)
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Stored {
        Yes,
        No,
        Later,
    }

    fn stored_at(generation: i32, env: &[&str]) -> Service {
        let mut service = stored(&generation.to_string(), env);
        service.metadata.as_mut().unwrap().generation = Some(generation);
        service
    }

    /// The edit appends, so that running twice would show.
    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_never_applies_an_edit_twice() {
        for stored in [Stored::Yes, Stored::No, Stored::Later] {
            for answers in 1..=3 {
                let (api, writes) = losing(answers, stored);
                let written = Ops::new(api)
                    .update_service(&hello(), |service| {
                        service.container_mut().args.push("--verbose".to_owned());
                        Ok(())
                    })
                    .await
                    .unwrap();
                assert!(written.changed());
                assert_eq!(written.generation(), 2, "{stored:?}, {answers} answers lost");
                assert_eq!(written.service().clone().container_mut().args, ["--verbose"]);
                assert_eq!(*writes.lock().unwrap(), 1);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_attempts_left_a_last_look_tells() {
        let edit = |service: &mut Service| {
            service.set_env("A", "1");
            Ok(())
        };
        let (api, _) = losing(1, Stored::Yes);
        let ops = Ops::new(api).retry_policy(crate::policy::NeverRetry);
        assert_eq!(ops.update_service(&hello(), edit).await.unwrap().generation(), 2);
        let (api, _) = losing(1, Stored::No);
        let ops = Ops::new(api).retry_policy(crate::policy::NeverRetry);
        let error = ops.update_service(&hello(), edit).await.unwrap_err();
        assert!(error.is_outcome_unknown());
        assert!(error.to_string().contains("sent was the replacement "), "{error}");
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
