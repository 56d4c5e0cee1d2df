//! `runctl wait`.

use std::time::Duration;

use clap::Args;

use crate::arguments::DEFAULT_TIMEOUT;
use crate::output::{self, describe};
use crate::session::Context;
use crate::session::carry_out;
use crate::terminal::{Failure, Steps};
use crate::values::duration;

/// What `runctl wait` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    /// How long the command may take, all in all
    #[arg(long, default_value = DEFAULT_TIMEOUT, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Duration,
}

/// Waits until a service, as it is written now, is ready.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let steps = Steps::new(context.printer, &["wait"]);
    let ops = context.ops(&steps);
    let operation = async {
        steps.start("wait", &format!("until {} is ready", service.short()));
        let current = ops.current(&service).await?;
        ops.wait_until_ready(&current, context.deadline).await
    };
    let ready = carry_out(&ops, &steps, &service, context.deadline, operation).await?;
    steps.done("ready");
    output::show(&ready, context.format(), context.printer, || describe::url(&ready).unwrap_or_default())
}
