//! Exit codes: a contract with scripts, documented in the README.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Everything that was asked for is done.
    Done = 0,
    /// The operation failed, or the service is unhealthy.
    Failed = 1,
    /// The command line, the settings or the credentials are not usable; nothing was changed.
    Usage = 2,
    /// The deadline passed; the operation is still in progress.
    Deadline = 3,
    /// The resource does not exist.
    NotFound = 4,
    /// The caller is not allowed to do this.
    NotAllowed = 5,
    /// Interrupted (128 + SIGINT).
    Interrupted = 130,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}
