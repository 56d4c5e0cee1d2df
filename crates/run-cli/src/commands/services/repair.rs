//! `runctl services repair`.

use clap::Args;
use run_ops::{Mend, RepairPlan};
use serde_json::json;

use super::write::Write;
use crate::arguments::TimeoutArguments;
use crate::output;
use crate::session::Context;
use crate::terminal::Failure;

/// What `runctl services repair` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    /// Show what is wrong and what would be changed, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Pin the traffic of a newest revision that failed to the one that serves in its place
    ///
    /// The service gets ready again; later deployments get no traffic until it follows the latest again.
    #[arg(long, conflicts_with = "to_latest")]
    pin_serving: bool,

    /// Give what revisions lose, and all the rest, to the latest ready revision
    #[arg(long)]
    to_latest: bool,

    #[command(flatten)]
    pub(super) wait: TimeoutArguments,
}

/// Mends the traffic of a service.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let mend = match (arguments.pin_serving, arguments.to_latest) {
        (true, _) => Mend::PinServing,
        (_, true) => Mend::FollowLatest,
        _ => Mend::KeepServing,
    };
    let write = Write::new("repair", context, arguments.wait.asynchronous);
    let plan = write.ops.plan_repair(&service, mend).await?;
    if arguments.dry_run || plan.is_empty() {
        show(&plan, context)?;
        if !plan.remaining().is_empty() {
            context.printer.talk(
                "hint: the next good deployment mends the rest; --pin-serving makes the service ready before it",
            );
        }
        return Ok(());
    }
    context.printer.talk(&plan);
    context.confirm(&format!(
        "The traffic of service [{}] will be changed. Do you want to continue?",
        service.name
    ))?;
    write.carry_out(&service, async { Ok(write.ops.repair(&service, mend).await?.1) }).await
}

/// The plan as data.
fn show(plan: &RepairPlan, context: &Context) -> Result<(), Failure> {
    let lines = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>();
    let object = json!({
        "apiVersion": "runctl/v1",
        "kind": "RepairPlan",
        "problems": lines(&mut plan.problems().iter().map(ToString::to_string)),
        "changes": lines(&mut plan.changes().iter().map(ToString::to_string)),
        "remaining": lines(&mut plan.remaining().iter().map(ToString::to_string)),
        "traffic": plan.traffic().targets(),
    });
    output::show(&object, context.format(), context.printer, || plan.to_string())
}
