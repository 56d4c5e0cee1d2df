//! Manifests in the place of objects, of all kinds.

use std::path::PathBuf;

use clap::Args;
use run_api::{Client, Named, Region, ResourceRef, known};
use run_ops::api::{Kind, ReadApi, ReplaceApi};
use run_ops::diff::DryRunApi;
use run_ops::{Error, Ops, manifest};
use serde::Serialize;

use crate::arguments::TimeoutArguments;
use crate::output;
use crate::session::{Context, carry_out_on, write_and_wait};
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

/// A manifest that is to be put in the place of an object.
pub(super) struct Replacement<'a, K: Kind> {
    pub(super) object: ResourceRef<K>,
    pub(super) ops: Ops<Client>,
    pub(super) steps: Steps,
    wanted: K,
    asynchronous: bool,
    context: &'a Context,
}

impl<'a, K> Replacement<'a, K>
where
    K: Kind + Serialize,
    Client: ReadApi<K> + ReplaceApi<K> + DryRunApi<K>,
{
    /// Reads the manifest; none if only what it would change was asked for, which is shown then.
    pub(super) async fn read(arguments: &Arguments, context: &'a Context) -> Result<Option<Self>, Failure> {
        let path = arguments.file.display();
        let named = |error: &dyn std::fmt::Display| Failure::usage(format!("{path}: {error}"));
        let text = std::fs::read_to_string(&arguments.file).map_err(|error| named(&error))?;
        let wanted: K = manifest::read_one(&text).map_err(|error| named(&error))?;
        let object = reference(&wanted, context).map_err(|message| named(&message))??;
        let asynchronous = arguments.wait.asynchronous;
        let steps = Steps::of_write(context.printer, "replace", asynchronous || arguments.dry_run);
        let ops = context.ops(&steps);
        if !arguments.dry_run {
            return Ok(Some(Self { object, ops, steps, wanted, asynchronous, context }));
        }
        let diff = ops.diff(&object, &wanted).await?;
        let lines: Vec<String> = diff.to_string().lines().map(str::to_owned).collect();
        let shown = serde_json::json!({"apiVersion": "runctl/v1", "kind": "Diff", "changes": lines});
        output::show(&shown, context.format(), context.printer, || diff.to_string())?;
        Ok(None)
    }

    /// Whether the end is waited for.
    pub(super) fn waits(&self) -> bool {
        !self.asynchronous
    }

    /// Writes it, or nothing if nothing differs, and waits. `ready` is what the last step ends with.
    pub(super) async fn write(&self, ready: impl Fn(&K) -> &str) -> Result<K, Error> {
        let write = self.ops.replace(&self.object, &self.wanted);
        let deadline = self.waits().then_some(self.context.deadline);
        write_and_wait(&self.ops, &self.steps, ("replace", &self.object), deadline, write, ready).await
    }

    /// Says that it is done, if it was waited for.
    pub(super) fn tell(&self) {
        if self.waits() {
            let name = &self.object.name;
            let printer = self.context.printer;
            printer.talk(format_args!("New configuration has been applied to {} [{name}].", K::NOUN));
        }
    }
}

/// Puts a manifest in the place of an object that has no report of its own, and shows the object.
pub(crate) async fn run<K>(arguments: &Arguments, describe: &str, context: &Context) -> Result<(), Failure>
where
    K: Kind + Serialize,
    Client: ReadApi<K> + ReplaceApi<K> + DryRunApi<K>,
{
    let Some(replacement) = Replacement::<K>::read(arguments, context).await? else { return Ok(()) };
    let Replacement { object, ops, steps, .. } = &replacement;
    let see =
        || format!("what was sent before is not taken back, and goes on: see `{describe} {}`", object.name);
    let operation = replacement.write(|_| "ready");
    let replaced = carry_out_on(ops, steps, object, &see, context.deadline, operation).await?;
    replacement.tell();
    output::show(&replaced, context.format(), context.printer, String::new)
}

/// What the manifest is about. Its label says the region if no flag does, as with gcloud; a namespace must be the project.
fn reference<K: Kind + Named>(
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
