//! What the operations know of each kind, besides what the API document says of it.

use run_api::Resource;
use run_api::methods::Operation;
use run_api::types::{
    Configuration, DomainMapping, Execution, Instance, Job, Revision, RevisionTemplate, Route, Service, Task,
    WorkerPool,
};

/// A kind of objects that the operations work on. All kinds of the API are.
///
/// It may gain items in any version.
pub trait Kind: Resource {
    /// What its calls are named in events and errors.
    const CALLS: Calls;

    /// Whether it is known (from recorded answers) that the service keeps a write id on objects of this kind, and that
    /// their generation counts the changes of their spec. Where it is not, an outcome that only this could tell is unknown.
    const KEEPS_WRITE_IDS: bool = false;

    /// The name that the template has for the next revision; only services and worker pools can name it.
    fn revision_name(&self) -> Option<&str> {
        None
    }

    /// Takes that name away.
    fn forget_revision_name(&mut self) {}

    /// The revision to look at when the object failed.
    fn failed_revision(&self) -> Option<&str> {
        None
    }
}

/// The operations of a kind, as far as the API has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    pub(crate) get: Operation,
    pub(crate) list: Operation,
    pub(crate) delete: Option<Operation>,
    pub(crate) create: Option<Operation>,
    pub(crate) replace: Option<Operation>,
    pub(crate) iam: Option<[Operation; 3]>,
}

impl Calls {
    /// Those of a kind that can only be read.
    #[must_use]
    pub const fn of(get: Operation, list: Operation) -> Self {
        Self { get, list, delete: None, create: None, replace: None, iam: None }
    }

    /// With a deletion.
    #[must_use]
    pub const fn delete(self, delete: Operation) -> Self {
        Self { delete: Some(delete), ..self }
    }

    /// With a creation.
    #[must_use]
    pub const fn create(self, create: Operation) -> Self {
        Self { create: Some(create), ..self }
    }

    /// With a replacement.
    #[must_use]
    pub const fn replace(self, replace: Operation) -> Self {
        Self { replace: Some(replace), ..self }
    }

    /// With IAM policies: get, set, and test of permissions.
    #[must_use]
    pub const fn iam(self, get: Operation, set: Operation, test: Operation) -> Self {
        Self { iam: Some([get, set, test]), ..self }
    }
}

/// The name of an operation that the port has a call for.
pub(crate) fn name(operation: Option<Operation>) -> &'static str {
    operation.map_or("an operation that the API does not have", Operation::as_str)
}

use Operation as Op;

impl Kind for Service {
    const CALLS: Calls = Calls::of(Op::GetService, Op::ListServices)
        .delete(Op::DeleteService)
        .create(Op::CreateService)
        .replace(Op::ReplaceService)
        .iam(Op::GetServiceIamPolicy, Op::SetServiceIamPolicy, Op::TestServiceIamPermissions);
    const KEEPS_WRITE_IDS: bool = true;

    fn revision_name(&self) -> Option<&str> {
        name_of(self.spec.as_ref()?.template.as_ref())
    }

    fn forget_revision_name(&mut self) {
        forget(self.spec.as_mut().and_then(|spec| spec.template.as_mut()));
    }

    fn failed_revision(&self) -> Option<&str> {
        let status = self.status.as_ref()?;
        let (created, ready) = (&status.latest_created_revision_name, &status.latest_ready_revision_name);
        created.as_deref().filter(|_| created != ready)
    }
}

impl Kind for WorkerPool {
    const CALLS: Calls = Calls::of(Op::GetWorkerPool, Op::ListWorkerPools)
        .delete(Op::DeleteWorkerPool)
        .create(Op::CreateWorkerPool)
        .replace(Op::ReplaceWorkerPool)
        .iam(Op::GetWorkerPoolIamPolicy, Op::SetWorkerPoolIamPolicy, Op::TestWorkerPoolIamPermissions);

    fn revision_name(&self) -> Option<&str> {
        name_of(self.spec.as_ref()?.template.as_ref())
    }

