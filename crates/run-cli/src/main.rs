#![doc = include_str!("../README.md")]

mod arguments;
mod cli;
mod commands;
mod flags;
mod gcloud;
mod output;
mod query;
mod session;
mod settings;
mod terminal;
mod values;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use tokio::runtime::Builder;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{Cli, Refusal};
use crate::query::Kind;
use crate::settings::env;
use crate::terminal::{ExitStatus, Failure, Printer};

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(refusal) => return refused(refusal),
    };
    let json = cli.global.format.as_ref().is_some_and(|format| format.kind == Kind::Json);
    let printer = Printer::new(cli.global.is_silent(), json);
    let result = match log(cli.global.verbosity.as_deref()) {
        Ok(()) => run(cli, printer),
        Err(failure) => Err(failure),
    };
    match result {
        Ok(()) => ExitStatus::Done.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.exit_code().into()
        }
    }
}

fn run(cli: Cli, printer: Printer) -> Result<(), Failure> {
    // One thread is enough for whoever waits for answers.
    let mut builder = Builder::new_current_thread();
    #[cfg(feature = "emulator")]
    if cli.is_server() {
        builder = Builder::new_multi_thread();
    }
    let runtime = spare_descriptors().and_then(|()| builder.enable_all().build()).map_err(|error| {
        Failure::new(ExitStatus::Failed, format!("tasks cannot be run on this system: {error}"))
    })?;
    let result = runtime.block_on(cli.run(printer));
    // A name server that does not answer must not hold up the end.
    runtime.shutdown_background();
    result
}

/// Whether the limit of open files leaves what a runtime needs: tokio panics without a pair of sockets for signals.
fn spare_descriptors() -> std::io::Result<()> {
    #[cfg(unix)]
    let _spare: Vec<_> =
        (0..3).map(|_| std::os::unix::net::UnixStream::pair()).collect::<std::io::Result<_>>()?;
    Ok(())
}

/// clap writes help to stdout and usage errors to stderr; a closed pipe is no reason to fail.
fn refused(refusal: Refusal) -> ExitCode {
    let typed: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let is_json = |format: &str| {
        let format = format.to_ascii_lowercase();
        format == "json" || format.starts_with("json(") || format.starts_with("json[")
    };
    let wants_json = typed.iter().filter_map(|word| word.strip_prefix("--format=")).any(is_json)
        || typed.windows(2).any(|pair| pair[0] == "--format" && is_json(&pair[1]));
    match refusal {
        Refusal::Usage(error) if !error.use_stderr() => {
            let _ = error.print();
            ExitStatus::Done.into()
        }
        Refusal::Usage(error) if !wants_json => {
            let _ = error.print();
            ExitStatus::Usage.into()
        }
        Refusal::Usage(error) => {
            let text = error.to_string();
            let message =
                text.strip_prefix("error: ").unwrap_or(&text).lines().take_while(|line| !line.is_empty());
            let failure = Failure::usage(message.map(str::trim).collect::<Vec<_>>().join(" "));
            Printer::new(false, true).failure(&failure);
            failure.exit_code().into()
        }
        Refusal::Gcloud(failure) => {
            Printer::new(false, wants_json).failure(&failure);
            failure.exit_code().into()
        }
    }
}

/// The log that a variable or `--verbosity debug` asks for: in colours only for a terminal.
fn log(verbosity: Option<&str>) -> Result<(), Failure> {
    let filter = match std::env::var(env::LOG).ok().filter(|filter| !filter.is_empty()) {
        Some(filter) => filter.parse::<Targets>().map_err(|error| {
            Failure::usage(format!("{}: `{filter}` is not a filter: {error}", env::LOG))
                .hint("a filter looks like `run_api=debug,run_ops=info`")
        })?,
        None if verbosity == Some("debug") => {
            Targets::new().with_targets(["run_api", "run_ops"].map(|name| (name, LevelFilter::DEBUG)))
        }
        None => return Ok(()),
    };
    let is_plain = std::env::var_os(env::NO_COLOR).is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(io::stderr().is_terminal() && !is_plain)
        .with_writer(io::stderr)
        .finish()
        .with(filter)
        .init();
    Ok(())
}
