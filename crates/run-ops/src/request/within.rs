//! One deadline for a whole call, and what is known when it passes.

use std::pin::pin;
use std::time::Duration;

use super::writes::{OpenWrite, Sent};
use crate::remedy::Remedy;
use crate::{Deadline, Error, ErrorKind, Ops};

/// How much longer than its deadline a call may take, so that a wait within it can say what it saw last.
const GRACE: Duration = Duration::from_millis(100);

impl<C> Ops<C> {
    /// Notes that a write is sent; what is returned is dropped when its outcome is known.
    pub(crate) fn open_write(&self) -> OpenWrite<'_> {
        self.writes.open()
    }

    /// Carries out operations of this `Ops` within one deadline, which holds for everything: requests that get no
    /// answer, retries, settling, and waits. Give waits in it the same deadline: they say what they saw last.
    ///
    /// # Errors
    /// Those of the operation; [`ErrorKind::Deadline`] if the deadline passes and no write is open;
    /// [`ErrorKind::OutcomeUnknown`] if it passes while a write has no answer.
    ///
    /// # Caveats
    /// Writes that this `Ops` or a clone of it has under way elsewhere count as well.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Error, Ops, new_service};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let deadline = Deadline::after(Duration::from_secs(60));
    /// let create = async {
    ///     let object = new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    ///     ops.wait_until_ready(&ops.create(&hello, object).await?, deadline).await
    /// };
    /// ops.within::<_, Error>(deadline, create).await?;
    /// # Ok(()) })
    /// ```
    pub async fn within<T, E: From<Error>>(
        &self,
        deadline: Deadline,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut operation = pin!(operation);
        match tokio::time::timeout(deadline.remaining() + GRACE, &mut operation).await {
            Ok(result) => result,
            // The operation is there still, so that what is open is.
            Err(_) => Err(self.writes.with(|sent| passed(sent, deadline)).into()),
        }
    }
}

fn passed(sent: &Sent, deadline: Deadline) -> Error {
    let allowed = deadline.allowed().as_secs_f64();
    match sent {
        Sent { open: 1.., .. } => {
            let message = format!(
                "the deadline of {allowed:.1} s passed while a write had no answer: it may have been applied"
            );
            Error::new(ErrorKind::OutcomeUnknown, message)
        }
        Sent { ever: true, .. } => {
            Error::new(ErrorKind::Deadline, format!("it was not done within {allowed:.1} s"))
        }
        Sent { ever: false, fault, .. } => {
            let message = match fault {
                Some(_) => format!("it was not done within {allowed:.1} s; nothing was written"),
                None => format!("there was no answer within {allowed:.1} s; nothing was written"),
            };
            let error = Error::new(ErrorKind::Deadline, message).with_remedy(Remedy::AllowMoreTime);
            match fault {
                Some(fault) => error.with_last_seen(fault),
                None => error,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use run_api::types::Service;

    use super::*;
    use crate::{MockCloudRun, Result};

    fn hello() -> run_api::ServiceRef {
        run_api::ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    fn stored() -> Service {
        serde_json::from_str(
            r#"{"metadata": {"name": "hello", "uid": "u", "resourceVersion": "1", "generation": 1}}"#,
        )
        .unwrap()
    }

    async fn edited_within_three_seconds(api: MockCloudRun) -> Result<crate::Written> {
        let ops = Ops::new(api);
        let edit = |service: &mut Service| {
            service.spec.get_or_insert_default();
            service.metadata.get_or_insert_default().annotations.insert("a".to_owned(), "b".to_owned());
            Ok(())
        };
        let start = tokio::time::Instant::now();
        let result = ops.within(Deadline::after(Duration::from_secs(3)), ops.update(&hello(), edit)).await;
        assert!(start.elapsed() < Duration::from_secs(4));
        result
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_before_anything_is_written_ends_at_the_deadline() {
        let ops = Ops::new(MockCloudRun::new());
        let start = tokio::time::Instant::now();
        let hangs = pending::<Result<()>>();
        let error = ops.within(Deadline::after(Duration::from_secs(3)), hangs).await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed().as_secs()), (ErrorKind::Deadline, 3));
        assert!(
            error.to_string().contains("there was no answer within 3.0 s; nothing was written"),
            "{error}"
        );
        assert_eq!(error.remedies(), [Remedy::AllowMoreTime]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_answered_in_place_of_a_success_is_told() {
        let mut api = MockCloudRun::new();
        // So that the deadline comes first.
        let later = Duration::from_secs(10);
        let unavailable =
            move || run_api::Error::from_status(503, "UNAVAILABLE", "no").with_retry_after(later);
        api.services.expect_get().returning(move |_| Err(unavailable()));
        let error = edited_within_three_seconds(api).await.unwrap_err();
        let told = "it was not done within 3.0 s; nothing was written; last seen: UNAVAILABLE (503): no";
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Deadline, told));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_is_not_settled_is_unknown() {
        let mut api = MockCloudRun::new();
        let mut looks = vec![Ok(stored())];
        let unavailable = || run_api::Error::from_status(503, "UNAVAILABLE", "no");
        api.services.expect_get().returning(move |_| looks.pop().unwrap_or_else(|| Err(unavailable())));
        api.services.expect_replace().returning(move |_, _| Err(unavailable()));
        let error = edited_within_three_seconds(api).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_a_write_is_late_and_not_unknown() {
        let mut api = MockCloudRun::new();
        api.services.expect_get().returning(|_| Ok(stored()));
        api.services.expect_replace().once().returning(|_, body| Ok(body.clone()));
        let ops = Ops::new(api);
        let operation = async {
            ops.update(&hello(), |service: &mut Service| {
                service.metadata.get_or_insert_default().labels.insert("a".to_owned(), "b".to_owned());
                Ok(())
            })
            .await?;
            pending::<Result<()>>().await
        };
        let error = ops.within(Deadline::after(Duration::from_secs(3)), operation).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline);
        assert!(!error.to_string().contains("nothing was written"), "{error}");
    }
}
