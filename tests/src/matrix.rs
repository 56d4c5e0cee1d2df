//! The fault matrix: every operation, struck at each of its requests by every kind of fault.
//!
//! The requests are not picked by hand: an operation is run once without faults, and what it sent is counted. Then
//! it is run again in a world of its own for each request and each fault. Each run must end in one of four ways, and
//! what the server has in the end must fit.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use run_api::types::Service;
use run_api::{Client, Endpoint, ListOptions, Resource, ServiceRef};
use run_emulator::{Delays, Emulator, Fault, FaultKind, StatusFault};
use run_ops::{
    Access, Deadline, DeployRequest, Error, INVOKER_ROLE, Member, Ops, Percent, PollSchedule, Result,
    ServiceEdit, ServiceView, Target, TrafficChange, TrafficIntent, TrafficShares, new_service,
};

use crate::HELLO;
use crate::refusing::Refusing;

/// The kinds of faults by name.
#[must_use]
pub fn kinds() -> Vec<(&'static str, Strike)> {
    let status = |code, retry_after_seconds| {
        Strike::Emulated(FaultKind::Status(StatusFault {
            code,
            status: None,
            message: None,
            retry_after_seconds,
        }))
    };
    vec![
        ("refused", Strike::Refused),
        ("reset before", Strike::Emulated(FaultKind::ResetBefore)),
        ("reset after applied", Strike::Emulated(FaultKind::ResetAfter)),
        ("timeout", Strike::Emulated(FaultKind::HangBefore)),
        ("timeout after applied", Strike::Emulated(FaultKind::HangAfter)),
        ("408", status(408, None)),
        ("429 with Retry-After", status(429, Some(2))),
        ("500", status(500, None)),
        ("502", status(502, None)),
        ("503", status(503, None)),
        ("504", status(504, None)),
        ("truncated", Strike::Emulated(FaultKind::Truncated)),
        ("garbage", Strike::Emulated(FaultKind::Garbage)),
        ("401 once", Strike::Emulated(FaultKind::TokenExpired)),
        ("409 conflict", Strike::Emulated(FaultKind::Conflict)),
        ("stale read", Strike::Emulated(FaultKind::StaleRead)),
    ]
}

/// What strikes.
#[derive(Clone, Debug)]
pub enum Strike {
    /// Nobody listens.
    Refused,
    /// A fault of the emulator's.
    Emulated(FaultKind),
}

/// The operations of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A service is created.
    Create,
    /// A service is deployed that does not exist, and made public.
    DeployNew,
    /// A revision is deployed over an existing service, with a tag.
    DeployOver,
    /// The traffic is split.
    Split,
    /// A member gets a role.
    Grant,
    /// A member loses a role.
    Revoke,
    /// A service is deleted, until it is gone.
    Delete,
    /// A written generation is awaited.
    Wait,
}

/// All operations.
pub const OPERATIONS: [Operation; 8] = [
    Operation::Create,
    Operation::DeployNew,
    Operation::DeployOver,
    Operation::Split,
    Operation::Grant,
    Operation::Revoke,
    Operation::Delete,
    Operation::Wait,
];

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// In success, with exactly the right final state.
    Success,
    /// In a typed error, with the state before.
    Unchanged,
    /// In a typed error that names what was written.
    Partial,
    /// In a typed error that says that the outcome is not known.
    Unknown,
}

/// How often runs ended in which way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(String, Ending), usize>);

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, row: impl Into<String>, ending: Ending) {
        *self.0.entry((row.into(), ending)).or_default() += 1;
    }

    /// All runs that ended in this way.
    #[must_use]
    pub fn of(&self, ending: Ending) -> usize {
        self.0.iter().filter(|((_, found), _)| *found == ending).map(|(_, count)| count).sum()
    }
}

/// The table of counts.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24} {:>8} {:>10} {:>8} {:>8}", "", "success", "unchanged", "partial", "unknown")?;
        let mut rows: Vec<&str> = self.0.keys().map(|(row, _)| row.as_str()).collect();
        rows.dedup();
        for row in rows {
            let count = |ending| self.0.get(&(row.to_owned(), ending)).copied().unwrap_or(0);
            let [success, unchanged, partial, unknown] =
                [Ending::Success, Ending::Unchanged, Ending::Partial, Ending::Unknown].map(count);
            writeln!(f, "{row:<24} {success:>8} {unchanged:>10} {partial:>8} {unknown:>8}")?;
        }
        Ok(())
    }
}

/// Where runs take place: each has a service of its own.
pub struct Ground {
    emulator: Emulator,
    /// Without faults.
    plain: Client,
    api: Refusing,
    runs: AtomicU32,
}

/// Where one run takes place.
struct Place<'a> {
    ground: &'a Ground,
    api: Refusing,
    service: ServiceRef,
}