    fn forget_revision_name(&mut self) {
        forget(self.spec.as_mut().and_then(|spec| spec.template.as_mut()));
    }

    fn failed_revision(&self) -> Option<&str> {
        let status = self.status.as_ref()?;
        let (created, ready) = (&status.latest_created_revision_name, &status.latest_ready_revision_name);
        created.as_deref().filter(|_| created != ready)
    }
}

impl Kind for Job {
    const CALLS: Calls = Calls::of(Op::GetJob, Op::ListJobs)
        .delete(Op::DeleteJob)
        .create(Op::CreateJob)
        .replace(Op::ReplaceJob)
        .iam(Op::GetJobIamPolicy, Op::SetJobIamPolicy, Op::TestJobIamPermissions);
}

impl Kind for Instance {
    const CALLS: Calls = Calls::of(Op::GetInstance, Op::ListInstances)
        .delete(Op::DeleteInstance)
        .create(Op::CreateInstance)
        .replace(Op::ReplaceInstance)
        .iam(Op::GetInstanceIamPolicy, Op::SetInstanceIamPolicy, Op::TestInstanceIamPermissions);
}

impl Kind for DomainMapping {
    const CALLS: Calls = Calls::of(Op::GetDomainMapping, Op::ListDomainMappings)
        .delete(Op::DeleteDomainMapping)
        .create(Op::CreateDomainMapping);
}

impl Kind for Revision {
    const CALLS: Calls = Calls::of(Op::GetRevision, Op::ListRevisions).delete(Op::DeleteRevision);
}

impl Kind for Execution {
    const CALLS: Calls = Calls::of(Op::GetExecution, Op::ListExecutions).delete(Op::DeleteExecution);
}

impl Kind for Task {
    const CALLS: Calls = Calls::of(Op::GetTask, Op::ListTasks);
}

impl Kind for Configuration {
    const CALLS: Calls = Calls::of(Op::GetConfiguration, Op::ListConfigurations);
}

impl Kind for Route {
    const CALLS: Calls = Calls::of(Op::GetRoute, Op::ListRoutes);
}

fn name_of(template: Option<&RevisionTemplate>) -> Option<&str> {
    template?.metadata.as_ref()?.name.as_deref()
}

fn forget(template: Option<&mut RevisionTemplate>) {
    if let Some(metadata) = template.and_then(|template| template.metadata.as_mut()) {
        metadata.name = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::methods;

    /// The table of methods has these calls for the kind, and no others that the port has a rung for.
    fn check<K: Kind>() {
        let calls = K::CALLS;
        let namespace = format!("/apis/{}/namespaces/", K::API_VERSION);
        let mut expected: Vec<_> = methods::all()
            .iter()
            .filter(|method| method.path.starts_with(&namespace) && !method.path.contains(':'))
            .filter(|method| method.path.split('/').any(|part| part == K::COLLECTION))
            .map(|method| method.operation)
            .collect();
        let writes = [calls.delete, calls.create, calls.replace].into_iter().flatten();
        let mut ours: Vec<_> = [calls.get, calls.list].into_iter().chain(writes).collect();
        expected.sort();
        ours.sort();
        assert_eq!(ours, expected, "{}", K::KIND);
        let mut iam: Vec<_> = methods::all()
            .iter()
            .filter(|method| method.path.split('/').any(|part| part == K::COLLECTION))
            .filter(|method| method.path.contains("Iam"))
            .map(|method| method.operation)
            .collect();
        let mut named: Vec<_> = calls.iam.into_iter().flatten().collect();
        iam.sort();
        named.sort();
        assert_eq!(named, iam, "{}", K::KIND);
    }

    #[test]
    fn every_kind_names_the_calls_that_the_api_has() {
        check::<Service>();
        check::<Revision>();
        check::<Configuration>();
        check::<Route>();
        check::<Job>();
        check::<Execution>();
        check::<Task>();
        check::<WorkerPool>();
        check::<Instance>();
        check::<DomainMapping>();
    }
}
