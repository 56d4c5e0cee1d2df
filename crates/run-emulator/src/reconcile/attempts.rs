//! The tasks of an execution: each is attempted, again if it fails, and so many at a time as the execution says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use run_api::Resource;
use run_api::known::labels;
use run_api::types::{Container, Task};

use super::outcome::{abandon_tasks, complete, recount};
use crate::conditions::Is;
use crate::engine::Engine;
use crate::images::ImageBehaviour;
use crate::process::{Batch, Exit, Launch, MissingSecret};
use crate::store::{Key, Store, Subject, index, task_key};
use crate::tasks::{self, Attempt, RunningState};

/// Runs the tasks of an execution that has started, until all have ended or another driver has taken over. Dropping
/// it ends the attempts.
pub(super) async fn run(engine: &Arc<Engine>, subject: &Subject, ticket: u64) {
    let execution = &subject.key;
    let Some(plan) = engine.with_store(|store| Plan::of(store, execution)) else { return };
    let plan = &plan;
    let mut running = BTreeSet::new();
    let mut attempts = FuturesUnordered::new();
    loop {
        let begun = engine.with_store(|store| {
            let current = engine.drivers.is_current(subject, ticket) && is_running(store, execution);
            current.then(|| begin(store, execution, &running))
        });
        let Some(begun) = begun else { return };
        engine.tell();
        for (index, number, task) in begun {
            running.insert(index);
            attempts.push(async move { (index, attempt(engine, plan, &task, number).await) });
        }
        let ended = attempts.next().await;
        let over = engine.work_on(subject, |store| {
            if !engine.drivers.is_current(subject, ticket) {
                return true;
            }
            match ended {
                Some((index, ended)) => {
                    running.remove(&index);
                    end(store, execution, index, ended, plan.retries);
                    false
                }
                None => {
                    abandon_tasks(store, execution);
                    complete(store, execution);
                    true
                }
            }
        });
        engine.tell();
        if over {
            return;
        }
    }
}

fn is_running(store: &Store, execution: &Key) -> bool {
    store.executions.get(execution).is_some_and(|record| record.has("Started", Is::True) && !record.is_over())
}

/// Begins the attempts that there is room for: the index of each task, the number of the attempt, and the task.
fn begin(store: &mut Store, execution: &Key, running: &BTreeSet<i32>) -> Vec<(i32, i32, Task)> {
    let keys = store.tasks_of(execution);
    let most = store.executions.get(execution).and_then(|record| record.object.spec.as_ref()?.parallelism);
    let most =
        most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0).unwrap_or(usize::MAX);
    let all = keys.iter().filter_map(|key| store.tasks.get(key));
    let start = tasks::to_start(all, most, |index| running.contains(&index));
    let now = store.clock.tick();
    let mut begun = Vec::new();
    for index in start {
        if let Some(task) = store.tasks.get_mut(&task_key(execution, index)) {
            let number = tasks::begin(task, now);
            begun.push((index, number, task.clone()));
        }
    }
    if !begun.is_empty() {
        recount(store, execution);
    }
    begun
}

fn end(store: &mut Store, execution: &Key, index: i32, ended: Attempt, retries: i32) {
    let now = store.clock.tick();
    if let Some(task) = store.tasks.get_mut(&task_key(execution, index))
        && tasks::state(task) == RunningState::Running
    {
        tasks::end(task, ended, retries, now);
    }
    recount(store, execution);
}

/// What each task of an execution runs.
struct Plan {
    /// The containers, each with the reference that its image was deployed by.
    containers: Vec<(Container, String)>,
    timeout: Option<Duration>,
    retries: i32,
    tasks: i32,
}

impl Plan {
    fn of(store: &Store, execution: &Key) -> Option<Self> {
        let record = store.executions.get(execution)?;
        let task = record.task()?;
        let containers = task.containers.iter().map(|container| {
            let image = container.image.as_deref().unwrap_or_default();
            (container.clone(), store.reference(image).to_owned())
        });
        Some(Self {
            containers: containers.collect(),
            timeout: task
                .timeout_seconds
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs),
            retries: task.max_retries.unwrap_or(3),
            tasks: record.task_count(),
        })
    }
}

