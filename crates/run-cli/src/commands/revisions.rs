//! `runctl revisions`.

use clap::{Args, Subcommand};
use run_api::ListOptions;
use run_api::known;
use run_api::types::{Condition, Revision};

use crate::arguments::ListArguments;
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

const COLUMNS: [Column<Revision>; 6] = [
    Column {
        heading: "",
        name: "ready",
        cell: |revision| describe::symbol(condition(revision, "Ready")).to_owned(),
    },
    Column { heading: "REVISION", name: "name", cell: |revision| name(revision).to_owned() },
    Column {
        heading: "ACTIVE",
        name: "active",
        cell: |revision| {
            let active = condition(revision, "Active").and_then(|active| active.status.as_deref());
            if active == Some("True") { "yes".to_owned() } else { String::new() }
        },
    },
    Column { heading: "SERVICE", name: "service_name", cell: |revision| service_of(revision).to_owned() },
    Column { heading: "DEPLOYED", name: "deployed", cell: |revision| describe::time(created(revision)) },
    Column {
        heading: "DEPLOYED BY",
        name: "author",
        cell: |revision| {
            let by = describe::annotation(revision.metadata.as_ref(), known::annotations::CREATOR);
            by.unwrap_or_default().to_owned()
        },
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
    let mut options = match &arguments.service {
        Some(service) => {
            let service = location.service(service)?;
            ListOptions::labelled(format!("serving.knative.dev/service={}", service.name))
        }
        None => ListOptions::default(),
    };
    options.limit = arguments.list.page_size;
    let mut revisions = context.client.list_all::<Revision>(&location, options).await?.items;
    // A worker pool's revisions are listed by its own command.
    revisions.retain(|revision| !service_of(revision).is_empty() || arguments.service.is_some());
    revisions.sort_by(|left, right| {
        service_of(left).cmp(service_of(right)).then_with(|| created(right).cmp(&created(left)))
    });
    context.list(revisions, &COLUMNS, &arguments.list)
}

fn name(revision: &Revision) -> &str {
    revision.metadata.as_ref().and_then(|metadata| metadata.name.as_deref()).unwrap_or_default()
}

fn service_of(revision: &Revision) -> &str {
    let metadata = revision.metadata.as_ref();
    metadata.and_then(|metadata| metadata.labels.get(known::labels::SERVICE)).map_or("", String::as_str)
}

fn created(revision: &Revision) -> Option<&str> {
    revision.metadata.as_ref().and_then(|metadata| metadata.creation_timestamp.as_deref())
}

fn condition<'a>(revision: &'a Revision, kind: &str) -> Option<&'a Condition> {
    let conditions = &revision.status.as_ref()?.conditions;
    conditions.iter().find(|condition| condition.type_.as_deref() == Some(kind))
}
