//! An attempt at a task whose images are programs on this machine.

use std::time::Duration;

use run_api::types::Task;

use crate::engine::Engine;
use crate::images::ImageBehaviour;
use crate::process::{Batch, Exit, Launch, MissingSecret};
use crate::store::{EXECUTION_LABEL, JOB_LABEL, Key, index};
use crate::tasks::Attempt;

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