/// One attempt at a task. An image that serves requests is one that ends well as a task.
async fn attempt(engine: &Engine, plan: &Plan, task: &Task, number: i32) -> Attempt {
    if number > 0 {
        tokio::time::sleep(engine.config.delays().retry).await;
    }
    let timeout = plan.timeout;
    match launches_of(engine, plan, task, number) {
        Ok(launches) if launches.is_empty() => {}
        Ok(launches) => return run_launches(engine, launches, timeout).await,
        Err(_) => return Attempt::NotStarted,
    }
    let images = plan.containers.iter().map(|(_, image)| image);
    let code =
        images.map(|image| engine.config.images.behaviour(image)).find_map(|behaviour| match behaviour {
            ImageBehaviour::Exits { code } => Some(Some(*code)),
            ImageBehaviour::FailsAtFirst { attempts, code } => {
                u32::try_from(number).is_ok_and(|number| number < *attempts).then_some(Some(*code))
            }
            // Nothing that it waits for ever comes.
            ImageBehaviour::NeverListens => Some(None),
            _ => None,
        });
    let takes = match code {
        Some(None) => None,
        _ => Some(engine.config.delays().task),
    };
    match (takes, timeout) {
        (Some(takes), timeout) if timeout.is_none_or(|timeout| takes <= timeout) => {
            tokio::time::sleep(takes).await;
            Attempt::Exited { code: code.flatten().unwrap_or(0) }
        }
        (_, Some(timeout)) => {
            tokio::time::sleep(timeout).await;
            Attempt::TimedOut
        }
        (_, None) => std::future::pending().await,
    }
}

/// What an attempt at a task starts: nothing if none of its images is a command.
fn launches_of(engine: &Engine, plan: &Plan, task: &Task, number: i32) -> Result<Vec<Launch>, MissingSecret> {
    let name = task.name().unwrap_or_default();
    let label = |label: &str| task.label(label).unwrap_or_default().to_owned();
    // (Documented.)
    let contract = [
        ("CLOUD_RUN_JOB", label(labels::JOB)),
        ("CLOUD_RUN_EXECUTION", label(labels::EXECUTION)),
        ("CLOUD_RUN_TASK_INDEX", index(task).to_string()),
        ("CLOUD_RUN_TASK_ATTEMPT", number.to_string()),
        ("CLOUD_RUN_TASK_COUNT", plan.tasks.to_string()),
    ];
    let mut launches = Vec::new();
    for (container, image) in &plan.containers {
        let ImageBehaviour::Command(command) = engine.config.images.behaviour(image) else { continue };
        let source = match container.name.as_deref() {
            Some(container) if plan.containers.len() > 1 => format!("{name}/{container}"),
            _ => name.to_owned(),
        };
        let mut launch = Launch::of(source, container, command, &engine.config.programs.secrets)?;
        launch.env.extend(contract.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        launches.push(launch);
    }
    Ok(launches)
}

/// Starts an attempt and waits for its end, or for as long as it may take. Dropping this asks the processes to end.
///
/// The end of the first container is that of the attempt. (Inferred.)
async fn run_launches(engine: &Engine, launches: Vec<Launch>, timeout: Option<Duration>) -> Attempt {
    let mut processes = Batch::new(engine.config.programs.stop_grace);
    for launch in launches {
        match engine.launcher().launch(launch) {
            Ok(process) => processes.push(process),
            Err(_) => return Attempt::NotStarted,
        }
    }
    let Some(first) = processes.first() else { return Attempt::NotStarted };
    let exit = match timeout {
        Some(timeout) => tokio::time::timeout(timeout, first.exit()).await.ok(),
        None => Some(first.exit().await),
    };
    let attempt = match exit {
        Some(Exit::Code(code)) => Attempt::Exited { code },
        Some(Exit::Signal(signal)) => Attempt::Killed { signal },
        None => Attempt::TimedOut,
    };
    processes.stop().await;
    attempt
}
