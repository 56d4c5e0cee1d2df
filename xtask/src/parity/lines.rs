//! The command lines that are compared: files of lines, below the state of things that they are typed at.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// What `{image}` in a line stands for: an image that serves.
const IMAGE: &str = "us-docker.pkg.dev/cloudrun/container/hello";

/// What is compared besides the objects and the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Nothing.
    Ignored,
    /// The first line of stdout, which names the columns of a table, and how many lines follow.
    Columns,
    /// All of stdout: values if it is JSON, else lines.
    Same,
    /// All of stdout, for people: lines as they stand there.
    Text,
    /// All of stdout, which is YAML.
    Yaml,
}

/// Commands that are typed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// As it stands in the file, without remarks.
    pub(super) text: String,
    /// The words of each command, without `gcloud run` and `runctl`.
    pub(super) commands: Vec<Vec<String>>,
    /// What is there before, by the name of a file.
    pub(super) state: String,
    pub(super) output: Output,
    /// The known differences that it shows.
    pub(super) differs: Vec<String>,
}

/// All lines of a directory's files, by name.
///
/// # Errors
/// If a file cannot be read, or a line not be understood.
pub(super) fn read(directory: &Path) -> Result<Vec<Line>> {
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        lines.extend(parse(&text).with_context(|| file.display().to_string())?);
    }
    Ok(lines)
}

/// `[STATE]` stands before its lines; `&&` between commands; behind ` # ` are remarks: `columns`, `stdout`, `text`, `yaml`, or the names
/// of known differences.
fn parse(text: &str) -> Result<Vec<Line>> {
    let mut state = None;
    let mut lines: Vec<Line> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            state = Some(name.to_owned());
            continue;
        }
        let Some(state) = &state else { bail!("line {number}: no [STATE] stands before it") };
        let (line, remarks) = line.split_once(" # ").unwrap_or((line, ""));
        let (mut output, mut differs) = (Output::Ignored, Vec::new());
        for remark in remarks.split_whitespace() {
            match remark {
                "columns" => output = Output::Columns,
                "stdout" => output = Output::Same,
                "text" => output = Output::Text,
                "yaml" => output = Output::Yaml,
                name => differs.push(name.to_owned()),
            }
        }
        let commands = line.split(" && ").map(|command| shlex::split(&command.replace("{image}", IMAGE)));
        let commands = commands.collect::<Option<Vec<_>>>();
        let commands = commands.with_context(|| format!("line {number}: a quote is not closed"))?;
        if lines.iter().any(|other| other.text == line.trim() && other.state == *state) {
            bail!("line {number} stands there twice");
        }
        lines.push(Line { text: line.trim().to_owned(), commands, state: state.clone(), output, differs });
    }
    Ok(lines)
}

/// So many of the lines, evenly from all of them.
pub(super) fn sample(lines: Vec<Line>, size: usize) -> Vec<Line> {
    let all = lines.len();
    let is_chosen = |index: usize| (index + 1) * size / all > index * size / all;
    lines.into_iter().enumerate().filter_map(|(index, line)| is_chosen(index).then_some(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_states_commands_and_remarks() {
        let text =
            "# about\n[new]\ndeploy app --set-env-vars 'A=x y' && services list # columns late\n\n[old]\nx\n";
        let lines = parse(text).unwrap();
        assert_eq!(lines.len(), 2);
        let first = &lines[0];
        assert_eq!(first.text, "deploy app --set-env-vars 'A=x y' && services list");
        assert_eq!(first.commands[0], ["deploy", "app", "--set-env-vars", "A=x y"]);
        assert_eq!(first.commands[1], ["services", "list"]);
        assert_eq!((first.state.as_str(), first.output), ("new", Output::Columns));
        assert_eq!(first.differs, ["late"]);
        assert_eq!((lines[1].state.as_str(), lines[1].output), ("old", Output::Ignored));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        for (text, expected) in [
            ("deploy", "line 1: no [STATE]"),
            ("[new]\ndeploy 'app", "line 2: a quote"),
            ("[new]\nx\nx", "line 3 stands there twice"),
        ] {
            assert!(parse(text).unwrap_err().to_string().starts_with(expected), "{text}");
        }
    }

    #[test]
    fn a_sample_is_spread_over_all() {
        let text: String = (0..10).map(|number| format!("x{number}\n")).collect();
        let lines = parse(&format!("[new]\n{text}")).unwrap();
        let texts = |size| {
            sample(lines.clone(), size).into_iter().map(|line| line.text).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(texts(3), "x3 x6 x9");
        assert_eq!(texts(10).len(), 29);
        assert_eq!(texts(20).len(), 29);
        assert_eq!(texts(0), "");
    }
}
