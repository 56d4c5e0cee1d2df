//! Every environment variable that runctl itself reads. (run-api reads those of the endpoint and credentials.)

/// What to log to stderr, for example `run_api=debug`: tracing's filter syntax.
pub(crate) const LOG: &str = "RUNCTL_LOG";
