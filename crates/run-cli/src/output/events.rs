//! What operations tell while they run.

use run_ops::{Event, Stage};

use crate::steps::Steps;

/// Shows it within the current step.
pub(crate) fn listener(steps: Steps) -> impl Fn(&Event) + Send + Sync + 'static {
    move |event| match event {
        Event::StageStarted { stage, what } => steps.start(name(*stage), what),
        Event::StageDone { outcome, .. } => steps.done(outcome),
        Event::ConditionChanged { condition, status, reason, message } => {
            let words: Vec<&str> = [reason, message].into_iter().flatten().map(String::as_str).collect();
            let more = if words.is_empty() { String::new() } else { format!(" ({})", words.join(": ")) };
            steps.detail(&format!("{condition} {status}{more}"));
        }
        Event::LookFailed { error } => steps.detail(&format!("looking again after: {error}")),
        Event::Retrying { operation, error, next, .. } => {
            steps.detail(&format!("{operation} again in {:.1} s after: {error}", next.as_secs_f64()));
        }
        Event::HeldBack { operation, next } => {
            steps.detail(&format!("{operation} waits {:.1} s for the quota of writes", next.as_secs_f64()));
        }
        Event::Settling { operation, error } => {
            steps.detail(&format!("the answer to {operation} was lost ({error}); looking what became of it"));
        }
        Event::Settled { operation, applied } => {
            let outcome = if *applied { "was applied" } else { "was not applied" };
            steps.detail(&format!("{operation} {outcome}"));
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
