//! What the documents say of the command line.

use std::ffi::OsString;

use clap::CommandFactory;

use crate::cli::{Cli, Refusal};

/// Each command with its flags, in Markdown.
fn reference(command: &clap::Command, path: &str, text: &mut String) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let level = if path.contains(' ') { "##" } else { "#" };
    text.push_str(&format!("\n{level} {path}\n\n{}\n", about.trim()));
    let subcommands: Vec<_> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    if !subcommands.is_empty() {
        text.push('\n');
        for inner in &subcommands {
            let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("- `{path} {}`: {about}\n", inner.get_name()));
        }
    }
    let mut heading = None;
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let is_shared = argument.get_help_heading() == Some("Flags of every command");
        if (is_shared && path != "runctl") || argument.get_id() == "help" || argument.get_id() == "version" {
            continue;
        }
        if heading != Some(argument.get_help_heading()) {
            heading = Some(argument.get_help_heading());
            let title = argument.get_help_heading().unwrap_or(if argument.is_positional() {
                "Arguments"
            } else {
                "Flags"
            });
            text.push_str(&format!("\n**{title}**\n\n"));
        }
        let help =
            argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let values: Vec<String> =
            argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
        let takes_value = argument.get_action().takes_values();
        let name = match argument.get_long() {
            Some(long)
                if takes_value && argument.get_num_args().is_none_or(|count| count.min_values() > 0) =>
            {
                format!("--{long} {}", values.join(" "))
            }
            Some(long) => format!("--{long}"),
            None => values.join(" "),
        };
        let aliases: Vec<String> = argument
            .get_visible_aliases()
            .unwrap_or_default()
            .into_iter()
            .map(|alias| format!(" (also `--{alias}`)"))
            .collect();
        text.push_str(&format!("- `{name}`{}: {help}\n", aliases.concat()));
    }
    for inner in subcommands {
        reference(inner, &format!("{path} {}", inner.get_name()), text);
    }
}

/// `UPDATE_DOCS=1 cargo test -p run-cli` writes it anew.
#[test]
fn the_command_reference_is_that_of_the_command_line() {
    let mut command = Cli::command();
    command.build();
    let mut text = "<!-- Written by a test: UPDATE_DOCS=1 cargo test -p run-cli reference -->\n".to_owned();
    reference(&command, "runctl", &mut text);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == text,
        "docs/commands.md is not up to date: UPDATE_DOCS=1 cargo test -p run-cli reference"
    );
}

/// The lines of shell blocks that call runctl, with `\\` at the end of a line and quotes as a shell reads them.
fn lines_of(document: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    let mut is_shell = false;
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            is_shell =
                !is_shell && (line.trim_end().ends_with("```sh") || line.trim_end().ends_with("```yaml"));
            continue;
        }
        let line = line.trim().trim_start_matches("- ").trim_start_matches("run: ").trim_start_matches("$ ");
        if !is_shell || (open.is_none() && !line.starts_with("runctl ")) {
            continue;
        }
        let so_far = open.take().unwrap_or_default() + line;
        match so_far.strip_suffix('\\') {
            Some(rest) => open = Some(rest.to_owned()),
            None => lines.push(so_far),
        }
    }
    lines
}

#[test]
fn the_lines_of_the_documents_are_taken() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut count = 0;
    for document in ["docs/cookbook.md", "docs/gcloud-differences.md", "crates/run-cli/README.md"] {
        let text = std::fs::read_to_string(format!("{root}/{document}")).unwrap();
        for line in lines_of(&text) {
            let line = line
                .split(" #")
                .next()
                .unwrap_or_default()
                .split(" |")
                .next()
                .unwrap_or_default()
                .split(" >")
                .next()
                .unwrap_or_default()
                .trim();
            let words = shlex::split(line).unwrap_or_else(|| panic!("{document}: {line}"));
            match Cli::read(words.into_iter().map(OsString::from)) {
                Ok(_) => count += 1,
                Err(Refusal::Usage(error)) => panic!("{document}: {line}: {error}"),
                Err(Refusal::Gcloud(failure)) => panic!("{document}: {line}: {failure}"),
            }
        }
    }
    assert!(count > 30, "{count}");
}
