//! Deletions, of all kinds.

use clap::Args;
use run_api::{Client, ResourceRef};
use run_ops::Error;
use run_ops::api::{DeleteApi, Kind};

use crate::arguments::TimeoutArguments;
use crate::session::{Context, carry_out_on};
use crate::terminal::{Failure, Steps};

/// What a `delete` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// What to delete
    pub(super) name: String,

    #[command(flatten)]
    pub(super) wait: TimeoutArguments,
}

/// Deletes an object, after a question. `title` is its kind at the beginning of a sentence; `describe` shows it.
pub(crate) async fn run<K: Kind>(
    object: &ResourceRef<K>,
    title: &str,
    describe: &str,
    arguments: &Arguments,
    context: &Context,
) -> Result<(), Failure>
where
    Client: DeleteApi<K>,
{
    let name = &object.name;
    context.confirm(&format!("{title} [{name}] will be deleted. Do you want to continue?"))?;
    let steps = Steps::of_write(context.printer, "delete", arguments.wait.asynchronous);
    let ops = context.ops(&steps);
    let operation = async {
        steps.start("delete", &object.short());
        let deletion = ops.start_deletion(object).await?;
        steps.done("started");
        if !arguments.wait.asynchronous {
            steps.start("wait", "until it is gone");
            ops.wait_until_gone(&deletion, context.deadline).await?;
            steps.done("gone");
        }
        Ok::<(), Error>(())
    };
    let see = || format!("what was sent before is not taken back, and goes on: see `{describe} {name}`");
    carry_out_on(&ops, &steps, object, &see, context.deadline, operation).await?;
    let done = if arguments.wait.asynchronous { "is being deleted" } else { "has been deleted" };
    context.printer.talk(format_args!("{title} [{name}] {done}."));
    Ok(())
}
