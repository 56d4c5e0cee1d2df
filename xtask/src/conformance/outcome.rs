//! What the clients' scripts say, and what that amounts to.

use std::fmt;
use std::time::Duration;

use super::client::Client;
use crate::program::process::End;

/// The steps that a script told of, by lines `ok TITLE` and `failed TITLE | REASON`.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    passed: usize,
    failed: Vec<String>,
}

impl Transcript {
    /// Takes in a line of a script's stdout; what is neither of the two is a remark.
    pub(super) fn record(&mut self, line: &str) {
        if line.starts_with("ok ") {
            self.passed += 1;
        } else if let Some(step) = line.strip_prefix("failed ") {
            let (title, _) = step.split_once(" | ").unwrap_or((step, ""));
            self.failed.push(title.to_owned());
        }
    }

    /// The verdict on a script that ended so.
    pub(super) fn verdict(&self, end: End) -> Verdict {
        let steps = self.passed + self.failed.len();
        if !self.failed.is_empty() {
            let failed = self.failed.len();
            return Verdict::Failed(format!("{failed} of {steps} steps: {}", self.failed.join("; ")));
        }
        match end {
            End::Overdue => Verdict::Failed(format!("no end in time after {steps} steps")),
            End::Exited(status) if !status.success() => {
                Verdict::Failed(format!("ended after {steps} steps with {status}"))
            }
            End::Exited(_) if steps == 0 => Verdict::Failed("told of no step".to_owned()),
            End::Exited(_) => Verdict::Passed(steps),
        }
    }
}

/// What became of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It took this many steps.
    Passed(usize),
    /// It did not get through, for this reason.
    Failed(String),
    /// It is not installed; the text says what is missing.
    Skipped(String),
}

/// A client's verdict and the time that it took, preparation included.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) client: Client,
    pub(super) verdict: Verdict,
    pub(super) time: Duration,
}

/// All outcomes of a run; its `Display` is one line for each client.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(super) outcomes: Vec<Outcome>,
    /// Whether every client must have run, because it was asked for by name.
    pub(super) demanded: bool,
}

impl Summary {
    /// Whether no client failed, and none is missing that was asked for by name.
    pub(crate) fn is_success(&self) -> bool {
        self.outcomes.iter().all(|outcome| match outcome.verdict {
            Verdict::Passed(_) => true,
            Verdict::Failed(_) => false,
            Verdict::Skipped(_) => !self.demanded,
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Outcome { client, verdict, time } in &self.outcomes {
            let seconds = time.as_secs_f64();
            match verdict {
                Verdict::Passed(steps) => {
                    writeln!(f, "{client:<7} passed   {steps} steps in {seconds:.1} s")?
                }
                Verdict::Failed(reason) => writeln!(f, "{client:<7} failed   {reason}")?,
                Verdict::Skipped(reason) => writeln!(f, "{client:<7} skipped  {reason}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn exited(code: i32) -> End {
        End::Exited(ExitStatus::from_raw(code << 8))
    }

    #[test]
    fn verdicts() {
        let failed = |reason: &str| Verdict::Failed(reason.to_owned());
        for (lines, end, expected) in [
            (&["ok create: 200", "a remark", "ok delete"][..], exited(0), Verdict::Passed(2)),
            (
                &["ok create", "failed read: 404 | found 200 | 201"],
                exited(1),
                failed("1 of 2 steps: read: 404"),
            ),
            (&["failed read | x", "failed list", "ok end"], exited(0), failed("2 of 3 steps: read; list")),
            (&["failed read | x"], End::Overdue, failed("1 of 1 steps: read")),
            (&["ok create"], exited(1), failed("ended after 1 steps with exit status: 1")),
            (&["ok create"], End::Overdue, failed("no end in time after 1 steps")),
            (&["okay", "failure"], exited(0), failed("told of no step")),
            (&[], exited(2), failed("ended after 0 steps with exit status: 2")),
        ] {
            let mut transcript = Transcript::default();
            lines.iter().for_each(|line| transcript.record(line));
            assert_eq!(transcript.verdict(end), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_summary_is_a_success_unless_something_failed_or_is_missing_on_demand() {
        let passed = || Verdict::Passed(3);
        let skipped = || Verdict::Skipped("absent".to_owned());
        let failed = || Verdict::Failed("refused".to_owned());
        for (verdicts, demanded, expected) in [
            (vec![passed(), passed()], false, true),
            (vec![passed(), skipped()], false, true),
            (vec![skipped()], true, false),
            (vec![passed()], true, true),
            (vec![failed(), passed()], false, false),
            (vec![passed(), failed()], false, false),
        ] {
            let outcomes = verdicts
                .iter()
                .map(|verdict| Outcome { client: Client::Go, verdict: verdict.clone(), time: Duration::ZERO })
                .collect();
            assert_eq!(Summary { outcomes, demanded }.is_success(), expected, "{verdicts:?} {demanded}");
        }
    }

    #[test]
    fn a_summary_has_a_line_for_each_client() {
        let outcomes = [
            (Client::Python, Verdict::Passed(12)),
            (Client::Go, Verdict::Failed("1 of 3 steps: delete".to_owned())),
            (Client::Gcloud, Verdict::Skipped("gcloud is not installed".to_owned())),
        ]
        .map(|(client, verdict)| Outcome { client, verdict, time: Duration::from_millis(1234) });
        insta::assert_snapshot!(Summary { outcomes: outcomes.into(), demanded: false }, @r"
        python  passed   12 steps in 1.2 s
        go      failed   1 of 3 steps: delete
        gcloud  skipped  gcloud is not installed
        ");
    }
}
