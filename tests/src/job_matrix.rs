//! The fault matrix of jobs: creating, deploying, running, cancelling and deleting, struck at each request.
//!
//! As with services, what is said in success and in failure must be true of what the server has then; and there are never
//! more executions than requests to run that arrived.

mod state;
mod verdict;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use run_api::types::{Job, Overrides};
use run_api::{AnswerLimits, Client, Endpoint, JobRef, Resource};
use run_emulator::{Delays, Emulator};
use run_ops::{Deadline, Error, Ops, Outcome, OverridesEdit, PollSchedule, edit};

use crate::matrix::{Cell, Ending, FalseClaim, kinds, on_all_cores};
use crate::proxy::{BYSTANDER, Proxy, Strike};
use crate::refusing::Refusing;
use state::State;
use verdict::{Done, verdict};

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

    async fn operate(
        &self,
        job: &JobRef,
        execution: Option<&str>,
        operation: JobOperation,
    ) -> Result<Done, Error> {
        let schedule = PollSchedule::between(Duration::from_millis(200), Duration::from_secs(5));
        let ops = Ops::new(self.api.clone()).poll_schedule(schedule);
        let deadline = Deadline::after(SOON);
        Ok(match operation {
            JobOperation::Create => {
                let written = ops.create(job, wanted("first").image(QUICK).build(job)?).await?;
                Done::of(written.uid(), written.generation())
            }
            JobOperation::Deploy => {
                let written = ops.deploy_job(job, &wanted("second")).await?;
                ops.wait_until_ready(&written, deadline).await?;
                Done::of(written.uid(), written.generation())
            }
            JobOperation::Execute => {
                let overrides = Overrides::default().env("RELEASE", "once").tasks(2);
                let execution = ops.execute(job, Some(overrides), deadline).await?;
                Done::of(execution.uid().unwrap_or_default(), execution.generation().unwrap_or_default())
            }
            JobOperation::Cancel => {
                let execution = job.location.execution(execution.unwrap_or_default())?;
                let execution = ops.cancel(&execution, deadline).await?;
                Done::of(execution.uid().unwrap_or_default(), execution.generation().unwrap_or_default())
            }
            JobOperation::Delete => {
                ops.delete(job, deadline).await?;
                Done::of("", 0)
            }
        })
    }
}

/// Every operation, struck at every request by every kind of fault.
///
/// # Panics
/// If an operation does not succeed without faults.
#[must_use]
pub fn every_job_cell() -> Vec<Cell<JobOperation>> {
    let rows = on_all_cores(JOB_OPERATIONS.into(), async |operation| {
        let count = job_requests(&JobGround::start().await, operation).await;
        (0..count).map(|at| (operation, at)).collect::<Vec<_>>()
    });
    let cells = on_all_cores(rows.concat().into(), async |(operation, at)| {
        let ground = JobGround::start().await;
        let mut cells = Vec::new();
        for (kind, struck) in kinds() {
            let ending = job_strike(&ground, operation, Some((at, kind, struck))).await;
            cells.push(Cell { operation, at, kind, ending });
        }
        cells
    });
    let mut cells = cells.concat();
    cells.sort_by_key(|cell| (cell.operation, cell.at));
    cells
}

/// How many requests the operation sends if nothing goes wrong.
///
/// # Panics
/// If it does not succeed, or leaves another state than the right one.
async fn job_requests(ground: &JobGround, operation: JobOperation) -> u32 {
    let ended = job_strike(ground, operation, None).await;
    assert_eq!(ended, Ok(Ending::Success), "{operation:?} without faults");
    ground.proxy.counter().load(Ordering::Relaxed)
}

/// Runs an operation, struck at one request by one fault, and says how it ended.
///
/// # Errors
/// If the ending does not fit what the server has then, or there are more executions than requests to run that arrived,
/// whatever is said of it.
async fn job_strike(
    ground: &JobGround,
    operation: JobOperation,
    strike: Option<(u32, &'static str, Strike)>,
) -> Result<Ending, FalseClaim> {
    let run = ground.runs.fetch_add(1, Ordering::Relaxed);
    let job = ground.client.job(&format!("run-{run}")).expect("a name");
    ground.proxy.reset(matches!(strike, Some((_, _, Strike::Stale(_)))));
    let execution = ground.prepare(&job, operation).await;
    let before = State::of(&ground.plain, &job).await;
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
    let after = State::of(&ground.plain, &job).await;
    // What the wire itself sends twice arrives twice.
    let arrived = if matches!(strike, Some((_, _, Strike::Twice { .. }))) { 2 } else { 1 };
    let verdict = match &outcome {
        Err(_) => Err("nothing must hang"),
        Ok(outcome) => verdict(operation, outcome, (&before, &after), arrived),
    };
    let said = match &outcome {
        Ok(Ok(_)) => "success".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "nothing".to_owned(),
    };
    verdict.map_err(|wrong| {
        let fault = strike.as_ref().map(|(at, name, _)| format!("{name} at request {at}"));
        FalseClaim(format!("{operation:?}, {fault:?}: {said}. But {wrong}; there is {after:?}"))
    })
}
