//! What the commands that change a service share: the write, the wait, and what is printed.

use run_api::types::Service;
use run_api::{Client, ServiceRef};
use run_ops::{Error, Ops, Written};

use crate::output::{self, describe};
use crate::session::{Context, carry_out};
use crate::terminal::{Failure, Steps};

/// A write that is being carried out.
pub(super) struct Write<'a> {
    pub(super) ops: Ops<Client>,
    context: &'a Context,
    title: &'static str,
    asynchronous: bool,
    steps: Steps,
}

impl<'a> Write<'a> {
    /// `title` names the stage of the write.
    pub(super) fn new(title: &'static str, context: &'a Context, asynchronous: bool) -> Self {
        let steps = Steps::of_write(context.printer, title, asynchronous);
        Self { ops: context.ops(&steps), context, title, asynchronous, steps }
    }

    /// Writes, waits, and prints the service.
    pub(super) async fn carry_out(
        &self,
        service: &ServiceRef,
        write: impl Future<Output = Result<Written, Error>>,
    ) -> Result<(), Failure> {
        let object = self.carried_out(service, write).await?;
        self.show(&object)
    }

    /// Writes, and waits.
    pub(super) async fn carried_out(
        &self,
        service: &ServiceRef,
        write: impl Future<Output = Result<Written, Error>>,
    ) -> Result<Service, Failure> {
        let steps = &self.steps;
        let operation = async {
            steps.start(self.title, &service.short());
            let written = write.await?;
            steps.done(if written.changed() { "written" } else { "nothing to change" });
            if self.asynchronous {
                return Ok(written.service().clone());
            }
            steps.start("wait", "until the traffic has moved");
            let ready = self.ops.wait_until_ready(&written, self.context.deadline).await?;
            steps.done("done");
            Ok::<Service, Error>(ready)
        };
        carry_out(&self.ops, steps, service, self.context.deadline, operation).await
    }

    /// Prints the service.
    pub(super) fn show(&self, object: &Service) -> Result<(), Failure> {
        output::show(object, self.context.format(), self.context.printer, || self.text_of(object))
    }

    fn text_of(&self, service: &Service) -> String {
        let url = describe::url(service).map(|url| format!("URL: {url}\n")).unwrap_or_default();
        let note = if self.asynchronous { "  (the change is under way)\n" } else { "" };
        format!("{url}Traffic:\n{}{note}", describe::traffic(service)).trim_end().to_owned()
    }
}
