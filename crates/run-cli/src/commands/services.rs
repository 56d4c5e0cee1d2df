//! `runctl services`.

pub(crate) mod promote;
mod proxy;
mod read;
pub(crate) mod repair;
mod replace;
mod update;
pub(crate) mod update_traffic;
mod write;

use std::time::Duration;

use clap::Subcommand;

use super::{delete, iam};
use crate::arguments::ListArguments;
use crate::session::Context;
use crate::terminal::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum ServicesCommand {
    /// List the services of a region, or of all regions
    ///
    /// Only --region narrows the list; a region from the settings does not.
    List(ListArguments),
    /// Show a service
    Describe(read::Arguments),
    /// Change a service that is there
    Update(Box<update::Arguments>),
    /// Put a manifest in the place of a service, as a whole, or create it
    Replace(crate::commands::replace::Arguments),
    /// Delete a service with all its revisions, and wait until it is gone
    #[command(mut_arg("name", |name| name.value_name("SERVICE").help("The service")))]
    Delete(delete::Arguments),
    /// Change which revisions get the requests, and which have a tag
    UpdateTraffic(update_traffic::Arguments),
    /// Give all traffic to a revision that is ready: the newest one, one by name, or the one with a tag
    ///
    /// gcloud has no such command. The newest one gets it as the latest, so that later deployments get it, too.
    Promote(promote::Arguments),
    /// Find revisions in the traffic that failed or were deleted, and take them out of it
    ///
    /// gcloud has no such command. By default what serves now keeps serving, in the same shares.
    Repair(repair::Arguments),
    /// Forward a port of this machine to a service, as a caller that may call it
    ///
    /// Requests get an identity token where one can be had: of a service account, or of a Google account. Only programs and
    /// pages of this machine are served. At an emulator no token is needed.
    Proxy(proxy::Arguments),
    /// Show who may do what with a service
    #[command(mut_arg("name", |name| name.value_name("SERVICE").help("The service")))]
    GetIamPolicy(iam::GetArguments),
    /// Say who may do what with a service, all of it, by a file
    #[command(mut_arg("name", |name| name.value_name("SERVICE").help("The service")))]
    SetIamPolicy(iam::SetArguments),
    /// Give somebody a role on a service
    #[command(mut_arg("name", |name| name.value_name("SERVICE").help("The service")))]
    AddIamPolicyBinding(iam::BindingArguments),
    /// Take a role on a service from somebody
    #[command(mut_arg("name", |name| name.value_name("SERVICE").help("The service")))]
    RemoveIamPolicyBinding(iam::BindingArguments),
}

impl ServicesCommand {
    /// How long the command says that it may take.
    pub(crate) fn limit(&self) -> Option<Duration> {
        match self {
            Self::Update(arguments) => Some(arguments.wait.wait_timeout),
            Self::Replace(arguments) => Some(arguments.wait.timeout),
            Self::Delete(arguments) => Some(arguments.wait.timeout),
            Self::UpdateTraffic(arguments) => Some(arguments.wait.timeout),
            Self::Promote(arguments) => Some(arguments.wait.timeout),
            Self::Repair(arguments) => Some(arguments.wait.timeout),
            Self::List(_)
            | Self::Describe(_)
            | Self::Proxy(_)
            | Self::GetIamPolicy(_)
            | Self::SetIamPolicy(_)
            | Self::AddIamPolicyBinding(_)
            | Self::RemoveIamPolicyBinding(_) => None,
        }
    }
}

/// Runs one of the commands.
pub(crate) async fn run(command: ServicesCommand, context: &Context) -> Result<(), Failure> {
    match command {
        ServicesCommand::List(arguments) => read::list(&arguments, context).await,
        ServicesCommand::Describe(arguments) => read::describe(&arguments, context).await,
        ServicesCommand::Update(arguments) => update::run(&arguments, context).await,
        ServicesCommand::Replace(arguments) => replace::run(&arguments, context).await,
        ServicesCommand::Promote(arguments) => promote::run(&arguments, context).await,
        ServicesCommand::Proxy(arguments) => proxy::run(&arguments, context).await,
        ServicesCommand::Delete(arguments) => {
            let service = context.service(&arguments.name)?;
            delete::run(&service, "Service", "runctl services describe", &arguments, context).await
        }
        ServicesCommand::UpdateTraffic(arguments) => update_traffic::run(&arguments, context).await,
        ServicesCommand::Repair(arguments) => repair::run(&arguments, context).await,
        ServicesCommand::GetIamPolicy(arguments) => {
            iam::get(&context.service(&arguments.name)?, context).await
        }
        ServicesCommand::SetIamPolicy(arguments) => {
            iam::set(&context.service(&arguments.name)?, &arguments, context).await
        }
        ServicesCommand::AddIamPolicyBinding(arguments) => {
            let service = context.service(&arguments.name)?;
            iam::change(&service, &arguments, context, iam::Change::Add).await
        }
        ServicesCommand::RemoveIamPolicyBinding(arguments) => {
            let service = context.service(&arguments.name)?;
            iam::change(&service, &arguments, context, iam::Change::Remove).await
        }
    }
}
