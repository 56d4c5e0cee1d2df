//! What the commands that change traffic share: the flags of the wait, the write, and what is printed.

use clap::Args;
use run_api::types::Service;
use run_api::{Client, ServiceRef};
use run_ops::{Error, Ops, ServiceView, Written};

use crate::output::{describe, structured};
use crate::session::{Context, DEFAULT_TIMEOUT_SECONDS, carry_out, deadline};
use crate::terminal::{Failure, Steps};

/// Whether a command waits until the traffic has moved.
#[derive(Args, Debug)]
pub(super) struct WaitFlags {
    /// Do not wait until the traffic has moved
    #[arg(long = "async")]
    asynchronous: bool,

    /// How many seconds the wait may take
    #[arg(long, default_value_t = DEFAULT_TIMEOUT_SECONDS, value_name = "SECONDS")]
    timeout: u64,
}

impl WaitFlags {
    pub(super) fn steps(&self, context: &Context) -> Steps {
        Steps::new(context.printer, if self.asynchronous { 1 } else { 2 })
    }

    /// Writes, waits, and prints the service. `title` names the step of the write.
    pub(super) async fn carry_out(
        &self,
        context: &Context,
        (ops, steps): (&Ops<Client>, &Steps),
        service: &ServiceRef,
        title: &'static str,
        write: impl Future<Output = Result<Written, Error>>,
    ) -> Result<(), Failure> {
        let operation = async {
            steps.start(title, &service.short());
            let written = write.await?;
            steps.done(if written.changed() { "written" } else { "nothing to change" });
            if self.asynchronous {
                return Ok(written.service().clone());
            }
            steps.start("wait", "until the traffic has moved");
            let ready = ops.wait_until_ready(&written, deadline(self.timeout)).await?;
            steps.done("done");
            Ok::<Service, Error>(ready)
        };
        let object = carry_out(ops, steps, service, operation).await?;
        let text = structured(&object, context.format)?;
        context.printer.data(text.unwrap_or_else(|| self.text_of(&object)))
    }

    fn text_of(&self, service: &Service) -> String {
        let url = service.url().map(|url| format!("URL: {url}\n")).unwrap_or_default();
        let note = if self.asynchronous { "  (the change is under way)\n" } else { "" };
        format!("{url}Traffic:\n{}{note}", describe::traffic(service)).trim_end().to_owned()
    }
}
