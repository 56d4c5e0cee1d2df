//! `runctl jobs executions`.

use std::time::Duration;

use clap::{Args, Subcommand};
use run_api::known::{annotations, conditions, labels};
use run_api::types::Execution;
use run_api::{ListOptions, Resource};
use run_ops::{Error, Run, TaskCounts};

use super::tasks;
use crate::arguments::{ListArguments, TimeoutArguments};
use crate::commands::delete;
use crate::output::view::{Listed, View};
use crate::output::{self, Column, describe as show, jobs as shown};
use crate::session::{Context, carry_out_on};
use crate::terminal::{ExitStatus, Failure, Steps};

#[derive(Debug, Subcommand)]
pub(crate) enum ExecutionsCommand {
    /// List the executions of a region, or of one job, the newest first
    List(ExecutionListArguments),
    /// Show an execution, and which of its tasks failed
    Describe(ExecutionArguments),
    /// Show the newest execution of a job
    DescribeLatest(JobArguments),
    /// Cancel an execution, and wait until its tasks have ended
    Cancel(CancelArguments),
    /// Delete an execution, and wait until it is gone
    #[command(mut_arg("name", |name| name.value_name("EXECUTION").help("The execution")))]
    Delete(delete::Arguments),
    /// List and show the tasks of executions
    #[command(subcommand)]
    Tasks(tasks::TasksCommand),
}

/// What `runctl jobs executions list` is given.
#[derive(Args, Debug)]
pub(crate) struct ExecutionListArguments {
    /// Only those of this job
    #[arg(long)]
    job: Option<String>,

    #[command(flatten)]
    list: ListArguments,
}

/// What `runctl jobs executions describe` is given.
#[derive(Args, Debug)]
pub(crate) struct ExecutionArguments {
    /// The execution
    execution: String,
}

/// What `runctl jobs executions describe-latest` is given.
#[derive(Args, Debug)]
pub(crate) struct JobArguments {
    /// The job
    #[arg(long)]
    job: String,
}

/// What `runctl jobs executions cancel` is given.
#[derive(Args, Debug)]
pub(crate) struct CancelArguments {
    /// The execution
    execution: String,

    #[command(flatten)]
    wait: TimeoutArguments,
}

impl View for Execution {
    type Kind = Execution;
    const FIELDS: &'static str = "metadata(name,labels,annotations,creationTimestamp),spec/taskCount,\
        status(conditions(type,status,lastTransitionTime),runningCount,succeededCount,failedCount,cancelledCount,retriedCount)";
}

type Row = Listed<Execution>;

const COLUMNS: [Column<Row>; 8] = [
    Column { heading: "", name: "ready", cell: |row| shown::symbol(&row.shown).to_owned() },
    Column {
        heading: "JOB",
        name: "job_name",
        cell: |row| row.shown.label(labels::JOB).unwrap_or_default().to_owned(),
    },
    Column {
        heading: "EXECUTION",
        name: "name",
        cell: |row| row.shown.name().unwrap_or_default().to_owned(),
    },
    Column {
        heading: "REGION",
        name: "region",
        cell: |row| show::region(row.shown.metadata.as_ref()).to_owned(),
    },
    Column {
        heading: "RUNNING",
        name: "running",
        cell: |row| TaskCounts::of(&row.shown).running.to_string(),
    },
    Column {
        heading: "COMPLETE",
        name: "succeeded_status",
        cell: |row| {
            let tasks = TaskCounts::of(&row.shown);
            format!("{} / {}", tasks.succeeded, tasks.total)
        },
    },
    Column { heading: "CREATED", name: "creation_timestamp", cell: |row| show::time(created(&row.shown)) },
    Column {
        heading: "RUN BY",
        name: "author",
        cell: |row| row.shown.annotation(annotations::RUN_CREATOR).unwrap_or_default().to_owned(),
    },
];

fn created(execution: &Execution) -> Option<&str> {
    execution.metadata.as_ref()?.creation_timestamp.as_deref()
}

impl ExecutionsCommand {
    /// How long the command says that it may take.
    pub(crate) fn limit(&self) -> Option<Duration> {
        match self {
            Self::Cancel(arguments) => Some(arguments.wait.timeout),
            Self::Delete(arguments) => Some(arguments.wait.timeout),
            Self::List(_) | Self::Describe(_) | Self::DescribeLatest(_) | Self::Tasks(_) => None,
        }
    }
}

