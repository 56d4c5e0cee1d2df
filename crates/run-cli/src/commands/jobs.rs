//! `runctl jobs`.

mod execute;
pub(crate) mod executions;
mod read;
pub(crate) mod tasks;
mod write;

use std::time::Duration;

use clap::Subcommand;
use run_api::types::Job;

use super::{delete, iam, replace};
use crate::arguments::ListArguments;
use crate::flags::{JobFlags, OverrideFlags};
use crate::session::Context;
use crate::terminal::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List the jobs of a region, or of all regions
    ///
    /// Only --region narrows the list; a region from the settings does not.
    List(ListArguments),
    /// Show a job
    Describe(read::Arguments),
    /// Create a job; it does not run unless --execute-now or --wait says so
    #[command(mut_args(shown_for_jobs))]
    Create(Box<write::Arguments>),
    /// Change a job that is there; running executions are not touched
    #[command(mut_args(shown_for_jobs))]
    Update(Box<write::Arguments>),
    /// Create a job, or change the one that is there; it does not run unless --execute-now or --wait says so
    #[command(mut_args(shown_for_jobs))]
    Deploy(Box<write::Arguments>),
    /// Put a manifest in the place of a job, as a whole, or create it
    Replace(replace::Arguments),
    /// Run a job
    ///
    /// Waits until the execution has started, with --wait until it has ended. Exit codes with --wait: 0 it succeeded, 9 it failed, 10 it
    /// was cancelled, 3 the time was over and it goes on, 7 what became of it is not known.
    Execute(Box<execute::Arguments>),
    /// Delete a job with all its executions, and wait until it is gone
    #[command(mut_arg("name", |name| name.value_name("JOB").help("The job")))]
    Delete(delete::Arguments),
    /// Show who may do what with a job
    #[command(mut_arg("name", |name| name.value_name("JOB").help("The job")))]
    GetIamPolicy(iam::GetArguments),
    /// Say who may do what with a job, all of it, by a file
    #[command(mut_arg("name", |name| name.value_name("JOB").help("The job")))]
    SetIamPolicy(iam::SetArguments),
    /// Give somebody a role on a job
    #[command(mut_arg("name", |name| name.value_name("JOB").help("The job")))]
    AddIamPolicyBinding(iam::BindingArguments),
    /// Take a role on a job from somebody
    #[command(mut_arg("name", |name| name.value_name("JOB").help("The job")))]
    RemoveIamPolicyBinding(iam::BindingArguments),
    /// List, show, cancel and delete executions of jobs
    #[command(subcommand)]
    Executions(executions::ExecutionsCommand),
}

/// The flags of containers that serve requests are not shown where none are served.
fn shown_for_jobs(argument: clap::Arg) -> clap::Arg {
    const OF_REQUESTS: [&str; 5] = ["port", "use_http2", "no_use_http2", "liveness_probe", "readiness_probe"];
    let hidden = OF_REQUESTS.contains(&argument.get_id().as_str());
    if hidden { argument.hide(true) } else { argument }
}

impl JobsCommand {
    /// How long the command says that it may take.
    pub(crate) fn limit(&self) -> Option<Duration> {
        match self {
            Self::Create(arguments) | Self::Update(arguments) | Self::Deploy(arguments) => {
                arguments.wait.limit()
            }
            Self::Replace(arguments) => Some(arguments.wait.timeout),
            Self::Delete(arguments) => Some(arguments.wait.timeout),
            Self::Execute(arguments) => arguments.limit(),
            Self::Executions(command) => command.limit(),
            Self::List(_)
            | Self::Describe(_)
            | Self::GetIamPolicy(_)
            | Self::SetIamPolicy(_)
            | Self::AddIamPolicyBinding(_)
            | Self::RemoveIamPolicyBinding(_) => None,
        }
    }

    /// The flags of a command that changes a job.
    pub(crate) fn job_flags(&mut self) -> Option<&mut JobFlags> {
        match self {
            Self::Create(arguments) | Self::Update(arguments) | Self::Deploy(arguments) => {
                Some(&mut arguments.flags)
            }
            _ => None,
        }
    }

    /// The flags of a command that begins an execution.
    pub(crate) fn overrides(&mut self) -> Option<&mut OverrideFlags> {
        match self {
            Self::Execute(arguments) => Some(&mut arguments.overrides),
            _ => None,
        }
    }
}

const DESCRIBE: &str = "runctl jobs describe";

/// Runs one of the commands.
pub(crate) async fn run(command: JobsCommand, context: &Context) -> Result<(), Failure> {
    match command {
        JobsCommand::List(arguments) => read::list(&arguments, context).await,
        JobsCommand::Describe(arguments) => read::describe(&arguments, context).await,
        JobsCommand::Create(arguments) => write::run(&arguments, write::Verb::Create, context).await,
        JobsCommand::Update(arguments) => write::run(&arguments, write::Verb::Update, context).await,
        JobsCommand::Deploy(arguments) => write::run(&arguments, write::Verb::Deploy, context).await,
        JobsCommand::Replace(arguments) => replace::run::<Job>(&arguments, DESCRIBE, context).await,
        JobsCommand::Execute(arguments) => execute::run(&arguments, context).await,
        JobsCommand::Delete(arguments) => {
            delete::run(&context.job(&arguments.name)?, "Job", DESCRIBE, &arguments, context).await
        }
        JobsCommand::GetIamPolicy(arguments) => iam::get(&context.job(&arguments.name)?, context).await,
        JobsCommand::SetIamPolicy(arguments) => {
            iam::set(&context.job(&arguments.name)?, &arguments, context).await
        }
        JobsCommand::AddIamPolicyBinding(arguments) => {
            iam::change(&context.job(&arguments.name)?, &arguments, context, iam::Change::Add).await
        }
        JobsCommand::RemoveIamPolicyBinding(arguments) => {
            iam::change(&context.job(&arguments.name)?, &arguments, context, iam::Change::Remove).await
        }
        JobsCommand::Executions(command) => executions::run(command, context).await,
    }
}
