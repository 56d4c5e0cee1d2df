//! `runctl emulator`.

use std::time::Duration;

use run_emulator::{Delays, Emulator, Setting};

use crate::cli::{GlobalArguments, ServeArguments};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::printer::Printer;

/// Serves until the first interrupt.
pub(crate) async fn serve(
    arguments: ServeArguments,
    global: &GlobalArguments,
    printer: Printer,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::listen()
        .map_err(|error| Failure::new(ExitStatus::Failed, format!("signals can not be received: {error}")))?;
    let mut builder = Emulator::builder().listen(arguments.listen);
    if let Some(region) = &global.region {
        builder = builder.default_region(run_api::Region::new(region)?.as_str());
    }
    if let Some(delay) = arguments.delay {
        builder = builder.delays(Delays::uniform(Duration::from_millis(delay)));
    }
    if let Some(file) = arguments.state {
        builder = builder.state(file);
    }
    for domain in &arguments.authorized_domains {
        builder = builder.authorized_domain(domain);
    }
    let emulator = builder.start().await.map_err(|error| {
        let failure = Failure::new(ExitStatus::Failed, error.to_string());
        match error.concerns() {
            Setting::Listen => failure.hint("choose another address with --listen; port 0 takes a free one"),
            Setting::State => failure.hint("name another file with --state, or begin anew without that one"),
            _ => failure,
        }
    })?;
    if !emulator.addr().ip().is_loopback() {
        printer.talk("warning: other machines can reach this emulator, and it asks nobody for a password");
    }
    printer.data(emulator.url())?;
    printer.talk(format_args!("emulating the Cloud Run Admin API v1; point clients at it with"));
    printer.talk(format_args!("  export RUN_EMULATOR_HOST={}", emulator.addr()));
    interrupts.next().await;
    emulator.shutdown().await;
    printer.talk("stopped");
    Ok(())
}
