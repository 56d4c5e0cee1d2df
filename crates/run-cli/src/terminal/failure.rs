//! Why a command failed, what to do about it, and the exit code that scripts see.

use std::fmt;
use std::process::ExitCode;

use run_api::ResourceId;
use run_ops::Remedy;
use serde_json::{Value, json};

use super::advice::advice;
use super::wording::plain;

/// How the program ended. The codes are a contract with scripts, documented in the README.
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
    /// A write was sent, and whether it was applied cannot be told.
    OutcomeUnknown = 7,
    /// An execution of a job failed.
    ExecutionFailed = 9,
    /// It was cancelled, by whomever: neither a success nor a failure.
    Cancelled = 10,
    /// Somebody else's later change took the place of this one.
    TakenOver = 12,
    /// Interrupted (128 + SIGINT).
    Interrupted = 130,
}

impl ExitStatus {
    /// The name in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Deadline => "deadline",
            Self::NotFound => "not-found",
            Self::NotAllowed => "not-allowed",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::ExecutionFailed => "execution-failed",
            Self::Cancelled => "cancelled",
            Self::TakenOver => "taken-over",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// A command's failure: what happened, advice, and the exit code it means.
#[derive(Debug)]
pub(crate) struct Failure {
    status: ExitStatus,
    message: String,
    details: Vec<String>,
    hints: Vec<String>,
    no_connection: bool,
    already_exists: bool,
    /// The exit code of something else, in place of the status' own.
    passed_on: Option<u8>,
}

impl Failure {
    pub(crate) fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            details: Vec::new(),
            hints: Vec::new(),
            no_connection: false,
            already_exists: false,
            passed_on: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a line about how it came to that, or what it left behind.
    pub(crate) fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Puts better advice in place of what there is.
    pub(crate) fn advised(mut self, hints: Vec<String>) -> Self {
        self.hints = hints;
        self
    }

    /// Adds what went wrong afterwards; the exit code stays that of the first.
    #[cfg(feature = "emulator")]
    pub(crate) fn and(mut self, later: Self) -> Self {
        self.message = format!("{}; then {}", self.message, later.message);
        self.details.extend(later.details);
        self.hints.extend(later.hints);
        self
    }

    pub(crate) fn status(&self) -> ExitStatus {
        self.status
    }

    /// Ends the program with the exit code of what it ran.
    pub(crate) fn passing_on(mut self, code: Option<u8>) -> Self {
        self.passed_on = code.filter(|code| *code != 0);
        self
    }

    /// What the program ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        self.passed_on.unwrap_or(self.status as u8)
    }

    pub(crate) fn details(&self) -> &[String] {
        &self.details
    }

    /// Whether what was asked for is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == ExitStatus::NotFound
    }

    /// Whether the name is taken.
    pub(crate) fn is_already_exists(&self) -> bool {
        self.already_exists
    }

    /// Whether nobody listened where the request was to go.
    pub(crate) fn is_no_connection(&self) -> bool {
        self.no_connection
    }

    /// The error as an object for programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "apiVersion": "runctl/v1",
            "kind": "Error",
            "exitCode": self.exit_code(),
            "code": self.status.name(),
            "message": self.message,
            "details": self.details,
            "hints": self.hints,
        })
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<run_api::Error> for Failure {
    fn from(error: run_api::Error) -> Self {
        run_ops::Error::from(error).into()
    }
}

impl From<run_api::InvalidName> for Failure {
    fn from(error: run_api::InvalidName) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<run_ops::InvalidTraffic> for Failure {
    fn from(error: run_ops::InvalidTraffic) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<run_ops::Error> for Failure {
    fn from(error: run_ops::Error) -> Self {
        let mut failure = Self::new(status_of(&error), plain(&error.to_string()));
        failure.no_connection = error.api().is_some_and(|api| {
            matches!(api.kind(), run_api::ErrorKind::Connect | run_api::ErrorKind::Unreachable)
        });
        failure.already_exists = error.is_already_exists();
        failure.advised(hints(&error.remedies(), error.resource()))
    }
}

/// Advice in this program's words, each once.
pub(crate) fn hints(remedies: &[Remedy], about: Option<&ResourceId>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for hint in remedies.iter().map(|remedy| advice(remedy, about)) {
        if !told.contains(&hint) {
            told.push(hint);
        }
    }
    told
}

fn status_of(error: &run_ops::Error) -> ExitStatus {
    let configuration = |error: &run_api::Error| {
        use run_api::ErrorKind::{Credentials, InvalidInput, Untrusted};
        matches!(error.kind(), InvalidInput | Credentials | Untrusted)
    };
    if error.kind() == run_ops::ErrorKind::Deadline {
        ExitStatus::Deadline
    } else if error.kind() == run_ops::ErrorKind::Invalid || error.api().is_some_and(configuration) {
        ExitStatus::Usage
    } else if error.is_not_found() || error.is_gone() {
        ExitStatus::NotFound
    } else if error.is_permission_denied() || error.is_unauthenticated() {
        ExitStatus::NotAllowed
    } else if error.is_outcome_unknown() {
        ExitStatus::OutcomeUnknown
    } else if error.is_cancelled() {
        ExitStatus::Cancelled
    } else if error.is_failed() && error.resource().is_some_and(|about| about.noun() == "execution") {
        ExitStatus::ExecutionFailed
    } else if error.kind() == run_ops::ErrorKind::Superseded {
        ExitStatus::TakenOver
    } else {
        ExitStatus::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::{Error, ErrorKind};

    #[test]
    fn an_error_for_programs() {
        let failure = Failure::new(ExitStatus::NotFound, "gone").detail("d").hint("h");
        let expected = json!({
            "apiVersion": "runctl/v1", "kind": "Error", "exitCode": 4, "code": "not-found", "message": "gone",
            "details": ["d"], "hints": ["h"],
        });
        assert_eq!(failure.to_json(), expected);
    }

    #[test]
    fn exit_codes() {
        for (error, status) in [
            (Error::from_status(404, "NOT_FOUND", ""), ExitStatus::NotFound),
            (Error::from_status(403, "PERMISSION_DENIED", ""), ExitStatus::NotAllowed),
            (Error::from_status(401, "UNAUTHENTICATED", ""), ExitStatus::NotAllowed),
            (Error::from_status(409, "ABORTED", ""), ExitStatus::Failed),
            (Error::from_status(503, "UNAVAILABLE", ""), ExitStatus::Failed),
            (Error::from_kind(ErrorKind::Connect, ""), ExitStatus::Failed),
            (Error::from_kind(ErrorKind::Credentials, ""), ExitStatus::Usage),
            (Error::invalid_input(""), ExitStatus::Usage),
        ] {
            assert_eq!(Failure::from(error).status(), status);
        }
    }
}
