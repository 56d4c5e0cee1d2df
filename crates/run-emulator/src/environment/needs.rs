//! What an object needs of the surroundings.

use run_api::types::{
    Container, InstanceSpec, Job, ObjectMeta, RevisionSpec, RevisionTemplate, TaskSpec, Volume,
};

/// The secrets, the images and the account that the containers of an object need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs<'a> {
    /// The project whose secrets are meant, by its number.
    pub(super) project: u64,
    /// The path of the containers' parent in the object.
    pub(super) at: &'static str,
    /// The metadata beside the containers.
    pub(super) metadata: Option<&'a ObjectMeta>,
    /// The account that the containers have.
    pub(super) account: &'a str,
    pub(super) containers: &'a [Container],
    pub(super) volumes: &'a [Volume],
}

impl<'a> Needs<'a> {
    fn none(project: u64, at: &'static str, metadata: Option<&'a ObjectMeta>) -> Self {
        Self { project, at, metadata, account: "", containers: &[], volumes: &[] }
    }

    /// Those of a revision.
    pub(crate) fn of_revision(
        project: u64,
        metadata: Option<&'a ObjectMeta>,
        spec: Option<&'a RevisionSpec>,
    ) -> Self {
        let none = Self::none(project, "spec.template.spec", metadata);
        spec.map_or(none, |spec| Self {
            account: spec.service_account_name.as_deref().unwrap_or_default(),
            containers: &spec.containers,
            volumes: &spec.volumes,
            ..none
        })
    }

    /// Those of the revision that a template asks for.
    pub(crate) fn of_template(project: u64, template: Option<&'a RevisionTemplate>) -> Self {
        let metadata = template.and_then(|template| template.metadata.as_ref());
        Self::of_revision(project, metadata, template.and_then(|template| template.spec.as_ref()))
    }

    /// Those of tasks.
    pub(crate) fn of_task(
        project: u64,
        metadata: Option<&'a ObjectMeta>,
        spec: Option<&'a TaskSpec>,
    ) -> Self {
        let none = Self::none(project, "spec.template.spec.template.spec", metadata);
        spec.map_or(none, |spec| Self {
            account: spec.service_account_name.as_deref().unwrap_or_default(),
            containers: &spec.containers,
            volumes: &spec.volumes,
            ..none
        })
    }

    /// Those of the tasks of a job.
    pub(crate) fn of_job(project: u64, job: &'a Job) -> Self {
        let template = job.spec.as_ref().and_then(|spec| spec.template.as_ref());
        let execution = template.and_then(|template| template.spec.as_ref());
        let task = execution.and_then(|execution| execution.template.as_ref()?.spec.as_ref());
        Self::of_task(project, template.and_then(|template| template.metadata.as_ref()), task)
    }

    /// Those of an instance.
    pub(crate) fn of_instance(
        project: u64,
        metadata: Option<&'a ObjectMeta>,
        spec: Option<&'a InstanceSpec>,
    ) -> Self {
        let none = Self::none(project, "spec", metadata);
        spec.map_or(none, |spec| Self {
            account: spec.service_account_name.as_deref().unwrap_or_default(),
            containers: &spec.containers,
            volumes: &spec.volumes,
            ..none
        })
    }

    /// The containers themselves.
    pub(crate) fn containers(&self) -> &'a [Container] {
        self.containers
    }

    /// The account that the containers have.
    pub(crate) fn account(&self) -> &'a str {
        self.account
    }
}
