//! `runctl services promote`.

use clap::Args;
use run_api::types::Service;
use run_api::{Resource, RevisionName, Tag};
use run_ops::{Percent, ServiceView, TagShares, Target, TrafficChange, TrafficShares};

use super::write::Write;
use crate::arguments::TimeoutArguments;
use crate::commands::release::expect;
use crate::output::describe;
use crate::session::Context;
use crate::terminal::{ExitStatus, Failure};

/// What `runctl services promote` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    /// This revision, instead of the newest
    #[arg(long, conflicts_with = "tag")]
    revision: Option<String>,

    /// The revision that has this tag, instead of the newest
    #[arg(long)]
    tag: Option<Tag>,

    #[command(flatten)]
    pub(super) wait: TimeoutArguments,
}

/// Gives all traffic of a service to its newest revision, and says so. (What the command shows is another object.)
pub(crate) async fn newest(service: &str, context: &Context) -> Result<(), Failure> {
    let timeout = context.deadline.remaining();
    let wait = TimeoutArguments { asynchronous: false, no_async: false, timeout };
    promote(&Arguments { service: service.to_owned(), revision: None, tag: None, wait }, context).await?;
    context.printer.talk(format_args!("Service [{service}] serves its newest revision."));
    Ok(())
}

/// Gives all traffic to a revision that is ready, and shows the service.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let (write, object) = promote(arguments, context).await?;
    write.show(&object)
}

/// Gives all traffic to a revision that is ready. The newest one gets it as the latest: later deployments follow it.
async fn promote<'a>(arguments: &Arguments, context: &'a Context) -> Result<(Write<'a>, Service), Failure> {
    let service = context.service(&arguments.service)?;
    let present = expect(&service, context).await?;
    let revision = chosen(arguments, &present)?;
    let location = context.settings.location()?;
    let found = context.client.get_revision(&location.revision(revision.as_str())?).await?;
    let conditions = found.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let ready = conditions.iter().find(|condition| condition.type_.as_deref() == Some("Ready"));
    if describe::symbol(ready) != "✔" {
        let why =
            ready.and_then(|ready| ready.message.clone()).unwrap_or_else(|| "it is not ready yet".to_owned());
        return Err(Failure::new(ExitStatus::Failed, format!("revision `{revision}` is not ready: {why}"))
            .hint("nothing was changed; name a revision that is ready with --revision"));
    }
    let change = match (&arguments.revision, &arguments.tag) {
        (None, None) => TrafficChange::to_latest(),
        (None, Some(tag)) => TrafficChange::to_tags(TagShares::new([(tag.clone(), Percent::new(100)?)])?),
        (Some(_), _) => TrafficChange::to_targets(TrafficShares::all_to(Target::Revision(revision))),
    };
    let write = Write::new("promote", context, arguments.wait.asynchronous);
    let object = write.carried_out(&service, write.ops.update_traffic(&service, &change)).await?;
    Ok((write, object))
}

/// The revision that is meant.
fn chosen(arguments: &Arguments, service: &Service) -> Result<RevisionName, Failure> {
    let name = match (&arguments.revision, &arguments.tag) {
        (Some(revision), _) => Some(revision.clone()),
        (None, Some(tag)) => {
            let target =
                service.observed_traffic().iter().find(|target| target.tag.as_deref() == Some(tag.as_str()));
            let revision = target.and_then(|target| target.revision_name.clone());
            Some(revision.ok_or_else(|| {
                let name = service.name().unwrap_or_default();
                Failure::new(ExitStatus::NotFound, format!("service `{name}` has no tag `{tag}`"))
                    .hint("list its tags with `runctl services describe`")
            })?)
        }
        (None, None) => service.latest_created_revision().map(str::to_owned),
    };
    let name = name.ok_or_else(|| Failure::new(ExitStatus::Failed, "the service has no revision yet"))?;
    Ok(RevisionName::new(name)?)
}
