//! `runctl services describe`.

use clap::Args;

use crate::output::{self, structured};
use crate::session::Context;
use crate::terminal::Failure;

/// What `runctl services describe` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,
}

/// Shows a service.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.client.get_service(&context.service(&arguments.service)?).await?;
    let text = structured(&service, context.format)?.unwrap_or_else(|| output::describe::service(&service));
    context.printer.data(text)?;
    Ok(())
}
