//! `runctl emulator`.

pub(crate) mod env;
pub(crate) mod trouble;
pub(crate) mod values;
pub(crate) mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use run_emulator::{Delays, Emulator, EmulatorBuilder, LogEntry, Setting};

use crate::cli::{GlobalArguments, LogForm, ServeArguments};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::printer::Printer;

/// Serves until the first interrupt.
pub(crate) async fn serve(
    arguments: Box<ServeArguments>,
    global: &GlobalArguments,
    printer: Printer,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::listen()?;
    let listen =
        arguments.port.map_or(arguments.listen, |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut builder = arguments.world.apply(Emulator::builder().listen(listen));
    if let Some(project) = &global.project {
        let (id, number) = values::project(project).map_err(Failure::usage)?;
        if let Some(number) = number {
            builder = builder.project(id, number);
        }
    }
    if let Some(region) = &global.region {
        builder = builder.default_region(run_api::Region::new(region)?.as_str());
    }
    let each = arguments.delay.map(|delay| Delays::uniform(Duration::from_millis(delay)));
    let delays = values::with_delays(each.unwrap_or_default(), &arguments.delays).map_err(Failure::usage)?;
    builder = arguments.trouble.apply(builder.delays(delays));
    for (image, behaviour) in arguments.images {
        builder = builder.image(image, behaviour);
    }
    if let Some(form) = arguments.log {
        builder = log(builder, form, printer);
    }
    if let Some(file) = arguments.state {
        builder = builder.state(file);
    }
    for domain in &arguments.authorized_domains {
        builder = builder.authorized_domain(domain);
    }
    for (image, command) in arguments.run {
        builder = builder.run(image, command);
    }
    for (name, value) in arguments.secret {
        builder = builder.secret(name, value);
    }
    if let Some(seconds) = arguments.idle_timeout {
        builder = builder.idle_timeout(Duration::from_secs(seconds));
    }
    if let Some(seed) = arguments.seed {
        builder = builder.seed(seed);
    }
    builder = builder.process_log(move |line| printer.talk(format_args!("[{}] {}", line.source, line.text)));
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
    printer.talk("emulating the Cloud Run Admin API v1; lead clients to it, with a project and a region, by");
    printer.talk(format_args!("  eval \"$(runctl emulator env --address {})\"", emulator.addr()));
    printer.talk("or only runctl and the crates of run-rs, by");
    printer.talk(format_args!("  export RUN_EMULATOR_HOST={}", emulator.addr()));
    interrupts.next().await;
    // Programs may take their time to end; a second interrupt gives them none.
    tokio::select! {
        () = emulator.shutdown() => {}
        () = interrupts.next() => {}
    }
    printer.talk("stopped");
    Ok(())
}

/// Shows requests and changes as they happen. Who reads them not, or too slowly, slows the emulator down.
fn log(builder: EmulatorBuilder, form: LogForm, printer: Printer) -> EmulatorBuilder {
    builder.log(move |entry: &LogEntry| match form {
        LogForm::Text => printer.talk(entry),
        // Nobody could be told that it can not be written.
        LogForm::Json => drop(serde_json::to_string(entry).map(|line| printer.data(line))),
    })
}
