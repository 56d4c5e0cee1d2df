//! Showing the steps of a long command: a spinner on a terminal, plain lines elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::printer::Printer;

/// The steps of a command, shown one after the other on stderr. Clones show the same steps.
#[derive(Clone)]
pub(crate) struct Steps(Arc<Inner>);

struct Inner {
    printer: Printer,
    total: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    number: usize,
    current: Option<Step>,
    timings: Vec<(&'static str, Duration)>,
}

struct Step {
    name: &'static str,
    start: Instant,
    spinner: Option<ProgressBar>,
}

impl Steps {
    pub(crate) fn new(printer: Printer, total: usize) -> Self {
        Self(Arc::new(Inner { printer, total, state: Mutex::default() }))
    }

    /// Begins a step.
    pub(crate) fn start(&self, name: &'static str, what: &str) {
        let mut state = self.state();
        state.number += 1;
        let head = format!("[{}/{}] {name:<8} {what}", state.number, self.0.total);
        let spinner = self.0.printer.is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} {spinner} {wide_msg:.dim}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let spinner = ProgressBar::new_spinner().with_style(style).with_prefix(head.clone());
            spinner.enable_steady_tick(Duration::from_millis(80));
            spinner
        });
        if spinner.is_none() {
            self.0.printer.talk(head);
        }
        state.current = Some(Step { name, start: Instant::now(), spinner });
    }

    /// Something that happens within the step.
    pub(crate) fn detail(&self, text: &str) {
        match self.state().current.as_ref().and_then(|step| step.spinner.as_ref()) {
            Some(spinner) => spinner.set_message(text.to_owned()),
            None => self.0.printer.talk(format_args!("      {text}")),
        }
    }

    /// Something that happened within the step and stays to be read.
    pub(crate) fn keep(&self, text: &str) {
        match self.state().current.as_ref().and_then(|step| step.spinner.as_ref()) {
            Some(spinner) => spinner.suspend(|| self.0.printer.talk(format_args!("      {text}"))),
            None => self.0.printer.talk(format_args!("      {text}")),
        }
    }

    /// Ends the step well.
    pub(crate) fn done(&self, outcome: &str) {
        self.end("✔", outcome);
    }

    /// Ends the step, if there is one, without success.
    pub(crate) fn abandon(&self, outcome: &str) {
        if self.state().current.is_some() {
            self.end("✘", outcome);
        }
    }

    /// Ends the step, if there is one, while what it was about goes on.
    pub(crate) fn leave(&self, outcome: &str) {
        if self.state().current.is_some() {
            self.end("…", outcome);
        }
    }

    fn end(&self, mark: &str, outcome: &str) {
        let mut state = self.state();
        let Some(step) = state.current.take() else { return };
        let took = step.start.elapsed();
        state.timings.push((step.name, took));
        let line = format!("{mark} {outcome} ({} ms)", took.as_millis());
        match step.spinner {
            Some(spinner) => {
                let head = spinner.prefix();
                spinner.finish_and_clear();
                self.0.printer.talk(format_args!("{head}: {line}"));
            }
            None => self.0.printer.talk(format_args!("      {line}")),
        }
    }

    /// The steps that have ended, and how long each took.
    #[cfg(feature = "emulator")]
    pub(crate) fn timings(&self) -> Vec<(&'static str, Duration)> {
        self.state().timings.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
