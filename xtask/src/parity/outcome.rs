//! How a line ended for both, and the verdict on it.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::compare::{self, Difference};
use super::known::Table;
use super::lines::{Line, Output};

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

/// What is said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Both did the same.
    Same,
    /// They did not, as is known by these names.
    Known(Vec<String>),
    /// They did not; what differs, and the names of known differences that do not show.
    Different { found: Vec<String>, absent: Vec<String> },
}

/// Compares what both sides have and said.
pub(super) fn judge(line: &Line, gcloud: &Side, runctl: &Side, table: &Table) -> Verdict {
    let (mut found, mut known) = (Vec::new(), Vec::new());
    let mut note = |covered: Option<&str>, text: &dyn Fn() -> String| match covered {
        Some(name) if known.iter().any(|other| other == name) => {}
        Some(name) => known.push(name.to_owned()),
        None => found.push(text()),
    };
    for (index, (theirs, ours)) in gcloud.commands.iter().zip(&runctl.commands).enumerate() {
        let outcome = (Class::of(theirs.code), Class::of(ours.code));
        if outcome.0 != outcome.1 {
            note(table.covering_outcome(&line.differs, outcome), &|| {
                let (theirs, ours) = (Said(theirs), Said(ours));
                format!("command {}: gcloud {theirs}\n      runctl {ours}", index + 1)
            });
        }
    }
    let mut left = json!({"objects": gcloud.objects, "stdout": stdout(gcloud, line.output)});
    let mut right = json!({"objects": runctl.objects, "stdout": stdout(runctl, line.output)});
    compare::normalise(&mut left);
    compare::normalise(&mut right);
    for difference in compare::differences(&left, &right) {
        let difference: Difference = difference;
        note(table.covering_place(&line.differs, &difference), &|| difference.to_string());
    }
    let absent: Vec<String> = line.differs.iter().filter(|name| !known.contains(*name)).cloned().collect();
    match (found.is_empty() && absent.is_empty(), known.is_empty()) {
        (true, true) => Verdict::Same,
        (true, false) => Verdict::Known(known),
        (false, _) => Verdict::Different { found, absent },
    }
}

/// What is compared of the outputs of each command.
fn stdout(side: &Side, output: Output) -> Value {
    let each = side.commands.iter().map(|ran| {
        let plain = without_colours(&ran.stdout);
        let lines: Vec<&str> = plain.lines().collect();
        match output {
            Output::Ignored => Value::Null,
            Output::Columns => {
                let columns: Vec<&str> =
                    lines.first().into_iter().flat_map(|line| line.split("  ")).map(str::trim).collect();
                let columns: Vec<&str> = columns.into_iter().filter(|column| !column.is_empty()).collect();
                json!({"columns": columns, "lines": lines.len()})
            }
            Output::Text => {
                // gcloud says `None` of a container that has no name, and blanks for empty lines. Times are of one run.
                let line = |line: &&str| match line.split_once("Last updated on ") {
                    Some((_, rest)) => rest.split_once(" by ").map_or(rest, |(_, whom)| whom).to_owned(),
                    None => line.trim_end().replace("Container None", "Container (unnamed)"),
                };
                json!(lines.iter().map(line).collect::<Vec<String>>())
            }
            Output::Yaml => yaml(&ran.stdout),
            Output::Same => match serde_json::from_str(&ran.stdout) {
                Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
                _ => json!(lines),
            },
        }
    });
    Value::Array(each.collect())
}

/// A text without the colours that gcloud writes everywhere.
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// The documents of a YAML text, whatever quotes stand around their values.
fn yaml(text: &str) -> Value {
    let documents = text.split("---\n").skip_while(|document| document.is_empty());
    let read = |document| serde_saphyr::from_str(document).unwrap_or_else(|error| json!(format!("{error}")));
    let documents: Vec<Value> = documents.map(read).collect();
    json!({"marked": text.starts_with("---\n"), "documents": documents})
}

/// How a command ended, in a line.
struct Said<'a>(&'a Ran);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ran { code, stderr, .. } = self.0;
        let text = without_colours(stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        // What went wrong is at the end, with gcloud as with others.
        let text = text.char_indices().rev().nth(400).map_or(&*text, |(start, _)| &text[start..]);
        write!(f, "ended with {code}: {text}")
    }
}