const DESCRIBE: &str = "runctl jobs executions describe";

/// Runs one of the commands.
pub(crate) async fn run(command: ExecutionsCommand, context: &Context) -> Result<(), Failure> {
    match command {
        ExecutionsCommand::List(arguments) => list(&arguments, context).await,
        ExecutionsCommand::Describe(arguments) => describe(&arguments.execution, context).await,
        ExecutionsCommand::DescribeLatest(arguments) => {
            let job = context.client.get(&context.job(&arguments.job)?).await?;
            let latest = job.status.and_then(|status| status.latest_created_execution?.name);
            match latest {
                Some(name) => describe(&name, context).await,
                None => Err(Failure::new(
                    ExitStatus::NotFound,
                    format!("job [{}] has not been run yet", arguments.job),
                )
                .hint(format!("`runctl jobs execute {} --wait` runs it", arguments.job))),
            }
        }
        ExecutionsCommand::Cancel(arguments) => cancel(&arguments, context).await,
        ExecutionsCommand::Delete(arguments) => {
            let execution = context.execution(&arguments.name)?;
            delete::run(&execution, "Execution", DESCRIBE, &arguments, context).await
        }
        ExecutionsCommand::Tasks(command) => tasks::run(command, context).await,
    }
}

/// Those that have not started come first, then the newest, as in gcloud.
async fn list(arguments: &ExecutionListArguments, context: &Context) -> Result<(), Failure> {
    let location = context.settings.location()?;
    let options = match &arguments.job {
        Some(job) => ListOptions::labelled(format!("{}={}", labels::JOB, location.job(job)?.name)),
        None => ListOptions::default(),
    };
    let mut executions: Vec<Row> = context.rows(&location, options, &arguments.list).await?;
    let key = |row: &Row| {
        let execution = &row.shown;
        let started = execution.condition(conditions::STARTED);
        let has_started = started.and_then(|started| started.status.as_deref());
        let has_started = has_started.is_some_and(|status| !status.eq_ignore_ascii_case("Unknown"));
        let at = started.and_then(|started| started.last_transition_time.as_deref());
        let at = at.or(created(execution)).unwrap_or_default();
        (std::cmp::Reverse((!has_started, at.to_owned())), execution.name().unwrap_or_default().to_owned())
    };
    executions.sort_by_cached_key(key);
    context.list(executions, &COLUMNS, &arguments.list)
}

/// An execution. The tasks that failed are for people; that they cannot be read hides nothing else.
async fn describe(name: &str, context: &Context) -> Result<(), Failure> {
    let reference = context.execution(name)?;
    let execution = context.client.get(&reference).await?;
    let is_for_people = context.format().is_none_or(|format| format.kind == crate::query::Kind::Text);
    let ops = context.ops(&Steps::none(context.printer));
    let failed = match TaskCounts::of(&execution).failed {
        1.. if is_for_people => ops.run_report(&reference).await.ok().map(|run| run.failed_tasks),
        _ => None,
    };
    let run = Run::of(&reference, execution, failed.unwrap_or_default());
    output::show(&run.execution, context.format(), context.printer, || shown::execution(&run))
}

async fn cancel(arguments: &CancelArguments, context: &Context) -> Result<(), Failure> {
    let execution = context.execution(&arguments.execution)?;
    let name = &execution.name;
    context.confirm(&format!("Execution [{name}] will be cancelled. Do you want to continue?"))?;
    let steps = Steps::new(context.printer, &["cancel"]);
    let ops = context.ops(&steps);
    let operation = async {
        steps.start("cancel", &execution.short());
        let cancelled = match arguments.wait.asynchronous {
            true => ops.start_cancellation(&execution).await?.object().clone(),
            false => ops.cancel(&execution, context.deadline).await?,
        };
        steps.done(if arguments.wait.asynchronous { "started" } else { "cancelled" });
        Ok::<Execution, Error>(cancelled)
    };
    let see = || format!("the cancellation goes on: see `{DESCRIBE} {name}`");
    let object = carry_out_on(&ops, &steps, &execution, &see, context.deadline, operation).await?;
    let done = if arguments.wait.asynchronous { "is being cancelled" } else { "has been cancelled" };
    context.printer.talk(format_args!("Execution [{name}] {done}."));
    output::show(&object, context.format(), context.printer, String::new)
}
