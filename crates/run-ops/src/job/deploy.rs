//! Creating a job, or changing the one that is there.

use run_api::JobRef;
use run_api::types::Job;

use crate::api::{CreateApi, ReadApi, ReplaceApi};
use crate::edit::Edit;
use crate::{Ops, Result, Written};

impl<C: Send + Sync> Ops<C> {
    /// Creates a job with these changes, or makes them to the one that is there. Nothing runs because of it, and nothing
    /// is written if the job has these values already ([`Written::changed`]).
    ///
    /// # Errors
    /// As [`create`](Ops::create) and [`update`](Ops::update), and
    /// [`Error::is_invalid_argument`](crate::Error::is_invalid_argument) for a change that cannot be made.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, edit};
    ///
    /// let nightly = client.job("nightly")?;
    /// let ops = Ops::new(client);
    /// let wanted = edit::job().image("us-docker.pkg.dev/cloudrun/container/job").tasks(5);
    /// assert!(ops.deploy_job(&nightly, &wanted).await?.changed());
    /// assert!(!ops.deploy_job(&nightly, &wanted).await?.changed(), "the job has these values already");
    /// assert_eq!(ops.executions_of(&nightly).await?.len(), 0);
    /// # Ok(()) })
    /// ```
    pub async fn deploy_job(&self, job: &JobRef, edit: &Edit<Job>) -> Result<Written<Job>>
    where
        C: ReadApi<Job> + CreateApi<Job> + ReplaceApi<Job>,
    {
        let present = self.find(job).await?;
        if present.is_none() {
            match self.create(job, edit.build(job)?).await {
                // Somebody else was faster.
                Err(error) if error.is_already_exists() => {}
                created => return created,
            }
        }
        self.update_from(job, present, &mut |object| Ok(edit.apply(object)?)).await
    }
}
