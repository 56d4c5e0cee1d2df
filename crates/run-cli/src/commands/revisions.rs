//! `runctl revisions`.

use clap::{Args, Subcommand};
use run_api::ListOptions;
use run_api::types::Revision;
use serde::Deserialize;

use crate::arguments::ListArguments;
use crate::output::view::{Conditions, Listed, Metadata, View, or_default};
use crate::output::{self, Column, describe};
use crate::session::Context;
use crate::terminal::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum RevisionsCommand {
    /// List the revisions of a region, or of one service
    List(RevisionListArguments),
    /// Show a revision
    Describe(DescribeArguments),
    /// Delete a revision that gets no traffic
    Delete(DeleteArguments),
}

/// What `runctl revisions list` is given.
#[derive(Args, Debug)]
pub(crate) struct RevisionListArguments {
    /// Only those of this service
    #[arg(long)]
    service: Option<String>,

    #[command(flatten)]
    list: ListArguments,
}

/// What `runctl revisions describe` is given.
#[derive(Args, Debug)]
pub(crate) struct DescribeArguments {
    /// The revision
    revision: String,
}

/// What `runctl revisions delete` is given.
#[derive(Args, Debug)]
pub(crate) struct DeleteArguments {
    /// The revision
    revision: String,

    /// Do not wait until the revision is gone: the request is all that this command waits for
    #[arg(long = "async", hide = true)]
    asynchronous: bool,
}

/// What the table shows of a revision.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RevisionView {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Conditions,
}

impl View for RevisionView {
    type Kind = Revision;
    const FIELDS: &'static str =
        "metadata(name,creationTimestamp,labels,annotations),status/conditions(type,status)";
}

impl RevisionView {
    fn service(&self) -> &str {
        self.metadata.labels.service.as_deref().unwrap_or_default()
    }
}

type Row = Listed<RevisionView>;

const COLUMNS: [Column<Row>; 6] = [
    Column {
        heading: "",
        name: "ready",
        cell: |row| {
            let ready = row.shown.status.conditions.ready.as_ref();
            describe::symbol_of(ready.and_then(|ready| ready.status.as_deref())).to_owned()
        },
    },
    Column {
        heading: "REVISION",
        name: "name",
        cell: |row| row.shown.metadata.name.clone().unwrap_or_default(),
    },
    Column {
        heading: "ACTIVE",
        name: "active",
        cell: |row| {
            let active = row.shown.status.conditions.active.as_ref();
            let active = active.and_then(|active| active.status.as_deref());
            if active == Some("True") { "yes".to_owned() } else { String::new() }
        },
    },
    Column { heading: "SERVICE", name: "service_name", cell: |row| row.shown.service().to_owned() },
    Column {
        heading: "DEPLOYED",
        name: "deployed",
        cell: |row| describe::time(row.shown.metadata.creation_timestamp.as_deref()),
    },
    Column {
        heading: "DEPLOYED BY",
        name: "author",
        cell: |row| row.shown.metadata.annotations.creator.clone().unwrap_or_default(),
    },
];

/// Runs one of the commands.
pub(crate) async fn run(command: RevisionsCommand, context: &Context) -> Result<(), Failure> {
    match command {
        RevisionsCommand::List(arguments) => list(&arguments, context).await,
        RevisionsCommand::Describe(arguments) => {
            let name = context.settings.location()?.revision(arguments.revision)?;
            let revision = context.client.get_revision(&name).await?;
            output::show(&revision, context.format(), context.printer, || describe::revision(&revision))
        }
        RevisionsCommand::Delete(arguments) => {
            let revision = context.settings.location()?.revision(arguments.revision)?;
            let name = &revision.name;
            context.confirm(&format!("Revision [{name}] will be deleted. Do you want to continue?"))?;
            context.client.delete_revision(&revision).await?;
            context.printer.talk(format_args!("Deleted revision [{name}]."));
            Ok(())
        }
    }
}

/// Lists revisions by service, the newest first.
async fn list(arguments: &RevisionListArguments, context: &Context) -> Result<(), Failure> {
    let location = context.settings.location()?;
    let options = match &arguments.service {
        Some(service) => {
            let service = location.service(service)?;
            ListOptions::labelled(format!("serving.knative.dev/service={}", service.name))
        }
        None => ListOptions::default(),
    };
    let mut revisions: Vec<Row> = context.rows(&location, options, &arguments.list).await?;
    // A worker pool's revisions are listed by its own command.
    revisions.retain(|row| !row.shown.service().is_empty() || arguments.service.is_some());
    revisions.sort_by(|left, right| {
        let (left, right) = (&left.shown, &right.shown);
        let newest_first = right.metadata.creation_timestamp.cmp(&left.metadata.creation_timestamp);
        left.service().cmp(right.service()).then(newest_first)
    });
    context.list(revisions, &COLUMNS, &arguments.list)
}
