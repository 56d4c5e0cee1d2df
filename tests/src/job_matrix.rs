//! The fault matrix of jobs: creating, deploying, running, cancelling and deleting, struck at each request.
//!
//! What holds for every fault: there are never more executions than requests to run that arrived, a success is one, and
//! what is said not to have been done was not done.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use run_api::types::{Execution, Job, Overrides};
use run_api::{AnswerLimits, Client, Endpoint, JobRef, ListOptions, Resource};
use run_emulator::{Delays, Emulator};
use run_ops::{Deadline, Error, ErrorKind, Ops, Outcome, OverridesEdit, PollSchedule, edit};

use crate::matrix::{Ending, FalseClaim};
use crate::proxy::{BYSTANDER, Proxy, Strike};
use crate::refusing::Refusing;

/// The operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobOperation {
    /// A job is created.
    Create,
    /// A job that is there is deployed anew.
    Deploy,
    /// A job is run with overrides, until its end.
    Execute,
    /// An execution is cancelled, until its end.
    Cancel,
    /// A job is deleted, until it is gone.
    Delete,
}

/// All operations.
pub const JOB_OPERATIONS: [JobOperation; 5] = [
    JobOperation::Create,
    JobOperation::Deploy,
    JobOperation::Execute,
    JobOperation::Cancel,
    JobOperation::Delete,
];

const QUICK: &str = "us-docker.pkg.dev/cloudrun/container/job";
/// Its tasks run until somebody ends them.
const ENDLESS: &str = "docker.io/run-emulator/never-listens";
const SOON: Duration = Duration::from_secs(300);

/// Where runs take place: each has a job of its own.
pub struct JobGround {
    _emulator: Emulator,
    /// Past the proxy.
    plain: Client,
    proxy: Proxy,
    api: Refusing,
    client: Client,
    runs: AtomicU32,
}

/// What the server has of a job and its executions.
#[derive(Clone, Debug, PartialEq)]
struct State {
    uid: Option<String>,
    generation: Option<i32>,
    value: Option<String>,
    executions: BTreeSet<String>,
    cancelled: BTreeSet<String>,
}

fn client(url: &str) -> Client {
    const LIMIT: usize = 128 << 10;
    Client::builder()
        .endpoint(Endpoint::emulator(url).expect("an address"))
        .project("test-project")
        .region("us-central1")
        .request_timeout(Duration::from_secs(5))
        .answer_limits(AnswerLimits { object: LIMIT, list: LIMIT, failure: LIMIT })
        .build()
        .expect("valid settings")
}

fn wanted(value: &str) -> edit::Edit<Job> {
    edit::job().env("RELEASE", value)
}

impl JobGround {
    /// A ground with an emulator of its own.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start() -> Self {
        let delays = Delays::uniform(Duration::from_millis(300));
        let emulator = Emulator::builder().delays(delays).start().await.expect("a port on loopback");
        let proxy = Proxy::start(&emulator).await.expect("a port on loopback");
        let (plain, client) = (client(&emulator.url()), client(&proxy.url()));
        let api = Refusing::new(client.clone(), proxy.counter());
        let ground = Self { _emulator: emulator, plain, proxy, api, client, runs: AtomicU32::new(0) };
        ground.prepare(&ground.plain.job(BYSTANDER).expect("a name"), JobOperation::Deploy).await;
        ground
    }

    /// What comes before the operation; the execution that it is about, if it is about one.
    async fn prepare(&self, job: &JobRef, operation: JobOperation) -> Option<String> {
        if operation == JobOperation::Create {
            return None;
        }
        let ops = Ops::new(self.plain.clone());
        let image = if operation == JobOperation::Cancel { ENDLESS } else { QUICK };
        let object = wanted("first").image(image).build(job).expect("an edit");
        let written = ops.create(job, object).await.expect("a job");
        ops.wait_until_ready(&written, Deadline::after(SOON)).await.expect("a job that is ready");
        let started = ops.run_job(job, None).await.expect("an execution");
        match operation {
            JobOperation::Cancel => tokio::time::sleep(Duration::from_secs(5)).await,
            _ => {
                let run = ops.finish_run(&started, Deadline::after(SOON)).await;
                assert_eq!(run.outcome, Outcome::Succeeded);
            }
        }
        Some(started.reference().name.to_string())
    }

    async fn state(&self, job: &JobRef) -> State {
        let found = match self.plain.get(job).await {
            Ok(found) => Some(found),
            Err(error) if error.is_not_found() => None,
            Err(error) => panic!("{error}"),
        };
        let selector = format!("run.googleapis.com/job={}", job.name);
        let all = self.plain.list_executions(&job.location, &ListOptions::labelled(selector)).await;
        let all = all.expect("a list").items;
        let names = |executions: Vec<&Execution>| -> BTreeSet<String> {
            executions.into_iter().filter_map(|one| one.name().map(str::to_owned)).collect()
        };
        let cancelled = all.iter().filter(|one| Outcome::of(one) == Some(Outcome::Cancelled)).collect();
        let value = found.as_ref().and_then(|job| {
            let task =
                job.spec.as_ref()?.template.as_ref()?.spec.as_ref()?.template.as_ref()?.spec.as_ref()?;
            task.containers.first()?.env.first()?.value.clone()
        });
        State {
            uid: found.as_ref().and_then(|job| job.uid().map(str::to_owned)),
            generation: found.as_ref().and_then(Resource::generation),
            value,
            cancelled: names(cancelled),
            executions: names(all.iter().collect()),
        }
    }

    async fn operate(
        &self,
        job: &JobRef,
        execution: Option<&str>,
        operation: JobOperation,
    ) -> Result<(), Error> {
        let schedule = PollSchedule::between(Duration::from_millis(200), Duration::from_secs(5));
        let ops = Ops::new(self.api.clone()).poll_schedule(schedule);
        let deadline = Deadline::after(SOON);
        match operation {
            JobOperation::Create => {
                ops.create(job, wanted("first").image(QUICK).build(job)?).await?;
            }
            JobOperation::Deploy => {
                let written = ops.deploy_job(job, &wanted("second")).await?;
                ops.wait_until_ready(&written, deadline).await?;
            }
            JobOperation::Execute => {
                let overrides = Overrides::default().env("RELEASE", "once").tasks(2);
                ops.execute(job, Some(overrides), deadline).await?;
            }
            JobOperation::Cancel => {
                let execution = job.location.execution(execution.unwrap_or_default())?;
                ops.cancel(&execution, deadline).await?;
            }
            JobOperation::Delete => ops.delete(job, deadline).await?,
        }
        Ok(())
    }
}

