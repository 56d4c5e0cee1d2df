//! From what was typed to a command, or to words that say what to type.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command};

use crate::gcloud::{self, Standing};
use crate::terminal::Failure;

/// Why there is no command to run.
pub(crate) enum Refusal {
    /// Help and version as well, which are no errors.
    Usage(Box<clap::Error>),
    /// A flag or a command of gcloud's that stands elsewhere or is not there.
    Gcloud(Failure),
}

/// The arguments without gcloud's release track.
pub(crate) fn arguments(command: &Command, typed: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let takes_value = |flag: &str| has_value(command, flag);
    gcloud::without_track(typed, &takes_value)
}

/// What to say instead of clap's error.
pub(crate) fn refusal(mut error: clap::Error, command: &Command, arguments: &[OsString]) -> Refusal {
    let known = match error.kind() {
        ErrorKind::UnknownArgument => unknown_flag(&error, command, arguments),
        ErrorKind::InvalidSubcommand => unknown_command(&error, command, arguments),
        _ => None,
    };
    if let Some(failure) = known {
        return Refusal::Gcloud(failure);
    }
    let typed =
        text_of(&error, ContextKind::InvalidArg).or_else(|| text_of(&error, ContextKind::InvalidSubcommand));
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
        let tips = match error.get(kind) {
            Some(ContextValue::String(tip)) => vec![tip.clone()],
            Some(ContextValue::Strings(tips)) => tips.clone(),
            _ => continue,
        };
        let is_safe = |tip: &String| gcloud::is_safe_tip(typed.as_deref().unwrap_or_default(), tip);
        if !tips.iter().all(is_safe) {
            error.remove(kind);
            // It shows the tip as well.
            error.remove(ContextKind::Usage);
        }
    }
    Refusal::Usage(Box::new(error))
}

fn unknown_flag(error: &clap::Error, command: &Command, arguments: &[OsString]) -> Option<Failure> {
    let typed = text_of(error, ContextKind::InvalidArg)?;
    let name = typed.split('=').next().unwrap_or_default().to_owned();
    let (known, standing) = gcloud::flag(&name)?;
    let path = path(command, arguments).join(" ");
    let failure = |message: String| Failure::usage(message);
    Some(match standing {
        Standing::Instead(instead) => {
            failure(format!("`{name}` is a flag of gcloud's that runctl has not")).hint(instead)
        }
        Standing::Later(what) => failure(format!("`{name}` is a flag of gcloud's that runctl has not yet"))
            .hint(format!("it comes with {what} in a later release; until then use gcloud for it")),
        Standing::Taken => {
            let mut owners = Vec::new();
            owners_of(known.trim_start_matches('-'), command, String::new(), &mut owners);
            let owners: Vec<String> = owners.into_iter().map(|owner| format!("`runctl{owner}`")).collect();
            let failure = failure(format!("`runctl {path}` has no flag `{name}`"));
            if owners.is_empty() {
                failure
            } else {
                failure.hint(format!("{name} is a flag of {}", owners.join(", ")))
            }
        }
    })
}

fn unknown_command(error: &clap::Error, command: &Command, arguments: &[OsString]) -> Option<Failure> {
    let typed = text_of(error, ContextKind::InvalidSubcommand)?;
    let mut words = path(command, arguments);
    words.push(typed);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    gcloud::refused_command(&words)
}

fn text_of(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The words of the command that is typed, as far as it is known.
fn path(command: &Command, arguments: &[OsString]) -> Vec<String> {
    let (mut command, mut words, mut is_value) = (command, Vec::new(), false);
    for argument in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        if std::mem::take(&mut is_value) {
            continue;
        }
        if argument.starts_with('-') {
            is_value = !argument.contains('=') && has_value(command, argument);
            continue;
        }
        match command.find_subcommand(argument) {
            Some(found) => command = found,
            None => break,
        }
        words.push(command.get_name().to_owned());
    }
    words
}

fn has_value(command: &Command, flag: &str) -> bool {
    command.get_arguments().any(|argument| {
        let is_named = argument.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long));
        is_named
            && matches!(argument.get_action(), ArgAction::Set | ArgAction::Append)
            && argument.get_num_args().is_none_or(|count| count.min_values() > 0)
    })
}

/// The commands that have a flag of their own with this name.
fn owners_of(long: &str, command: &Command, words: String, owners: &mut Vec<String>) {
    let has = command.get_arguments().any(|argument| argument.get_long() == Some(long));
    if has {
        owners.push(words.clone());
    }
    for inner in command.get_subcommands() {
        owners_of(long, inner, format!("{words} {}", inner.get_name()), owners);
    }
}
