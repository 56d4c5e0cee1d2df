//! Starting and stopping instances.

use run_api::InstanceRef;
use run_api::types::Instance;

use crate::api::{InstancePowerApi, ReadApi};
use crate::{Deadline, Error, ErrorKind, Ops, Result, Written};

impl<C: Send + Sync> Ops<C> {
    /// Starts an instance that was stopped; wait for it with [`wait_until_ready`](Ops::wait_until_ready).
    ///
    /// After a lost answer it is sent again: to start twice is to start once.
    ///
    /// # Errors
    /// As every request; [`Error::is_not_found`] if there is none; the server refuses to start what runs.
    /// [`ErrorKind::OutcomeUnknown`] if every answer was lost.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, Ops, edit};
    ///
    /// let soon = Deadline::after(Duration::from_secs(60));
    /// let bastion = client.instance("bastion")?;
    /// let ops = Ops::new(client);
    /// let written = ops.create(&bastion, edit::instance().image("us-docker.pkg.dev/cloudrun/container/hello").build(&bastion)?).await?;
    /// ops.wait_until_ready(&written, soon).await?;
    /// ops.stop_instance(&bastion, soon).await?;
    /// let started = ops.start_instance(&bastion).await?;
    /// ops.wait_until_ready(&started, soon).await?;
    /// # Ok(()) })
    /// ```
    pub async fn start_instance(&self, instance: &InstanceRef) -> Result<Written<Instance>>
    where
        C: InstancePowerApi + ReadApi<Instance>,
    {
        let started =
            self.converge("start_instance", instance, || self.api().start_instance(instance)).await?;
        Written::new(instance, started, true)
    }

    /// Stops an instance and waits until it does not run any more.
    ///
    /// After a lost answer it is sent again: to stop twice is to stop once. Dropping the future after the request stops the
    /// wait and nothing else.
    ///
    /// # Errors
    /// As every request; [`Error::is_not_found`] if there is none; the server refuses to stop what does not run.
    /// [`ErrorKind::OutcomeUnknown`] if every answer was lost; [`ErrorKind::Deadline`], or the error of a look.
    pub async fn stop_instance(&self, instance: &InstanceRef, deadline: Deadline) -> Result<Instance>
    where
        C: InstancePowerApi + ReadApi<Instance>,
    {
        let stopping =
            self.converge("stop_instance", instance, || self.api().stop_instance(instance)).await?;
        let stopping = Written::new(instance, stopping, true)?;
        let goal = crate::wait::stopped(stopping.uid());
        self.wait(&self.watch(instance), &goal, deadline).await?.ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "it was stopped, and is not there").about(instance)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MockCloudRun;
    use serde_json::json;

    fn instance(running: &str) -> Instance {
        serde_json::from_value(json!({
            "metadata": {"name": "bastion", "uid": "u", "generation": 1},
            "status": {"observedGeneration": 1, "conditions": [{"type": "Running", "status": running}]},
        }))
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_is_asked_for_again() {
        let reference = InstanceRef::new("p", "us-central1", "bastion").unwrap();
        let refusal = || run_api::Error::from_status(400, "FAILED_PRECONDITION", "It is not running.");
        for lost in [true, false] {
            let mut api = MockCloudRun::new();
            let mut answers = vec![refusal()];
            if lost {
                answers.push(run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"));
            }
            api.verbs.expect_stop_instance().returning(move |_| Err(answers.pop().unwrap()));
            api.instances.expect_get().returning(|_| Ok(instance("False")));
            let deadline = Deadline::after(std::time::Duration::from_secs(10));
            let stopped = Ops::new(api).stop_instance(&reference, deadline).await;
            assert_eq!(stopped.is_ok(), lost, "a refusal of the first one is told: {stopped:?}");
        }
        let mut api = MockCloudRun::new();
        let timeout = || run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer");
        api.verbs.expect_start_instance().returning(move |_| Err(timeout()));
        let error = Ops::new(api).start_instance(&reference).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error}");
    }
}
