//! Carrying out what changes an object or waits for it: a signal ends it, and a failure is explained.

use run_api::{Client, Named, ResourceRef, ServiceRef};
use run_ops::api::{Kind, ReadApi};
use run_ops::{CloudRun, Deadline, Diagnosis, Error, Ops, Written};

use super::interrupt::Interrupts;
use super::report;
use crate::terminal::{ExitStatus, Failure, Steps, hints};

/// Carries out an operation on a service, and ends the stage that it was in if it does not succeed.
pub(crate) async fn carry_out<C: CloudRun, T>(
    ops: &Ops<C>,
    steps: &Steps,
    service: &ServiceRef,
    deadline: Deadline,
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let explained = async {
        match ops.within(deadline, Box::pin(operation)).await {
            Ok(outcome) => Ok(outcome),
            Err(error) => {
                end(steps, &error);
                Err(report::explained(ops, service, error).await)
            }
        }
    };
    let see = || {
        format!(
            "what was sent before is not taken back, and goes on: see `runctl services describe {}`",
            service.name
        )
    };
    until_interrupted(steps, service, &see, explained).await
}

/// The same for an object of any kind, which has no report of its own. `see` is the advice after an interruption.
pub(crate) async fn carry_out_on<K: Named, T>(
    ops: &Ops<Client>,
    steps: &Steps,
    object: &ResourceRef<K>,
    see: &dyn Fn() -> String,
    deadline: Deadline,
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let explained = async {
        ops.within(deadline, Box::pin(operation)).await.map_err(|error| {
            end(steps, &error);
            // What kept a request from being answered has nothing to do with the object.
            let is_answered = error.api().is_none_or(|api| api.http_status().is_some());
            let diagnosis = Diagnosis::of_error(&error).filter(|_| is_answered);
            let about = error.resource().cloned().unwrap_or_else(|| object.id());
            let failure = Failure::from(error);
            match diagnosis {
                Some(Diagnosis { cause, remedies, .. }) if !remedies.is_empty() => failure
                    .detail(format!("cause: {cause} [{}]", cause.code()))
                    .advised(hints(&remedies, Some(&about))),
                _ => failure,
            }
        })
    };
    until_interrupted(steps, object, see, explained).await
}

/// Writes an object, and waits until it is ready unless nobody waits for it. `ready` is what the last step ends with.
pub(crate) async fn write_and_wait<K: Kind>(
    ops: &Ops<Client>,
    steps: &Steps,
    (title, object): (&'static str, &ResourceRef<K>),
    deadline: Option<Deadline>,
    write: impl Future<Output = Result<Written<K>, Error>>,
    ready: impl Fn(&K) -> &str,
) -> Result<K, Error>
where
    Client: ReadApi<K>,
{
    steps.start(title, &object.short());
    let written = write.await?;
    steps.done(if written.changed() { "written" } else { "nothing to change" });
    let Some(deadline) = deadline else { return Ok(written.object().clone()) };
    steps.start("wait", "until it is ready");
    let object = ops.wait_until_ready(&written, deadline).await?;
    steps.done(ready(&object));
    Ok(object)
}

/// The deadline ends the command; what it waits for goes on.
fn end(steps: &Steps, error: &Error) {
    match error.is_deadline_exceeded() {
        true => steps.leave("not done in time"),
        false => steps.abandon("failed"),
    }
}

async fn until_interrupted<K: Named, T>(
    steps: &Steps,
    object: &ResourceRef<K>,
    see: &dyn Fn() -> String,
    operation: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut interrupts = Interrupts::listen()?;
    tokio::select! {
        biased;
        outcome = operation => outcome,
        () = interrupts.next() => {
            steps.leave("interrupted");
            let message = format!("{}: interrupted", object.short());
            Err(Failure::new(ExitStatus::Interrupted, message).hint(see()))
        }
    }
}
