//! `runctl jobs executions tasks`.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use run_api::known::labels;
use run_api::types::Task;
use run_api::{ListOptions, Resource};

use crate::arguments::ListArguments;
use crate::output::view::{Listed, View};
use crate::output::{self, Column, describe as show, jobs as shown};
use crate::session::Context;
use crate::terminal::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum TasksCommand {
    /// List the tasks of an execution
    List(Box<TaskListArguments>),
    /// Show a task, and how its last attempt ended
    Describe(TaskArguments),
}

/// What `runctl jobs executions tasks describe` is given.
#[derive(Args, Debug)]
pub(crate) struct TaskArguments {
    /// The task
    task: String,
}

/// What `runctl jobs executions tasks list` is given.
#[derive(Args, Debug)]
pub(crate) struct TaskListArguments {
    /// The execution
    #[arg(long)]
    execution: String,

    #[command(flatten)]
    states: StateFlags,

    #[command(flatten)]
    list: ListArguments,
}

/// Which tasks are listed; all if none of these is given.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which tasks")]
struct StateFlags {
    /// Those that succeeded
    #[arg(long)]
    succeeded: bool,
    /// Those that failed
    #[arg(long)]
    failed: bool,
    /// Those that were cancelled
    #[arg(long)]
    cancelled: bool,
    /// Those that run
    #[arg(long)]
    running: bool,
    /// Those that were given up since another one failed
    #[arg(long)]
    abandoned: bool,
    /// Those that have not begun
    #[arg(long)]
    pending: bool,
    /// Those that succeeded, failed or were cancelled
    #[arg(long)]
    completed: bool,
    /// Those that run or have not begun
    #[arg(long)]
    no_completed: bool,
    /// Those that run, succeeded, failed or were cancelled
    #[arg(long)]
    started: bool,
    /// Those that have not begun, or were given up
    #[arg(long)]
    no_started: bool,
}

impl StateFlags {
    fn states(&self) -> BTreeSet<&'static str> {
        let mut states = BTreeSet::new();
        for (given, these) in [
            (self.succeeded, &["Succeeded"][..]),
            (self.failed, &["Failed"]),
            (self.cancelled, &["Cancelled"]),
            (self.running, &["Running"]),
            (self.abandoned, &["Abandoned"]),
            (self.pending, &["Pending"]),
            (self.completed, &["Succeeded", "Failed", "Cancelled"]),
            (self.no_completed, &["Running", "Pending"]),
            (self.started, &["Succeeded", "Failed", "Cancelled", "Running"]),
            (self.no_started, &["Pending", "Abandoned"]),
        ] {
            if given {
                states.extend(these);
            }
        }
        states
    }
}

impl View for Task {
    type Kind = Task;
    const FIELDS: &'static str =
        "metadata(name,labels),status(conditions(type,status),index,startTime,completionTime,retried)";
}

type Row = Listed<Task>;

const COLUMNS: [Column<Row>; 7] = [
    Column { heading: "", name: "ready", cell: |row| shown::symbol(&row.shown).to_owned() },
    Column { heading: "INDEX", name: "index", cell: |row| shown::index(&row.shown).to_string() },
    Column {
        heading: "STATE",
        name: "running_state",
        cell: |row| row.shown.label(labels::RUNNING_STATE).unwrap_or_default().to_owned(),
    },
    Column { heading: "TASK", name: "name", cell: |row| row.shown.name().unwrap_or_default().to_owned() },
    Column {
        heading: "STARTED",
        name: "start_time",
        cell: |row| show::time(row.shown.status.as_ref().and_then(|status| status.start_time.as_deref())),
    },
    Column {
        heading: "COMPLETED",
        name: "completion_time",
        cell: |row| {
            show::time(row.shown.status.as_ref().and_then(|status| status.completion_time.as_deref()))
        },
    },
    Column {
        heading: "RETRIES",
        name: "retries",
        cell: |row| row.shown.status.as_ref().and_then(|status| status.retried).unwrap_or(0).to_string(),
    },
];

/// Runs one of the commands.
pub(crate) async fn run(command: TasksCommand, context: &Context) -> Result<(), Failure> {
    match command {
        TasksCommand::Describe(arguments) => {
            let task = context.client.get(&context.settings.location()?.task(arguments.task)?).await?;
            output::show(&task, context.format(), context.printer, || shown::task(&task))
        }
        TasksCommand::List(arguments) => {
            let execution = context.execution(&arguments.execution)?;
            let mut selector = format!("{}={}", labels::EXECUTION, execution.name);
            let states = arguments.states.states();
            if !states.is_empty() {
                let states = states.into_iter().collect::<Vec<_>>().join(",");
                selector.push_str(&format!(",{} in ({states})", labels::RUNNING_STATE));
            }
            let options = ListOptions::labelled(selector);
            let mut tasks: Vec<Row> = context.rows(&execution.location, options, &arguments.list).await?;
            if tasks.is_empty() {
                // Of none that there is, there are no tasks either: it must be there.
                context.client.get(&execution).await?;
            }
            tasks.sort_by_key(|row| shown::index(&row.shown));
            context.list(tasks, &COLUMNS, &arguments.list)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_add_up() {
        let of = |flags: StateFlags| flags.states().into_iter().collect::<Vec<_>>().join(",");
        assert_eq!(of(StateFlags::default()), "");
        assert_eq!(of(StateFlags { failed: true, pending: true, ..StateFlags::default() }), "Failed,Pending");
        assert_eq!(
            of(StateFlags { completed: true, failed: true, ..StateFlags::default() }),
            "Cancelled,Failed,Succeeded"
        );
        assert_eq!(of(StateFlags { no_started: true, ..StateFlags::default() }), "Abandoned,Pending");
    }
}
