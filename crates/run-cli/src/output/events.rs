//! What operations tell while they run.

use run_ops::Event;

use crate::steps::Steps;

/// Shows it within the current step.
pub(crate) fn listener(steps: Steps) -> impl Fn(&Event) + Send + Sync + 'static {
    move |event| match event {
        Event::ConditionChanged { condition, status, reason, message } => {
            let words: Vec<&str> = [reason, message].into_iter().flatten().map(String::as_str).collect();
            let more = if words.is_empty() { String::new() } else { format!(" ({})", words.join(": ")) };
            steps.detail(&format!("{condition} {status}{more}"));
        }
        Event::LookFailed { error } => steps.detail(&format!("looking again after: {error}")),
        Event::Conflict { attempt, .. } => {
            steps.detail(&format!("somebody else wrote at the same time; attempt {}", attempt + 1));
        }
        _ => {}
    }
}
