//! `runctl jobs execute`: the start of an execution, its end, and what comes of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use run_api::types::{Execution, Overrides};
use run_api::{JobRef, Resource};
use run_ops::{Deadline, Error, Outcome, Run, wait};

use crate::commands::release::expect;
use crate::commands::services::promote;
use crate::flags::OverrideFlags;
use crate::output::{self, jobs as shown};
use crate::session::{Context, Note, carry_out_on};
use crate::terminal::{ExitStatus, Failure, Steps};
use crate::values::duration;

/// How long a command may take that does not wait for the end of an execution; gcloud's limit as well.
pub(super) const DEFAULT: Duration = Duration::from_secs(30 * 60);

/// What `runctl jobs execute` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The job
    job: String,

    /// Do not wait for anything
    #[arg(long = "async", overrides_with = "no_async", conflicts_with = "wait")]
    asynchronous: bool,

    /// Wait for the start, as without the flag
    #[arg(long, hide = true)]
    no_async: bool,

    /// Wait until the execution has ended
    #[arg(long)]
    wait: bool,

    /// How long the command may take, all in all; 30 minutes, or with --wait as long as it takes. The execution goes on
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait_timeout: Option<Duration>,

    /// With --wait: if tasks fail, end with the exit code of the first that has one
    #[arg(long, requires = "wait")]
    propagate_exit_code: bool,

    /// With --wait: if it succeeds, give all traffic of this service to its newest revision
    #[arg(long, value_name = "SERVICE", requires = "wait")]
    then_promote: Option<String>,

    #[command(flatten)]
    pub(crate) overrides: OverrideFlags,
}

impl Arguments {
    pub(super) fn limit(&self) -> Option<Duration> {
        self.wait_timeout.or((!self.wait).then_some(DEFAULT))
    }
}

/// Runs a job.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let job = context.job(&arguments.job)?;
    let overrides = arguments.overrides.overrides()?;
    if let Some(service) = &arguments.then_promote {
        // What is not there is told before anything runs.
        expect(&context.service(service)?, context).await?;
    }
    let until = match (arguments.asynchronous, arguments.wait) {
        (true, _) => Until::Begun,
        (false, true) => Until::Ended,
        (false, false) => Until::Started,
    };
    let begin = Begin { job: &job, overrides, until, propagate: arguments.propagate_exit_code };
    begin.run(&Steps::new(context.printer, until.stages()), context).await?;
    match &arguments.then_promote {
        None => Ok(()),
        Some(service) => promote::newest(service, context).await,
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Nothing: the execution is there.
    Begun,
    /// Its tasks have started.
    Started,
    /// It has ended.
    Ended,
}

impl Until {
    /// The stages until then.
    pub(super) fn stages(self) -> &'static [&'static str] {
        match self {
            Self::Begun => &["execute"],
            Self::Started => &["execute", "wait"],
            Self::Ended => &["execute", "run"],
        }
    }
}

/// An execution that is to be begun.
pub(super) struct Begin<'a> {
    pub(super) job: &'a JobRef,
    pub(super) overrides: Option<Overrides>,
    pub(super) until: Until,
    /// Whether a failed task's exit code is passed on.
    pub(super) propagate: bool,
}

impl Begin<'_> {
    /// Begins it, waits as far as is wished, and says how it stands then.
    pub(super) async fn run(self, steps: &Steps, context: &Context) -> Result<(), Failure> {
        let ops = context.ops(steps);
        let begun = Mutex::new(None);
        let operation = async {
            steps.start("execute", &self.job.short());
            let started = ops.run_job(self.job, self.overrides.clone()).await?;
            let name = started.reference().name.to_string();
            *begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(name.clone());
            steps.done(&name);
            match self.until {
                Until::Begun => Ok(Done::Object(Box::new(started.object().clone()))),
                Until::Started => {
                    steps.start("wait", "until the tasks have started");
                    let goal = wait::started(started.uid());
                    let seen = ops.wait(&ops.watch(started.reference()), &goal, context.deadline).await?;
                    steps.done("started");
                    Ok(Done::Object(Box::new(seen.unwrap_or_else(|| started.object().clone()))))
                }
                Until::Ended => {
                    steps.start("run", "until all tasks have ended");
                    // A moment earlier than the command's own, so that the run can still be told.
                    let run = ops.finish_run(&started, context.deadline).await;
                    match run.outcome {
                        Outcome::Succeeded => steps.done(&run.tasks.to_string()),
                        Outcome::Running | Outcome::Unknown => steps.leave(&run.tasks.to_string()),
                        _ => steps.abandon(&run.tasks.to_string()),
                    }
                    Ok::<_, Error>(Done::Run(Box::new(run)))
                }
            }
        };
        let job = &self.job.name;
        let see = || match begun.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
            Some(name) => format!(
                "execution [{name}] goes on: see `runctl jobs executions describe {name}`; to end it, `runctl jobs executions cancel {name}`"
            ),
            None => format!(
                "an execution may have begun: see `runctl jobs executions list --job {job}` before you run it again"
            ),
        };
        let done = carry_out_on(&ops, steps, self.job, &see, Deadline::after(Duration::MAX), operation).await;
        match done.map_err(|failure| failure_of(failure, &begun, self.job))? {
            Done::Object(execution) => tell_begun(&execution, self.until, context),
            Done::Run(run) => tell_ended(*run, self.propagate, context),
        }
    }
}

