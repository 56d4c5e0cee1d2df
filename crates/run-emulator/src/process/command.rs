//! What is run in place of an image.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use run_api::types::Container;

/// A program on this machine that runs in place of an image.
///
/// It is what the image's entry point would be: `command` of a container replaces it, `args` of a container are
/// put after it. It can be parsed from a line as a shell would split it, without a shell's other powers:
///
/// ```
/// use run_emulator::LocalCommand;
///
/// let command: LocalCommand = "python3 -m http.server --directory 'my files'".parse()?;
/// assert_eq!(command, LocalCommand::new("python3").args(["-m", "http.server", "--directory", "my files"]));
/// # Ok::<(), run_emulator::CommandError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalCommand {
    program: String,
    args: Vec<String>,
    directory: Option<PathBuf>,
    /// A container may not replace the program.
    fixed: bool,
}

impl LocalCommand {
    /// A program by its path, or by a name to be found in `PATH`.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Self { program: program.into(), args: Vec::new(), directory: None, fixed: false }
    }

    /// Arguments that come before those of the container.
    #[must_use]
    pub fn args<T: Into<String>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The directory to run in; the emulator's own by default. A container's `workingDir` is put after it.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Lets no container replace the program.
    pub(crate) fn fix(&mut self) {
        self.fixed = true;
    }

    /// Whether a container asks for another program than it may have.
    pub(super) fn is_replaced_by(&self, container: &Container) -> bool {
        self.fixed && !container.command.is_empty()
    }

    /// The program, the arguments and the directory for a container.
    ///
    /// As Docker has it for an image with an entry point and no arguments of its own. (Documented for Cloud Run,
    /// too.)
    pub(super) fn of(&self, container: &Container) -> (String, Vec<String>, Option<PathBuf>) {
        let (program, args) = match container.command.split_first() {
            Some((program, args)) => (program, args),
            None => (&self.program, &self.args[..]),
        };
        let args = args.iter().chain(&container.args).cloned().collect();
        let inner = container.working_dir.as_deref().filter(|directory| !directory.is_empty());
        let directory = match (&self.directory, inner) {
            (Some(outer), Some(inner)) => Some(outer.join(inner)),
            (outer, inner) => outer.as_deref().or(inner.map(Path::new)).map(Path::to_owned),
        };
        (program.clone(), args, directory)
    }
}

/// Why a text is not a command: it is empty, or a quote in it has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError {
    text: String,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a command: a program and its arguments are needed, with balanced quotes",
            self.text
        )
    }
}

impl std::error::Error for CommandError {}

impl FromStr for LocalCommand {
    type Err = CommandError;

    fn from_str(text: &str) -> Result<Self, CommandError> {
        let mut words = shlex::split(text).unwrap_or_default().into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| CommandError { text: text.to_owned() })?;
        Ok(Self::new(program).args(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words() {
        let parsed: LocalCommand = r#"sh -c "echo 'a b'" x\ y"#.parse().unwrap();
        assert_eq!(parsed, LocalCommand::new("sh").args(["-c", "echo 'a b'", "x y"]));
        for bad in ["", "  ", "sh 'open", "'' x", "# nothing"] {
            assert!(bad.parse::<LocalCommand>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_container_overrides_as_docker_does() {
        let command = LocalCommand::new("python3").args(["app.py"]).directory("/src");
        for (container, expected) in [
            (json!({}), "python3 app.py in /src"),
            (json!({"args": ["--debug"]}), "python3 app.py --debug in /src"),
            (json!({"command": ["sh", "-c"]}), "sh -c in /src"),
            (json!({"command": ["sh"], "args": ["x"], "workingDir": "web"}), "sh x in /src/web"),
            (json!({"workingDir": "/elsewhere"}), "python3 app.py in /elsewhere"),
        ] {
            let (program, args, directory) = command.of(&serde_json::from_value(container).unwrap());
            let words = [vec![program], args].concat().join(" ");
            assert_eq!(format!("{words} in {}", directory.unwrap().display()), expected);
        }
        assert_eq!(LocalCommand::new("a").of(&Container::default()).2, None);
    }

    #[test]
    fn a_fixed_program_is_not_replaced() {
        let mut command = LocalCommand::new("a");
        let with = |words: &[&str]| Container {
            command: words.iter().map(|word| (*word).to_owned()).collect(),
            args: vec!["x".to_owned()],
            ..Container::default()
        };
        assert!(!command.is_replaced_by(&with(&["sh"])));
        command.fix();
        assert!(command.is_replaced_by(&with(&["sh"])));
        assert!(!command.is_replaced_by(&with(&[])));
    }
}
