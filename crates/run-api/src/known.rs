//! Well-known labels, annotations, condition types and other keys that the API document does not list.
//!
//! (Sources: the reference of the API, Knative's specification, gcloud's source, and recorded objects.)

/// Labels, which lists can select by.
pub mod labels {
    /// On revisions, configurations and routes: the service that they belong to.
    pub const SERVICE: &str = "serving.knative.dev/service";
    /// On revisions: the uid of their service.
    pub const SERVICE_UID: &str = "serving.knative.dev/serviceUid";
    /// On revisions: the configuration that they were made from.
    pub const CONFIGURATION: &str = "serving.knative.dev/configuration";
    /// On revisions: the generation of the configuration that they were made from.
    pub const CONFIGURATION_GENERATION: &str = "serving.knative.dev/configurationGeneration";
    /// On revisions: the route that sends them traffic.
    pub const ROUTE: &str = "serving.knative.dev/route";
    /// On executions and tasks: the job that they belong to.
    pub const JOB: &str = "run.googleapis.com/job";
    /// On executions: the uid of their job.
    pub const JOB_UID: &str = "run.googleapis.com/jobUid";
    /// On executions: the generation of the job that they were made from.
    pub const JOB_GENERATION: &str = "run.googleapis.com/jobGeneration";
    /// On executions: the version of the job that they were made from.
    pub const JOB_RESOURCE_VERSION: &str = "run.googleapis.com/jobResourceVersion";
    /// On tasks: the execution that they belong to.
    pub const EXECUTION: &str = "run.googleapis.com/execution";
    /// On tasks: whether they run.
    pub const RUNNING_STATE: &str = "run.googleapis.com/runningState";
    /// On revisions and tasks: whether they serve.
    pub const SERVING_STATE: &str = "run.googleapis.com/servingState";
    /// On revisions: the worker pool that they belong to.
    pub const WORKER_POOL: &str = "run.googleapis.com/workerPool";
    /// On revisions: the uid of their worker pool.
    pub const WORKER_POOL_UID: &str = "run.googleapis.com/workerPoolUid";
    /// On templates and revisions: whether the startup probe is the default one.
    pub const STARTUP_PROBE_TYPE: &str = "run.googleapis.com/startupProbeType";
    /// On jobs and executions: when they were changed last.
    pub const LAST_UPDATED_TIME: &str = "run.googleapis.com/lastUpdatedTime";
    /// On all objects: the region that they live in.
    pub const LOCATION: &str = "cloud.googleapis.com/location";
    /// On templates: a value that makes a new revision of an unchanged template.
    pub const NONCE: &str = "client.knative.dev/nonce";
    /// On templates: whether zone separation is satisfied.
    pub const SATISFIES_PZS: &str = "run.googleapis.com/satisfiesPzs";
}

