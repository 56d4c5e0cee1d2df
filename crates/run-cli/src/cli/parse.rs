//! From what was typed to a command, or to words that say what to type.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, Command, CommandFactory, Parser};

use crate::flags::{ContainerFlags, ContainerOverrideFlags, Scoped};
use crate::gcloud::{self, Standing};
use crate::terminal::Failure;

/// Why there is no command to run.
pub(crate) enum Refusal {
    /// Help and version as well, which are no errors.
    Usage(Box<clap::Error>),
    /// A flag or a command of gcloud's that stands elsewhere or is not there.
    Gcloud(Failure),
}

/// What was typed, taken apart.
pub(crate) struct Typed {
    /// Without gcloud's release track, and without what stands behind each `--container NAME`.
    pub(crate) arguments: Vec<OsString>,
    /// The launch stage that the release track is.
    pub(crate) stage: Option<&'static str>,
    /// The names behind `--container`, and the flags behind each.
    scopes: Vec<(String, Vec<OsString>)>,
}

#[derive(Parser)]
#[command(name = "runctl", no_binary_name = true, disable_help_flag = true)]
struct Container<F: Args> {
    #[command(flatten)]
    flags: F,
}

impl Typed {
    /// Takes the arguments apart.
    pub(crate) fn of(command: &Command, typed: impl IntoIterator<Item = OsString>) -> Result<Self, Refusal> {
        let (arguments, stage) = gcloud::without_track(typed, &|flag| has_value(command, flag));
        let path = path(command, &arguments);
        let container = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["deploy" | "preflight"] | ["services", "update"] | ["jobs", "create" | "update" | "deploy"] => {
                Container::<ContainerFlags>::command()
            }
            ["jobs", "execute"] => Container::<ContainerOverrideFlags>::command(),
            _ => return Ok(Self { arguments, stage, scopes: Vec::new() }),
        };
        let (arguments, scopes) = scopes(arguments, &container).map_err(Refusal::Gcloud)?;
        Ok(Self { arguments, stage, scopes })
    }

    /// The flags behind each `--container`.
    pub(crate) fn scoped<F: Args>(&self) -> Result<Vec<Scoped<F>>, Refusal> {
        let read = |(name, flags): &(String, Vec<OsString>)| match Container::<F>::try_parse_from(flags) {
            Ok(container) => Ok(Scoped { name: name.clone(), flags: container.flags }),
            Err(mut error) => {
                // It would be that of a command that there is not.
                error.remove(ContextKind::Usage);
                Err(Refusal::Usage(Box::new(error)))
            }
        };
        self.scopes.iter().map(read).collect()
    }
}

type Scopes = Vec<(String, Vec<OsString>)>;

