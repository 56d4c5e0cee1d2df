//! Carrying out what changes a service or waits for it: a signal ends it, and a failure is explained.

use run_api::ServiceRef;
use run_ops::{CloudRun, Deadline, Error, Ops};

use super::interrupt::Interrupts;
use super::report;
use crate::terminal::{ExitStatus, Failure, Steps};

/// Carries out an operation on a service, and ends the step that it was in if it does not succeed.
pub(crate) async fn carry_out<C: CloudRun, T>(
    ops: &Ops<C>,
    steps: &Steps,
    service: &ServiceRef,
    deadline: Deadline,
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let explained = async {
        match ops.within(deadline, Box::pin(operation)).await {
            Ok(outcome) => Ok(outcome),
            Err(error) => {
                // The deadline ends the command; what it waits for goes on.
                match error.is_deadline_exceeded() {
                    true => steps.leave("not done in time"),
                    false => steps.abandon("failed"),
                }
                Err(report::explained(ops, service, error).await)
            }
        }
    };
    tokio::select! {
        biased;
        outcome = explained => outcome,
        () = interrupts.next() => {
            steps.abandon("interrupted");
            Err(interrupted(service))
        }
    }
}

fn interrupted(service: &ServiceRef) -> Failure {
    Failure::new(ExitStatus::Interrupted, format!("{}: interrupted", service.short())).hint(format!(
        "what was sent before is not taken back, and goes on: see `runctl services describe {}`",
        service.name
    ))
}
