//! `runctl services list` and `describe`.

use clap::Args;
use run_api::known;
use run_api::types::Service;
use run_api::{FieldMask, ListOptions, Resource, Scope};

use crate::arguments::ListArguments;
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

const COLUMNS: [Column<Service>; 6] = [
    Column { heading: "", name: "ready", cell: |service| describe::service_symbol(service).to_owned() },
    Column {
        heading: "SERVICE",
        name: "name",
        cell: |service| service.name().unwrap_or_default().to_owned(),
    },
    Column {
        heading: "REGION",
        name: "region",
        cell: |service| describe::region(service.metadata.as_ref()).to_owned(),
    },
    Column { heading: "URL", name: "domain", cell: |service| describe::url(service).unwrap_or_default() },
    Column {
        heading: "LAST DEPLOYED BY",
        name: "last_modifier",
        cell: |service| {
            let by = describe::annotation(service.metadata.as_ref(), known::annotations::LAST_MODIFIER);
            by.unwrap_or_default().to_owned()
        },
    },
    Column {
        heading: "LAST DEPLOYED AT",
        name: "last_transition_time",
        cell: |service| {
            let ready = service.condition("Ready").and_then(|ready| ready.last_transition_time.clone());
            ready.unwrap_or_default()
        },
    },
];

/// What the columns show of a service; nothing else is asked for if nothing else is shown.
const SHOWN: &str = "metadata(name,labels,annotations),\
    status(url,conditions,latestCreatedRevisionName,latestReadyRevisionName)";

/// Lists the services of the region that a flag names, or of all regions. (As in gcloud, a region from the
/// settings does not narrow the list.)
pub(crate) async fn list(arguments: &ListArguments, context: &Context) -> Result<(), Failure> {
    let project = context.settings.project()?;
    let scope = match &context.flag_region {
        Some(_) => Scope::Region(context.settings.location()?),
        None => Scope::AllRegions(project.clone()),
    };
    let options = ListOptions { limit: arguments.page_size, ..ListOptions::default() };
    let (mut services, unreachable) = if context.shows_only_columns(arguments) {
        let fields = FieldMask::new(SHOWN)?;
        let mut rows = context.client.views::<Service, Service>(scope, options, &fields);
        let mut services = Vec::new();
        while let Some(service) = rows.next().await? {
            services.push(service);
        }
        (services, rows.unreachable().to_vec())
    } else {
        let all = context.client.list_all::<Service>(scope, options).await?;
        (all.items, all.unreachable)
    };
    if !unreachable.is_empty() {
        let regions = unreachable.join(", ");
        context
            .printer
            .talk(format_args!("warning: the list lacks what is in {regions}, which did not answer"));
    }
    services.sort_by(|left, right| left.name().cmp(&right.name()));
    context.list(services, &COLUMNS, arguments)
}
