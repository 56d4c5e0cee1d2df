//! A run of a job: how it stands, or ended.

use std::fmt;

use run_api::types::Execution;
use run_api::{ExecutionRef, Resource};

use super::Outcome;
use crate::remedy::Remedy;
use crate::wait::failed;
use crate::{Diagnosis, Error, ErrorKind, FailedTask, Result, TaskCounts};

/// How a run of a job stands, or ended: what [`Ops::finish_run`](crate::Ops::finish_run) and
/// [`Ops::run_report`](crate::Ops::run_report) tell.
///
/// That it was made says nothing of success: look at [`outcome`](Self::outcome), or ask for
/// [`success`](Self::success).
#[derive(Debug)]
#[must_use = "a run may have failed, or been cancelled"]
#[non_exhaustive]
pub struct Run {
    /// The execution.
    pub reference: ExecutionRef,
    /// How it ended.
    pub outcome: Outcome,
    /// How many of its tasks did what, at the last look.
    pub tasks: TaskCounts,
    /// The tasks that failed for good, by their index. Empty as well if they could not be read: the counts tell then.
    pub failed_tasks: Vec<FailedTask>,
    /// Where its logs are in the Cloud console.
    pub log_url: Option<String>,
    /// The execution as it was seen last.
    pub execution: Execution,
    error: Option<Error>,
}

impl Run {
    /// How an execution stands, with its failed tasks. A pure function.
    pub fn of(reference: &ExecutionRef, execution: Execution, failed_tasks: Vec<FailedTask>) -> Self {
        let status = execution.status.as_ref();
        Self {
            reference: reference.clone(),
            outcome: Outcome::of(&execution).unwrap_or(Outcome::Running),
            tasks: TaskCounts::of(&execution),
            failed_tasks,
            log_url: status.and_then(|status| status.log_uri.clone()),
            execution,
            error: None,
        }
    }

    /// One whose wait ended with an error, and not by the execution's word.
    /// `was_seen` says whether a look has succeeded: else it may have ended long ago.
    pub(super) fn cut_short(self, error: Error, was_seen: bool) -> Self {
        let outcome = match error.kind() {
            ErrorKind::Deadline if was_seen => Outcome::Running,
            _ => Outcome::Unknown,
        };
        Self { outcome, error: Some(error), ..self }
    }

    /// The execution, if it succeeded.
    ///
    /// # Errors
    /// [`ErrorKind::Failed`] with the server's reason and the first failed task, [`ErrorKind::Cancelled`],
    /// [`ErrorKind::Deadline`] if it went on, and [`ErrorKind::OutcomeUnknown`] with what stood in the way.
    pub fn success(self) -> Result<Execution> {
        match self.to_error() {
            None => Ok(self.execution),
            Some(error) => Err(self.error.filter(|known| known.kind() == error.kind()).unwrap_or(error)),
        }
    }

    /// What to say if it is no success.
    fn to_error(&self) -> Option<Error> {
        let error = match &self.outcome {
            Outcome::Succeeded => return None,
            Outcome::Failed { reason, message } => failed(reason.clone(), &self.told(message)),
            Outcome::Cancelled => {
                Error::new(ErrorKind::Cancelled, format!("it was cancelled: {}", self.tasks))
            }
            Outcome::Running => Error::new(ErrorKind::Deadline, "it was not completed in time, and goes on")
                .with_last_seen(self.tasks.to_string()),
            Outcome::Unknown => {
                let why = self.error.as_ref().map(|error| format!(": {}", error.message()));
                let message =
                    format!("it was begun, and how it ended cannot be told{}", why.unwrap_or_default());
                let written = self.error.as_ref().and_then(Error::written).cloned();
                let unknown = Error::new(ErrorKind::OutcomeUnknown, message)
                    .with_remedy(Remedy::ListExecutions)
                    .after(written);
                match self.error.as_ref().and_then(Error::api).map(ToString::to_string) {
                    Some(seen) if !unknown.message().contains(&seen) => unknown.with_last_seen(seen),
                    _ => unknown,
                }
            }
        };
        Some(error.about(&self.reference))
    }

    /// The server's message, and the first failed task if it does not name it.
    fn told(&self, message: &str) -> String {
        match self.failed_tasks.first() {
            Some(first) if !message.contains(&first.name) => format!("{message} [{first}]"),
            _ => message.to_owned(),
        }
    }

    /// Why it failed, and what to do; none if it did not.
    #[must_use]
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        match self.outcome {
            Outcome::Failed { .. } => Diagnosis::of_error(&self.to_error()?),
            _ => None,
        }
    }

    /// The first failed task that has an exit code, or was ended by a signal, and that code as a shell tells it.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.failed_tasks.iter().find_map(FailedTask::shell_code)
    }

    /// What stood in the way of seeing its end, if something did.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        self.error.as_ref().map(ToString::to_string)
    }

    /// The name of the execution.
    #[must_use]
    pub fn name(&self) -> &str {
        self.reference.name.as_str()
    }
}

/// The report for people, over several lines if tasks failed.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "execution `{}` ", self.name())?;
        match &self.outcome {
            Outcome::Succeeded => f.write_str("succeeded")?,
            Outcome::Failed { reason: Some(reason), .. } => write!(f, "failed ({reason})")?,
            Outcome::Failed { reason: None, .. } => f.write_str("failed")?,
            Outcome::Cancelled => f.write_str("was cancelled")?,
            Outcome::Running => f.write_str("goes on")?,
            Outcome::Unknown => f.write_str("was begun, and how it ended cannot be told")?,
        }
        write!(f, ": {}", self.tasks)?;
        if self.failed_tasks.is_empty()
            && let Outcome::Failed { message, .. } = &self.outcome
            && !message.is_empty()
        {
            write!(f, "\n{message}")?;
        }
        for task in &self.failed_tasks {
            write!(f, "\n{task}")?;
        }
        match &self.log_url {
            Some(url) => write!(f, "\nlogs: {url}"),
            None => Ok(()),
        }
    }
}

/// Whether an execution says itself that it is over.
pub(super) fn is_over(execution: &Execution) -> bool {
    execution.uid().is_some() && Outcome::of(execution).is_some()
}
