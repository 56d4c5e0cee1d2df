//! `runctl … …-iam-policy…`, for all kinds that have a policy.

use std::path::PathBuf;

use clap::Args;
use run_api::types::Policy;
use run_api::{Client, Guarded, ResourceRef};
use run_ops::Member;
use run_ops::api::{IamApi, Kind};

use crate::output;
use crate::query::{self, Format};
use crate::session::Context;
use crate::terminal::{Failure, Steps};

/// What `get-iam-policy` is given.
#[derive(Args, Debug)]
pub(crate) struct GetArguments {
    /// Whose policy
    pub(super) name: String,
}

/// What `add-iam-policy-binding` and `remove-iam-policy-binding` are given.
#[derive(Args, Debug)]
pub(crate) struct BindingArguments {
    /// Whose policy
    pub(super) name: String,

    /// Whom: `allUsers`, `user:ana@example.com`, `serviceAccount:…`
    #[arg(long)]
    member: String,

    /// Which role, for example `roles/run.invoker`
    #[arg(long)]
    role: String,

    /// `None`: bindings with conditions are left alone
    #[arg(long, value_parser = no_condition)]
    condition: Option<String>,
}

fn no_condition(text: &str) -> Result<String, String> {
    match text {
        "None" | "none" => Ok(text.to_owned()),
        _ => {
            Err("only `None` is taken here; for a condition edit the policy, and use `set-iam-policy`"
                .to_owned())
        }
    }
}

/// What `set-iam-policy` is given.
#[derive(Args, Debug)]
pub(crate) struct SetArguments {
    /// Whose policy
    #[arg(index = 1)]
    pub(super) name: String,

    /// The policy, in YAML or JSON; with the etag of the one that it replaces, a change in between is not lost
    #[arg(index = 2)]
    policy: PathBuf,
}

/// What to do with a binding.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Add,
    Remove,
}

/// Shows a policy.
pub(crate) async fn get<K: Guarded>(object: &ResourceRef<K>, context: &Context) -> Result<(), Failure> {
    print(&context.client.get_iam_policy(object).await?, context)
}

/// Puts a policy in place of the one that is there.
pub(crate) async fn set<K: Guarded>(
    object: &ResourceRef<K>,
    arguments: &SetArguments,
    context: &Context,
) -> Result<(), Failure> {
    let path = arguments.policy.display();
    let named = |error: &dyn std::fmt::Display| Failure::usage(format!("{path}: {error}"));
    let text = std::fs::read_to_string(&arguments.policy).map_err(|error| named(&error))?;
    let policy: Policy = serde_saphyr::from_str(&text).map_err(|error| named(&error))?;
    if policy.etag.as_deref().is_none_or(str::is_empty) {
        context.confirm(&format!(
            "The policy in {path} has no etag: what others have changed in the policy of {} [{}] will be lost. \
             Do you want to continue?",
            K::NOUN, object.name
        ))?;
    }
    let policy = context.client.set_iam_policy(object, policy).await?;
    context.printer.talk(format_args!("Updated IAM policy of {} [{}].", K::NOUN, object.name));
    print(&policy, context)
}

/// Adds a member to a role or removes it, and shows the policy that is in force then.
pub(crate) async fn change<K: Kind>(
    object: &ResourceRef<K>,
    arguments: &BindingArguments,
    context: &Context,
    change: Change,
) -> Result<(), Failure>
where
    Client: IamApi<K>,
{
    let member: Member = arguments
        .member
        .parse()
        .map_err(|error: run_ops::InvalidMember| Failure::usage(error.to_string()))?;
    let (ops, members) = (context.ops(&Steps::none(context.printer)), [member]);
    let result = match change {
        Change::Add => ops.add_members(object, &arguments.role, &members).await?,
        Change::Remove => ops.remove_members(object, &arguments.role, &members).await?,
    };
    let what = if result.changed() { "Updated" } else { "Nothing to change in the" };
    context.printer.talk(format_args!("{what} IAM policy of {} [{}].", K::NOUN, object.name));
    print(result.policy(), context)
}

/// Policies have no form for people but YAML, as in gcloud.
fn print(policy: &Policy, context: &Context) -> Result<(), Failure> {
    let yaml = Format::plain(query::Kind::Yaml);
    let format = context.format().filter(|format| format.kind != query::Kind::Text).unwrap_or(&yaml);
    output::show(policy, Some(format), context.printer, String::new)
}