enum Done {
    Object(Box<Execution>),
    Run(Box<Run>),
}

/// What leads on after an error: the execution if it is known, or how there can be a job.
fn failure_of(failure: Failure, begun: &Mutex<Option<String>>, job: &JobRef) -> Failure {
    match begun.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
        // What an interruption leaves is told with it.
        Some(_) if failure.status() == ExitStatus::Interrupted => failure,
        Some(name) => failure.hint(format!("`runctl jobs executions describe {name}` tells more")),
        None if failure.is_not_found() => {
            failure.hint(format!("create it with `runctl jobs create {} --image IMAGE`", job.name))
        }
        None => failure,
    }
}

fn tell_begun(execution: &Execution, until: Until, context: &Context) -> Result<(), Failure> {
    let name = execution.name().unwrap_or_default();
    let how = if until == Until::Begun { "is starting" } else { "has successfully started running" };
    context.printer.talk(format_args!("Execution [{name}] {how}."));
    context.printer.talk(format_args!("To see how it goes: `runctl jobs executions describe {name}`"));
    output::show(execution, context.format(), context.printer, String::new)?;
    Note::of_beginning(execution).write()
}

/// Writes the execution with its result, and says in the exit code how it ended.
pub(super) fn tell_ended(run: Run, propagate: bool, context: &Context) -> Result<(), Failure> {
    let name = run.name().to_owned();
    let failure = match &run.outcome {
        Outcome::Succeeded => None,
        outcome => Some(failure(&run, outcome, propagate)),
    };
    let code = failure.as_ref().map_or(0, Failure::exit_code);
    output::show(&shown::with_result(&run, code)?, context.format(), context.printer, String::new)?;
    let noted = Note::of_run(&run, shown::word(&run.outcome), code).write();
    match failure {
        // How the execution ended counts more than what could not be noted of it.
        Some(failure) => Err(failure),
        None => {
            noted?;
            context.printer.talk(format_args!("Execution [{name}] has successfully completed."));
            Ok(())
        }
    }
}

fn failure(run: &Run, outcome: &Outcome, propagate: bool) -> Failure {
    let name = run.name();
    let describe = format!("`runctl jobs executions describe {name}` shows how it stands");
    let cancel = format!("`runctl jobs executions cancel {name}` ends it");
    let (status, what, hints) = match outcome {
        Outcome::Cancelled => (ExitStatus::Cancelled, "was cancelled", Vec::new()),
        Outcome::Running => {
            (ExitStatus::Deadline, "was not completed in time, and goes on", vec![describe, cancel])
        }
        Outcome::Unknown => {
            (ExitStatus::OutcomeUnknown, "was begun, and how it ended cannot be told", vec![describe])
        }
        _ => (ExitStatus::ExecutionFailed, "failed", shown::advice(run)),
    };
    let mut failure = Failure::new(status, format!("execution [{name}] {what}: {}", run.tasks));
    for line in shown::reasons(run) {
        failure = failure.detail(line);
    }
    if *outcome == Outcome::Unknown
        && let Some(why) = run.why()
    {
        failure = failure.detail(why);
    }
    if let Some(url) = &run.log_url {
        failure = failure.detail(format!("logs: {url}"));
    }
    // Only a failed execution ends with its task's code: a deadline or a cancellation has a code of its own.
    let passes_on = propagate && matches!(outcome, Outcome::Failed { .. });
    let code = run.exit_code().filter(|_| passes_on).and_then(|code| u8::try_from(code).ok());
    failure.advised(hints).passing_on(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The code of a task takes the place of that of a failure, and of no other end.
    #[test]
    fn exit_codes_of_tasks() {
        let conditions = |status: &str, reason: &str| json!([{"type": "Completed", "status": status, "reason": reason, "message": "m"}]);
        for (conditions, passed_on, own) in [
            (conditions("False", "NonZeroExitCode"), 5, 9),
            (conditions("False", "Cancelled"), 10, 10),
            (json!([]), 3, 3),
        ] {
            let execution: Execution = serde_json::from_value(json!({
                "metadata": {"name": "mix-x", "uid": "u", "generation": 1}, "spec": {"taskCount": 2},
                "status": {"observedGeneration": 1, "failedCount": 1, "conditions": conditions},
            }))
            .unwrap();
            let task = serde_json::from_value(json!({
                "metadata": {"name": "mix-x-0"},
                "status": {
                    "index": 0, "lastAttemptResult": {"exitCode": 5},
                    "conditions": [{"type": "Completed", "status": "False", "reason": "NonZeroExitCode"}],
                },
            }))
            .unwrap();
            let failed = run_ops::FailedTask::of(&task).into_iter().collect();
            let reference = run_api::ExecutionRef::new("my-project", "us-central1", "mix-x").unwrap();
            let run = Run::of(&reference, execution, failed);
            let code = |propagate| failure(&run, &run.outcome, propagate).exit_code();
            assert_eq!((code(true), code(false)), (passed_on, own), "{:?}", run.outcome);
        }
    }
}
