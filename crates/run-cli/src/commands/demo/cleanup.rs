//! What the demo leaves behind, and how it goes away.

use std::time::Duration;

use run_api::types::Service;
use run_api::{Client, ServiceRef};
use run_ops::{Deadline, Ops, Written};
use tokio::sync::watch;

use super::settings::Settings;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;

/// By this label the demo knows its own service.
const RUN_LABEL: &str = "runctl-demo-run";

/// A creation under way is waited for before it is undone; then this is what is left for the deletion.
const LONGEST: Duration = Duration::from_secs(10);

/// Whether there is something to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Nothing,
    /// The request is on its way: the service may come to be at any moment.
    Creating,
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
            let nothing = result.as_ref().is_err_and(|error| !error.is_outcome_unknown());
            made.send_replace(if nothing { Made::Nothing } else { Made::Service });
            result
        });
        match task.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Failure::new(ExitStatus::Failed, format!("the creation was cut off: {error}"))),
        }
    }
}

/// Deletes what the walkthrough made, if it made anything, and says so.
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
        _ => Made::Service,
    };
    if made == Made::Nothing {
        printer.talk("nothing to clean up");
        return Ok(());
    }
    let service = &settings.service;
    printer.talk(format_args!("deleting {}; interrupt again to leave it", service.short()));
    let found = match run_ops::CloudRun::get_service(ops.api(), service).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => {
            printer.talk("it is not there");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    if !remains.is_mine(&found) {
        printer.talk("it was not made by this run, and stays");
        return Ok(());
    }
    ops.delete_service(service, deadline).await?;
    printer.talk("deleted");
    Ok(())
}
