//! Deleting an object, and knowing when it is gone.

use std::fmt;
use std::marker::PhantomData;

use run_api::types::{Service, Status};
use run_api::{ResourceRef, ServiceRef};

use super::contract::{Absence, Plan, Write};
use super::outcome::{self, Outcome, metadata};
use crate::api::{DeleteApi, Kind, ReadApi, name};
use crate::request::call::Answer;
use crate::{Deadline, Error, ErrorKind, Ops, Result};

/// A deletion that has been started: what [`Ops::wait_until_gone`] waits for.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// let deletion = ops.start_deletion(&hello).await?;
/// assert_eq!((deletion.reference(), deletion.uid()), (&hello, written.uid()));
/// # Ok(()) })
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion<K: Kind = Service> {
    reference: ResourceRef<K>,
    uid: String,
}

impl<K: Kind> Deletion<K> {
    /// What is being deleted.
    #[must_use]
    pub fn reference(&self) -> &ResourceRef<K> {
        &self.reference
    }

    /// The uid of the object that is being deleted; a later object of the same name has another.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }
}

impl<K: Kind> fmt::Display for Deletion<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the deletion of the object with the uid {}", self.uid)
    }
}

impl<C: Send + Sync> Ops<C> {
    /// Starts the deletion of an object, of a service with all its revisions, of a job with its executions. It goes on
    /// after this returns.
    ///
    /// If the answer is lost, the object is read again: its absence, another uid or `deletionTimestamp` show that
    /// the deletion was applied; if it was not, it is tried again.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none; [`ErrorKind::OutcomeUnknown`] if an answer was lost and the
    /// object cannot be read, or the deletion may still be on its way; or the request's error.
    ///
    /// # Caveats
    /// The API deletes by name. If somebody deletes the object and creates it anew between our read and our
    /// request, the new one is deleted. Before each further attempt it is read again.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, new_service};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// ops.create_service(&hello, new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello")).await?;
    /// let deletion = ops.start_deletion(&hello).await?;
    /// ops.wait_until_gone(&deletion, Deadline::after(Duration::from_secs(60))).await?;
    /// assert!(!ops.service_exists(&hello).await?);
    /// # Ok(()) })
    /// ```
    pub async fn start_deletion<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<Deletion<K>>
    where
        C: DeleteApi<K>,
    {
        self.write(reference, None, &mut Delete { uid: None, kind: PhantomData }).await
    }

    /// Waits until a deletion is over: at two looks in a row the object is not found, or another one has its name.
    ///
    /// Dropping the future stops the wait and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Deadline`] with the last state seen, or the error of a look, which says so. The deletion goes on.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::Deadline;
    ///
    /// let deletion = ops.start_deletion(&hello).await?;
    /// ops.wait_until_gone(&deletion, Deadline::after(Duration::from_secs(60))).await?;
    /// # Ok(()) })
    /// ```
    pub async fn wait_until_gone<K: Kind>(&self, deletion: &Deletion<K>, deadline: Deadline) -> Result<()>
    where
        C: ReadApi<K>,
    {
        let watched = self.watch(&deletion.reference);
        match self.wait(&watched, &crate::wait::gone(&deletion.uid), deadline).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.amid("the deletion goes on, but its end was not seen")),
        }
    }

    /// Deletes an object and waits until it is gone.
    ///
    /// # Errors
    /// As [`start_deletion`](Self::start_deletion) and [`wait_until_gone`](Self::wait_until_gone); what fails in
    /// the wait leaves the deletion under way.
    ///
    /// Dropping the future before the deletion has started stops before the next request; later, it stops the wait
    /// and nothing else.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::Deadline;
    ///
    /// ops.delete(&hello, Deadline::after(Duration::from_secs(60))).await?;
    /// assert!(ops.current(&hello).await.unwrap_err().is_not_found());
    /// # Ok(()) })
    /// ```
    pub async fn delete<K: Kind>(&self, reference: &ResourceRef<K>, deadline: Deadline) -> Result<()>
    where
        C: DeleteApi<K>,
    {
        let deletion = self.start_deletion(reference).await?;
        self.wait_until_gone(&deletion, deadline).await
    }

    /// [`delete`](Self::delete) for a service.
    ///
    /// # Errors
    /// As that.
    pub async fn delete_service(&self, reference: &ServiceRef, deadline: Deadline) -> Result<()>
    where
        C: DeleteApi<Service>,
    {
        self.delete(reference, deadline).await
    }
}

struct Delete<K> {
    /// The object that was there at the first look: the API deletes by name, which may be another's later.
    uid: Option<String>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind, C: DeleteApi<K>> Write<C> for Delete<K> {
    type Kind = K;
    type State = K;
    type Sent = Deletion<K>;
    type Answer = Status;
    type Mark = ();
    type Done = Deletion<K>;

    const ABSENCE: Absence = Absence::Wanted;
    const TO: &'static str = "delete it";

    fn operation() -> &'static str {
        name(K::CALLS.delete)
    }

