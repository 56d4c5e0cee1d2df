//! An attempt at a task whose images are programs on this machine.

use std::io;
use std::time::Duration;

use run_api::types::Task;

use crate::engine::Engine;
use crate::images::ImageBehaviour;
use crate::process::{Exit, Launch, MissingSecret, Process};
use crate::store::{EXECUTION_LABEL, JOB_LABEL, Key, index};
use crate::tasks::Attempt;

/// The processes of an attempt, in the order of its containers.
pub(super) struct Processes {
    running: Vec<Process>,
    grace: Duration,
}

/// What an attempt at a task starts: nothing if none of its images is a command.
pub(super) fn launches(
    engine: &Engine,
    execution: &Key,
    task: &Task,
    number: i32,
) -> Result<Vec<Launch>, MissingSecret> {
    let containers = task.spec.as_ref().map_or(&[][..], |spec| &spec.containers);
    let metadata = task.metadata.as_ref();
    let name = metadata.and_then(|metadata| metadata.name.clone()).unwrap_or_default();
    let label =
        |label: &str| metadata.and_then(|metadata| metadata.labels.get(label)).cloned().unwrap_or_default();
    let count = engine.with_store(|store| store.executions.get(execution).map_or(1, |one| one.task_count()));
    // (Documented.)
    let contract = [
        ("CLOUD_RUN_JOB", label(JOB_LABEL)),
        ("CLOUD_RUN_EXECUTION", label(EXECUTION_LABEL)),
        ("CLOUD_RUN_TASK_INDEX", index(task).to_string()),
        ("CLOUD_RUN_TASK_ATTEMPT", number.to_string()),
        ("CLOUD_RUN_TASK_COUNT", count.to_string()),
    ];
    let mut launches = Vec::new();
    for container in containers {
        let image = container.image.as_deref().unwrap_or_default();
        let ImageBehaviour::Command(command) = engine.config.images.behaviour(image) else { continue };
        let source = match container.name.as_deref() {
            Some(container) if containers.len() > 1 => format!("{name}/{container}"),
            _ => name.clone(),
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
pub(super) async fn run(engine: &Engine, launches: Vec<Launch>, timeout: Option<Duration>) -> Attempt {
    let started: io::Result<Vec<_>> = launches.into_iter().map(|one| engine.launcher.launch(one)).collect();
    let Ok(running) = started else { return Attempt::NotStarted };
    let processes = Processes { running, grace: engine.config.programs.stop_grace };
    let Some(first) = processes.running.first() else { return Attempt::NotStarted };
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

impl Processes {
    async fn stop(mut self) {
        let grace = self.grace;
        let ends = self.running.drain(..).map(|process| async move { process.stop(grace).await });
        futures::future::join_all(ends.collect::<Vec<_>>()).await;
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for process in self.running.drain(..) {
            process.stop_meanwhile(self.grace);
        }
    }
}
