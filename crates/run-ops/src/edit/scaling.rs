//! How many instances there are: of a revision, of a service, of a worker pool.

use run_api::Workload;
use run_api::known::annotations::{
    MANUAL_INSTANCE_COUNT, MAX_SCALE, MAX_SURGE, MAX_UNAVAILABLE, MIN_SCALE, SCALING_MODE, SERVICE_MAX_SCALE,
    SERVICE_MIN_SCALE,
};
use run_api::types::{Service, WorkerPool};

use super::list::Edit;
use super::place::Level;

impl Edit<Service> {
    /// The least number of instances of a revision, or none: template annotation
    /// `autoscaling.knative.dev/minScale`. 0 takes it away. (gcloud: `--min-instances`)
    #[must_use]
    pub fn min_instances(self, count: impl Into<Option<u32>>) -> Self {
        self.count(Level::Template, MIN_SCALE, count.into().filter(|count| *count > 0))
    }

    /// The greatest number of instances of a revision, or none for the server's default: template annotation
    /// `autoscaling.knative.dev/maxScale`. (gcloud: `--max-instances`)
    #[must_use]
    pub fn max_instances(self, count: impl Into<Option<u32>>) -> Self {
        self.count(Level::Template, MAX_SCALE, count.into())
    }

    /// The least number of instances of the service as a whole, or none: object annotation
    /// `run.googleapis.com/minScale`. 0 takes it away. It makes no new revision. (gcloud: `--min`)
    #[must_use]
    pub fn service_min_instances(self, count: impl Into<Option<u32>>) -> Self {
        self.count(Level::Object, SERVICE_MIN_SCALE, count.into().filter(|count| *count > 0))
    }

    /// The greatest number of instances of the service as a whole, or none: object annotation
    /// `run.googleapis.com/maxScale`. It makes no new revision. (gcloud: `--max`)
    #[must_use]
    pub fn service_max_instances(self, count: impl Into<Option<u32>>) -> Self {
        self.count(Level::Object, SERVICE_MAX_SCALE, count.into())
    }

    /// A fixed number of instances for the service as a whole; see [`automatic_scaling`](Self::automatic_scaling)
    /// for the way back: object annotations `run.googleapis.com/scalingMode` and `manualInstanceCount`. Limits of
    /// the service go. (gcloud: `--scaling=N`)
    #[must_use]
    pub fn manual_scaling(self, count: u32) -> Self {
        self.manual(count)
    }

    /// As many instances as requests need: object annotation `run.googleapis.com/scalingMode`. (gcloud:
    /// `--scaling=auto`)
    #[must_use]
    pub fn automatic_scaling(self) -> Self {
        self.automatic()
    }
}

impl Edit<WorkerPool> {
    /// The least number of instances of the worker pool, or none: object annotation
    /// `run.googleapis.com/minScale`. 0 takes it away. (gcloud: `--min-instances`)
    #[must_use]
    pub fn min_instances(self, count: impl Into<Option<u32>>) -> Self {
        self.count(Level::Object, SERVICE_MIN_SCALE, count.into().filter(|count| *count > 0))
    }

    /// The greatest number of instances of the worker pool, or none: object annotation
    /// `run.googleapis.com/maxScale`. (gcloud: `--max-instances`)
    #[must_use]
    pub fn max_instances(self, count: impl Into<Option<u32>>) -> Self {
        self.count(Level::Object, SERVICE_MAX_SCALE, count.into())
    }

    /// A fixed number of instances: object annotations `run.googleapis.com/scalingMode` and `manualInstanceCount`.
    /// Limits go. (gcloud: `--scaling=N`)
    #[must_use]
    pub fn manual_scaling(self, count: u32) -> Self {
        self.manual(count)
    }

    /// As many instances as the work needs: object annotation `run.googleapis.com/scalingMode`. (gcloud:
    /// `--scaling=auto`)
    #[must_use]
    pub fn automatic_scaling(self) -> Self {
        self.automatic()
    }

    /// How many more instances there may be during a rollout, in percent, or none: object annotation
    /// `run.googleapis.com/max-surge`. 0 takes it away. (gcloud: `--max-surge`)
    #[must_use]
    pub fn max_surge(self, percent: impl Into<Option<u32>>) -> Self {
        self.count(Level::Object, MAX_SURGE, percent.into().filter(|percent| *percent > 0))
    }

    /// How many instances may be missing during a rollout, in percent, or none: object annotation
    /// `run.googleapis.com/max-unavailable`. 0 takes it away. (gcloud: `--max-unavailable`)
    #[must_use]
    pub fn max_unavailable(self, percent: impl Into<Option<u32>>) -> Self {
        self.count(Level::Object, MAX_UNAVAILABLE, percent.into().filter(|percent| *percent > 0))
    }
}

impl<W: Workload> Edit<W> {
    fn count(self, level: Level, key: &'static str, count: Option<u32>) -> Self {
        self.set_annotation(level, key, count.map(|count| count.to_string()))
    }

    fn manual(self, count: u32) -> Self {
        self.count(Level::Object, SERVICE_MIN_SCALE, None)
            .count(Level::Object, SERVICE_MAX_SCALE, None)
            .set_annotation(Level::Object, SCALING_MODE, Some("manual".to_owned()))
            .count(Level::Object, MANUAL_INSTANCE_COUNT, Some(count))
    }

    fn automatic(self) -> Self {
        self.count(Level::Object, MANUAL_INSTANCE_COUNT, None).set_annotation(
            Level::Object,
            SCALING_MODE,
            Some("automatic".to_owned()),
        )
    }
}
