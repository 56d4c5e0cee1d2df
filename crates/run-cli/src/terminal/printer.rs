//! The one place that writes: data to stdout, talk to stderr.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};

use super::failure::{ExitStatus, Failure};

/// Hands out the two streams. A closed pipe is the reader's wish and ends the writing quietly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    terminal: bool,
    silent: bool,
    json: bool,
}

impl Printer {
    /// A silent printer has data and errors to say, and nothing else; with `json` an error is an object.
    pub(crate) fn new(silent: bool, json: bool) -> Self {
        Self { terminal: io::stderr().is_terminal() && !silent, silent, json }
    }

    /// Whether somebody watches stderr.
    pub(crate) fn is_terminal(self) -> bool {
        self.terminal
    }

    /// How many characters a line of stdout has room for, if it is a terminal.
    pub(crate) fn width(self) -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(width.0)).filter(|width| *width > 0)
    }

    /// A line of data. That it cannot be written is a failure, unless the reader has closed the pipe.
    pub(crate) fn data(self, line: impl Display) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(ExitStatus::Failed, format!("stdout cannot be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// A line of talk.
    pub(crate) fn talk(self, line: impl Display) {
        if !self.silent {
            Self::say(line);
        }
    }

    fn say(line: impl Display) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// An error, what is known about it, and its hints.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            return Self::say(failure.to_json());
        }
        Self::say(format_args!("error: {failure}"));
        for detail in failure.details() {
            Self::say(format_args!("  {detail}"));
        }
        for hint in failure.hints() {
            Self::say(format_args!("hint: {hint}"));
        }
    }

    /// Asks a question that is answered with yes or no; none if nobody can answer.
    pub(crate) fn confirm(self, question: &str) -> Option<bool> {
        if !(self.terminal && io::stdin().is_terminal()) {
            return None;
        }
        let mut err = io::stderr().lock();
        let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}
