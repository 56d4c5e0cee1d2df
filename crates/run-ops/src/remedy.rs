//! What to do about a failure, as data.
//!
//! [`Error::remedies`](crate::Error::remedies), [`Diagnosis`](crate::Diagnosis) and [`Finding`](crate::Finding) give
//! remedies, the likeliest first. They display as sentences in the API's terms. A program with words of its own (flags, a
//! form, another language) matches on them: [`Remedy`] and [`Field`] are exhaustive on purpose, so that a new remedy is a
//! compile error and not a gap.

mod field;
mod grant;

use std::fmt;
use std::time::Duration;

pub use field::Field;
pub use grant::{On, Principal, RoleGrant, least_role};

/// One thing to do about a failure.
///
/// ```
/// use run_ops::Error;
/// use run_ops::remedy::{Principal, Remedy};
///
/// let denied = run_api::Error::from_status(403, "PERMISSION_DENIED", "Permission 'run.jobs.get' denied on resource …");
/// let remedies = Error::from(denied).remedies();
/// assert!(matches!(&remedies[0], Remedy::Grant(grant) if grant.to == Principal::Caller));
/// assert_eq!(remedies[0].to_string(), "grant roles/run.viewer on the job or its project to the caller");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Get a credential, or a new one.
    SignIn,
    /// Trust the endpoint with the credential, or send none.
    TrustEndpoint,
    /// Grant a role.
    Grant(RoleGrant),
    /// Enable the Cloud Run Admin API in the project.
    EnableApi {
        /// The project, if the request named one.
        project: Option<String>,
    },
    /// Ask who keeps the organisation's policies: one of them forbids what was asked for.
    AskOrganisation,
    /// Change a field of the object, or of its template.
    Change {
        /// The field.
        field: Field,
        /// What to change about it, in a clause that can follow a colon.
        how: &'static str,
    },
    /// Make the container listen on all addresses.
    Listen {
        /// On which port; the one in the variable `PORT` if none.
        port: Option<u16>,
    },
    /// Read what the container wrote before it ended.
    ReadLogs,
    /// Run the [repair](crate::Ops::repair) of the service's traffic.
    Repair,
    /// Send the traffic to the [latest revision](crate::TrafficChange::to_latest) again.
    FollowLatest,
    /// Name a revision that the service has.
    ListRevisions,
    /// Delete revisions and tags that nobody needs.
    DeleteRevisions,
    /// Look at the job's executions before it is run again.
    ListExecutions,
    /// Deploy again: nothing more is known.
    DeployAgain,
    /// Deploy a new revision, or take the revision's name out of the template.
    NewRevision,
    /// Deploy the first revision without asking for less than all traffic.
    FirstTakesAll,
    /// Use less, use another region, or ask for more quota.
    RaiseQuota,
    /// Read again, edit again, write again: [`Ops::update`](crate::Ops::update) does that.
    RepeatUpdate,
    /// Update what is there, or choose another name.
    UpdateOrRename,
    /// Wait until the object is deleted, then create it.
    CreateAfterDeletion,
    /// Read the object and compare, before anything is sent again.
    Compare,
    /// Send the same again: to do it twice has the effect of doing it once.
    SendAgain,
    /// Try again: the fault passes.
    Retry {
        /// After how long, if the server said it.
        after: Option<Duration>,
    },
    /// Wait until the quota of requests allows more.
    SlowDown {
        /// For how long, if the server said it.
        wait: Option<Duration>,
    },
    /// Look again later, or wait longer: it goes on.
    WaitLonger,
    /// Try again and allow more time: nothing was begun.
    AllowMoreTime,
    /// Find out who else writes to the object.
    FindWriter,
    /// Check name, project and region.
    CheckName {
        /// Whether the server may hide that there is no such object from a caller without permission.
        may_be_hidden: bool,
    },
    /// Check where the requests go.
    CheckEndpoint(EndpointFault),
    /// Nothing to do beforehand: the write itself will tell.
    JustTry,
}