/// Annotations: settings that have no field, and notes.
pub mod annotations {
    /// Who created the object, of the kinds of Knative.
    pub const CREATOR: &str = "serving.knative.dev/creator";
    /// Who changed the object last, of the kinds of Knative.
    pub const LAST_MODIFIER: &str = "serving.knative.dev/lastModifier";
    /// Who created the object, of the kinds of Cloud Run alone (jobs, executions, worker pools, instances).
    pub const RUN_CREATOR: &str = "run.googleapis.com/creator";
    /// Who changed the object last, of the kinds of Cloud Run alone.
    pub const RUN_LAST_MODIFIER: &str = "run.googleapis.com/lastModifier";
    /// The client that wrote the object, for example `gcloud`.
    pub const CLIENT_NAME: &str = "run.googleapis.com/client-name";
    /// The version of the client that wrote the object.
    pub const CLIENT_VERSION: &str = "run.googleapis.com/client-version";
    /// The last long-running operation on the object.
    pub const OPERATION_ID: &str = "run.googleapis.com/operation-id";
    /// How early the features may be that the object uses: `GA`, `BETA` or `ALPHA`.
    pub const LAUNCH_STAGE: &str = "run.googleapis.com/launch-stage";
    /// A text for people.
    pub const DESCRIPTION: &str = "run.googleapis.com/description";
    /// From where requests may come: `all`, `internal` or `internal-and-cloud-load-balancing`.
    pub const INGRESS: &str = "run.googleapis.com/ingress";
    /// The ingress that is in force.
    pub const INGRESS_STATUS: &str = "run.googleapis.com/ingress-status";
    /// All URLs of a service, as a JSON list.
    pub const URLS: &str = "run.googleapis.com/urls";
    /// `true`: the service has no URL of `run.app`.
    pub const DEFAULT_URL_DISABLED: &str = "run.googleapis.com/default-url-disabled";
    /// `true`: requests need no permission to invoke.
    pub const INVOKER_IAM_DISABLED: &str = "run.googleapis.com/invoker-iam-disabled";
    /// `true`: requests go through Identity-Aware Proxy.
    pub const IAP_ENABLED: &str = "run.googleapis.com/iap-enabled";
    /// More audiences that tokens may be for, as a JSON list.
    pub const CUSTOM_AUDIENCES: &str = "run.googleapis.com/custom-audiences";
    /// The policy of Binary Authorization, for example `default`.
    pub const BINARY_AUTHORIZATION: &str = "run.googleapis.com/binary-authorization";
    /// Why Binary Authorization is passed by.
    pub const BINARY_AUTHORIZATION_BREAKGLASS: &str = "run.googleapis.com/binary-authorization-breakglass";
    /// Whether tags are taken away that are no longer used.
    pub const GC_TRAFFIC_TAGS: &str = "run.googleapis.com/gc-traffic-tags";
    /// `true`: a deployment does not check that the revision starts.
    pub const HEALTH_CHECK_DISABLED: &str = "run.googleapis.com/health-check-disabled";
    /// `true`: people can open a shell in instances.
    pub const SSH_ENABLED: &str = "run.googleapis.com/ssh-enabled";
    /// The regions of a service that has several.
    pub const REGIONS: &str = "run.googleapis.com/regions";
    /// Whether threats are looked for at run time.
    pub const THREAT_DETECTION: &str = "run.googleapis.com/threat-detection";
    /// `automatic`, or `manual` with a fixed number of instances.
    pub const SCALING_MODE: &str = "run.googleapis.com/scalingMode";
    /// How many instances there are with manual scaling.
    pub const MANUAL_INSTANCE_COUNT: &str = "run.googleapis.com/manualInstanceCount";
    /// The least number of instances of the object as a whole.
    pub const SERVICE_MIN_SCALE: &str = "run.googleapis.com/minScale";
    /// The greatest number of instances of the object as a whole.
    pub const SERVICE_MAX_SCALE: &str = "run.googleapis.com/maxScale";
    /// An older name for the least number of instances of a service as a whole.
    pub const MIN_INSTANCES: &str = "run.googleapis.com/minInstances";
    /// How many more instances a worker pool may have during a rollout.
    pub const MAX_SURGE: &str = "run.googleapis.com/max-surge";
    /// How many instances a worker pool may lack during a rollout.
    pub const MAX_UNAVAILABLE: &str = "run.googleapis.com/max-unavailable";
    /// On templates: the least number of instances of a revision.
    pub const MIN_SCALE: &str = "autoscaling.knative.dev/minScale";
    /// On templates: the greatest number of instances of a revision.
    pub const MAX_SCALE: &str = "autoscaling.knative.dev/maxScale";
    /// On templates: the use of CPU that scaling aims at.
    pub const SCALING_CPU_TARGET: &str = "run.googleapis.com/scaling-cpu-target";
    /// On templates: the use of the concurrency that scaling aims at.
    pub const SCALING_CONCURRENCY_TARGET: &str = "run.googleapis.com/scaling-concurrency-target";
    /// On templates: `false` keeps the CPU between requests.
    pub const CPU_THROTTLING: &str = "run.googleapis.com/cpu-throttling";
    /// On templates: `true` gives more CPU during the start.
    pub const STARTUP_CPU_BOOST: &str = "run.googleapis.com/startup-cpu-boost";
    /// On templates: `gen1` or `gen2`.
    pub const EXECUTION_ENVIRONMENT: &str = "run.googleapis.com/execution-environment";
    /// On templates: `true` takes GPUs in one zone only.
    pub const GPU_ZONAL_REDUNDANCY_DISABLED: &str = "run.googleapis.com/gpu-zonal-redundancy-disabled";
    /// On templates: `true` sends the requests of one client to one instance.
    pub const SESSION_AFFINITY: &str = "run.googleapis.com/sessionAffinity";
    /// On templates: which containers start after which, as a JSON map.
    pub const CONTAINER_DEPENDENCIES: &str = "run.googleapis.com/container-dependencies";
    /// On templates: the databases of Cloud SQL to connect to, separated by commas.
    pub const CLOUDSQL_INSTANCES: &str = "run.googleapis.com/cloudsql-instances";
    /// On templates: short names for the secrets of other projects.
    pub const SECRETS: &str = "run.googleapis.com/secrets";
    /// On templates: the networks and subnets to be in, as a JSON list.
    pub const NETWORK_INTERFACES: &str = "run.googleapis.com/network-interfaces";
    /// On templates: the connector to a network.
    pub const VPC_ACCESS_CONNECTOR: &str = "run.googleapis.com/vpc-access-connector";
    /// On templates: what goes through the network: `all-traffic` or `private-ranges-only`.
    pub const VPC_ACCESS_EGRESS: &str = "run.googleapis.com/vpc-access-egress";
    /// On templates: the key that the image is encrypted with.
    pub const ENCRYPTION_KEY: &str = "run.googleapis.com/encryption-key";
    /// On templates: the hours until instances end after the key was revoked.
    pub const ENCRYPTION_KEY_SHUTDOWN_HOURS: &str = "run.googleapis.com/encryption-key-shutdown-hours";
    /// On templates: what happens after the key was revoked.
    pub const POST_KEY_REVOCATION_ACTION_TYPE: &str = "run.googleapis.com/post-key-revocation-action-type";
    /// On templates: the service mesh to be in.
    pub const MESH: &str = "run.googleapis.com/mesh";
    /// On templates: the older name of the execution environment.
    pub const SANDBOX: &str = "run.googleapis.com/sandbox";
    /// On templates: whether instances have the agent for shells.
    pub const SECURE_SESSION_AGENT: &str = "run.googleapis.com/secure-session-agent";
    /// On objects and templates: the base image of each container that is kept up to date, as a JSON map.
    pub const BASE_IMAGES: &str = "run.googleapis.com/base-images";
    /// The image as it was asked for, before its tag became a digest.
    pub const USER_IMAGE: &str = "run.googleapis.com/user-image";
    /// Of a deployment from source: the base image.
    pub const BUILD_BASE_IMAGE: &str = "run.googleapis.com/build-base-image";
    /// Of a deployment from source: whether the base image is kept up to date.
    pub const BUILD_ENABLE_AUTOMATIC_UPDATES: &str = "run.googleapis.com/build-enable-automatic-updates";
    /// Of a deployment from source: the variables of the build, as a JSON map.
    pub const BUILD_ENVIRONMENT_VARIABLES: &str = "run.googleapis.com/build-environment-variables";
    /// Of a deployment from source: the function to call.
    pub const BUILD_FUNCTION_TARGET: &str = "run.googleapis.com/build-function-target";
    /// Of a deployment from source: the id of the last build.
    pub const BUILD_ID: &str = "run.googleapis.com/build-id";
    /// Of a deployment from source: where the image went.
    pub const BUILD_IMAGE_URI: &str = "run.googleapis.com/build-image-uri";
    /// Of a deployment from source: the name of the last build.
    pub const BUILD_NAME: &str = "run.googleapis.com/build-name";
    /// Of a deployment from source: the service account of the build.
    pub const BUILD_SERVICE_ACCOUNT: &str = "run.googleapis.com/build-service-account";
    /// Of a deployment from source: where the source is.
    pub const BUILD_SOURCE_LOCATION: &str = "run.googleapis.com/build-source-location";
    /// Of a deployment from source: the pool that builds.
    pub const BUILD_WORKER_POOL: &str = "run.googleapis.com/build-worker-pool";
}

