//! `runctl jobs create`, `update` and `deploy`.

use std::time::Duration;

use clap::Args;
use run_api::JobRef;
use run_api::types::Job;
use run_ops::edit::{self, Edit};

use super::execute::{Begin, Until};
use crate::flags::JobFlags;
use crate::output;
use crate::session::{Context, carry_out_on, write_and_wait};
use crate::terminal::{Failure, Steps};
use crate::values::duration;

/// What `runctl jobs create`, `update` and `deploy` are given; the flags are gcloud's.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The job
    job: String,

    #[command(flatten)]
    pub(crate) flags: JobFlags,

    #[command(flatten)]
    pub(super) wait: WaitArguments,
}

/// Whether the command waits, and whether the job runs then.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Waiting, and running at once")]
pub(crate) struct WaitArguments {
    /// Do not wait for the end
    #[arg(long = "async", overrides_with = "no_async", conflicts_with_all = ["wait", "execute_now"])]
    asynchronous: bool,

    /// Wait for the end, as without the flag
    #[arg(long, hide = true)]
    no_async: bool,

    /// Run the job as soon as it is ready, and wait until the execution has started
    #[arg(long)]
    execute_now: bool,

    /// Run the job as soon as it is ready, and wait until the execution has ended
    #[arg(long)]
    wait: bool,

    /// How long the command may take, all in all; 30 minutes, or with --wait as long as it takes
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait_timeout: Option<Duration>,

    /// With --wait: if tasks fail, end with the exit code of the first that has one
    #[arg(long, requires = "wait")]
    propagate_exit_code: bool,
}

impl WaitArguments {
    /// How far the job runs, if it does.
    fn until(&self) -> Option<Until> {
        match (self.wait, self.execute_now) {
            (true, _) => Some(Until::Ended),
            (false, true) => Some(Until::Started),
            (false, false) => None,
        }
    }

    pub(super) fn limit(&self) -> Option<Duration> {
        self.wait_timeout.or((!self.wait).then_some(super::execute::DEFAULT))
    }
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Update,
    Deploy,
}

impl Verb {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Create => ("create", "created"),
            Self::Update => ("update", "updated"),
            Self::Deploy => ("deploy", "deployed"),
        }
    }
}

/// Writes a job, waits until it is ready, and runs it if that is wished.
pub(crate) async fn run(arguments: &Arguments, verb: Verb, context: &Context) -> Result<(), Failure> {
    let name = arguments.job.as_str();
    let job = context.job(name)?;
    if verb != Verb::Update && !arguments.flags.names_image() {
        let failure = Failure::usage("a job needs an image: --image");
        return Err(match verb {
            Verb::Create => failure.hint(format!("for example `runctl jobs create {name} --image IMAGE`")),
            _ => failure.hint(format!("`runctl jobs update {name}` changes a job and keeps its image")),
        });
    }
    let edit = changes(arguments, context)?;
    let (title, done) = verb.words();
    let until = arguments.wait.until();
    let mut stages = vec![title];
    if !arguments.wait.asynchronous {
        stages.push("wait");
        stages.extend(until.map_or(&[][..], Until::stages));
    }
    let steps = Steps::new(context.printer, &stages);
    let ops = context.ops(&steps);
    let write = async {
        match verb {
            Verb::Create => ops.create(&job, edit.build(&job)?).await,
            Verb::Update => ops.update(&job, |object: &mut Job| Ok(edit.apply(object)?)).await,
            Verb::Deploy => ops.deploy_job(&job, &edit).await,
        }
    };
    let deadline = (!arguments.wait.asynchronous).then_some(context.deadline);
    let operation = write_and_wait(&ops, &steps, (title, &job), deadline, write, |_| "ready");
    let see = || format!("what was sent before is not taken back: see `runctl jobs describe {name}`");
    let object = carry_out_on(&ops, &steps, &job, &see, context.deadline, operation)
        .await
        .map_err(|failure| advised(failure, verb, &job))?;
    let printer = context.printer;
    if arguments.wait.asynchronous {
        printer.talk(format_args!("Job [{name}] is being {done}."));
        return output::show(&object, context.format(), printer, String::new);
    }
    steps.say(&format!("Job [{name}] has successfully been {done}."));
    let Some(until) = until else {
        printer.talk(format_args!("To run it: `runctl jobs execute {name} --wait`"));
        return output::show(&object, context.format(), printer, String::new);
    };
    let begin = Begin { job: &job, overrides: None, until, propagate: arguments.wait.propagate_exit_code };
    begin.run(&steps, context).await
}

fn changes(arguments: &Arguments, context: &Context) -> Result<Edit<Job>, Failure> {
    // A reason to pass by Binary Authorization counts for the write that gives it, and for no later one.
    let edit = edit::job().breakglass(None).then(arguments.flags.edit(&context.settings.location()?)?);
    let edit = match context.launch_stage() {
        Some(stage) => edit.launch_stage(stage),
        None => edit,
    };
    Ok(edit.client("runctl", env!("CARGO_PKG_VERSION")))
}

/// What leads on where the job is there, or is not.
fn advised(failure: Failure, verb: Verb, job: &JobRef) -> Failure {
    let name = &job.name;
    match verb {
        Verb::Update if failure.is_not_found() => {
            failure.hint(format!("create it with `runctl jobs create {name} --image IMAGE`"))
        }
        Verb::Create if failure.is_already_exists() => {
            failure.hint(format!("`runctl jobs deploy {name}` changes the one that is there"))
        }
        _ => failure,
    }
}
