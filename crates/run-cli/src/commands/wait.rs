//! `runctl wait`.

use clap::Args;

use crate::arguments::DEFAULT_TIMEOUT_SECONDS;
use crate::output::{self, describe};
use crate::session::carry_out;
use crate::session::{Context, deadline};
use crate::terminal::{Failure, Steps};

/// What `runctl wait` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    /// How many seconds the wait may take
    #[arg(long, default_value_t = DEFAULT_TIMEOUT_SECONDS, value_name = "SECONDS")]
    timeout: u64,
}

/// Waits until a service, as it is written now, is ready.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let steps = Steps::new(context.printer, 1);
    let ops = context.ops(&steps);
    let operation = async {
        steps.start("wait", &format!("until {} is ready", service.short()));
        let current = ops.current(&service).await?;
        ops.wait_until_ready(&current, deadline(arguments.timeout)).await
    };
    let ready = carry_out(&ops, &steps, &service, operation).await?;
    steps.done("ready");
    output::show(&ready, context.format(), context.printer, || describe::url(&ready).unwrap_or_default())
}
