//! `runctl services update-traffic`.

use std::collections::BTreeMap;

use clap::{ArgGroup, Args};
use run_api::Tag;
use run_ops::{TagChange, TagShares, Target, TrafficChange, TrafficShares};

use super::write::Write;
use crate::arguments::TimeoutArguments;
use crate::session::Context;
use crate::terminal::Failure;

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
    #[arg(long, value_name = "TAG=PERCENT,...")]
    to_tags: Option<TagShares>,

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

    #[command(flatten)]
    pub(super) wait: TimeoutArguments,
}

/// Changes the traffic of a service: tags first, then percentages, in one write.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let change = change(arguments)?;
    let write = Write::new("update", context, arguments.wait.asynchronous);
    write.carry_out(&service, write.ops.update_traffic(&service, &change)).await
}

/// What the flags ask for.
fn change(arguments: &Arguments) -> Result<TrafficChange, Failure> {
    let mut set = BTreeMap::new();
    for part in arguments.set_tags.iter().chain(&arguments.update_tags) {
        let (tag, target) = part
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("`{part}` does not look like `TAG=REVISION`")))?;
        if set.insert(Tag::new(tag.trim())?, target.trim().parse::<Target>()?).is_some() {
            return Err(Failure::usage(format!("the tag `{}` is given twice", tag.trim())));
        }
    }
    let remove = arguments.remove_tags.iter().map(|tag| Tag::new(tag.trim())).collect::<Result<_, _>>()?;
    let clear_others = arguments.clear_tags || !arguments.set_tags.is_empty();
    let change = match (&arguments.to_revisions, &arguments.to_tags) {
        (Some(shares), _) => TrafficChange::to_targets(shares.clone()),
        (None, Some(shares)) => TrafficChange::to_tags(shares.clone()),
        (None, None) if arguments.to_latest => TrafficChange::to_latest(),
        (None, None) => TrafficChange::default(),
    };
    Ok(change.with_tags(TagChange { set, remove, clear_others }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn planned(flags: &[&str]) -> String {
        let parsed = Command::try_parse_from(["update-traffic", "hello"].iter().chain(flags));
        let change = match parsed {
            Ok(command) => change(&command.arguments),
            Err(error) => return format!("refused: {:?}", error.kind()),
        };
        let present: Vec<run_api::types::TrafficTarget> = serde_json::from_value(serde_json::json!([
            {"revisionName": "a", "percent": 60, "tag": "blue"},
            {"revisionName": "b", "percent": 40},
            {"revisionName": "c", "tag": "old"},
        ]))
        .unwrap();
        match change {
            Ok(change) => change.plan(&present).unwrap().after().to_string(),
            Err(failure) => format!("refused: {failure}"),
        }
    }

    #[test]
    fn every_flag_alone_and_together() {
        for (flags, expected) in [
            (&["--to-latest"][..], "a=0 #blue, c=0 #old, LATEST=100"),
            (&["--to-revisions", "c=10"], "a=54 #blue, b=36, c=10 #old"),
            (&["--to-tags", "blue=10,old=50"], "a=10 #blue, b=40, c=50 #old"),
            (&["--set-tags", "x=b,y=LATEST"], "a=60, b=40 #x, LATEST=0 #y"),
            (&["--update-tags", "blue=b"], "a=60, b=40 #blue, c=0 #old"),
            (&["--remove-tags", "old,unheard"], "a=60 #blue, b=40"),
            (&["--clear-tags"], "a=60, b=40"),
            (&["--update-tags", "x=c", "--remove-tags=old", "--to-tags=x=100"], "a=0 #blue, c=100 #x"),
            (&["--clear-tags", "--to-latest"], "LATEST=100"),
            (&["--set-tags", "x"], "refused: `x` does not look like `TAG=REVISION`"),
            (&["--set-tags", "x=a,x=b"], "refused: the tag `x` is given twice"),
            (&["--set-tags", "x=a", "--remove-tags", "y"], "refused: ArgumentConflict"),
            (&["--clear-tags", "--update-tags", "x=a"], "refused: ArgumentConflict"),
            (&["--to-tags", "x=1", "--to-latest"], "refused: ArgumentConflict"),
            (&["--to-tags", "x=101"], "refused: ValueValidation"),
            (&[], "refused: MissingRequiredArgument"),
        ] {
            assert_eq!(planned(flags), expected, "{flags:?}");
        }
    }
}
