//! The methods of the API: from a call to the semantics and back.

use std::sync::Arc;
use std::time::Duration;

use run_api::methods::Operation as Op;
use run_api::types::{
    CancelExecutionRequest, Configuration, DomainMapping, Execution, Instance, Job, Revision, Route,
    RunJobRequest, Service, StartInstanceRequest, StopInstanceRequest, Task, WaitOperationRequest,
    WorkerPool,
};

use super::call::{self, Answer, Answered, Call};
use super::dispatch::Target;
use super::respond;
use crate::api::{executions, instances, numbered, operations};
use crate::engine::Engine;
use crate::store::index;

/// Calls a method.
pub(super) fn answer(engine: &Arc<Engine>, target: &Target, body: &[u8]) -> Answer {
    let answer = called(&Call { engine, target, body });
    // A refusal may rest on what is not saved as well.
    engine.saved()?;
    let mut answered = answer?;
    if let Some(mask) = &target.mask {
        answered.response = respond::masked(&answered.response, mask)?;
    }
    Ok(answered)
}

/// Every method; one that the API gets some day is missed here by the compiler.
fn called(call: &Call<'_>) -> Answer {
    match call.target.method.operation {
        Op::GetService | Op::GetServiceInLocation => call.get::<Service>(),
        Op::ListServices | Op::ListServicesInLocation => call.list::<Service>(),
        Op::CreateService | Op::CreateServiceInLocation => call.create::<Service>(),
        Op::ReplaceService | Op::ReplaceServiceInLocation => call.replace::<Service>(),
        Op::DeleteService | Op::DeleteServiceInLocation => call.delete::<Service>(),
        Op::GetServiceIamPolicy => call.get_policy::<Service>(),
        Op::SetServiceIamPolicy => call.set_policy::<Service>(),
        Op::TestServiceIamPermissions => call.test_permissions(),

        Op::GetRevision | Op::GetRevisionInLocation => call.get::<Revision>(),
        Op::ListRevisions | Op::ListRevisionsInLocation => call.list::<Revision>(),
        Op::DeleteRevision | Op::DeleteRevisionInLocation => call.delete_revision(),
        Op::GetConfiguration | Op::GetConfigurationInLocation => call.get::<Configuration>(),
        Op::ListConfigurations | Op::ListConfigurationsInLocation => call.list::<Configuration>(),
        Op::GetRoute | Op::GetRouteInLocation => call.get::<Route>(),
        Op::ListRoutes | Op::ListRoutesInLocation => call.list::<Route>(),

        Op::GetJob => call.get::<Job>(),
        Op::ListJobs => call.list::<Job>(),
        Op::CreateJob => call.create::<Job>(),
        Op::ReplaceJob => call.replace::<Job>(),
        Op::DeleteJob => call.delete::<Job>(),
        Op::RunJob => run_job(call),
        Op::GetJobIamPolicy => call.get_policy::<Job>(),
        Op::SetJobIamPolicy => call.set_policy::<Job>(),
        Op::TestJobIamPermissions => call.test_permissions(),

        Op::GetExecution => call.get::<Execution>(),
        Op::ListExecutions => call.list::<Execution>(),
        Op::CancelExecution => cancel_execution(call),
        Op::DeleteExecution => call.delete::<Execution>(),
        Op::GetTask => call.get::<Task>(),
        // The tasks of the newest execution first, by their index. (Documented: of all kinds, tasks and domain
        // mappings are not listed newest first; the order is inferred.)
        Op::ListTasks => call.list_by::<Task>(|task| i64::from(index(task))),

        Op::GetWorkerPool => call.get::<WorkerPool>(),
        Op::ListWorkerPools => call.list::<WorkerPool>(),
        Op::CreateWorkerPool => call.create::<WorkerPool>(),
        Op::ReplaceWorkerPool => call.replace::<WorkerPool>(),
        Op::DeleteWorkerPool => call.delete::<WorkerPool>(),
        Op::GetWorkerPoolIamPolicy => call.get_policy::<WorkerPool>(),
        Op::SetWorkerPoolIamPolicy => call.set_policy::<WorkerPool>(),
        Op::TestWorkerPoolIamPermissions => call.test_permissions(),

        Op::GetInstance => call.get::<Instance>(),
        Op::ListInstances => call.list::<Instance>(),
        Op::CreateInstance => call.create::<Instance>(),
        Op::ReplaceInstance => call.replace::<Instance>(),
        Op::DeleteInstance => call.delete::<Instance>(),
        Op::StartInstance => start_instance(call),
        Op::StopInstance => stop_instance(call),
        Op::GetInstanceIamPolicy => call.get_policy::<Instance>(),
        Op::SetInstanceIamPolicy => call.set_policy::<Instance>(),
        Op::TestInstanceIamPermissions => call.test_permissions(),

        Op::GetDomainMapping | Op::GetDomainMappingInLocation => call.get::<DomainMapping>(),
        Op::ListDomainMappings | Op::ListDomainMappingsInLocation => call.list::<DomainMapping>(),
        Op::CreateDomainMapping | Op::CreateDomainMappingInLocation => call.create::<DomainMapping>(),
        Op::DeleteDomainMapping | Op::DeleteDomainMappingInLocation => call.delete::<DomainMapping>(),
        Op::ListAuthorizedDomains
        | Op::ListAuthorizedDomainsInLocation
        | Op::ListAuthorizedDomainsInProject => list_authorized_domains(call),

        Op::GetOperation => call.read(|store| operations::get(store, call.scope(), call.name())),
        Op::ListOperations => list_operations(call),
        Op::DeleteOperation => delete_operation(call),
        Op::WaitOperation => wait_operation(call),
        Op::ListLocations => call::json(&numbered::locations(&call.scope().named, call.page_query()?)?),
    }
}

