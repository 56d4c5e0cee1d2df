//! Jobs, executions and tasks for people, after gcloud's layout, and the result of a run for programs.

use std::fmt::Write;

use run_api::Resource;
use run_api::known::{annotations, labels};
use run_api::types::{Condition, ExecutionSpec, Job, ObjectMeta, Task, TaskSpec};
use run_ops::{FailedTask, Outcome, Run};
use serde_json::{Value, json};

use super::describe::{annotation, containers, region, symbol as condition_symbol, time};
use super::show::value_of;
use crate::terminal::{Failure, hints};

/// The symbol of the condition that says how it is, or how it ended.
pub(crate) fn symbol<K: Resource>(object: &K) -> &'static str {
    condition_symbol(object.terminal_condition())
}

/// The index of a task. (The API leaves a zero out.)
pub(crate) fn index(task: &Task) -> i32 {
    task.status.as_ref().and_then(|status| status.index).unwrap_or(0)
}

/// A job.
pub(crate) fn job(job: &Job) -> String {
    let mut text = header(job, "Job");
    let status = job.status.as_ref();
    let _ =
        writeln!(text, "{}", plural(status.and_then(|status| status.execution_count), "Executed {} time"));
    if let Some(latest) = status.and_then(|status| status.latest_created_execution.as_ref()) {
        let how = match Outcome::of_latest(job) {
            Some(Outcome::Succeeded) => "succeeded",
            Some(Outcome::Failed { .. }) => "failed",
            Some(Outcome::Cancelled) => "was cancelled",
            _ => "goes on",
        };
        let (at, name) = (time(latest.creation_timestamp.as_deref()), latest.name.as_deref());
        let _ = writeln!(text, "Last executed {at} with execution {}, which {how}", name.unwrap_or_default());
    }
    let by = job.annotation(annotations::RUN_LAST_MODIFIER).unwrap_or("an unknown caller");
    let _ = writeln!(text, "Last changed by {by}\n");
    let template = job.spec.as_ref().and_then(|spec| spec.template.as_ref());
    if let Some(spec) = template.and_then(|template| template.spec.as_ref()) {
        text.push_str(&execution_spec(spec, template.and_then(|template| template.metadata.as_ref())));
    }
    with_message(text, job)
}

/// An execution, with the tasks that failed.
pub(crate) fn execution(run: &Run) -> String {
    let execution = &run.execution;
    let mut text = header(execution, "Execution");
    let _ = writeln!(text, "Tasks:   {}", run.tasks);
    let status = execution.status.as_ref();
    for (name, at) in [
        ("Started", status.and_then(|status| status.start_time.as_deref())),
        ("Ended", status.and_then(|status| status.completion_time.as_deref())),
    ] {
        if at.is_some() {
            let _ = writeln!(text, "{:<9}{}", format!("{name}:"), time(at));
        }
    }
    if let Some(url) = &run.log_url {
        let _ = writeln!(text, "Logs:    {url}");
    }
    for task in &run.failed_tasks {
        let _ = writeln!(text, "X {task}");
    }
    text.push('\n');
    if let Some(spec) = &execution.spec {
        text.push_str(&execution_spec(spec, execution.metadata.as_ref()));
    }
    with_message(text, execution)
}

/// A task.
pub(crate) fn task(task: &Task) -> String {
    let mut text = header(task, "Task");
    let status = task.status.clone().unwrap_or_default();
    let _ = writeln!(text, "Index:         {}", index(task));
    let _ = writeln!(text, "State:         {}", task.label(labels::RUNNING_STATE).unwrap_or_default());
    let _ = writeln!(text, "Retries:       {}", status.retried.unwrap_or(0));
    if let Some(result) = &status.last_attempt_result {
        let code = match (result.exit_code, result.term_signal) {
            (None, Some(signal)) => format!("ended by signal {signal}"),
            (code, _) => format!("exit code {}", code.unwrap_or(0)),
        };
        let message = result.status.as_ref().and_then(|status| status.message.clone());
        let message = message.map(|message| format!(": {message}")).unwrap_or_default();
        let _ = writeln!(text, "Last attempt:  {code}{message}");
    }
    if let Some(url) = &status.log_uri {
        let _ = writeln!(text, "Logs:          {url}");
    }
    if let Some(spec) = &task.spec {
        text.push_str(&task_spec(spec));
    }
    with_message(text, task)
}

fn header<K: Resource>(object: &K, kind: &str) -> String {
    let (name, region) = (object.name().unwrap_or_default(), region(object.metadata()));
    let mut text = format!("{} {kind} {name} in region {region}\n", symbol(object));
    if let Some(job) = object.label(labels::JOB) {
        let _ = writeln!(text, "of job {job}");
    }
    text.push('\n');
    text
}

fn with_message<K: Resource>(mut text: String, object: &K) -> String {
    let message = |condition: &Condition| condition.message.clone().filter(|message| !message.is_empty());
    if let Some(message) = object.terminal_condition().and_then(message) {
        let _ = write!(text, "\n{} {message}", symbol(object));
    }
    text.trim_end().to_owned()
}

