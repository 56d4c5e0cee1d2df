//! Manifests in the place of objects, of all kinds.

use std::path::PathBuf;

use clap::Args;
use run_api::{Client, Named, Region, ResourceRef, known};
use run_ops::api::{Kind, ReadApi, ReplaceApi};
use run_ops::diff::DryRunApi;
use run_ops::{Error, manifest};
use serde::Serialize;

use crate::arguments::TimeoutArguments;
use crate::output;
use crate::session::{Context, carry_out_on};
use crate::terminal::{Failure, Steps};

/// What a `replace` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The manifest, in YAML or JSON: one object
    file: PathBuf,

    /// Show what would change, by the server's dry run, and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    pub(super) wait: TimeoutArguments,
}

/// Puts a manifest in the place of an object, as a whole, or creates it; the object, and none after a dry run. Nothing is
/// written if nothing differs.
pub(crate) async fn run<K>(
    arguments: &Arguments,
    describe: &str,
    context: &Context,
) -> Result<Option<(ResourceRef<K>, K)>, Failure>
where
    K: Kind + Serialize,
    Client: ReadApi<K> + ReplaceApi<K> + DryRunApi<K>,
{
    let path = arguments.file.display();
    let named = |error: &dyn std::fmt::Display| Failure::usage(format!("{path}: {error}"));
    let text = std::fs::read_to_string(&arguments.file).map_err(|error| named(&error))?;
    let wanted: K = manifest::read_one(&text).map_err(|error| named(&error))?;
    let object = reference(&wanted, context).map_err(|message| named(&message))??;
    let steps = Steps::of_write(context.printer, "replace", arguments.wait.asynchronous || arguments.dry_run);
    let ops = context.ops(&steps);
    if arguments.dry_run {
        let diff = ops.diff(&object, &wanted).await?;
        let lines: Vec<String> = diff.to_string().lines().map(str::to_owned).collect();
        let shown = serde_json::json!({"apiVersion": "runctl/v1", "kind": "Diff", "changes": lines});
        output::show(&shown, context.format(), context.printer, || diff.to_string())?;
        return Ok(None);
    }
    let operation = async {
        steps.start("replace", &object.short());
        let written = ops.replace(&object, &wanted).await?;
        steps.done(if written.changed() { "written" } else { "nothing to change" });
        if arguments.wait.asynchronous {
            return Ok(written.object().clone());
        }
        steps.start("wait", "until it is ready");
        let ready = ops.wait_until_ready(&written, context.deadline).await?;
        steps.done("ready");
        Ok::<K, Error>(ready)
    };
    let see =
        || format!("what was sent before is not taken back, and goes on: see `{describe} {}`", object.name);
    let replaced = carry_out_on(&ops, &steps, &object, &see, context.deadline, operation).await?;
    if !arguments.wait.asynchronous {
        let name = &object.name;
        context.printer.talk(format_args!("New configuration has been applied to {} [{name}].", K::NOUN));
    }
    Ok(Some((object, replaced)))
}

/// What the manifest is about. Its label says the region if no flag does, as with gcloud; a namespace must be the project.
pub(super) fn reference<K: Kind + Named>(
    wanted: &K,
    context: &Context,
) -> Result<Result<ResourceRef<K>, Failure>, String> {
    let name = wanted.name().ok_or("metadata.name is missing")?;
    let label = wanted.label(known::labels::LOCATION);
    if let (Some(label), Some(flag)) = (label, context.flag_region.as_deref())
        && label != flag
    {
        return Err(format!("its label says region {label}, and --region says {flag}"));
    }
    let region = match label {
        Some(label) => Some(Region::new(label).map_err(|error| error.to_string())?),
        None => None,
    };
    let found = context.settings.location_in(region).and_then(|location| {
        Ok(ResourceRef::<K>::new(location.project.as_str(), location.region.as_str(), name)?)
    });
    let namespace = wanted.metadata().and_then(|metadata| metadata.namespace.as_deref());
    if let (Some(namespace), Ok(object)) = (namespace, &found) {
        // A number may be that of this project, which only the server knows.
        let is_number = namespace.chars().all(|character| character.is_ascii_digit());
        if !is_number && namespace != object.project().as_str() {
            return Err(format!(
                "metadata.namespace is {namespace}, and the project is {}",
                object.project()
            ));
        }
    }
    Ok(found)
}
