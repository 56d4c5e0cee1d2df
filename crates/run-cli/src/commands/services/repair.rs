//! `runctl services repair`.

use clap::Args;
use run_api::types::Service;
use run_ops::{Error, Mend, RepairPlan};
use serde_json::json;

use super::update_traffic::text_of;
use crate::context::{Context, DEFAULT_TIMEOUT_SECONDS, deadline};
use crate::failure::Failure;
use crate::output::structured;
use crate::report;
use crate::steps::Steps;

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

    /// Do not wait until the traffic has moved
    #[arg(long = "async")]
    asynchronous: bool,

    /// How many seconds the wait may take
    #[arg(long, default_value_t = DEFAULT_TIMEOUT_SECONDS, value_name = "SECONDS")]
    timeout: u64,
}

/// Mends the traffic of a service.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let mend = match (arguments.pin_serving, arguments.to_latest) {
        (true, _) => Mend::PinServing,
        (_, true) => Mend::FollowLatest,
        _ => Mend::KeepServing,
    };
    let steps = Steps::new(context.printer, if arguments.asynchronous { 1 } else { 2 });
    let ops = context.ops(&steps);
    let plan = ops.plan_repair(&service, mend).await?;
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
    let result = async {
        steps.start("repair", &service.short());
        let (_, written) = ops.repair(&service, mend).await?;
        steps.done(if written.changed() { "written" } else { "nothing to change" });
        if arguments.asynchronous {
            return Ok(written.service().clone());
        }
        steps.start("wait", "until the traffic has moved");
        let ready = ops.wait_until_ready(&written, deadline(arguments.timeout)).await?;
        steps.done("done");
        Ok::<Service, Error>(ready)
    };
    let object = match result.await {
        Ok(object) => object,
        Err(error) => {
            steps.abandon("failed");
            return Err(report::explained(&ops, &service, error).await);
        }
    };
    let text = structured(&object, context.format)?;
    context.printer.data(text.unwrap_or_else(|| text_of(&object, arguments.asynchronous)))
}

/// The plan as data.
fn show(plan: &RepairPlan, context: &Context) -> Result<(), Failure> {
    let lines = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>();
    let object = json!({
        "problems": lines(&mut plan.problems().iter().map(ToString::to_string)),
        "changes": lines(&mut plan.changes().iter().map(ToString::to_string)),
        "remaining": lines(&mut plan.remaining().iter().map(ToString::to_string)),
        "traffic": plan.traffic().targets(),
    });
    context.printer.data(structured(&object, context.format)?.unwrap_or_else(|| plan.to_string()))
}
