//! The operations of the matrix: what comes before each, what it does, and what is right then.

use futures::future::BoxFuture;
use run_api::ServiceRef;
use run_api::types::Service;
use run_ops::{
    Access, DeployRequest, Error, INVOKER_ROLE, Member, Ops, Percent, Result, ServiceEdit, ServiceView,
    Target, TrafficChange, TrafficIntent, TrafficShares, Written, new_service,
};

use super::backstage::State;
use super::ground::soon;
use crate::HELLO;
use crate::refusing::Refusing;

/// The operations of the matrix.
///
/// All but the first two find a service that was written twice, so that a stale read shows the first writing. Where
/// there can be, there is an operation whose wish is just that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A service is created.
    Create,
    /// A service is deployed that does not exist, and made public.
    DeployNew,
    /// A revision is deployed over an existing service, with a tag.
    DeployOver,
    /// What was there before is deployed.
    DeployBack,
    /// A service gets back what it had.
    UpdateBack,
    /// A service is to have what it has.
    UpdateSame,
    /// The traffic is split as it was once.
    Split,
    /// A member gets a role that it had.
    Grant,
    /// A member that has a role is to have it.
    GrantSame,
    /// A member loses a role.
    Revoke,
    /// A service is deleted, until it is gone.
    Delete,
    /// A written generation is awaited.
    Wait,
}

/// All operations.
pub const OPERATIONS: [Operation; 12] = [
    Operation::Create,
    Operation::DeployNew,
    Operation::DeployOver,
    Operation::DeployBack,
    Operation::UpdateBack,
    Operation::UpdateSame,
    Operation::Split,
    Operation::Grant,
    Operation::GrantSame,
    Operation::Revoke,
    Operation::Delete,
    Operation::Wait,
];

pub(super) const MEMBER: &str = "user:someone@example.com";

fn member() -> [Member; 1] {
    [MEMBER.parse().expect("a member")]
}

/// A success, as it was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    /// Whether it was said that something was written.
    pub(super) changed: bool,
}

/// An operation that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    /// The generation that the caller knows to be written, if it knows of any.
    pub(super) written: Option<i64>,
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { written: error.written().map(|written| i64::from(written.generation())), error }
    }
}

fn release(value: &'static str) -> impl Fn(&mut Service) -> Result<()> {
    move |service| {
        service.set_env("RELEASE", value);
        Ok(())
    }
}

async fn split(ops: &Ops<Refusing>, service: &ServiceRef) -> Result<Written> {
    let before = ops.current(service).await?;
    let ready = before.service().latest_ready_revision().unwrap_or_default().to_owned();
    let shares = TrafficShares::new([(Target::revision(&ready)?, Percent::new(70)?)])?;
    ops.update_traffic(service, &TrafficChange::to_targets(shares)).await
}

/// Carries the operation out.
pub(super) fn operate<'a>(
    ops: &'a Ops<Refusing>,
    service: &'a ServiceRef,
    operation: Operation,
) -> BoxFuture<'a, Result<Done, Failed>> {
    Box::pin(async move {
        let changed = match operation {
            Operation::Create => ops.create_service(service, new_service(service, HELLO)).await?.changed(),
            Operation::DeployNew => {
                let request = DeployRequest::new(service.clone()).image(HELLO).access(Access::Public);
                ops.deploy(&request, soon()).await?.changed()
            }
            Operation::DeployOver => {
                let request = DeployRequest::new(service.clone())
                    .edit(release("third"))
                    .traffic(TrafficIntent::Share(Percent::new(20)?))
                    .tag("canary".parse()?);
                let deployed = ops.deploy(&request, soon()).await?;
                assert_eq!(deployed.share().get(), 20);
                assert!(deployed.tag_urls().contains_key("canary"), "{deployed:?}");
                deployed.changed()
            }
            Operation::DeployBack => {
                let request = DeployRequest::new(service.clone()).edit(release("first"));
                ops.deploy(&request, soon()).await?.changed()
            }
            Operation::UpdateBack => ops.update_service(service, release("first")).await?.changed(),
            Operation::UpdateSame => ops.update_service(service, release("second")).await?.changed(),
            Operation::Split => {
                let written = split(ops, service).await?;
                let waited = ops.wait_until_ready(&written, soon()).await;
                waited.map_err(|error| Failed { written: Some(written.generation().into()), error })?;
                written.changed()
            }
            Operation::Grant | Operation::GrantSame => {
                ops.add_members(service, INVOKER_ROLE, &member()).await?.changed()
            }
            Operation::Revoke => ops.remove_members(service, INVOKER_ROLE, &member()).await?.changed(),
            Operation::Delete => {
                ops.delete_service(service, soon()).await?;
                true
            }
            Operation::Wait => {
                let written = ops.current(service).await?;
                ops.wait_until_ready(&written, soon()).await?;
                written.changed()
            }
        };
        Ok(Done { changed })
    })
}

/// Whether the state is exactly what the operation brings about, once and not twice.
pub(super) fn is_right(operation: Operation, before: Option<&State>, after: Option<&State>) -> bool {
    let Some(after) = after else { return operation == Operation::Delete };
    let has_member = after.members.iter().filter(|member| *member == MEMBER).count();
    let env = &after.spec["template"]["spec"]["containers"][0]["env"][0]["value"];
    let (generation, revisions) = before.map_or((0, 0), |state| (state.generation, state.revisions));
    let made = |revision| {
        after.generation == generation + 1 && after.revisions == revisions + revision && !after.deleting
    };
    let spec_stays = || before.is_some_and(|before| (&before.uid, &before.spec) == (&after.uid, &after.spec));
    match operation {
        Operation::Create => made(1),
        Operation::DeployNew => made(1) && after.members == ["allUsers"],
        Operation::DeployOver => {
            let traffic = after.spec["traffic"].as_array().cloned().unwrap_or_default();
            let mut percents: Vec<i64> =
                traffic.iter().filter_map(|target| target["percent"].as_i64()).collect();
            percents.sort_unstable();
            made(1) && percents == [20, 80] && env == "third"
        }
        Operation::DeployBack | Operation::UpdateBack => made(1) && env == "first",
        Operation::Split => {
            let traffic = &after.spec["traffic"];
            made(0) && traffic[0]["percent"] == 70 && traffic[1]["percent"] == 30
        }
        Operation::Grant => has_member == 1 && spec_stays(),
        Operation::Revoke => has_member == 0 && spec_stays(),
        Operation::UpdateSame | Operation::GrantSame | Operation::Wait => before == Some(after),
        Operation::Delete => false,
    }
}
