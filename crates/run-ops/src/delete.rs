//! Deleting a service, and knowing when it is gone.

use run_api::ServiceRef;
use run_api::types::Service;

use crate::{CloudRun, Deadline, Error, ErrorKind, Ops, Result, ServiceView, wait};

/// A deletion that has been started: what [`Ops::wait_until_gone`] waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    reference: ServiceRef,
    uid: String,
}

impl Deletion {
    /// The service that is being deleted.
    #[must_use]
    pub fn reference(&self) -> &ServiceRef {
        &self.reference
    }

    /// The uid of the object that is being deleted; a later service of the same name has another.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }
}

impl<C: CloudRun> Ops<C> {
    /// Starts the deletion of a service with all its revisions. It goes on after this returns.
    ///
    /// If the answer is lost, the service is read again: one that is gone, is being deleted or has another uid tells
    /// that the deletion was carried out. Another service of the same name is never deleted.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none; [`ErrorKind::OutcomeUnknown`] if the answer was lost and reading the
    /// service failed as well; or the request's error.
    pub async fn start_deletion(&self, reference: &ServiceRef) -> Result<Deletion> {
        let mut attempts = self.retries().begin();
        let mut deletion: Option<Deletion> = None;
        let mut lost: Option<run_api::Error> = None;
        loop {
            let service = match (self.read(|| self.api().get_service(reference)).await, deletion.take()) {
                (Ok(service), None) => {
                    let uid = service.uid().map(str::to_owned).ok_or_else(|| {
                        let message = "the server's answer for it has no metadata.uid";
                        Error::new(ErrorKind::Unexpected, message).about(reference)
                    })?;
                    deletion = Some(Deletion { reference: reference.clone(), uid });
                    service
                }
                (Ok(service), Some(begun)) if service.uid() == Some(&begun.uid) => {
                    deletion = Some(begun);
                    service
                }
                (Ok(_), Some(begun)) => return Ok(begun),
                (Err(error), Some(begun)) if error.is_not_found() => return Ok(begun),
                (Err(error), _) if lost.is_none() => return Err(error.into()),
                (Err(error), _) => {
                    return Err(Error::outcome_unknown("its deletion", error).about(reference));
                }
            };
            let Some(begun) = deletion.clone() else { continue };
            if service.deletion_timestamp().is_some() {
                return Ok(begun);
            }
            if let Some(error) = lost.take()
                && !self.again(&mut attempts, &error).await
            {
                return Err(error.into());
            }
            match self.api().delete_service(reference).await {
                Ok(_) => {
                    attempts.succeeded();
                    return Ok(begun);
                }
                // Somebody else was faster.
                Err(error) if error.is_not_found() => return Ok(begun),
                Err(error) if error.may_have_been_applied() => lost = Some(error),
                Err(error) => {
                    if !self.again(&mut attempts, &error).await {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    /// Waits until a deletion is over: the object is not found, or another one has its name.
    ///
    /// # Errors
    /// [`ErrorKind::Deadline`] with the last state seen, or the request's error. The deletion goes on.
    pub async fn wait_until_gone(&self, deletion: &Deletion, deadline: Deadline) -> Result<()> {
        let goal = wait::gone(&deletion.uid);
        let state = |service: &Service| match service.deletion_timestamp() {
            Some(since) => format!("still there, being deleted since {since}"),
            None => "still there, and not marked as being deleted".to_owned(),
        };
        let look = || self.api().get_service(&deletion.reference);
        let outcome = self.watch(look, &goal, deadline, state, |_| ()).await;
        outcome.map(drop).map_err(|ended| wait::failure(ended, &goal).about(&deletion.reference))
    }

    /// Deletes a service and waits until it is gone.
    ///
    /// # Errors
    /// As [`start_deletion`](Self::start_deletion) and [`wait_until_gone`](Self::wait_until_gone); of the latter,
    /// [`Error::written`] says that the deletion has begun.
    pub async fn delete_service(&self, reference: &ServiceRef, deadline: Deadline) -> Result<()> {
        let deletion = self.start_deletion(reference).await?;
        let begun = |error: Error| error.with_written("the deletion, which goes on");
        self.wait_until_gone(&deletion, deadline).await.map_err(begun)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::MockCloudRun;
    use run_api::types::Status;
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

    fn not_found() -> run_api::Error {
        run_api::Error::from_status(404, "NOT_FOUND", "Resource 'hello' of kind 'SERVICE' … does not exist.")
    }

    #[tokio::test(start_paused = true)]
    async fn gone_is_not_found_after_a_while() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().times(3).returning(|_| Ok(service("u1", None)));
        api.expect_get_service().once().returning(|_| Err(not_found()));
        api.expect_delete_service().once().returning(|_| Ok(Status::default()));
        Ops::new(api).delete_service(&hello(), Deadline::after(Duration::from_secs(10))).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_service_of_the_same_name_is_not_the_deleted_one() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().once().returning(|_| Ok(service("u1", None)));
        api.expect_get_service().once().returning(|_| Ok(service("u2", None)));
        api.expect_delete_service().once().returning(|_| Ok(Status::default()));
        Ops::new(api).delete_service(&hello(), Deadline::after(Duration::from_secs(10))).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_says_what_was_seen_last() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().returning(|_| Ok(service("u1", Some("2026-01-01T00:00:00Z"))));
        let start = Instant::now();
        let error = Ops::new(api)
            .delete_service(&hello(), Deadline::after(Duration::from_secs(10)))
            .await
            .unwrap_err();
        assert!(error.is_deadline());
        assert_eq!(error.last_seen(), Some("still there, being deleted since 2026-01-01T00:00:00Z"));
        assert_eq!(start.elapsed(), Duration::from_secs(10), "no look is slept over");
    }

    // https://github.com/BasedHardware/omi/issues/11103
    #[tokio::test]
    async fn a_forbidden_look_is_not_gone() {
        let mut api = MockCloudRun::new();
        api.expect_get_service().once().returning(|_| Ok(service("u1", None)));
        api.expect_get_service()
            .once()
            .returning(|_| Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "Permission denied")));
        api.expect_delete_service().once().returning(|_| Ok(Status::default()));
        let error = Ops::new(api)
            .delete_service(&hello(), Deadline::after(Duration::from_secs(10)))
            .await
            .unwrap_err();
        assert!(error.is_not_allowed());
    }
}
