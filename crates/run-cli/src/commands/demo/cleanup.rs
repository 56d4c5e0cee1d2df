//! What the demo leaves behind, and how it goes away.

use std::time::Duration;

use run_api::types::Service;
use run_api::{Client, ServiceRef};
use run_ops::{Deadline, Ops, Written};
use tokio::sync::watch;

use super::settings::Settings;
use crate::terminal::{ExitStatus, Failure, Printer};

/// By this label the demo knows its own service.
const RUN_LABEL: &str = "runctl-demo-run";

/// A creation under way is waited for before it is undone; then this is what is left for the deletion.
const LONGEST: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(200);

/// Whether there is something to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    /// The request is on its way: the service may come to be at any moment.
    Creating,
    /// The request ended without an answer: the service may be there, or come to be.
    Perhaps,
    Service,
}

/// What there is to delete, and the mark by which to know it.
pub(super) struct Remains {
    run: String,
    made: watch::Sender<Made>,
}

impl Default for Remains {
    fn default() -> Self {
        Self { run: uuid::Uuid::new_v4().to_string(), made: watch::Sender::new(Made::Nothing) }
    }
}

impl Remains {
    pub(super) fn set(&self, made: Made) {
        self.made.send_replace(made);
    }

    /// Marks a service as made by this run.
    pub(super) fn mark(&self, service: &mut Service) {
        let metadata = service.metadata.get_or_insert_default();
        metadata.labels.insert(RUN_LABEL.to_owned(), self.run.clone());
    }

    fn is_mine(&self, service: &Service) -> bool {
        service.metadata.as_ref().and_then(|metadata| metadata.labels.get(RUN_LABEL)) == Some(&self.run)
    }

    /// Creates the service in a task of its own: interrupting the walkthrough must not cut the request off
    /// before it is known whether there is something to delete.
    pub(super) async fn create(
        &self,
        ops: &Ops<Client>,
        reference: &ServiceRef,
        object: Service,
    ) -> Result<Written, Failure> {
        self.set(Made::Creating);
        let (ops, reference, made) = (ops.clone(), reference.clone(), self.made.clone());
        let task = tokio::spawn(async move {
            let result = ops.create_service(&reference, object).await;
            made.send_replace(match &result {
                Ok(_) => Made::Service,
                Err(error) if error.is_outcome_unknown() => Made::Perhaps,
                Err(_) => Made::Nothing,
            });
            result
        });
        match task.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Failure::new(ExitStatus::Failed, format!("the creation was cut off: {error}"))),
        }
    }
}

/// Deletes what the walkthrough made, if it made anything, and says so; within ten seconds.
///
/// It is only sure of the end when it has seen it: a passing fault is tried again, and while a creation may still
/// be under way, "not found" means nothing.
pub(super) async fn delete(
    ops: &Ops<Client>,
    settings: &Settings,
    remains: &Remains,
    printer: Printer,
) -> Result<(), Failure> {
    let deadline = Deadline::after(LONGEST);
    let mut made = remains.made.subscribe();
    let settled = made.wait_for(|made| *made != Made::Creating);
    let made = match tokio::time::timeout(LONGEST / 2, settled).await {
        Ok(Ok(made)) => *made,
        _ => Made::Perhaps,
    };
    if made == Made::Nothing {
        printer.talk("nothing to clean up");
        return Ok(());
    }
    let service = &settings.service;
    printer.talk(format_args!("deleting {}; interrupt again to leave it", service.short()));
    let mut last = Failure::new(ExitStatus::Deadline, "the clean-up did not end in time");
    while !deadline.has_passed() {
        let attempt =
            tokio::time::timeout(deadline.remaining(), attempt(ops, service, remains, deadline)).await;
        match attempt {
            Ok(Ok(End::Deleted)) => {
                printer.talk("deleted");
                return Ok(());
            }
            Ok(Ok(End::NotMine)) => {
                printer.talk("it was not made by this run, and stays");
                return Ok(());
            }
            Ok(Ok(End::Missing)) if made == Made::Service => {
                printer.talk("it is gone");
                return Ok(());
            }
            Ok(Ok(End::Missing)) => {
                last =
                    Failure::new(ExitStatus::Deadline, "the service is not there, but may still come to be");
            }
            Ok(Err(error)) if error.api().is_some_and(run_api::Error::is_retryable) => last = error.into(),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => break,
        }
        tokio::time::sleep(PAUSE.min(deadline.remaining())).await;
    }
    Err(last)
}

enum End {
    Deleted,
    Missing,
    NotMine,
}

async fn attempt(
    ops: &Ops<Client>,
    service: &ServiceRef,
    remains: &Remains,
    deadline: Deadline,
) -> Result<End, run_ops::Error> {
    match ops.api().get_service(service).await {
        Ok(found) if !remains.is_mine(&found) => return Ok(End::NotMine),
        Ok(_) => {}
        Err(error) if error.is_not_found() => return Ok(End::Missing),
        Err(error) => return Err(error.into()),
    }
    match ops.delete_service(service, deadline).await {
        // Gone between the look and the deletion.
        Err(error) if error.is_not_found() || error.is_gone() => Ok(End::Deleted),
        other => other.map(|()| End::Deleted),
    }
}
