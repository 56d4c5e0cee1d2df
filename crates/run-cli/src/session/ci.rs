//! What a step of a workflow on GitHub leaves to the next steps, and to the people who look at the run.
//! (Source: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>)

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::settings::env;
use crate::terminal::{ExitStatus, Failure};

/// What was deployed.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) service: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) url: &'a str,
    /// The address of the tag, if one was asked for.
    pub(crate) tag_url: Option<&'a str>,
    /// The new revision's share of the traffic.
    pub(crate) percent: u8,
}

/// Notes it where the variables of a workflow say.
pub(crate) fn note(outcome: &Outcome<'_>) -> Result<(), Failure> {
    for (name, text) in [(env::GITHUB_OUTPUT, outcome.outputs()), (env::GITHUB_SUMMARY, outcome.summary())] {
        let Some(path) = std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from) else {
            continue;
        };
        append(&path, &text).map_err(|error| {
            Failure::new(ExitStatus::Failed, format!("{name}={} cannot be written: {error}", path.display()))
                .hint("the deployment itself is done")
        })?;
    }
    Ok(())
}

fn append(path: &PathBuf, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

impl Outcome<'_> {
    /// Lines `NAME=VALUE`; none of the values can have a line break.
    fn outputs(&self) -> String {
        let mut text = String::new();
        let tag = self.tag_url.map(|url| ("tag-url", url.to_owned()));
        let values = [
            ("service", self.service.to_owned()),
            ("revision", self.revision.to_owned()),
            ("url", self.url.to_owned()),
            ("traffic", self.percent.to_string()),
        ];
        for (name, value) in values.into_iter().chain(tag) {
            let _ = writeln!(text, "{name}={value}");
        }
        text
    }

    /// A table in Markdown.
    fn summary(&self) -> String {
        let Self { service, revision, url, percent, .. } = self;
        let mut text = format!(
            "| service | revision | traffic | address |\n|---|---|---|---|\n| {service} | {revision} | {percent} % | {url} |\n"
        );
        if let Some(tag) = self.tag_url {
            let _ = writeln!(text, "| | | tag | {tag} |");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_and_summary() {
        let outcome = Outcome {
            service: "app",
            revision: "app-1",
            url: "https://a",
            tag_url: Some("https://t"),
            percent: 5,
        };
        assert_eq!(
            outcome.outputs(),
            "service=app\nrevision=app-1\nurl=https://a\ntraffic=5\ntag-url=https://t\n"
        );
        assert!(outcome.summary().contains("| app | app-1 | 5 % | https://a |\n| | | tag | https://t |\n"));
    }
}