fn plural(count: Option<i32>, words: &str) -> String {
    let count = count.unwrap_or(0);
    let text = words.replace("{}", &count.to_string());
    if count == 1 { text } else { format!("{text}s") }
}

fn execution_spec(spec: &ExecutionSpec, metadata: Option<&ObjectMeta>) -> String {
    let mut text = String::new();
    let parallelism = spec.parallelism.filter(|count| *count > 0);
    let parallelism = parallelism.map_or_else(|| "No limit".to_owned(), |count| count.to_string());
    let _ = writeln!(text, "  Tasks:           {}", spec.task_count.unwrap_or(1));
    let _ = writeln!(text, "  Parallelism:     {parallelism}");
    if let Some(task) = spec.template.as_ref().and_then(|template| template.spec.as_ref()) {
        text.push_str(&task_spec(task));
    }
    for (name, key) in [
        ("SQL connections", annotations::CLOUDSQL_INSTANCES),
        ("VPC connector", annotations::VPC_ACCESS_CONNECTOR),
        ("VPC network", annotations::NETWORK_INTERFACES),
    ] {
        if let Some(value) = annotation(metadata, key) {
            let _ = writeln!(text, "  {:<16} {value}", format!("{name}:"));
        }
    }
    text
}

fn task_spec(task: &TaskSpec) -> String {
    let mut text = String::new();
    for (name, value) in [
        ("Task timeout", task.timeout_seconds.as_ref().map(|seconds| format!("{seconds}s"))),
        ("Max retries", task.max_retries.map(|count| count.to_string())),
        ("Service account", task.service_account_name.clone()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "  {:<16} {value}", format!("{name}:"));
        }
    }
    text.push_str(&containers(&task.containers, &task.volumes));
    text
}

/// Why an execution failed: the tasks, the first ten of them, or the server's message.
pub(crate) fn reasons(run: &Run) -> Vec<String> {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> = run.failed_tasks.iter().take(SHOWN).map(FailedTask::to_string).collect();
    if run.failed_tasks.len() > SHOWN {
        lines.push(format!("and {} more failed tasks", run.failed_tasks.len() - SHOWN));
    }
    if let Outcome::Failed { reason, message } = &run.outcome {
        if lines.is_empty() && !message.is_empty() {
            lines.push(message.clone());
        }
        if let Some(diagnosis) = run.diagnosis().filter(|diagnosis| diagnosis.cause.code() != "unknown") {
            lines.push(format!("cause: {} [{}]", diagnosis.cause, diagnosis.cause.code()));
        } else if let Some(reason) = reason {
            lines.push(format!("reason: {reason}"));
        }
    }
    lines
}

/// What to do about a failed execution.
pub(crate) fn advice(run: &Run) -> Vec<String> {
    let name = run.name();
    let job = run.execution.label(labels::JOB).unwrap_or("JOB");
    let mut advice = match run.diagnosis() {
        Some(diagnosis) => hints(&diagnosis.remedies, Some(&run.reference.id())),
        None => Vec::new(),
    };
    advice.push(match run.failed_tasks.as_slice() {
        [] => format!("`runctl jobs executions describe {name}` shows what it was to run"),
        _ => format!(
            "`runctl jobs executions tasks list --execution {name} --failed` lists the tasks that failed"
        ),
    });
    advice.push(format!(
        "mend it with `runctl jobs update {job}`, then run it with `runctl jobs execute {job} --wait`"
    ));
    advice
}

/// The execution as the API has it, with what came of it under `result`.
pub(crate) fn with_result(run: &Run, exit_code: u8) -> Result<Value, Failure> {
    let mut object = value_of(&run.execution)?;
    let failed: Vec<Value> = run.failed_tasks.iter().map(failed_task).collect();
    let (reason, message) = match &run.outcome {
        Outcome::Failed { reason, message } => (reason.clone(), Some(message.clone())),
        Outcome::Succeeded | Outcome::Cancelled | Outcome::Running => (None, None),
        _ => (None, run.why()),
    };
    let tasks = run.tasks;
    let mut result = json!({
        "apiVersion": "runctl/v1", "kind": "Run", "execution": run.name(), "outcome": word(&run.outcome), "exitCode": exit_code,
        "tasks": {
            "total": tasks.total, "running": tasks.running, "succeeded": tasks.succeeded,
            "failed": tasks.failed, "cancelled": tasks.cancelled, "retried": tasks.retried,
        },
        "failedTasks": failed,
    });
    for (key, value) in [("reason", reason), ("message", message), ("logUrl", run.log_url.clone())] {
        if let Some(value) = value {
            result[key] = value.into();
        }
    }
    object["result"] = result;
    Ok(object)
}

/// The word for how a run ended, for programs.
pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed { .. } => "failed",
        Outcome::Cancelled => "cancelled",
        Outcome::Running => "running",
        _ => "unknown",
    }
}

fn failed_task(task: &FailedTask) -> Value {
    json!({
        "index": task.index, "name": task.name, "attempts": task.attempts, "exitCode": task.exit_code,
        "signal": task.signal, "reason": task.reason, "message": task.message, "logUrl": task.log_url,
    })
}