/// What the server has of the service; none if there is none.
#[derive(Clone, Debug, PartialEq)]
struct State {
    generation: Option<i32>,
    spec: serde_json::Value,
    members: Vec<String>,
    revisions: usize,
}

const SOON: Duration = Duration::from_secs(300);
const MEMBER: &str = "user:someone@example.com";

fn client(url: &str) -> Client {
    Client::builder()
        .endpoint(Endpoint::emulator(url).expect("an emulator's address"))
        .project("test-project")
        .region("us-central1")
        .request_timeout(Duration::from_secs(5))
        .build()
        .expect("valid settings")
}

impl Ground {
    /// A ground with an emulator of its own.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start() -> Self {
        let delays = Delays::uniform(Duration::from_millis(300));
        let emulator = Emulator::builder().delays(delays).start().await.expect("a port on loopback");
        let plain = client(&emulator.url());
        Self { api: Refusing::new(plain.clone()), emulator, plain, runs: AtomicU32::new(0) }
    }

    /// A service with which the operation can take place.
    async fn place(&self, operation: Operation) -> Place<'_> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let service = self.plain.service(&format!("run-{run}")).expect("a name");
        let place = Place { ground: self, api: self.api.fresh(), service };
        if !matches!(operation, Operation::Create | Operation::DeployNew) {
            let ops = Ops::new(self.plain.clone()).poll_schedule(schedule());
            let first = DeployRequest::new(place.service.clone()).image(HELLO).edit(release("first"));
            ops.deploy(&first, Deadline::after(SOON)).await.expect("a first deployment");
            if operation == Operation::Revoke {
                let member: Member = MEMBER.parse().expect("a member");
                ops.grant_invoker(&place.service, &[member]).await.expect("a grant");
            }
        }
        place
    }
}

impl Place<'_> {
    async fn state(&self) -> Option<State> {
        let found = match self.ground.plain.get_service(&self.service).await {
            Ok(found) => found,
            Err(error) if error.is_not_found() => return None,
            Err(error) => panic!("{error}"),
        };
        let policy = self.ground.plain.get_service_iam_policy(&self.service).await.expect("a policy");
        let location = self.service.location.clone();
        let selector = format!("serving.knative.dev/service={}", self.service.name);
        let options = ListOptions { label_selector: Some(selector), ..ListOptions::default() };
        let revisions = self.ground.plain.list_revisions(&location, &options).await.expect("revisions");
        Some(State {
            generation: found.generation(),
            spec: serde_json::to_value(&found.spec).expect("JSON"),
            members: policy.bindings.iter().flat_map(|binding| binding.members.clone()).collect(),
            revisions: revisions.items.len(),
        })
    }

    async fn run(&self, operation: Operation) -> Result<(), Failed> {
        let ops = Ops::new(self.api.clone()).poll_schedule(schedule());
        operate(&ops, &self.service, operation).await
    }
}

/// An operation that failed.
struct Failed {
    error: Error,
    /// The generation that the caller knows to be written, if it knows of any.
    written: Option<i32>,
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { written: error.written().map(|written| written.generation()), error }
    }
}

fn schedule() -> PollSchedule {
    PollSchedule::between(Duration::from_millis(200), Duration::from_secs(5))
}

fn release(value: &'static str) -> impl Fn(&mut Service) -> Result<()> {
    move |service| {
        service.set_env("RELEASE", value);
        Ok(())
    }
}

fn operate<'a>(
    ops: &'a Ops<Refusing>,
    service: &'a ServiceRef,
    operation: Operation,
) -> BoxFuture<'a, Result<(), Failed>> {
    let deadline = Deadline::after(SOON);
    let member = || -> [Member; 1] { [MEMBER.parse().expect("a member")] };
    Box::pin(async move {
        match operation {
            Operation::Create => {
                ops.create_service(service, new_service(service, HELLO)).await?;
            }
            Operation::DeployNew => {
                let request = DeployRequest::new(service.clone()).image(HELLO).access(Access::Public);
                ops.deploy(&request, deadline).await?;
            }
            Operation::DeployOver => {
                let request = DeployRequest::new(service.clone())
                    .edit(release("second"))
                    .traffic(TrafficIntent::Share(Percent::new(20)?))
                    .tag("canary".parse()?);
                let deployed = ops.deploy(&request, deadline).await?;
                assert_eq!(deployed.share().get(), 20);
                assert!(deployed.tag_urls().contains_key("canary"), "{deployed:?}");
            }
            Operation::Split => {
                let before = ops.current(service).await?;
                let first = before.service().latest_ready_revision().expect("a ready revision").to_owned();
                let shares = TrafficShares::new([(Target::revision(&first)?, Percent::new(70)?)])?;
                let written = ops.update_traffic(service, &TrafficChange::to_targets(shares)).await?;
                let waited = ops.wait_until_ready(&written, deadline).await;
                waited.map_err(|error| Failed { written: Some(written.generation()), error })?;
            }
            Operation::Grant => {
                ops.add_members(service, INVOKER_ROLE, &member()).await?;
            }
            Operation::Revoke => {
                ops.remove_members(service, INVOKER_ROLE, &member()).await?;
            }
            Operation::Delete => ops.delete_service(service, deadline).await?,
            Operation::Wait => {
                let written = ops.current(service).await?;
                ops.wait_until_ready(&written, deadline).await?;
            }
        }
        Ok(())
    })
}

