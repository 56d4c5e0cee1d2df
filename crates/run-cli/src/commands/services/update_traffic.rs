//! `runctl services update-traffic`.

use std::collections::BTreeMap;

use clap::{ArgGroup, Args};
use run_api::Tag;
use run_api::types::{Service, TrafficTarget};
use run_ops::{Error, ServiceEdit, ServiceView, TagChange, Target, TrafficShares, tagged_target};

use crate::context::{Context, DEFAULT_TIMEOUT_SECONDS, deadline};
use crate::failure::Failure;
use crate::output::{describe, structured};
use crate::steps::Steps;

/// What `runctl services update-traffic` is given; the flags are gcloud's.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("shares").args(["to_latest", "to_revisions", "to_tags"]))]
#[command(group = ArgGroup::new("tags").args(["set_tags", "clear_tags", "update_tags", "remove_tags"]).multiple(true))]
#[command(group = ArgGroup::new("something").args([
    "to_latest", "to_revisions", "to_tags", "set_tags", "clear_tags", "update_tags", "remove_tags",
]).multiple(true).required(true))]
pub(crate) struct Arguments {
    /// The service
    service: String,

    /// Send everything to the latest ready revision, from now on
    #[arg(long)]
    to_latest: bool,

    /// Give revisions their shares; the others keep the rest in their proportions
    #[arg(long, value_name = "REVISION=PERCENT,...")]
    to_revisions: Option<TrafficShares>,

    /// Give the revisions that have these tags their shares
    #[arg(long, value_name = "TAG=PERCENT,...", value_delimiter = ',')]
    to_tags: Vec<String>,

    /// Put tags on revisions, and take away all others
    #[arg(long, value_name = "TAG=REVISION,...", value_delimiter = ',', conflicts_with_all = ["clear_tags", "update_tags", "remove_tags"])]
    set_tags: Vec<String>,

    /// Take away all tags
    #[arg(long, conflicts_with_all = ["update_tags", "remove_tags"])]
    clear_tags: bool,

    /// Put tags on revisions, and leave the others where they are
    #[arg(long, value_name = "TAG=REVISION,...", value_delimiter = ',')]
    update_tags: Vec<String>,

    /// Take away these tags
    #[arg(long, value_name = "TAG,...", value_delimiter = ',')]
    remove_tags: Vec<String>,

    /// Do not wait until the traffic has moved
    #[arg(long = "async")]
    asynchronous: bool,

    /// How many seconds the wait may take
    #[arg(long, default_value_t = DEFAULT_TIMEOUT_SECONDS, value_name = "SECONDS")]
    timeout: u64,
}

/// Changes the traffic of a service: tags first, then percentages, in one write.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let plan = Plan::of(arguments)?;
    let steps = Steps::new(context.printer, if arguments.asynchronous { 1 } else { 2 });
    let ops = context.ops(&steps);
    let result = async {
        steps.start("update", &service.short());
        let shares = arguments.to_revisions.iter().flat_map(|shares| shares.iter().map(|(target, _)| target));
        let targets: Vec<&Target> = shares.chain(plan.tags.set.values()).collect();
        ops.check_revisions(&service, targets).await?;
        let written = ops.update_service(&service, |object| plan.apply(object)).await?;
        steps.done(if written.changed() { "written" } else { "nothing to change" });
        if arguments.asynchronous {
            return Ok(written.service().clone());
        }
        steps.start("wait", "until the traffic has moved");
        let ready = ops.wait_until_ready(&written, deadline(arguments.timeout)).await?;
        steps.done("done");
        Ok::<Service, Failure>(ready)
    };
    let object = result.await.inspect_err(|_| steps.abandon("failed"))?;
    let text = structured(&object, context.format)?;
    context.printer.data(text.unwrap_or_else(|| text_of(&object, arguments.asynchronous)))?;
    Ok(())
}

fn text_of(service: &Service, asynchronous: bool) -> String {
    let url = service.url().map(|url| format!("URL: {url}\n")).unwrap_or_default();
    let note = if asynchronous { "  (the change is under way)\n" } else { "" };
    format!("{url}Traffic:\n{}{note}", describe::traffic(service)).trim_end().to_owned()
}

/// What the flags ask for.
struct Plan {
    tags: TagChange,
    shares: Option<Shares>,
}

enum Shares {
    Of(TrafficShares),
    OfTags(Vec<(Tag, run_ops::Percent)>),
}

impl Plan {
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let tagged = arguments.set_tags.iter().chain(&arguments.update_tags);
        let set = tagged
            .map(|part| {
                let (tag, target) = split(part, "TAG=REVISION")?;
                Ok((Tag::new(tag)?, target.parse::<Target>()?))
            })
            .collect::<Result<BTreeMap<_, _>, Failure>>()?;
        let remove = arguments.remove_tags.iter().map(Tag::new).collect::<Result<_, _>>()?;
        let clear_others = arguments.clear_tags || !arguments.set_tags.is_empty();
        let shares = if arguments.to_latest {
            Some(Shares::Of(TrafficShares::all_to(Target::Latest)))
        } else if let Some(shares) = &arguments.to_revisions {
            Some(Shares::Of(shares.clone()))
        } else if arguments.to_tags.is_empty() {
            None
        } else {
            let of_tag = |part: &String| {
                let (tag, percent) = split(part, "TAG=PERCENT")?;
                let number = percent.parse();
                let number =
                    number.map_err(|_| Failure::usage(format!("`{percent}` is not a percentage")))?;
                Ok((Tag::new(tag)?, run_ops::Percent::new(number)?))
            };
            Some(Shares::OfTags(arguments.to_tags.iter().map(of_tag).collect::<Result<_, Failure>>()?))
        };
        Ok(Self { tags: TagChange { set, remove, clear_others }, shares })
    }

    fn apply(&self, service: &mut Service) -> Result<(), Error> {
        let targets = if self.tags == TagChange::default() {
            service.desired_traffic().to_vec()
        } else {
            self.tags.apply(service.desired_traffic())
        };
        let shares = match &self.shares {
            None => None,
            Some(Shares::Of(shares)) => Some(shares.clone()),
            Some(Shares::OfTags(tags)) => Some(shares_of_tags(tags, &targets)?),
        };
        service.spec.get_or_insert_default().traffic = targets;
        if let Some(shares) = shares {
            service.assign_traffic(&shares)?;
        }
        Ok(())
    }
}

fn shares_of_tags(
    tags: &[(Tag, run_ops::Percent)],
    targets: &[TrafficTarget],
) -> Result<TrafficShares, Error> {
    let share = |(tag, percent): &(Tag, run_ops::Percent)| {
        let target =
            tagged_target(targets, tag).ok_or_else(|| Error::invalid(format!("it has no tag `{tag}`")))?;
        Ok((target, *percent))
    };
    Ok(TrafficShares::new(tags.iter().map(share).collect::<Result<Vec<_>, Error>>()?)?)
}

fn split<'a>(part: &'a str, form: &str) -> Result<(&'a str, &'a str), Failure> {
    part.split_once('=').ok_or_else(|| Failure::usage(format!("`{part}` does not look like `{form}`")))
}
