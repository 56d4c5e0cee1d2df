//! What can only be read: `runctl regions`, `configurations` and `routes`.

use clap::{Args, Subcommand};
use run_api::types::{Condition, Configuration, LocationInfo, ObjectMeta, Route};
use run_api::{ConfigurationRef, ListOptions, RouteRef};

use crate::arguments::ListArguments;
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

const CONFIGURATION_COLUMNS: [Column<Configuration>; 5] = [
    Column {
        heading: "",
        name: "ready",
        cell: |configuration| {
            let conditions = configuration.status.as_ref().map_or(&[][..], |status| &status.conditions);
            describe::symbol(ready(conditions)).to_owned()
        },
    },
    Column {
        heading: "CONFIGURATION",
        name: "name",
        cell: |configuration| name(configuration.metadata.as_ref()).to_owned(),
    },
    Column {
        heading: "REGION",
        name: "region",
        cell: |configuration| describe::region(configuration.metadata.as_ref()).to_owned(),
    },
    Column {
        heading: "LATEST REVISION",
        name: "latest_created_revision_name",
        cell: |configuration| {
            let status = configuration.status.as_ref();
            status.and_then(|status| status.latest_created_revision_name.clone()).unwrap_or_default()
        },
    },
    Column {
        heading: "READY REVISION",
        name: "latest_ready_revision_name",
        cell: |configuration| {
            let status = configuration.status.as_ref();
            status.and_then(|status| status.latest_ready_revision_name.clone()).unwrap_or_default()
        },
    },
];

const ROUTE_COLUMNS: [Column<Route>; 2] = [
    Column {
        heading: "",
        name: "ready",
        cell: |route| {
            let conditions = route.status.as_ref().map_or(&[][..], |status| &status.conditions);
            describe::symbol(ready(conditions)).to_owned()
        },
    },
    Column { heading: "ROUTE", name: "name", cell: |route| name(route.metadata.as_ref()).to_owned() },
];

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
            let options = ListOptions { limit: arguments.page_size, ..ListOptions::default() };
            let mut items = context.client.list_all::<Configuration>(&location, options).await?.items;
            items.sort_by(|left: &Configuration, right| {
                name(left.metadata.as_ref()).cmp(name(right.metadata.as_ref()))
            });
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
            let options = ListOptions { limit: arguments.page_size, ..ListOptions::default() };
            let mut items = context.client.list_all::<Route>(&location, options).await?.items;
            items.sort_by(|left: &Route, right| {
                name(left.metadata.as_ref()).cmp(name(right.metadata.as_ref()))
            });
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

fn name(metadata: Option<&ObjectMeta>) -> &str {
    metadata.and_then(|metadata| metadata.name.as_deref()).unwrap_or_default()
}

fn ready(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_.as_deref() == Some("Ready"))
}
