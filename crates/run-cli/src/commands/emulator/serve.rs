//! `runctl emulator serve`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Args, ValueEnum};
use run_emulator::{
    Caller, CommandError, Delays, Emulator, EmulatorBuilder, ImageBehaviour, LocalCommand, LogEntry, Setting,
};

use super::environment::{EnvironmentArguments, FaultArguments};
use super::values;
use crate::arguments::GlobalArguments;
use crate::session::Interrupts;
use crate::terminal::{ExitStatus, Failure, Printer};

/// How the emulator's work is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// A line for each entry, on stderr
    Text,
    /// An object in a line for each entry, on stdout after the address
    Json,
}

/// What `runctl emulator serve` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,

    /// The port to listen on, on loopback
    #[arg(long, conflicts_with = "listen")]
    pub(crate) port: Option<u16>,

    /// How many milliseconds each stage of a deployment takes, instead of its own time
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) delay: Option<u64>,

    /// How long single stages take: observe, import, provision, health, route, task, retry,
    /// delayed, delete
    #[arg(long, value_name = "STAGE=MILLISECONDS,...", value_delimiter = ',', value_parser = values::delay)]
    pub(crate) delays: Vec<(String, u64)>,

    /// How an image behaves: hello, missing, unauthorized, never-listens, exits:CODE, fails-at-first:ATTEMPTS:CODE; may be
    /// repeated
    ///
    /// An image is named by the whole reference, without tag and digest, or by a beginning with a `*`. Numbers can be left
    /// out, and are 1 then.
    #[arg(long = "image", value_name = "IMAGE=BEHAVIOUR", value_parser = values::image)]
    pub(crate) images: Vec<(String, ImageBehaviour)>,

    /// Show requests and what changes: as text on stderr, or as lines of JSON on stdout
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) log: Option<LogForm>,

    /// Keep the state in this file, and go on with what is there
    ///
    /// Every acknowledged write survives the end of the process, however sudden. The file is made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<std::path::PathBuf>,

    /// A domain that may be mapped to services, with its subdomains, instead of example.com; may be repeated
    #[arg(long = "authorized-domain", value_name = "DOMAIN")]
    pub(crate) authorized_domains: Vec<String>,

    /// A host name at which the emulator may be asked; may be repeated
    ///
    /// Without it: addresses, names without a dot, Google's, and each of them with a region before it. Any other name could
    /// be somebody's who leads a browser here.
    #[arg(long = "allow-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,

    /// Run a program in place of an image: `docker.io/me/app=python3 app.py`, with quotes as in a shell; may be
    /// given several times. An image without tag and digest stands for all of them
    #[arg(long, value_name = "IMAGE=COMMAND", value_parser = named_command)]
    pub(crate) run: Vec<(String, LocalCommand)>,

    /// Let `command` of a container replace the program of --run although other machines can reach the emulator
    ///
    /// On loopback it always does.
    #[arg(long)]
    pub(crate) run_any_command: bool,

    /// The value of a secret, for the environment of programs; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = named_value)]
    pub(crate) secret: Vec<(String, String)>,

    /// Who a token stands for, and the roles that it has in all projects; may be given several times
    ///
    /// From the first one on, requests to the API need a token, and a caller may do what its roles and the policies let it
    /// do: `secret=user:ada@example.com=roles/run.developer`.
    #[arg(long = "caller", value_name = "TOKEN=PRINCIPAL[=ROLE,...]", value_parser = values::caller)]
    pub(crate) callers: Vec<(String, Caller)>,

    /// Let every token invoke services that are not public
    #[arg(long)]
    pub(crate) any_token_invokes: bool,

    /// After how many seconds without requests a program is stopped, instead of 15 minutes
    #[arg(long, value_name = "SECONDS")]
    pub(crate) idle_timeout: Option<u64>,

    /// Split the traffic by this seed, so that the same requests go to the same revisions
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    #[command(flatten)]
    pub(crate) environment: EnvironmentArguments,

    #[command(flatten)]
    pub(crate) faults: FaultArguments,
}

/// Serves until the first interrupt.
pub(super) async fn run(
    arguments: Box<Arguments>,
    global: &GlobalArguments,
    printer: Printer,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::listen()?;
    let listen =
        arguments.port.map_or(arguments.listen, |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut builder = arguments.environment.apply(Emulator::builder().listen(listen));
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
    builder = arguments.faults.apply(builder.delays(delays));
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
    for name in arguments.allowed_hosts {
        builder = builder.allow_host(name);
    }
    let runs_programs = !arguments.run.is_empty();
    if arguments.run_any_command {
        builder = builder.run_any_command();
    }
    for (image, command) in arguments.run {
        builder = builder.run(image, command);
    }
    for (name, value) in arguments.secret {
        builder = builder.secret(name, value);
    }
    for (token, caller) in arguments.callers {
        builder = builder.caller(token, caller);
    }
    if arguments.any_token_invokes {
        builder = builder.any_token_invokes();
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
        match (runs_programs, arguments.run_any_command) {
            (true, true) => printer.talk("warning: whoever reaches it can run any program of this machine"),
            (true, false) => printer.talk(
                "warning: whoever reaches it can run the programs of --run, with any arguments and environment variables",
            ),
            (false, _) => {}
        }
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
        // Nobody could be told that it cannot be written.
        LogForm::Json => drop(serde_json::to_string(entry).map(|line| printer.data(line))),
    })
}

fn named_value(text: &str) -> Result<(String, String), String> {
    let named = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = named.ok_or("a name, `=` and a value are needed")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn named_command(text: &str) -> Result<(String, LocalCommand), String> {
    let (image, command) = named_value(text)?;
    Ok((image, command.parse().map_err(|error: CommandError| error.to_string())?))
}