    fn look_operation() -> &'static str {
        K::CALLS.get.as_str()
    }

    fn look<'a>(ops: &'a Ops<C>, reference: &'a ResourceRef<K>) -> Answer<'a, K> {
        Box::pin(ops.read_object(reference))
    }

    fn send<'a>(api: &'a C, reference: &'a ResourceRef<K>, _: &'a Deletion<K>) -> Answer<'a, Status> {
        api.delete(reference)
    }

    fn plan(
        &mut self,
        reference: &ResourceRef<K>,
        now: Option<K>,
    ) -> Result<Plan<Deletion<K>, K, Deletion<K>>> {
        let now = now.as_ref().map(metadata);
        let uid = self.uid.clone().or_else(|| now?.uid.clone()).ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "the server's answer for it has no metadata.uid")
        })?;
        self.uid = Some(uid.clone());
        let is_deleted = outcome::is_deleted(&uid, now);
        let deletion = Deletion { reference: reference.clone(), uid };
        Ok(if is_deleted { Plan::Done(deletion) } else { Plan::Send(deletion) })
    }

    /// An empty object is no word of the API's: what is not deleted would be waited for in vain. (The discovery document:
    /// `Status.status` is `Success` or `Failure`.)
    fn doubt(&mut self, sent: &Deletion<K>, answer: &Status) -> Option<&'static str> {
        let about = answer.details.as_ref().and_then(|details| details.uid.as_ref());
        match answer.status.as_deref() {
            Some("Success") if about.is_none_or(|uid| *uid == sent.uid) => None,
            Some("Success") => Some("the answer is about another object"),
            _ => Some("the answer does not say that the deletion was accepted"),
        }
    }

    fn answered(&mut self, _: &ResourceRef<K>, sent: Deletion<K>, _: Status) -> Result<Deletion<K>> {
        Ok(sent)
    }

    fn outcome(&mut self, sent: &Deletion<K>, now: Option<&K>) -> Outcome<()> {
        match outcome::is_deleted(&sent.uid, now.map(metadata)) {
            true => Outcome::Applied(()),
            false => Outcome::NotApplied,
        }
    }

    /// It has no version that could be stale: whenever it arrives, it deletes.
    fn is_open(_: &Deletion<K>, _: Option<&K>) -> bool {
        true
    }

    fn found(&mut self, _: &ResourceRef<K>, sent: Deletion<K>, (): (), _: Option<K>) -> Result<Deletion<K>> {
        Ok(sent)
    }

    fn absent(&mut self, sent: Deletion<K>) -> Option<Deletion<K>> {
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::MockCloudRun;
    use run_api::types::{Service, Status};
    use serde_json::json;
    use tokio::time::Instant;

    fn hello() -> ServiceRef {
        ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    fn service(uid: &str, deleted: Option<&str>) -> Service {
        serde_json::from_value(
            json!({"metadata": {"name": "hello", "uid": uid, "deletionTimestamp": deleted}}),
        )
        .unwrap()
    }

    fn accepted(uid: &str) -> Status {
        serde_json::from_value(json!({"status": "Success", "details": {"uid": uid}})).unwrap()
    }

    fn not_found() -> run_api::Error {
        run_api::Error::from_status(404, "NOT_FOUND", "Resource 'hello' of kind 'SERVICE' … does not exist.")
    }

    #[tokio::test(start_paused = true)]
    async fn gone_is_not_found_after_a_while() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().times(3).returning(|_| Ok(service("u1", None)));
        // One odd answer, and then really.
        api.services.expect_get().once().returning(|_| Err(not_found()));
        api.services.expect_get().once().returning(|_| Ok(service("u1", None)));
        api.services.expect_get().times(2).returning(|_| Err(not_found()));
        api.services.expect_delete().once().returning(|_| Ok(accepted("u1")));
        Ops::new(api).delete_service(&hello(), Deadline::after(Duration::from_secs(10))).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_service_of_the_same_name_is_not_the_deleted_one() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().once().returning(|_| Ok(service("u1", None)));
        api.services.expect_get().times(2).returning(|_| Ok(service("u2", None)));
        api.services.expect_delete().once().returning(|_| Ok(accepted("u1")));
        Ops::new(api).delete_service(&hello(), Deadline::after(Duration::from_secs(10))).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_says_what_was_seen_last() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().returning(|_| Ok(service("u1", Some("2026-01-01T00:00:00Z"))));
        let start = Instant::now();
        let error = Ops::new(api)
            .delete_service(&hello(), Deadline::after(Duration::from_secs(10)))
            .await
            .unwrap_err();
        assert!(error.is_deadline_exceeded());
        assert_eq!(error.last_seen(), Some("still there, being deleted since 2026-01-01T00:00:00Z"));
        assert_eq!(start.elapsed(), Duration::from_secs(10), "no look is slept over");
    }

    // https://github.com/BasedHardware/omi/issues/11103
    #[tokio::test]
    async fn a_forbidden_look_is_not_gone() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().once().returning(|_| Ok(service("u1", None)));
        api.services
            .expect_get()
            .once()
            .returning(|_| Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "Permission denied")));
        api.services.expect_delete().once().returning(|_| Ok(accepted("u1")));
        let error = Ops::new(api)
            .delete_service(&hello(), Deadline::after(Duration::from_secs(10)))
            .await
            .unwrap_err();
        assert!(error.is_permission_denied());
        assert!(error.to_string().contains("the deletion goes on"), "{error}");
    }

    /// Found by the crowd: `200 {}` in a proxy's place, and a wait for ever for what nobody deletes.
    #[tokio::test(start_paused = true)]
    async fn what_does_not_say_success_is_settled_by_a_look() {
        for odd in [Status::default(), accepted("u2")] {
            let mut api = MockCloudRun::new();
            let mut answers = vec![accepted("u1"), odd.clone()];
            api.services.expect_get().times(2).returning(|_| Ok(service("u1", None)));
            api.services.expect_delete().times(2).returning(move |_| Ok(answers.pop().unwrap()));
            Ops::new(api).start_deletion(&hello()).await.unwrap();

            // Whatever it was, it is being deleted.
            let (mut api, mut reads) = (MockCloudRun::new(), 0);
            api.services.expect_get().times(2).returning(move |_| {
                reads += 1;
                Ok(service("u1", (reads > 1).then_some("2026-01-01T00:00:00Z")))
            });
            api.services.expect_delete().once().return_once(|_| Ok(odd));
            Ops::new(api).start_deletion(&hello()).await.unwrap();
        }
    }

    /// While the server asks for a pause, somebody deletes the service and creates another.
    #[tokio::test(start_paused = true)]
    async fn another_service_of_the_same_name_is_not_deleted() {
        for refusal in [
            run_api::Error::from_status(429, "RESOURCE_EXHAUSTED", "quota"),
            run_api::Error::from_status(409, "ABORTED", "Conflict for resource 'hello'"),
        ] {
            let mut api = MockCloudRun::new();
            api.services.expect_get().once().returning(|_| Ok(service("u1", None)));
            api.services.expect_get().returning(|_| Ok(service("u2", None)));
            let mut refusal = Some(refusal);
            api.services.expect_delete().once().returning(move |_| Err(refusal.take().unwrap()));
            Ops::new(api).start_deletion(&hello()).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_says_nothing_of_an_earlier_attempt() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().returning(|_| Ok(service("u1", None)));
        let mut attempts = 0;
        api.services.expect_delete().returning(move |_| {
            attempts += 1;
            Err(match attempts {
                1 => run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"),
                _ => run_api::Error::from_status(403, "PERMISSION_DENIED", "no more"),
            })
        });
        let error = Ops::new(api).start_deletion(&hello()).await.unwrap_err();
        assert!(error.is_outcome_unknown() && error.to_string().contains("no more"), "{error}");
    }

    /// The last look may show that an attempt without an answer was applied after all.
    #[tokio::test(start_paused = true)]
    async fn a_refusal_does_not_hide_a_deletion() {
        let mut api = MockCloudRun::new();
        let mut reads = 0;
        api.services.expect_get().returning(move |_| {
            reads += 1;
            Ok(service("u1", (reads > 2).then_some("2026-01-01T00:00:00Z")))
        });
        let mut refusals = vec![
            run_api::Error::from_status(403, "PERMISSION_DENIED", "no more"),
            run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"),
        ];
        api.services.expect_delete().times(2).returning(move |_| Err(refusals.pop().unwrap()));
        Ops::new(api).start_deletion(&hello()).await.unwrap();
    }

    /// Before anything was seen, there is nothing to delete.
    #[tokio::test(start_paused = true)]
    async fn what_never_was_is_not_found() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().once().returning(|_| Err(not_found()));
        assert!(Ops::new(api).start_deletion(&hello()).await.unwrap_err().api().unwrap().is_not_found());
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_else_may_be_faster() {
        for answer in [not_found(), run_api::Error::from_status(409, "ABORTED", "conflict")] {
            let mut api = MockCloudRun::new();
            api.services.expect_get().once().returning(|_| Ok(service("u1", None)));
            api.services.expect_get().returning(|_| Err(not_found()));
            let mut answer = Some(answer);
            api.services.expect_delete().once().returning(move |_| Err(answer.take().unwrap()));
            assert_eq!(Ops::new(api).start_deletion(&hello()).await.unwrap().uid(), "u1");
        }
    }
}
