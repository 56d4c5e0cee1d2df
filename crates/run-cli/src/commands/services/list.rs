//! `runctl services list`.

use run_api::types::Service;
use run_api::{ListOptions, Resource, Scope};

use crate::output::{describe, structured, table};
use crate::session::Context;
use crate::terminal::Failure;

/// Lists the services of the region that a flag names, or of all regions. (As in gcloud, a region from the
/// settings does not narrow the list.)
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let project = context.settings.project()?;
    let scope = match &context.flag_region {
        Some(_) => Scope::Region(context.settings.location()?),
        None => Scope::AllRegions(project.clone()),
    };
    let all = context.client.list_all::<Service>(scope, ListOptions::default()).await?;
    if !all.unreachable.is_empty() {
        let regions = all.unreachable.join(", ");
        context.printer.talk(format_args!("warning: the list lacks what is in {regions}, which did not answer"));
    }
    let services = all.items;
    if let Some(text) = structured(&services, context.format)? {
        context.printer.data(text)?;
    } else if services.is_empty() {
        context.printer.talk("Listed 0 items.");
    } else {
        context.printer.data(text(&services))?;
    }
    Ok(())
}

fn text(services: &[Service]) -> String {
    let mut rows = vec![table::row(["", "SERVICE", "REGION", "URL", "LAST DEPLOYED BY", "LAST DEPLOYED AT"])];
    rows.extend(services.iter().map(|service| {
        let metadata = service.metadata.as_ref();
        let ready = service.condition("Ready").and_then(|ready| ready.last_transition_time.as_deref());
        table::row([
            describe::service_symbol(service),
            service.name().unwrap_or_default(),
            describe::region(metadata),
            &describe::url(service).unwrap_or_default(),
            describe::annotation(metadata, "serving.knative.dev/lastModifier").unwrap_or_default(),
            ready.unwrap_or_default(),
        ])
    }));
    table::render(&rows)
}
