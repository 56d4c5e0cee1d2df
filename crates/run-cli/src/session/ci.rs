//! What a step of a workflow on GitHub leaves to the next steps, and to the people who look at the run.
//! (Source: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>)

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use run_api::Resource;
use run_api::known::labels;
use run_api::types::Execution;
use run_ops::Run;

use crate::settings::env;
use crate::terminal::{ExitStatus, Failure};

/// What was deployed.
#[derive(Debug)]
pub(crate) struct Deployment<'a> {
    pub(crate) service: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) url: &'a str,
    /// The address of the tag, if one was asked for.
    pub(crate) tag_url: Option<&'a str>,
    /// The new revision's share of the traffic.
    pub(crate) percent: u8,
}

/// What a step leaves.
#[derive(Debug)]
pub(crate) struct Note {
    /// None of the values has a line break.
    outputs: Vec<(&'static str, String)>,
    /// Markdown.
    summary: String,
    /// What holds although the note cannot be written.
    although: &'static str,
}

impl Note {
    /// Of a deployment.
    pub(crate) fn of_deployment(deployment: &Deployment<'_>) -> Self {
        let Deployment { service, revision, url, tag_url, percent } = *deployment;
        let mut outputs = vec![
            ("service", service.to_owned()),
            ("revision", revision.to_owned()),
            ("url", url.to_owned()),
            ("traffic", percent.to_string()),
        ];
        let mut summary = format!(
            "| service | revision | traffic | address |\n|---|---|---|---|\n| {service} | {revision} | {percent} % | {url} |\n"
        );
        if let Some(tag) = tag_url {
            outputs.push(("tag-url", tag.to_owned()));
            let _ = writeln!(summary, "| | | tag | {tag} |");
        }
        Self { outputs, summary, although: "the deployment itself is done" }
    }

    /// Of an execution that was begun, and that nobody waited for.
    pub(crate) fn of_beginning(execution: &Execution) -> Self {
        let name = execution.name().unwrap_or_default();
        let job = execution.label(labels::JOB).unwrap_or_default();
        Self {
            outputs: vec![("job", job.to_owned()), ("execution", name.to_owned())],
            summary: format!("| job | execution |\n|---|---|\n| {job} | {name} |\n"),
            although: "the execution has begun",
        }
    }

    /// Of the run of a job, however it ended: `outcome` is the word for that.
    pub(crate) fn of_run(run: &Run, outcome: &str, exit_code: u8) -> Self {
        let (execution, tasks) = (run.name(), run.tasks);
        let job = run.execution.label(labels::JOB).unwrap_or_default();
        let mut outputs = vec![
            ("job", job.to_owned()),
            ("execution", execution.to_owned()),
            ("outcome", outcome.to_owned()),
            ("exit-code", exit_code.to_string()),
            ("tasks-succeeded", tasks.succeeded.to_string()),
            ("tasks-failed", tasks.failed.to_string()),
        ];
        let logs = run.log_url.as_deref().map(|url| format!("[logs]({url})")).unwrap_or_default();
        let mut summary = format!(
            "| job | execution | outcome | tasks | |\n|---|---|---|---|---|\n| {job} | {execution} | {outcome} | {tasks} | {logs} |\n"
        );
        for task in &run.failed_tasks {
            let text: String = task.to_string().replace(['\n', '|'], " ");
            let _ = writeln!(summary, "| | | | {text} | |");
        }
        if let Some(url) = &run.log_url {
            outputs.push(("log-url", url.clone()));
        }
        Self { outputs, summary, although: "what became of the execution is as told" }
    }

    /// Writes it where the variables of a workflow say.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let mut outputs = String::new();
        for (name, value) in &self.outputs {
            let _ = writeln!(outputs, "{name}={value}");
        }
        for (name, text) in [(env::GITHUB_OUTPUT, &outputs), (env::GITHUB_SUMMARY, &self.summary)] {
            let Some(path) = std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from) else {
                continue;
            };
            append(&path, text).map_err(|error| {
                let place = path.display();
                Failure::new(ExitStatus::Failed, format!("{name}={place} cannot be written: {error}"))
                    .hint(self.although)
            })?;
        }
        Ok(())
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outputs(note: &Note) -> Vec<String> {
        note.outputs.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn of_a_deployment() {
        let note = Note::of_deployment(&Deployment {
            service: "app",
            revision: "app-1",
            url: "https://a",
            tag_url: Some("https://t"),
            percent: 5,
        });
        let expected = ["service=app", "revision=app-1", "url=https://a", "traffic=5", "tag-url=https://t"];
        assert_eq!(outputs(&note), expected);
        assert!(note.summary.contains("| app | app-1 | 5 % | https://a |\n| | | tag | https://t |\n"));
    }

    #[test]
    fn of_a_run() {
        let execution: Execution = serde_json::from_value(json!({
            "metadata": {"name": "nightly-x", "labels": {"run.googleapis.com/job": "nightly"}},
            "spec": {"taskCount": 3},
            "status": {"succeededCount": 2, "failedCount": 1, "logUri": "https://l"},
        }))
        .unwrap();
        let reference = run_api::ExecutionRef::new("my-project", "us-central1", "nightly-x").unwrap();
        let note = Note::of_run(&Run::of(&reference, execution, Vec::new()), "failed", 9);
        let expected = [
            "job=nightly",
            "execution=nightly-x",
            "outcome=failed",
            "exit-code=9",
            "tasks-succeeded=2",
            "tasks-failed=1",
            "log-url=https://l",
        ];
        assert_eq!(outputs(&note), expected);
        assert!(note.summary.contains("| nightly | nightly-x | failed | "), "{}", note.summary);
        assert!(note.summary.ends_with(" | [logs](https://l) |\n"), "{}", note.summary);
    }
}
