//! `runctl services …-iam-policy…`.

use clap::Args;
use run_api::types::Policy;
use run_ops::{Member, Ops};

use crate::output;
use crate::query::{Format, Kind};
use crate::session::Context;
use crate::terminal::Failure;

/// What `runctl services get-iam-policy` is given.
#[derive(Args, Debug)]
pub(crate) struct GetArguments {
    /// The service
    service: String,
}

/// What `runctl services add-iam-policy-binding` and `remove-iam-policy-binding` are given.
#[derive(Args, Debug)]
pub(crate) struct BindingArguments {
    /// The service
    service: String,

    /// Whom: `allUsers`, `user:ana@example.com`, `serviceAccount:…`
    #[arg(long)]
    member: String,

    /// Which role, for example `roles/run.invoker`
    #[arg(long)]
    role: String,
}

/// What to do with a binding.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Add,
    Remove,
}

/// Shows the policy of a service.
pub(crate) async fn get(arguments: &GetArguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    print(&context.client.get_service_iam_policy(&service).await?, context)
}

/// Adds a member to a role or removes it, and shows the policy that is in force then.
pub(crate) async fn change(
    arguments: &BindingArguments,
    context: &Context,
    change: Change,
) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let member: Member = arguments
        .member
        .parse()
        .map_err(|error: run_ops::InvalidMember| Failure::usage(error.to_string()))?;
    let (ops, members) = (Ops::new(context.client.clone()), [member]);
    let result = match change {
        Change::Add => ops.add_members(&service, &arguments.role, &members).await?,
        Change::Remove => ops.remove_members(&service, &arguments.role, &members).await?,
    };
    let what = if result.changed() { "Updated" } else { "Nothing to change in the" };
    context.printer.talk(format_args!("{what} IAM policy of service [{}].", service.name));
    print(result.policy(), context)
}

/// Policies have no form for people but YAML, as in gcloud.
fn print(policy: &Policy, context: &Context) -> Result<(), Failure> {
    let yaml = Format::plain(Kind::Yaml);
    let format = context.format().filter(|format| format.kind != Kind::Text).unwrap_or(&yaml);
    output::show(policy, Some(format), context.printer, String::new)
}