/// Whether the state is exactly what the operation brings about, once and not twice.
fn is_right(operation: Operation, before: Option<&State>, after: Option<&State>) -> bool {
    let Some(after) = after else { return operation == Operation::Delete };
    let has_member = after.members.iter().filter(|member| *member == MEMBER).count();
    let generation = |expected: i32| after.generation == Some(expected);
    match operation {
        Operation::Create => generation(1) && after.revisions == 1,
        Operation::DeployNew => generation(1) && after.revisions == 1 && after.members == ["allUsers"],
        Operation::DeployOver => {
            let traffic = after.spec["traffic"].as_array().cloned().unwrap_or_default();
            let percents: Vec<i64> = traffic.iter().filter_map(|target| target["percent"].as_i64()).collect();
            let mut sorted = percents.clone();
            sorted.sort_unstable();
            let env = &after.spec["template"]["spec"]["containers"][0]["env"][0]["value"];
            generation(2) && after.revisions == 2 && sorted == [20, 80] && env == "second"
        }
        Operation::Split => {
            let traffic = &after.spec["traffic"];
            generation(2)
                && after.revisions == 1
                && traffic[0]["percent"] == 70
                && traffic[1]["percent"] == 30
        }
        Operation::Grant => has_member == 1 && generation(1),
        Operation::Revoke => has_member == 0 && generation(1),
        Operation::Wait => before == Some(after),
        Operation::Delete => false,
    }
}

/// How many requests the operation sends if nothing goes wrong.
///
/// # Panics
/// If it does not succeed, or leaves another state than the right one.
pub async fn requests(ground: &Ground, operation: Operation) -> u32 {
    let place = ground.place(operation).await;
    let before = place.state().await;
    if let Err(failed) = place.run(operation).await {
        panic!("{operation:?} without faults: {}", failed.error);
    }
    let count = place.api.calls();
    let after = place.state().await;
    assert!(is_right(operation, before.as_ref(), after.as_ref()), "{operation:?} without faults: {after:?}");
    count
}

/// Runs an operation, struck at these requests by these faults, and says how it ended.
///
/// # Panics
/// If the ending does not fit what the server has then: a lost or double write, or an error that says nothing of
/// what was written.
pub async fn strike(
    ground: &Ground,
    operation: Operation,
    strikes: &[(u32, &'static str, Strike)],
) -> Ending {
    let about = || {
        let strikes: Vec<String> =
            strikes.iter().map(|(at, name, _)| format!("{name} at request {at}")).collect();
        format!("{operation:?}, {}", strikes.join(", "))
    };
    let place = ground.place(operation).await;
    let before = place.state().await;
    for (at, _, strike) in strikes {
        match strike {
            Strike::Refused => place.api.refuse(*at),
            Strike::Emulated(kind) => {
                // A refused request never comes to the emulator.
                let refused = strikes
                    .iter()
                    .filter(|(other, _, strike)| matches!(strike, Strike::Refused) && other < at);
                let at = at.saturating_sub(u32::try_from(refused.count()).unwrap_or(0));
                let fault = Fault::new(kind.clone()).of(place.service.name.as_str());
                ground.emulator.faults().add(fault.after(at).times(1));
            }
        }
    }
    let outcome = tokio::time::timeout(SOON * 2, place.run(operation)).await;
    let outcome = outcome.unwrap_or_else(|_| panic!("{}: it hangs", about()));
    ground.emulator.faults().clear();
    let after = place.state().await;
    let right = is_right(operation, before.as_ref(), after.as_ref());
    match outcome {
        Ok(()) => {
            assert!(right, "{}: success, and the state is {after:?}", about());
            Ending::Success
        }
        Err(Failed { error, .. }) if error.is_outcome_unknown() => {
            assert!(right || after == before, "{}: {error}, and the state is {after:?}", about());
            Ending::Unknown
        }
        Err(Failed { error, written: Some(generation) }) => {
            // What it names is there, and nothing beyond it.
            let there = after.as_ref().and_then(|state| state.generation);
            assert_eq!(there, Some(generation), "{}: {error}, and the state is {after:?}", about());
            assert!(after != before, "{}: {error}, and nothing was written", about());
            Ending::Partial
        }
        Err(Failed { error, .. }) => {
            assert!(after == before, "{}: {error}, and the state is {after:?}", about());
            Ending::Unchanged
        }
    }
}
