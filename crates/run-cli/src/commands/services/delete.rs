//! `runctl services delete`.

use clap::Args;
use run_ops::Error;

use crate::arguments::TimeoutArguments;
use crate::session::{Context, carry_out};
use crate::terminal::{Failure, Steps};

/// What `runctl services delete` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    #[command(flatten)]
    pub(super) wait: TimeoutArguments,
}

/// Deletes a service.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    context.confirm(&format!("Service [{}] will be deleted. Do you want to continue?", service.name))?;
    let steps = Steps::new(context.printer, if arguments.wait.asynchronous { 1 } else { 2 });
    let ops = context.ops(&steps);
    let operation = async {
        steps.start("delete", &service.short());
        let deletion = ops.start_deletion(&service).await?;
        steps.done("started");
        if !arguments.wait.asynchronous {
            steps.start("wait", "until it is gone");
            ops.wait_until_gone(&deletion, context.deadline).await?;
            steps.done("gone");
        }
        Ok::<(), Error>(())
    };
    carry_out(&ops, &steps, &service, context.deadline, operation).await?;
    let done = if arguments.wait.asynchronous { "is being deleted" } else { "has been deleted" };
    context.printer.talk(format_args!("Service [{}] {done}.", service.name));
    Ok(())
}
