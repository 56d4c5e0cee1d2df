//! Every environment variable that runctl itself reads. (run-api reads those of the endpoint and of application
//! default credentials itself.)

/// What to log to stderr, for example `run_api=debug`: tracing's filter syntax.
pub(crate) const LOG: &str = "RUNCTL_LOG";

/// The project, before gcloud's.
pub(crate) const PROJECT: &str = "RUNCTL_PROJECT";
/// The region, before gcloud's.
pub(crate) const REGION: &str = "RUNCTL_REGION";
/// The endpoint: one base URL for all operations.
pub(crate) const ENDPOINT: &str = "RUNCTL_ENDPOINT";

/// gcloud's project.
pub(crate) const GCLOUD_PROJECT: &str = "CLOUDSDK_CORE_PROJECT";
/// gcloud's region.
pub(crate) const GCLOUD_REGION: &str = "CLOUDSDK_RUN_REGION";
/// An access token for gcloud.
pub(crate) const GCLOUD_TOKEN: &str = "CLOUDSDK_AUTH_ACCESS_TOKEN";
/// A file with an access token for gcloud.
pub(crate) const GCLOUD_TOKEN_FILE: &str = "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE";
/// Whether gcloud sends no credential at all.
pub(crate) const GCLOUD_NO_CREDENTIALS: &str = "CLOUDSDK_AUTH_DISABLE_CREDENTIALS";
/// The project that pays for requests, as every Google client knows it.
pub(crate) const QUOTA_PROJECT: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";
/// The same for gcloud.
pub(crate) const GCLOUD_QUOTA_PROJECT: &str = "CLOUDSDK_BILLING_QUOTA_PROJECT";
/// Whether gcloud answers its questions itself.
pub(crate) const GCLOUD_NO_PROMPTS: &str = "CLOUDSDK_CORE_DISABLE_PROMPTS";
/// The service account that gcloud acts as.
pub(crate) const GCLOUD_IMPERSONATE: &str = "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT";
/// The folder of gcloud's configurations.
pub(crate) const GCLOUD_CONFIG: &str = "CLOUDSDK_CONFIG";
/// The name of gcloud's configuration to use.
pub(crate) const GCLOUD_ACTIVE_CONFIG: &str = "CLOUDSDK_ACTIVE_CONFIG_NAME";
/// The metadata server to ask instead of Google's, as google-cloud-auth knows it, too.
pub(crate) const METADATA_HOST: &str = "GCE_METADATA_HOST";
/// The home folder, where gcloud's configurations are.
pub(crate) const HOME: &str = "HOME";

/// An emulator to use instead of Google, which run-api reads.
pub(crate) const EMULATOR_HOST: &str = "RUN_EMULATOR_HOST";
/// gcloud's endpoint, which run-api reads.
pub(crate) const GCLOUD_ENDPOINT: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN";
/// Whether colours are unwanted. (Source: <https://no-color.org>)
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// The file of a step's outputs in a workflow on GitHub.
pub(crate) const GITHUB_OUTPUT: &str = "GITHUB_OUTPUT";
/// The file of a step's summary in a workflow on GitHub.
pub(crate) const GITHUB_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
