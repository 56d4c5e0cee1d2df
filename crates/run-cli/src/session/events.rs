//! What operations tell while they run.

use std::sync::{Mutex, PoisonError};

use run_ops::{Event, Stage};

use crate::terminal::{Progress, Steps, plain};

/// Shows it within the current stage. Of looks that fail in the same way one after the other, it shows the first.
pub(crate) fn listener(steps: Steps) -> impl Fn(&Event) + Send + Sync + 'static {
    let failed = Mutex::new(None);
    move |event| {
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::PollFailed { error } => {
                let error = plain(error);
                if failed.as_ref() != Some(&error) {
                    steps.detail(&format!("looking again after: {error}"));
                    *failed = Some(error);
                }
            }
            // The end tells the whole error, so here its last part is enough, and once.
            Event::Retrying { error, next, .. } => {
                let error = plain(error);
                if failed.as_ref() != Some(&error) {
                    let why = error.rsplit(": ").next().unwrap_or_default();
                    steps.detail(&format!("trying again in {:.1} s: {why}", next.as_secs_f64()));
                    *failed = Some(error);
                }
            }
            event => {
                *failed = None;
                show(event, &steps);
            }
        }
    }
}

fn show(event: &Event, steps: &Steps) {
    match event {
        Event::StageStarted { stage, what } => steps.start(name(*stage), what),
        Event::StageDone { outcome, .. } => steps.done(outcome),
        Event::ConditionChanged { condition, status, reason, message } => {
            let words: Vec<&str> = [reason, message].into_iter().flatten().map(String::as_str).collect();
            let more =
                if words.is_empty() { String::new() } else { format!(" ({})", plain(&words.join(": "))) };
            let progress = match status.as_str() {
                "True" => Progress::Fine,
                "False" => Progress::Failed,
                _ => Progress::UnderWay,
            };
            steps.part(condition, progress, &format!("{condition} {status}{more}"));
        }
        Event::TasksChanged { tasks, .. } => steps.part("tasks", Progress::UnderWay, &tasks.to_string()),
        Event::TaskFailed { task, .. } => steps.keep(&plain(&task.to_string())),
        Event::RateLimited { next, .. } => {
            steps.detail(&format!("waiting {:.1} s for the quota of writes", next.as_secs_f64()));
        }
        Event::Unacknowledged { error, .. } => {
            let error = plain(error);
            steps.detail(&format!("the answer to the write was lost ({error}); looking what became of it"));
        }
        Event::OutcomeKnown { applied, .. } => {
            steps.detail(if *applied { "the write was applied" } else { "the write was not applied" });
        }
        Event::Conflict { attempt, .. } => {
            steps.detail(&format!("somebody else wrote at the same time; attempt {}", attempt + 1));
        }
        _ => {}
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Create => "create",
        Stage::Update => "update",
        Stage::Access => "access",
        _ => "wait",
    }
}
