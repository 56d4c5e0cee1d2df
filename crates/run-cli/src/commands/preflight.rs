//! `runctl preflight`.

use clap::Args;
use run_api::ResourceId;
use run_api::types::Service;
use run_ops::{Level, Preflight, PreflightRequest};
use serde_json::json;

use crate::flags::ServiceFlags;
use crate::output;
use crate::session::Context;
use crate::terminal::{ExitStatus, Failure, Steps, hints};

/// What `runctl preflight` is given: the flags of a deployment.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    #[command(flatten)]
    pub(crate) flags: ServiceFlags,

    /// As if the new revision got no traffic
    #[arg(long)]
    no_traffic: bool,

    /// As if the access were changed, too
    #[arg(long)]
    allow_unauthenticated: bool,
}

/// Looks whether a deployment with these flags would succeed, as far as Cloud Run's API can tell, and changes nothing.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let edit = arguments.flags.edit(&context.settings.location()?)?;
    let present = match context.client.get_service(&service).await {
        Ok(present) => Some(present),
        Err(error) if error.is_not_found() || error.is_permission_denied() => None,
        Err(error) => return Err(error.into()),
    };
    let desired = match present {
        Some(mut present) => {
            edit.apply(&mut present).map_err(run_ops::Error::from)?;
            present
        }
        None => edit.build(&service).map_err(run_ops::Error::from)?,
    };
    let ops = context.ops(&Steps::none(context.printer));
    let report = ops.preflight(&service, &request(arguments, desired)).await?;
    let id = service.id();
    output::show(&object(&report, &id), context.format(), context.printer, || text(&report, &id))?;
    if report.blocks() {
        return Err(Failure::new(
            ExitStatus::Failed,
            format!("{}: a deployment like this would fail", service.short()),
        ));
    }
    Ok(())
}

fn request(arguments: &Arguments, desired: Service) -> PreflightRequest {
    let mut request = PreflightRequest::new(desired);
    if arguments.no_traffic {
        request = request.without_traffic();
    }
    if arguments.allow_unauthenticated {
        request = request.setting_policy();
    }
    request
}

fn object(report: &Preflight, service: &ResourceId) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.code(),
                "blocks": finding.level() == Level::Blocks,
                "message": finding.to_string(),
                "hints": hints(&finding.remedies(), Some(service)),
            })
        })
        .collect();
    json!({
        "apiVersion": "runctl/v1",
        "kind": "Preflight",
        "service": report.service,
        "exists": report.exists,
        "findings": findings,
    })
}

fn text(report: &Preflight, service: &ResourceId) -> String {
    if report.findings.is_empty() {
        return "nothing stands in the way".to_owned();
    }
    let line = |finding: &run_ops::Finding| {
        let mark = if finding.level() == Level::Blocks { "X" } else { "!" };
        let advice = hints(&finding.remedies(), Some(service));
        format!("{mark} {finding} [{}]\n  {}", finding.code(), advice.join("\n  "))
    };
    report.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}
