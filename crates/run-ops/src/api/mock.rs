//! A mock of the port: one for each kind, composed.

use async_trait::async_trait;
use mockall::mock;
use run_api::types::{
    Configuration, DomainMapping, Execution, Instance, Job, Overrides, Policy, Revision, Route, Service,
    Status, Task, WorkerPool,
};
use run_api::{Error, ExecutionRef, InstanceRef, JobRef, ListOptions, Location, ResourceRef};

use super::{
    CancelExecutionApi, CreateApi, DeleteApi, IamApi, InstancePowerApi, Kind, Page, ReadApi, ReplaceApi,
    RunJobApi,
};

mock! {
    /// A mock of all calls of one kind; see [`MockCloudRun`].
    #[derive(Debug)]
    pub Kind<K: Kind> {}

    #[async_trait]
    impl<K: Kind> ReadApi<K> for Kind<K> {
        async fn get(&self, reference: &ResourceRef<K>) -> Result<K, Error>;
        async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<K>, Error>;
    }

    #[async_trait]
    impl<K: Kind> DeleteApi<K> for Kind<K> {
        async fn delete(&self, reference: &ResourceRef<K>) -> Result<Status, Error>;
    }

    #[async_trait]
    impl<K: Kind> CreateApi<K> for Kind<K> {
        async fn create(&self, location: &Location, object: &K) -> Result<K, Error>;
    }

    #[async_trait]
    impl<K: Kind> ReplaceApi<K> for Kind<K> {
        async fn replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error>;
        async fn dry_replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error>;
    }

    #[async_trait]
    impl<K: Kind> IamApi<K> for Kind<K> {
        async fn get_iam_policy(&self, reference: &ResourceRef<K>) -> Result<Policy, Error>;
        async fn set_iam_policy(&self, reference: &ResourceRef<K>, policy: Policy) -> Result<Policy, Error>;
        async fn test_iam_permissions(
            &self,
            reference: &ResourceRef<K>,
            permissions: &[&'static str],
        ) -> Result<Vec<String>, Error>;
    }
}

mock! {
    /// A mock of what only some kinds can: jobs run, executions are cancelled, instances start and stop.
    #[derive(Debug)]
    pub Verbs {}

    #[async_trait]
    impl RunJobApi for Verbs {
        async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution, Error>;
    }

    #[async_trait]
    impl CancelExecutionApi for Verbs {
        async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution, Error>;
    }

    #[async_trait]
    impl InstancePowerApi for Verbs {
        async fn start_instance(&self, instance: &InstanceRef) -> Result<Instance, Error>;
        async fn stop_instance(&self, instance: &InstanceRef) -> Result<Instance, Error>;
    }
}

macro_rules! mocks {
    ($($field:ident: $kind:ident [$($rung:ident)*], $what:literal;)*) => {
        /// A mock of the whole API for your own tests, composed of one for each kind. It needs the feature `mock`.
        ///
        /// ```
        /// # #[cfg(feature = "mock")]
        /// # fixture::emulated(async |_| {
        /// use run_api::types::Service;
        /// use run_ops::{MockCloudRun, Ops};
        ///
        /// let mut mock = MockCloudRun::new();
        /// mock.services.expect_get().once().returning(|_| Ok(Service::default()));
        /// let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
        /// assert!(Ops::new(mock).exists(&hello).await?);
        /// # Ok(()) });
        /// ```
        #[derive(Debug, Default)]
        #[non_exhaustive]
        pub struct MockCloudRun {
            $(
                #[doc = $what]
                pub $field: MockKind<$kind>,
            )*
            /// Jobs that run, executions that are cancelled, instances that start and stop.
            pub verbs: MockVerbs,
        }

        $($(mocks!(@$rung $field: $kind);)*)*
    };
    (@read $field:ident: $kind:ident) => {
        #[async_trait]
        impl ReadApi<$kind> for MockCloudRun {
            async fn get(&self, reference: &ResourceRef<$kind>) -> Result<$kind, Error> {
                self.$field.get(reference).await
            }

            async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<$kind>, Error> {
                self.$field.list(location, options).await
            }
        }
    };
    (@delete $field:ident: $kind:ident) => {
        #[async_trait]
        impl DeleteApi<$kind> for MockCloudRun {
            async fn delete(&self, reference: &ResourceRef<$kind>) -> Result<Status, Error> {
                self.$field.delete(reference).await
            }
        }
    };
    (@create $field:ident: $kind:ident) => {
        #[async_trait]
        impl CreateApi<$kind> for MockCloudRun {
            async fn create(&self, location: &Location, object: &$kind) -> Result<$kind, Error> {
                self.$field.create(location, object).await
            }
        }
    };
    (@replace $field:ident: $kind:ident) => {
        #[async_trait]
        impl ReplaceApi<$kind> for MockCloudRun {
            async fn replace(&self, reference: &ResourceRef<$kind>, body: &$kind) -> Result<$kind, Error> {
                self.$field.replace(reference, body).await
            }

            async fn dry_replace(&self, reference: &ResourceRef<$kind>, body: &$kind) -> Result<$kind, Error> {
                self.$field.dry_replace(reference, body).await
            }
        }
    };
    (@iam $field:ident: $kind:ident) => {
        #[async_trait]
        impl IamApi<$kind> for MockCloudRun {
            async fn get_iam_policy(&self, reference: &ResourceRef<$kind>) -> Result<Policy, Error> {
                self.$field.get_iam_policy(reference).await
            }

            async fn set_iam_policy(
                &self,
                reference: &ResourceRef<$kind>,
                policy: Policy,
            ) -> Result<Policy, Error> {
                self.$field.set_iam_policy(reference, policy).await
            }

            async fn test_iam_permissions(
                &self,
                reference: &ResourceRef<$kind>,
                permissions: &[&'static str],
            ) -> Result<Vec<String>, Error> {
                self.$field.test_iam_permissions(reference, permissions).await
            }
        }
    };
}

mocks! {
    services: Service [read delete create replace iam], "Services.";
    revisions: Revision [read delete], "Revisions.";
    configurations: Configuration [read], "Configurations.";
    routes: Route [read], "Routes.";
    jobs: Job [read delete create replace iam], "Jobs.";
    executions: Execution [read delete], "Executions of jobs.";
    tasks: Task [read], "Tasks of executions.";
    worker_pools: WorkerPool [read delete create replace iam], "Worker pools.";
    instances: Instance [read delete create replace iam], "Instances.";
    domain_mappings: DomainMapping [read delete create], "Domain mappings.";
}

impl MockCloudRun {
    /// A mock that expects nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl RunJobApi for MockCloudRun {
    async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution, Error> {
        self.verbs.run_job(job, overrides).await
    }
}

#[async_trait]
impl CancelExecutionApi for MockCloudRun {
    async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution, Error> {
        self.verbs.cancel_execution(execution).await
    }
}

#[async_trait]
impl InstancePowerApi for MockCloudRun {
    async fn start_instance(&self, instance: &InstanceRef) -> Result<Instance, Error> {
        self.verbs.start_instance(instance).await
    }

    async fn stop_instance(&self, instance: &InstanceRef) -> Result<Instance, Error> {
        self.verbs.stop_instance(instance).await
    }
}
