//! The verdict on a line: what both sides have and said, compared.

use serde_json::{Value, json};

use super::compare::{self, Difference};
use super::known::Table;
use super::lines::{Line, Output};
use super::outcome::{Class, Side, without_colours};

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

/// The documents of a YAML text, whatever quotes stand around their values.
fn yaml(text: &str) -> Value {
    let documents = text.split("---\n").skip_while(|document| document.is_empty());
    let read = |document| serde_saphyr::from_str(document).unwrap_or_else(|error| json!(format!("{error}")));
    let documents: Vec<Value> = documents.map(read).collect();
    json!({"marked": text.starts_with("---\n"), "documents": documents})
}
