//! `runctl services replace`.

use run_api::types::Service;
use run_ops::ServiceView;

use crate::commands::replace::{Arguments, Replacement};
use crate::output::{self, describe};
use crate::session::{Context, carry_out};
use crate::terminal::Failure;

/// Puts a manifest in the place of a service, as a whole, or creates it. Nothing is written if nothing differs.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let Some(replacement) = Replacement::<Service>::read(arguments, context).await? else { return Ok(()) };
    let Replacement { object: service, ops, steps, .. } = &replacement;
    let operation = replacement.write(|service| service.latest_created_revision().unwrap_or("ready"));
    let object = carry_out(ops, steps, service, context.deadline, operation).await?;
    replacement.tell();
    if let Some(url) = describe::url(&object).filter(|_| replacement.waits()) {
        context.printer.talk(format_args!("URL: {url}"));
    }
    output::show(&object, context.format(), context.printer, String::new)
}
