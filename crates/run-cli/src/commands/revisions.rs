//! `runctl revisions`.

use clap::{Args, Subcommand};
use run_api::ListOptions;
use run_api::types::{Condition, Revision};

use crate::output::{self, describe, structured, table};
use crate::session::Context;
use crate::terminal::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum RevisionsCommand {
    /// List the revisions of a region, or of one service
    List(ListArguments),
    /// Show a revision
    Describe(DescribeArguments),
}

/// What `runctl revisions list` is given.
#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// Only those of this service
    #[arg(long)]
    service: Option<String>,
}

/// What `runctl revisions describe` is given.
#[derive(Args, Debug)]
pub(crate) struct DescribeArguments {
    /// The revision
    revision: String,
}

/// Runs one of the commands.
pub(crate) async fn run(command: RevisionsCommand, context: &Context) -> Result<(), Failure> {
    match command {
        RevisionsCommand::List(arguments) => list(&arguments, context).await,
        RevisionsCommand::Describe(arguments) => {
            let name = context.settings.location()?.revision(arguments.revision)?;
            let revision = context.client.get_revision(&name).await?;
            let text = structured(&revision, context.format)?;
            context.printer.data(text.unwrap_or_else(|| output::describe::revision(&revision)))?;
            Ok(())
        }
    }
}

async fn list(arguments: &ListArguments, context: &Context) -> Result<(), Failure> {
    let location = context.settings.location()?;
    let options = match &arguments.service {
        Some(service) => {
            let service = location.service(service)?;
            ListOptions::labelled(format!("serving.knative.dev/service={}", service.name))
        }
        None => ListOptions::default(),
    };
    let revisions = context.client.list_all::<Revision>(&location, options).await?.items;
    if let Some(text) = structured(&revisions, context.format)? {
        context.printer.data(text)?;
    } else if revisions.is_empty() {
        context.printer.talk("Listed 0 items.");
    } else {
        context.printer.data(text(&revisions))?;
    }
    Ok(())
}

fn text(revisions: &[Revision]) -> String {
    let mut rows = vec![table::row(["", "REVISION", "ACTIVE", "SERVICE", "DEPLOYED", "DEPLOYED BY"])];
    rows.extend(revisions.iter().map(|revision| {
        let metadata = revision.metadata.as_ref();
        let active =
            condition(revision, "Active").and_then(|active| active.status.as_deref()) == Some("True");
        let label = |key: &str| metadata?.labels.get(key).map(String::as_str);
        table::row([
            describe::symbol(condition(revision, "Ready")),
            metadata.and_then(|metadata| metadata.name.as_deref()).unwrap_or_default(),
            if active { "yes" } else { "" },
            label("serving.knative.dev/service").unwrap_or_default(),
            metadata.and_then(|metadata| metadata.creation_timestamp.as_deref()).unwrap_or_default(),
            describe::annotation(metadata, "serving.knative.dev/creator").unwrap_or_default(),
        ])
    }));
    table::render(&rows)
}

fn condition<'a>(revision: &'a Revision, kind: &str) -> Option<&'a Condition> {
    let conditions = &revision.status.as_ref()?.conditions;
    conditions.iter().find(|condition| condition.type_.as_deref() == Some(kind))
}
