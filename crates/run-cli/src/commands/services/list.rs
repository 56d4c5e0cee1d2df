//! `runctl services list`.

use run_api::types::Service;
use run_api::{ListOptions, Resource};

use crate::output::{describe, structured, table};
use crate::session::Context;
use crate::terminal::Failure;

/// Lists the services of the region that a flag names, or of all regions. (As in gcloud, a region from the
/// settings does not narrow the list.)
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let project = context.settings.project()?;
    let mut services: Vec<Service> = Vec::new();
    let mut options = ListOptions::default();
    loop {
        let page = match &context.flag_region {
            Some(_) => context.client.list_services(&context.settings.location()?, &options).await?,
            None => context.client.list_services_in_all_regions(project, &options).await?,
        };
        if !page.unreachable.is_empty() {
            let regions = page.unreachable.join(", ");
            context
                .printer
                .talk(format_args!("warning: the list lacks what is in {regions}, which did not answer"));
        }
        services.extend(page.items);
        options.continue_token = page.metadata.and_then(|metadata| metadata.continue_);
        if options.continue_token.as_deref().is_none_or(str::is_empty) {
            break;
        }
    }
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