/// What is wrong with where requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointFault {
    /// Nobody listens there.
    Silent,
    /// No connection can be made: the host name, the protocol, or the certificate.
    Unreachable,
    /// Something else than the Cloud Run Admin API answers.
    Foreign,
}

impl Remedy {
    pub(crate) fn change(field: Field, how: &'static str) -> Self {
        Self::Change { field, how }
    }
}

impl fmt::Display for Remedy {
    /// A sentence without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grant(grant) => return grant.fmt(f),
            Self::Change { field, how } => return write!(f, "{field}: {how}"),
            Self::Listen { port } => {
                f.write_str("let the container listen on 0.0.0.0:")?;
                match port {
                    Some(port) => write!(f, "{port}")?,
                    None => f.write_str("$PORT")?,
                }
                return f.write_str(", not on localhost");
            }
            Self::EnableApi { project } => {
                f.write_str("enable the API: `gcloud services enable run.googleapis.com")?;
                return match project {
                    Some(project) => write!(f, " --project {project}`"),
                    None => f.write_str("`"),
                };
            }
            Self::Retry { after: Some(after) } => return write!(f, "try again after {} s", after.as_secs()),
            Self::SlowDown { wait: Some(wait) } => {
                return write!(f, "wait {} s: the quota counts requests per minute and region", wait.as_secs());
            }
            Self::SignIn => {
                "log in with `gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS"
            }
            Self::TrustEndpoint => "trust the endpoint if it may have the credential, or send no credential",
            Self::AskOrganisation => {
                "an organisation policy, such as domain restricted sharing, may forbid this: ask who keeps it"
            }
            Self::ReadLogs => "read the container's logs",
            Self::Repair => "repair the traffic: that takes out revisions that cannot serve",
            Self::FollowLatest => "let the traffic follow the latest revision again",
            Self::ListRevisions => "list its revisions, and name one of them",
            Self::DeleteRevisions => "delete revisions and tags that nobody needs, or use another region",
            Self::ListExecutions => "look at the job's executions before you run it again",
            Self::DeployAgain => "deploy again: nothing more is known",
            Self::NewRevision => {
                "deploy a new revision, or remove the revision's name from the template (which makes a new revision, \
                 too), then try again"
            }
            Self::FirstTakesAll => {
                "the first revision takes all traffic: deploy it without a share, and keep it private if nobody may see it yet"
            }
            Self::RaiseQuota => "use less CPU and memory, use another region, or ask for more quota",
            Self::RepeatUpdate => "somebody else changed it at the same time: read it again and repeat the edit",
            Self::UpdateOrRename => "look whose it is, then update it or choose another name",
            Self::CreateAfterDeletion => "wait until it is gone, then create it",
            Self::Compare => "the write may have been applied, or still arrive: read it and compare before you try again",
            Self::SendAgain => "send it again: doing it twice has the same effect as doing it once",
            Self::Retry { after: None } => "try again in a moment: such a fault passes",
            Self::SlowDown { wait: None } => "wait a minute: the quota counts requests per minute and region",
            Self::WaitLonger => "it goes on: look again later, or wait longer",
            Self::AllowMoreTime => "try again, and allow more time",
            Self::FindWriter => "find out who else writes to it",
            Self::CheckName { may_be_hidden: false } => "check the name, the project and the region",
            Self::CheckName { may_be_hidden: true } => {
                "check the name, the project and the region: without the permission, what does not exist answers the same"
            }
            Self::CheckEndpoint(EndpointFault::Silent) => {
                "check that the endpoint is right and that something listens there"
            }
            Self::CheckEndpoint(EndpointFault::Unreachable) => {
                "check the endpoint: its host name, http or https, and whether its certificate is trusted here"
            }
            Self::CheckEndpoint(EndpointFault::Foreign) => {
                "check the region and the endpoint: this answer does not come from the Cloud Run API"
            }
            Self::JustTry => "nothing to do beforehand: the write itself will tell",
        })
    }
}