/// Takes out what stands behind each `--container NAME` and belongs to a container; other flags may stand there, too.
fn scopes(arguments: Vec<OsString>, container: &Command) -> Result<(Vec<OsString>, Scopes), Failure> {
    let belongs = |flag: &str| {
        let long = flag.split('=').next().unwrap_or_default().trim_start_matches("--");
        container.get_arguments().any(|argument| argument.get_long() == Some(long))
    };
    let (mut kept, mut scopes, mut early) = (Vec::new(), Scopes::new(), None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default().to_owned();
        if text == "--" {
            kept.push(argument);
            kept.extend(arguments);
            break;
        }
        if text == "--container" || text.starts_with("--container=") {
            kept.push(argument);
            let name = match text.split_once('=') {
                Some((_, name)) => Some(name.to_owned()),
                None => arguments.next().map(|name| {
                    kept.push(name.clone());
                    name.to_string_lossy().into_owned()
                }),
            };
            scopes.extend(name.map(|name| (name, Vec::new())));
            continue;
        }
        let is_flag = text.starts_with("--") && belongs(&text);
        match scopes.last_mut().filter(|_| is_flag) {
            Some((_, flags)) => {
                let takes_next = !text.contains('=') && has_value(container, &text);
                flags.push(argument);
                if takes_next {
                    flags.extend(arguments.next());
                }
            }
            None => {
                if is_flag {
                    early.get_or_insert(text.split('=').next().unwrap_or_default().to_owned());
                }
                kept.push(argument);
            }
        }
    }
    match early {
        Some(flag) if !scopes.is_empty() => Err(Failure::usage(format!(
            "`{flag}` stands before --container: with --container, say to which container it belongs by putting it behind"
        ))),
        _ => Ok((kept, scopes)),
    }
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
        if let (ContextKind::SuggestedSubcommand, Some(best)) = (kind, tips.last()) {
            // clap has the best one last.
            error.insert(kind, ContextValue::Strings(vec![best.clone()]));
        }
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
    let Some((known, standing)) = gcloud::flag(&name) else { return elsewhere(&name) };
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

/// Names that flags have in other tools, and what is meant.
const ELSEWHERE: [(&[&str], &str); 4] = [
    (
        &["--env", "--envs", "--env-var", "--env-vars", "--environment"],
        "--update-env-vars KEY=VALUE,... adds and changes variables; --set-env-vars takes all others away",
    ),
    (
        &["--secret", "--secrets"],
        "--update-secrets NAME=SECRET:VERSION,... adds and changes secrets; --set-secrets takes all others away",
    ),
    (
        &["--replicas", "--instances", "--scale"],
        "--min-instances and --max-instances bound the instances of a revision, --scaling fixes those of the service",
    ),
    (&["--label"], "--update-labels KEY=VALUE,..."),
];

fn elsewhere(name: &str) -> Option<Failure> {
    let (_, meant) = ELSEWHERE.iter().find(|(names, _)| names.contains(&name))?;
    Some(Failure::usage(format!("there is no flag `{name}`")).hint(*meant))
}

fn unknown_command(error: &clap::Error, command: &Command, arguments: &[OsString]) -> Option<Failure> {
    let typed = text_of(error, ContextKind::InvalidSubcommand)?;
    let mut words = path(command, arguments);
    words.push(typed.clone());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some(failure) = gcloud::refused_command(&words) {
        return Some(failure);
    }
    // The word may stand in a group: `runctl describe app`.
    let mut found = Vec::new();
    groups_with(&typed, command, &mut found);
    let found: Vec<String> = found.iter().map(|group| format!("`runctl {group} {typed}`")).collect();
    let failure = Failure::usage(format!("there is no command `{}`", words.join(" ")));
    (!found.is_empty()).then(|| failure.hint(format!("there is {}", found.join(", "))))
}

/// The groups that have a command of this name.
fn groups_with(name: &str, command: &Command, found: &mut Vec<String>) {
    let groups = command.get_subcommands().filter(|group| group.get_name() != "help");
    for group in groups.filter(|group| group.has_subcommands()) {
        if group.get_subcommands().any(|inner| inner.get_name() == name) {
            found.push(group.get_name().to_owned());
        }
    }
}

fn text_of(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The words of the command that is typed, as far as it is known.
fn path(root: &Command, arguments: &[OsString]) -> Vec<String> {
    let (mut command, mut words, mut is_value) = (root, Vec::new(), false);
    for argument in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        if std::mem::take(&mut is_value) {
            continue;
        }
        if argument.starts_with('-') {
            // The root has the flags of all.
            let takes_next = has_value(command, argument) || has_value(root, argument);
            is_value = !argument.contains('=') && takes_next;
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
    let has = |argument: &clap::Arg| argument.get_long() == Some(long) && !argument.is_hide_set();
    if command.get_arguments().any(has) {
        owners.push(words.clone());
    }
    for inner in command.get_subcommands() {
        owners_of(long, inner, format!("{words} {}", inner.get_name()), owners);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_behind_a_container_are_its_own() {
        let split = |line: &str| {
            let words = line.split(' ').map(OsString::from).collect();
            let (kept, scopes) =
                scopes(words, &Container::<ContainerFlags>::command()).map_err(|error| error.to_string())?;
            let text = |words: &[OsString]| words.join(std::ffi::OsStr::new(" ")).into_string().unwrap();
            let scopes =
                scopes.iter().map(|(name, flags)| format!("{name}[{}]", text(flags))).collect::<Vec<_>>();
            Ok::<_, String>(format!("{} {}", text(&kept), scopes.join("")))
        };
        for (line, expected) in [
            ("r deploy a --image i", "r deploy a --image i "),
            (
                "r deploy a --container x --image i --port 80 --container=y --image=j --region r --use-http2 b",
                "r deploy a --container x --container=y --region r b x[--image i --port 80]y[--image=j --use-http2]",
            ),
            ("r deploy --container x -- --image i", "r deploy --container x -- --image i x[]"),
            ("r deploy --container", "r deploy --container "),
        ] {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
        assert!(
            split("r deploy --image=i --container x").unwrap_err().starts_with("`--image` stands before")
        );
    }
}
