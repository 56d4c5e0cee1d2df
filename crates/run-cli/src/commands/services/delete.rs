//! `runctl services delete`.

use clap::Args;
use run_ops::Error;

use crate::session::carry_out;
use crate::session::{Context, DEFAULT_TIMEOUT_SECONDS, deadline};
use crate::terminal::{Failure, Steps};

/// What `runctl services delete` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    /// Do not wait until the service is gone
    #[arg(long = "async")]
    asynchronous: bool,

    /// How many seconds the wait may take
    #[arg(long, default_value_t = DEFAULT_TIMEOUT_SECONDS, value_name = "SECONDS")]
    timeout: u64,
}

/// Deletes a service.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    context.confirm(&format!("Service [{}] will be deleted. Do you want to continue?", service.name))?;
    let steps = Steps::new(context.printer, if arguments.asynchronous { 1 } else { 2 });
    let ops = context.ops(&steps);
    let operation = async {
        steps.start("delete", &service.short());
        let deletion = ops.start_deletion(&service).await?;
        steps.done("started");
        if !arguments.asynchronous {
            steps.start("wait", "until it is gone");
            ops.wait_until_gone(&deletion, deadline(arguments.timeout)).await?;
            steps.done("gone");
        }
        Ok::<(), Error>(())
    };
    carry_out(&ops, &steps, &service, operation).await?;
    let done = if arguments.asynchronous { "is being deleted" } else { "has been deleted" };
    context.printer.talk(format_args!("Service [{}] {done}.", service.name));
    Ok(())
}