/// Types of conditions.
pub mod conditions {
    /// Whether the object is in the state that its spec asks for.
    pub const READY: &str = "Ready";
    /// Of a service: whether its revision was made.
    pub const CONFIGURATIONS_READY: &str = "ConfigurationsReady";
    /// Of a service: whether traffic goes as it is asked for.
    pub const ROUTES_READY: &str = "RoutesReady";
    /// Of a revision: whether it may get requests.
    pub const ACTIVE: &str = "Active";
    /// Of a revision: whether its containers started and answer.
    pub const CONTAINER_HEALTHY: &str = "ContainerHealthy";
    /// Of what runs containers: whether their images are there.
    pub const CONTAINER_READY: &str = "ContainerReady";
    /// Of what runs containers: whether there is room for them.
    pub const RESOURCES_AVAILABLE: &str = "ResourcesAvailable";
    /// Of a revision: whether the least number of instances runs.
    pub const MIN_INSTANCES_PROVISIONED: &str = "MinInstancesProvisioned";
    /// Of an execution or a task: whether it has ended, and well.
    pub const COMPLETED: &str = "Completed";
    /// Of an execution or a task: whether it has begun.
    pub const STARTED: &str = "Started";
    /// Of an execution or a task: whether attempts that failed are made again.
    pub const RETRY: &str = "Retry";
    /// Of an instance: whether it runs.
    pub const RUNNING: &str = "Running";
    /// Of a domain mapping: whether it has its certificate.
    pub const CERTIFICATE_PROVISIONED: &str = "CertificateProvisioned";
    /// Of a domain mapping: whether the domain leads to the service.
    pub const DOMAIN_ROUTABLE: &str = "DomainRoutable";
}

/// Keys of the limits of a container.
pub mod limits {
    /// CPUs, for example `2` or `500m`.
    pub const CPU: &str = "cpu";
    /// Memory, for example `512Mi`.
    pub const MEMORY: &str = "memory";
    /// GPUs, a whole number.
    pub const GPU: &str = "nvidia.com/gpu";
}

/// Keys of node selectors.
pub mod node_selectors {
    /// The kind of GPU, for example `nvidia-l4`.
    pub const ACCELERATOR: &str = "run.googleapis.com/accelerator";
}
