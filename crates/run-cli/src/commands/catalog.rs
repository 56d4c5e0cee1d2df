//! What can only be read: `runctl regions`, `configurations` and `routes`.

use clap::{Args, Subcommand};
use run_api::types::{Configuration, LocationInfo, Route};
use run_api::{ConfigurationRef, ListOptions, RouteRef};
use serde::Deserialize;

use crate::arguments::ListArguments;
use crate::output::view::{Conditions, Listed, Metadata, View, or_default};
use crate::output::{self, Column, describe};
use crate::query::{Format, Kind};
use crate::session::Context;
use crate::terminal::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum RegionsCommand {
    /// List the regions that Cloud Run is in
    List(ListArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigurationsCommand {
    /// List the configurations of a region: what services make their revisions from
    List(ListArguments),
    /// Show a configuration; it has the name of its service
    Describe(NameArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoutesCommand {
    /// List the routes of a region: what services send their requests by
    List(ListArguments),
    /// Show a route; it has the name of its service
    Describe(NameArguments),
}

/// What a `describe` is given.
#[derive(Args, Debug)]
pub(crate) struct NameArguments {
    /// The name
    name: String,
}

const REGION_COLUMNS: [Column<LocationInfo>; 1] = [Column {
    heading: "NAME",
    name: "name",
    cell: |location| location.location_id.clone().unwrap_or_default(),
}];

/// What the tables show of a configuration and of a route, which has no revisions.
macro_rules! view {
    ($view:ident, $kind:ty, $fields:literal) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct $view {
            #[serde(deserialize_with = "or_default")]
            metadata: Metadata,
            #[serde(deserialize_with = "or_default")]
            status: Status,
        }

        impl View for $view {
            type Kind = $kind;
            const FIELDS: &'static str = $fields;
        }
    };
}

view!(
    ConfigurationView,
    Configuration,
    "metadata(name,labels),status(conditions(type,status),latestCreatedRevisionName,latestReadyRevisionName)"
);
view!(RouteView, Route, "metadata/name,status/conditions(type,status)");

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    conditions: Conditions,
    latest_created_revision_name: Option<String>,
    latest_ready_revision_name: Option<String>,
}

impl Status {
    fn symbol(&self) -> String {
        let ready = self.conditions.ready.as_ref().and_then(|ready| ready.status.as_deref());
        describe::symbol_of(ready).to_owned()
    }
}

const CONFIGURATION_COLUMNS: [Column<Listed<ConfigurationView>>; 5] = [
    Column { heading: "", name: "ready", cell: |row| row.shown.status.symbol() },
    Column { heading: "CONFIGURATION", name: "name", cell: |row| text(&row.shown.metadata.name) },
    Column { heading: "REGION", name: "region", cell: |row| text(&row.shown.metadata.labels.location) },
    Column {
        heading: "LATEST REVISION",
        name: "latest_created_revision_name",
        cell: |row| text(&row.shown.status.latest_created_revision_name),
    },
    Column {
        heading: "READY REVISION",
        name: "latest_ready_revision_name",
        cell: |row| text(&row.shown.status.latest_ready_revision_name),
    },
];

const ROUTE_COLUMNS: [Column<Listed<RouteView>>; 2] = [
    Column { heading: "", name: "ready", cell: |row| row.shown.status.symbol() },
    Column { heading: "ROUTE", name: "name", cell: |row| text(&row.shown.metadata.name) },
];

fn text(text: &Option<String>) -> String {
    text.clone().unwrap_or_default()
}

/// Runs `runctl regions …`.
pub(crate) async fn regions(command: RegionsCommand, context: &Context) -> Result<(), Failure> {
    let RegionsCommand::List(arguments) = command;
    let project = context.settings.project()?;
    let mut locations = context.client.list_all_locations(project, arguments.page_size).await?;
    locations.sort_by(|left: &LocationInfo, right| left.location_id.cmp(&right.location_id));
    context.list(locations, &REGION_COLUMNS, &arguments)
}

/// Runs `runctl configurations …`.
pub(crate) async fn configurations(command: ConfigurationsCommand, context: &Context) -> Result<(), Failure> {
    let location = context.settings.location()?;
    match command {
        ConfigurationsCommand::List(arguments) => {
            let mut items: Vec<Listed<ConfigurationView>> =
                context.rows(&location, ListOptions::default(), &arguments).await?;
            items.sort_by(|left, right| left.shown.metadata.name.cmp(&right.shown.metadata.name));
            context.list(items, &CONFIGURATION_COLUMNS, &arguments)
        }
        ConfigurationsCommand::Describe(arguments) => {
            let reference =
                ConfigurationRef::new(location.project.as_str(), location.region.as_str(), arguments.name)?;
            document(&context.client.get_configuration(&reference).await?, context)
        }
    }
}

/// Runs `runctl routes …`.
pub(crate) async fn routes(command: RoutesCommand, context: &Context) -> Result<(), Failure> {
    let location = context.settings.location()?;
    match command {
        RoutesCommand::List(arguments) => {
            let mut items: Vec<Listed<RouteView>> =
                context.rows(&location, ListOptions::default(), &arguments).await?;
            items.sort_by(|left, right| left.shown.metadata.name.cmp(&right.shown.metadata.name));
            context.list(items, &ROUTE_COLUMNS, &arguments)
        }
        RoutesCommand::Describe(arguments) => {
            let reference =
                RouteRef::new(location.project.as_str(), location.region.as_str(), arguments.name)?;
            document(&context.client.get_route(&reference).await?, context)
        }
    }
}

/// gcloud has no other form of these for people than YAML.
fn document<T: serde::Serialize>(object: &T, context: &Context) -> Result<(), Failure> {
    let yaml = Format::plain(Kind::Yaml);
    let format = context.format().filter(|format| format.kind != Kind::Text).unwrap_or(&yaml);
    output::show(object, Some(format), context.printer, String::new)
}
