//! `runctl services list` and `describe`.

use clap::Args;
use run_api::types::Service;
use run_api::{ListOptions, Scope};
use serde::Deserialize;

use crate::arguments::ListArguments;
use crate::output::view::{Conditions, Listed, Metadata, View, or_default};
use crate::output::{self, Column, describe};
use crate::session::Context;
use crate::terminal::Failure;

/// What `runctl services describe` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,
}

/// Shows a service.
pub(crate) async fn describe(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.client.get_service(&context.service(&arguments.service)?).await?;
    output::show(&service, context.format(), context.printer, || describe::service(&service))
}

/// What the table shows of a service.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceView {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    url: Option<String>,
    conditions: Conditions,
    latest_created_revision_name: Option<String>,
    latest_ready_revision_name: Option<String>,
}

impl View for ServiceView {
    type Kind = Service;
    const FIELDS: &'static str = "metadata(name,labels,annotations),\
        status(url,conditions(type,status,lastTransitionTime),latestCreatedRevisionName,latestReadyRevisionName)";
}

type Row = Listed<ServiceView>;

const COLUMNS: [Column<Row>; 6] = [
    Column {
        heading: "",
        name: "ready",
        cell: |row| {
            let status = &row.shown.status;
            let ready = status.conditions.ready.as_ref().and_then(|ready| ready.status.as_deref());
            let (created, latest) =
                (&status.latest_created_revision_name, &status.latest_ready_revision_name);
            describe::symbol_of_service(ready, created.as_deref(), latest.as_deref()).to_owned()
        },
    },
    Column { heading: "SERVICE", name: "name", cell: |row| text(row.shown.metadata.name.as_ref()) },
    Column {
        heading: "REGION",
        name: "region",
        cell: |row| text(row.shown.metadata.labels.location.as_ref()),
    },
    Column {
        heading: "URL",
        name: "domain",
        cell: |row| {
            let (urls, url) =
                (row.shown.metadata.annotations.urls.as_deref(), row.shown.status.url.as_deref());
            describe::url_of(urls, url).unwrap_or_default()
        },
    },
    Column {
        heading: "LAST DEPLOYED BY",
        name: "last_modifier",
        cell: |row| text(row.shown.metadata.annotations.last_modifier.as_ref()),
    },
    Column {
        heading: "LAST DEPLOYED AT",
        name: "last_transition_time",
        cell: |row| {
            let ready = row.shown.status.conditions.ready.as_ref();
            text(ready.and_then(|ready| ready.last_transition_time.as_ref()))
        },
    },
];

fn text(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

/// Lists the services of the region that a flag names, or of all regions. (As in gcloud, a region from the
/// settings does not narrow the list.)
pub(crate) async fn list(arguments: &ListArguments, context: &Context) -> Result<(), Failure> {
    let project = context.settings.project()?;
    let scope = match &context.flag_region {
        Some(_) => Scope::Region(context.settings.location()?),
        None => Scope::AllRegions(project.clone()),
    };
    let mut services: Vec<Row> = context.rows(scope, ListOptions::default(), arguments).await?;
    services.sort_by(|left, right| left.shown.metadata.name.cmp(&right.shown.metadata.name));
    context.list(services, &COLUMNS, arguments)
}
