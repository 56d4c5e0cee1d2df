//! `runctl jobs list` and `describe`.

use clap::Args;
use run_api::known::annotations;
use run_api::types::{ExecutionReference, Job};
use run_api::{ListOptions, Resource, Scope};

use crate::arguments::ListArguments;
use crate::output::view::{Listed, View};
use crate::output::{self, Column, describe as show, jobs as shown};
use crate::session::Context;
use crate::terminal::Failure;

/// What `runctl jobs describe` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The job
    job: String,
}

/// Shows a job.
pub(crate) async fn describe(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let job = context.client.get(&context.job(&arguments.job)?).await?;
    output::show(&job, context.format(), context.printer, || shown::job(&job))
}

impl View for Job {
    type Kind = Job;
    const FIELDS: &'static str = "metadata(name,labels,annotations,creationTimestamp),\
        status(conditions(type,status),latestCreatedExecution)";
}

type Row = Listed<Job>;

const COLUMNS: [Column<Row>; 6] = [
    Column { heading: "", name: "ready", cell: |row| shown::symbol(&row.shown).to_owned() },
    Column { heading: "JOB", name: "name", cell: |row| row.shown.name().unwrap_or_default().to_owned() },
    Column {
        heading: "REGION",
        name: "region",
        cell: |row| show::region(row.shown.metadata.as_ref()).to_owned(),
    },
    Column {
        heading: "LAST RUN AT",
        name: "last_run",
        cell: |row| show::time(latest(&row.shown).and_then(|latest| latest.creation_timestamp.as_deref())),
    },
    Column {
        heading: "CREATED",
        name: "created",
        cell: |row| {
            show::time(
                row.shown.metadata.as_ref().and_then(|metadata| metadata.creation_timestamp.as_deref()),
            )
        },
    },
    Column {
        heading: "CREATED BY",
        name: "author",
        cell: |row| row.shown.annotation(annotations::RUN_CREATOR).unwrap_or_default().to_owned(),
    },
];

fn latest(job: &Job) -> Option<&ExecutionReference> {
    job.status.as_ref()?.latest_created_execution.as_ref()
}

/// Lists the jobs of the region that a flag names, or of all regions, as in gcloud.
pub(crate) async fn list(arguments: &ListArguments, context: &Context) -> Result<(), Failure> {
    let scope = match &context.flag_region {
        Some(_) => Scope::Region(context.settings.location()?),
        None => Scope::AllRegions(context.settings.project()?.clone()),
    };
    let mut jobs: Vec<Row> = context.rows(scope, ListOptions::default(), arguments).await?;
    jobs.sort_by(|left, right| left.shown.name().cmp(&right.shown.name()));
    context.list(jobs, &COLUMNS, arguments)
}
