//! The port over `run_api`'s client: a line for each kind.

use async_trait::async_trait;
use run_api::types::{
    Configuration, DomainMapping, Execution, Instance, Job, Overrides, Policy, Revision, Route, Service,
    Status, Task, WorkerPool,
};
use run_api::{
    Client, Error, ExecutionRef, InstanceRef, JobRef, ListOptions, Location, ResourceRef, WriteOptions,
};

use super::{
    CancelExecutionApi, CreateApi, DeleteApi, IamApi, InstancePowerApi, Page, ReadApi, ReplaceApi, RunJobApi,
};

macro_rules! kind {
    ($kind:ident: $($rung:ident($($call:ident),*))*) => {
        $(kind!(@$rung $kind, $($call),*);)*
    };
    (@read $kind:ident, $get:ident, $list:ident) => {
        #[async_trait]
        impl ReadApi<$kind> for Client {
            async fn get(&self, reference: &ResourceRef<$kind>) -> Result<$kind, Error> {
                self.$get(reference).await
            }

            async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<$kind>, Error> {
                let answer = self.$list(location, options).await?;
                let next = answer.metadata.and_then(|metadata| metadata.continue_);
                Ok(Page { unreachable: answer.unreachable, ..Page::new(answer.items, next) })
            }
        }
    };
    (@delete $kind:ident, $delete:ident) => {
        #[async_trait]
        impl DeleteApi<$kind> for Client {
            async fn delete(&self, reference: &ResourceRef<$kind>) -> Result<Status, Error> {
                self.$delete(reference).await
            }
        }
    };
    (@create $kind:ident, $create:ident) => {
        #[async_trait]
        impl CreateApi<$kind> for Client {
            async fn create(&self, location: &Location, object: &$kind) -> Result<$kind, Error> {
                self.$create(location, object).await
            }
        }
    };
    (@replace $kind:ident, $replace:ident) => {
        #[async_trait]
        impl ReplaceApi<$kind> for Client {
            async fn replace(&self, reference: &ResourceRef<$kind>, body: &$kind) -> Result<$kind, Error> {
                self.$replace(reference, body).await
            }

            async fn dry_replace(&self, reference: &ResourceRef<$kind>, body: &$kind) -> Result<$kind, Error> {
                Client::replace(self, reference, body, &WriteOptions::dry_run()).await
            }
        }
    };
    (@iam $kind:ident, $get:ident, $set:ident, $test:ident) => {
        #[async_trait]
        impl IamApi<$kind> for Client {
            async fn get_iam_policy(&self, reference: &ResourceRef<$kind>) -> Result<Policy, Error> {
                self.$get(reference).await
            }

            async fn set_iam_policy(
                &self,
                reference: &ResourceRef<$kind>,
                policy: Policy,
            ) -> Result<Policy, Error> {
                self.$set(reference, policy).await
            }

            async fn test_iam_permissions(
                &self,
                reference: &ResourceRef<$kind>,
                permissions: &[&'static str],
            ) -> Result<Vec<String>, Error> {
                self.$test(reference, permissions).await
            }
        }
    };
}

kind!(Service: read(get_service, list_services) delete(delete_service) create(create_service)
    replace(replace_service)
    iam(get_service_iam_policy, set_service_iam_policy, test_service_iam_permissions));
kind!(Revision: read(get_revision, list_revisions) delete(delete_revision));
kind!(Configuration: read(get_configuration, list_configurations));
kind!(Route: read(get_route, list_routes));
kind!(Job: read(get_job, list_jobs) delete(delete_job) create(create_job) replace(replace_job)
    iam(get_job_iam_policy, set_job_iam_policy, test_job_iam_permissions));
kind!(Execution: read(get_execution, list_executions) delete(delete_execution));
kind!(Task: read(get_task, list_tasks));
kind!(WorkerPool: read(get_worker_pool, list_worker_pools) delete(delete_worker_pool)
    create(create_worker_pool) replace(replace_worker_pool)
    iam(get_worker_pool_iam_policy, set_worker_pool_iam_policy, test_worker_pool_iam_permissions));
kind!(Instance: read(get_instance, list_instances) delete(delete_instance) create(create_instance)
    replace(replace_instance)
    iam(get_instance_iam_policy, set_instance_iam_policy, test_instance_iam_permissions));
kind!(DomainMapping: read(get_domain_mapping, list_domain_mappings) delete(delete_domain_mapping)
    create(create_domain_mapping));

// Inherent methods win over the traits', so these forward to the client and not to themselves.
#[async_trait]
impl RunJobApi for Client {
    async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution, Error> {
        self.run_job(job, overrides).await
    }
}

#[async_trait]
impl CancelExecutionApi for Client {
    async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution, Error> {
        self.cancel_execution(execution).await
    }
}

#[async_trait]
impl InstancePowerApi for Client {
    async fn start_instance(&self, instance: &InstanceRef) -> Result<Instance, Error> {
        self.start_instance(instance, &WriteOptions::default()).await
    }

    async fn stop_instance(&self, instance: &InstanceRef) -> Result<Instance, Error> {
        self.stop_instance(instance, &WriteOptions::default()).await
    }
}
