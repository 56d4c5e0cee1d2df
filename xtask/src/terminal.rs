//! What these tasks print. A reader that goes away (`| head`) is no failure, and changes no exit code.

use std::fmt;
use std::io::{self, ErrorKind, Write};

use anyhow::Error;

/// Prints to stdout, as long as somebody reads it.
///
/// # Errors
/// If writing fails for another reason than that nobody reads.
pub(crate) fn print(text: &impl fmt::Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match write!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Says on stderr what went wrong. If that fails, there is nobody left to tell.
pub(crate) fn complain(error: &Error) {
    let _ = writeln!(io::stderr(), "error: {error:#}");
}