fn run_job(call: &Call<'_>) -> Answer {
    let request: RunJobRequest = call.parse("RunJobRequest")?;
    call.write(|store| executions::run(store, call.scope(), call.name(), request.overrides.as_ref()))
}

fn cancel_execution(call: &Call<'_>) -> Answer {
    let _: CancelExecutionRequest = call.parse("CancelExecutionRequest")?;
    call.write(|store| executions::cancel(store, call.scope(), call.name()))
}

fn start_instance(call: &Call<'_>) -> Answer {
    let request: StartInstanceRequest = call.parse("StartInstanceRequest")?;
    turn_instance(call, false, call::dry_run(request.dry_run.as_deref())?)
}

fn stop_instance(call: &Call<'_>) -> Answer {
    let request: StopInstanceRequest = call.parse("StopInstanceRequest")?;
    turn_instance(call, true, call::dry_run(request.dry_run.as_deref())?)
}

fn turn_instance(call: &Call<'_>, stop: bool, dry_run: bool) -> Answer {
    call.write(|store| instances::turn(store, call.scope(), call.name(), stop, dry_run))
}

fn list_authorized_domains(call: &Call<'_>) -> Answer {
    let domains = &call.engine.config.authorized_domains;
    call::json(&numbered::authorized_domains(domains, &call.scope().named, call.page_query()?)?)
}

fn list_operations(call: &Call<'_>) -> Answer {
    let query = call.page_query()?;
    call.read(|store| operations::list(store, call.scope(), query))
}

fn delete_operation(call: &Call<'_>) -> Answer {
    call.read(|store| {
        operations::delete(store, call.scope(), call.name())?;
        Ok(serde_json::json!({}))
    })
}

/// (Documented: a wait without a timeout, or with a long one, is cut short by the server.)
const LONGEST_WAIT: Duration = Duration::from_secs(60);

fn wait_operation(call: &Call<'_>) -> Answer {
    let request: WaitOperationRequest = call.parse("WaitOperationRequest")?;
    let timeout = request.timeout.as_deref().map(operations::duration).transpose()?;
    let operation = call.engine.with_store(|store| operations::get(store, call.scope(), call.name()))?;
    let timeout = timeout.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let unfinished = (operation.done != Some(true)).then_some(timeout);
    Ok(Answered { unfinished, ..call::json(&operation)? })
}
