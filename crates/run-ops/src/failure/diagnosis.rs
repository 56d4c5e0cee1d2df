//! A cause with what to do about it.

use std::fmt;

use super::advice::{About, remedies};
use super::{Cause, api, condition};
use crate::remedy::Remedy;
use crate::{Error, ErrorKind};

/// Why something failed, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The cause.
    pub cause: Cause,
    /// What to do, the likeliest first.
    pub remedies: Vec<Remedy>,
}

impl Diagnosis {
    /// The diagnosis of a refused or failed request.
    ///
    /// ```
    /// use run_ops::{Cause, Diagnosis};
    ///
    /// let error = run_api::Error::from_status(
    ///     403,
    ///     "PERMISSION_DENIED",
    ///     "Permission 'run.services.update' denied on resource 'namespaces/p/services/s' (or resource may not exist).",
    /// );
    /// let diagnosis = Diagnosis::of_api(&error);
    /// assert_eq!(diagnosis.cause.code(), "permission-denied");
    /// assert_eq!(diagnosis.remedies[0].to_string(), "grant roles/run.developer on the service or its project to the caller");
    /// ```
    #[must_use]
    pub fn of_api(error: &run_api::Error) -> Self {
        Self::of(api::cause_of(error), &About::request(error))
    }

    /// The diagnosis of an operation's error; none if the error is no failure of the server's (a deadline that
    /// passed, an edit that was refused here).
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::{Deadline, DeployRequest, Diagnosis};
    ///
    /// let broken = DeployRequest::new(hello).image("docker.io/run-emulator/missing");
    /// let error = ops.deploy(&broken, Deadline::after(Duration::from_secs(60))).await.unwrap_err();
    /// assert_eq!(Diagnosis::of_error(&error).expect("a failure").cause.code(), "image-missing");
    /// # Ok(()) })
    /// ```
    #[must_use]
    pub fn of_error(error: &Error) -> Option<Self> {
        let mut diagnosis = match (error.kind(), error.api()) {
            (ErrorKind::Failed, _) => {
                let cause = condition::cause_of(error.reason(), error.message());
                Self::of(cause, &About::default())
            }
            (ErrorKind::AlreadyExists, _) => Self::of(Cause::AlreadyExists, &About::default()),
            (ErrorKind::Api | ErrorKind::Contended | ErrorKind::OutcomeUnknown, Some(api)) => {
                Self::of_api(api)
            }
            _ => return None,
        };
        match error.kind() {
            ErrorKind::OutcomeUnknown => diagnosis.remedies = vec![Remedy::Compare],
            ErrorKind::Contended => diagnosis.remedies.insert(0, Remedy::FindWriter),
            ErrorKind::Failed if diagnosis.remedies.is_empty() => diagnosis.remedies.push(Remedy::ReadLogs),
            _ => {}
        }
        // Where it failed, more was known.
        if let Some(known) = error.remedy() {
            diagnosis.remedies = vec![known.clone()];
        }
        Some(diagnosis)
    }

    pub(super) fn of(cause: Cause, about: &About) -> Self {
        let remedies = remedies(&cause, about);
        Self { cause, remedies }
    }
}

impl Error {
    /// What to do about it, the likeliest first; nothing where the message says all there is.
    ///
    /// They display as sentences. A program that has its own words matches on them: see [`remedy`](crate::remedy).
    ///
    /// ```
    /// use run_ops::{Error, remedy::Remedy};
    ///
    /// let error = Error::from(run_api::Error::from_status(409, "ABORTED", "Conflict for resource …"));
    /// assert_eq!(error.remedies(), [Remedy::RepeatUpdate]);
    /// assert!(Error::invalid("not on Fridays").remedies().is_empty());
    /// ```
    #[must_use]
    pub fn remedies(&self) -> Vec<Remedy> {
        match (self.remedy(), Diagnosis::of_error(self)) {
            (Some(known), _) => vec![known.clone()],
            (None, Some(diagnosis)) => diagnosis.remedies,
            (None, None) => match self.kind() {
                ErrorKind::Deadline => vec![Remedy::WaitLonger],
                ErrorKind::Superseded | ErrorKind::Contended => vec![Remedy::FindWriter],
                ErrorKind::OutcomeUnknown => vec![Remedy::Compare],
                ErrorKind::AlreadyExists => vec![Remedy::UpdateOrRename],
                ErrorKind::Failed => vec![Remedy::ReadLogs],
                ErrorKind::Api
                | ErrorKind::Invalid
                | ErrorKind::Cancelled
                | ErrorKind::Gone
                | ErrorKind::Unexpected => Vec::new(),
            },
        }
    }
}

impl fmt::Display for Diagnosis {
    /// The cause with its code, and a line for each remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.cause, self.cause.code())?;
        for remedy in &self.remedies {
            write!(f, "\nhint: {remedy}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_failure_of_the_servers_has_no_diagnosis() {
        assert_eq!(Diagnosis::of_error(&Error::invalid("no")), None);
        let failed = Error::new(ErrorKind::Failed, "it failed: Image 'a' not found.");
        assert_eq!(Diagnosis::of_error(&failed).unwrap().cause.code(), "image-missing");
    }
}
