//! What the themes share: reading lists and maps, and naming the flag where one cannot be read.

use std::fmt::Display;
use std::path::Path;

use crate::terminal::Failure;
use crate::values;

/// A usage error about a flag.
pub(super) fn wrong(flag: &str, error: impl Display) -> Failure {
    Failure::usage(format!("{flag}: {error}"))
}

/// The items of a list; a flag that is given several times adds to it.
pub(super) fn list(flag: &str, typed: &[String]) -> Result<Vec<String>, Failure> {
    let mut items = Vec::new();
    for text in typed {
        items.extend(values::list(text).map_err(|error| wrong(flag, error))?);
    }
    Ok(items)
}

/// The entries of a map; a flag that is given several times adds to it, and the last value of a key counts.
pub(super) fn pairs(flag: &str, typed: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut all: Vec<(String, String)> = Vec::new();
    for text in typed {
        for (key, value) in values::pairs(text).map_err(|error| wrong(flag, error))? {
            all.retain(|(known, _)| *known != key);
            all.push((key, value));
        }
    }
    Ok(all)
}

/// The entries of a file.
pub(super) fn file_of_pairs(flag: &str, path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let named = |error: &dyn Display| wrong(flag, format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    values::file_of_pairs(&text).map_err(|error| named(&error))
}

/// What `--x` and `--no-x` say together; none if neither is there. (clap lets the last of them win.)
pub(super) fn switch(yes: bool, no: bool) -> Option<bool> {
    match (yes, no) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// A number, or `default` for the server's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrDefault<T>(pub(crate) Option<T>);

impl<T: std::str::FromStr> std::str::FromStr for OrDefault<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "default" => Ok(Self(None)),
            number => number
                .parse()
                .map(|number| Self(Some(number)))
                .map_err(|_| format!("`{number}` is neither a number nor `default`")),
        }
    }
}

/// Text, or nothing for an empty one, which takes a setting away.
pub(super) fn or_none(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