/// Whether the state is exactly what the operation brings about, once and not twice.
fn is_right(operation: JobOperation, before: &State, after: &State, arrived: usize) -> bool {
    let made = after.executions.difference(&before.executions).count();
    let job_stays = (&before.uid, before.generation) == (&after.uid, after.generation);
    match operation {
        JobOperation::Create => after.generation == Some(1) && made == 0,
        JobOperation::Deploy => {
            let second = after.value.as_deref() == Some("second");
            second && after.uid == before.uid && after.generation == Some(2) && made == 0
        }
        JobOperation::Execute => job_stays && (1..=arrived).contains(&made),
        JobOperation::Cancel => job_stays && made == 0 && after.cancelled == after.executions,
        JobOperation::Delete => after.uid.is_none() && after.executions.is_empty(),
    }
}

/// How many requests the operation sends if nothing goes wrong.
///
/// # Panics
/// If it does not succeed, or leaves another state than the right one.
pub async fn job_requests(ground: &JobGround, operation: JobOperation) -> u32 {
    let ended = job_strike(ground, operation, None).await;
    assert_eq!(ended, Ok(Ending::Success), "{operation:?} without faults");
    ground.proxy.counter().load(Ordering::Relaxed)
}

/// Runs an operation, struck at one request by one fault, and says how it ended.
///
/// # Errors
/// If the ending does not fit what the server has then.
///
/// # Panics
/// If there are more executions than requests to run that arrived, whatever is said of it.
pub async fn job_strike(
    ground: &JobGround,
    operation: JobOperation,
    strike: Option<(u32, &'static str, Strike)>,
) -> Result<Ending, FalseClaim> {
    let run = ground.runs.fetch_add(1, Ordering::Relaxed);
    let job = ground.client.job(&format!("run-{run}")).expect("a name");
    ground.proxy.reset(matches!(strike, Some((_, _, Strike::Stale(_)))));
    let execution = ground.prepare(&job, operation).await;
    let before = ground.state(&job).await;
    ground
        .api
        .refuse(strike.iter().filter(|(.., strike)| matches!(strike, Strike::Refused)).map(|(at, ..)| *at));
    ground.proxy.arm(strike.iter().map(|(at, _, strike)| (*at, strike.clone())));
    let outcome = tokio::time::timeout(SOON * 2, ground.operate(&job, execution.as_deref(), operation)).await;
    let sent = ground.proxy.counter().load(Ordering::Relaxed);
    ground.proxy.settled().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    ground.proxy.reset(false);
    // For whoever counts the requests of a run without faults.
    ground.proxy.counter().store(sent, Ordering::Relaxed);
    let after = ground.state(&job).await;
    let about = || {
        format!("{operation:?}, {:?}", strike.as_ref().map(|(at, name, _)| format!("{name} at request {at}")))
    };
    // What the wire itself sends twice arrives twice.
    let arrived = if matches!(strike, Some((_, _, Strike::Twice { .. }))) { 2 } else { 1 };
    let made = after.executions.difference(&before.executions).count();
    assert!(
        made <= if operation == JobOperation::Execute { arrived } else { 0 },
        "{}: {made} executions",
        about()
    );

    let right = is_right(operation, &before, &after, arrived);
    let unchanged = before == after;
    let verdict = match &outcome {
        Err(_) => Err("nothing must hang"),
        Ok(Ok(())) if right => Ok(Ending::Success),
        Ok(Ok(())) => Err("the state is not what was asked for"),
        Ok(Err(error)) if error.is_outcome_unknown() && (right || unchanged) => Ok(Ending::Unknown),
        Ok(Err(error)) if error.is_failed() || error.is_cancelled() => {
            Err("nothing failed, and nobody cancelled it")
        }
        Ok(Err(error)) if error.written().is_some() && right => Ok(Ending::Partial),
        Ok(Err(error)) if error.written().is_some() && error.kind() == ErrorKind::Deadline => {
            Ok(Ending::Partial)
        }
        Ok(Err(_)) if unchanged => Ok(Ending::Unchanged),
        Ok(Err(_)) => Err("something was done"),
    };
    let said = match &outcome {
        Ok(Ok(())) => "success".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "nothing".to_owned(),
    };
    verdict.map_err(|wrong| FalseClaim(format!("{}: {said}. But {wrong}; there is {after:?}", about())))
}
