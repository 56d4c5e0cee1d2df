//! `runctl demo`: a service's life from end to end.

mod cleanup;
mod report;
mod requests;
mod settings;
mod walkthrough;

use run_api::{Client, Endpoint};
use run_emulator::Emulator;
use run_ops::Ops;

use crate::arguments::GlobalArguments;
use crate::output;
use crate::session;
use crate::session::Interrupts;
use crate::terminal::{ExitStatus, Failure, Printer, Steps};
use cleanup::Remains;
pub(crate) use settings::Arguments;
use settings::{Settings, Where};
use walkthrough::Walkthrough;

/// Runs the walkthrough; whatever ends it, the service it made is deleted.
pub(crate) async fn run(
    arguments: Arguments,
    global: &GlobalArguments,
    printer: Printer,
) -> Result<(), Failure> {
    let settings = Settings::resolve(arguments, global)?;
    let emulator = match settings.place {
        Where::Embedded => Some(start_emulator(&settings).await?),
        Where::Google | Where::Endpoint(_) => None,
    };
    let client = connect(&settings, emulator.as_ref(), global, printer)?;
    introduce(&settings, &client, printer)?;
    let result = guarded(&settings, client, printer).await;
    if let Some(emulator) = emulator {
        emulator.shutdown().await;
    }
    result
}

async fn start_emulator(settings: &Settings) -> Result<Emulator, Failure> {
    let start = Emulator::builder().default_region(settings.service.region().as_str()).start();
    start.await.map_err(|error| Failure::new(ExitStatus::Failed, error.to_string()))
}

fn connect(
    settings: &Settings,
    emulator: Option<&Emulator>,
    global: &GlobalArguments,
    printer: Printer,
) -> Result<Client, Failure> {
    let endpoint = match (&settings.place, emulator) {
        (_, Some(emulator)) => Endpoint::emulator(&emulator.url())?,
        (Where::Endpoint(endpoint), None) => endpoint.clone(),
        (Where::Embedded | Where::Google, None) => Endpoint::from_environment()?,
    };
    session::client(global, &crate::settings::Settings::resolve(global)?, endpoint, printer)
}

/// Says what will happen and where; asks before anything that costs money or is seen from outside.
fn introduce(settings: &Settings, client: &Client, printer: Printer) -> Result<(), Failure> {
    let place = match (&settings.place, client.endpoint()) {
        (Where::Embedded, Endpoint::Emulator { url }) => {
            format!("an embedded emulator at {}", url.as_str().trim_end_matches('/'))
        }
        (_, Endpoint::Google { .. }) => "Google Cloud Run".to_owned(),
        (_, endpoint) => endpoint.base_url(run_api::Host::Global),
    };
    printer.talk(format_args!("the life of {} on {place}", settings.service.short()));
    if client.endpoint().is_loopback() || settings.assume_yes {
        return Ok(());
    }
    let question = format!(
        "This creates the service, makes it public, sends it {} requests and deletes it. Continue?",
        settings.requests
    );
    match printer.confirm(&question) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(ExitStatus::Failed, "aborted by user; nothing was done")),
        None => {
            Err(Failure::usage("nobody is there to confirm the use of a real project")
                .hint("say so with --yes"))
        }
    }
}

/// The walkthrough under the guard of Ctrl-C: the first one stops it and cleans up, the second one quits.
async fn guarded(settings: &Settings, client: Client, printer: Printer) -> Result<(), Failure> {
    let mut interrupts = Interrupts::listen()?;
    let steps = Steps::new(printer, &walkthrough::STAGES);
    let remains = Remains::default();
    let ops = Ops::new(client.clone())
        .poll_schedule(session::poll_schedule(&client))
        .on_event(session::listener(steps.clone()));
    let walkthrough = Walkthrough { settings, ops: &ops, steps: &steps, remains: &remains };

    let result = tokio::select! {
        result = walkthrough.run() => result,
        () = interrupts.next() => Err(Failure::new(ExitStatus::Interrupted, "interrupted")),
    };
    let failure = match result {
        Ok(report) => {
            output::show(&report, settings.format.as_ref(), printer, || report.text())?;
            return report.verdict();
        }
        Err(failure) => failure,
    };

    let why = if failure.status() == ExitStatus::Interrupted { "interrupted" } else { "failed" };
    steps.abandon(why);
    let cleaned = tokio::select! {
        cleaned = cleanup::delete(&ops, settings, &remains, printer) => cleaned,
        () = interrupts.next() => Err(Failure::new(ExitStatus::Interrupted, "interrupted again while cleaning up")),
    };
    match cleaned {
        Ok(()) => Err(failure),
        Err(left) => Err(failure.and(left).hint(settings.how_to_delete())),
    }
}
