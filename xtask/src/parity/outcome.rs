//! What a command said, and how it ended.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Class {
    Success,
    /// The command line was not accepted.
    Usage,
    Failure,
}

impl Class {
    /// By the exit code: both programs end with 2 for what was typed wrongly.
    pub(super) fn of(code: i32) -> Self {
        match code {
            0 => Self::Success,
            2 => Self::Usage,
            _ => Self::Failure,
        }
    }
}

/// What a command said, and how it ended.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// What became of a line on one side: its commands, and all objects afterwards.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) commands: Vec<Ran>,
    pub(super) objects: Value,
}

/// How a command ended, in a line.
impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stderr, .. } = self;
        let text = without_colours(stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        // What went wrong is at the end, with gcloud as with others.
        let text = text.char_indices().rev().nth(400).map_or(&*text, |(start, _)| &text[start..]);
        write!(f, "ended with {code}: {text}")
    }
}

/// A text without the colours that gcloud writes everywhere.
pub(super) fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}
