//! `runctl services replace`.

use std::path::PathBuf;

use clap::Args;
use run_api::types::Service;
use run_ops::{Error, ServiceView, manifest};

use crate::arguments::TimeoutArguments;
use crate::commands::replace::reference;
use crate::output::{self, describe};
use crate::session::{Context, carry_out};
use crate::terminal::{Failure, Steps};

/// What `runctl services replace` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The manifest, in YAML or JSON: one service
    file: PathBuf,

    /// Show what would change, by the server's dry run, and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    pub(super) wait: TimeoutArguments,
}

/// Puts a manifest in the place of a service, as a whole, or creates it. Nothing is written if nothing differs.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let path = arguments.file.display();
    let named = |error: &dyn std::fmt::Display| Failure::usage(format!("{path}: {error}"));
    let text = std::fs::read_to_string(&arguments.file).map_err(|error| named(&error))?;
    let wanted: Service = manifest::read_one(&text).map_err(|error| named(&error))?;
    let service = reference(&wanted, context).map_err(|message| named(&message))??;
    let steps = Steps::of_write(context.printer, "replace", arguments.wait.asynchronous || arguments.dry_run);
    let ops = context.ops(&steps);
    if arguments.dry_run {
        let diff = ops.diff(&service, &wanted).await?;
        let lines: Vec<String> = diff.to_string().lines().map(str::to_owned).collect();
        let object = serde_json::json!({"apiVersion": "runctl/v1", "kind": "Diff", "changes": lines});
        return output::show(&object, context.format(), context.printer, || diff.to_string());
    }
    let operation = async {
        steps.start("replace", &service.short());
        let written = ops.replace(&service, &wanted).await?;
        steps.done(if written.changed() { "written" } else { "nothing to change" });
        if arguments.wait.asynchronous {
            return Ok(written.service().clone());
        }
        steps.start("wait", "until it is ready");
        let ready = ops.wait_until_ready(&written, context.deadline).await?;
        steps.done(ready.latest_created_revision().unwrap_or("ready"));
        Ok::<Service, Error>(ready)
    };
    let object = carry_out(&ops, &steps, &service, context.deadline, operation).await?;
    if !arguments.wait.asynchronous {
        context
            .printer
            .talk(format_args!("New configuration has been applied to service [{}].", service.name));
        if let Some(url) = describe::url(&object) {
            context.printer.talk(format_args!("URL: {url}"));
        }
    }
    output::show(&object, context.format(), context.printer, String::new)
}
