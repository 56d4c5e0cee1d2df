//! runctl about itself: `config`, `completion`, `man` and `version`.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use serde_json::{Value, json};

use crate::arguments::GlobalArguments;
use crate::output::{self, table};
use crate::settings::{Origin, Settings};
use crate::terminal::{ExitStatus, Failure, Printer};

/// What `runctl completion` is given.
#[derive(Args, Debug)]
pub(crate) struct CompletionArguments {
    /// The shell: source <(runctl completion bash)
    shell: Shell,
}

/// What `runctl man` is given.
#[derive(Args, Debug)]
pub(crate) struct ManArguments {
    /// Write a page for each command into this folder, instead of the first one to stdout
    #[arg(long, value_name = "FOLDER")]
    directory: Option<PathBuf>,
}

/// Shows each setting, and where it came from. Asks nobody but the metadata server, and that only off an emulator.
pub(crate) async fn config(global: &GlobalArguments, printer: Printer) -> Result<(), Failure> {
    let mut settings = Settings::resolve(global)?;
    if settings.api_endpoint()?.base_url(run_api::Host::Global).starts_with("https:") {
        settings.ask_metadata_server().await?;
    }
    let object = json!({"apiVersion": "runctl/v1", "kind": "Settings", "settings": objects(&settings)});
    output::show(&object, global.format.as_ref(), printer, || table(&settings))
}

/// Each setting as an object for programs.
pub(super) fn objects(settings: &Settings) -> Vec<Value> {
    let object = |origin: &Origin| {
        let source = Some(&origin.source).filter(|source| !source.is_empty());
        json!({"setting": origin.setting, "value": origin.value, "source": source})
    };
    settings.origins().iter().map(object).collect()
}

/// Each setting as a row for people.
pub(super) fn table(settings: &Settings) -> String {
    let row = |origin: &Origin| {
        let value = origin.value.clone().unwrap_or_else(|| "(not set)".to_owned());
        vec![origin.setting.to_owned(), value, origin.source.clone()]
    };
    let rows: Vec<Vec<String>> = settings.origins().iter().map(row).collect();
    table::render(["SETTING", "VALUE", "FROM"], &rows)
}

/// Writes the completion of a shell.
pub(crate) fn completion(
    arguments: &CompletionArguments,
    mut command: Command,
    printer: Printer,
) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "runctl", &mut script);
    printer.data(String::from_utf8_lossy(&script).trim_end())
}

/// Writes the manual pages.
pub(crate) fn man(arguments: &ManArguments, command: Command, printer: Printer) -> Result<(), Failure> {
    let bad = |place: &Path, error: &std::io::Error| {
        Failure::new(ExitStatus::Failed, format!("{} cannot be written: {error}", place.display()))
    };
    match &arguments.directory {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| bad(folder, &error))?;
            clap_mangen::generate_to(command, folder).map_err(|error| bad(folder, &error))?;
            printer.talk(format_args!("wrote the pages into {}", folder.display()));
            Ok(())
        }
        None => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(command).render(&mut page);
            rendered.map_err(|error| bad(Path::new("the page"), &error))?;
            printer.data(String::from_utf8_lossy(&page).trim_end())
        }
    }
}

/// Writes the version.
pub(crate) fn version(global: &GlobalArguments, printer: Printer) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let object = json!({"apiVersion": "runctl/v1", "kind": "Version", "version": version, "api": "Cloud Run Admin API v1"});
    output::show(&object, global.format.as_ref(), printer, || format!("runctl {version}"))
}
