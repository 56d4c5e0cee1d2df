//! Showing the stages of a long command: a tree on a terminal, plain lines elsewhere.

mod live;
mod tree;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::live::Live;
use self::tree::{Mark, Tree};
use super::printer::Printer;

/// The stages of a command, shown on stderr. Clones show the same ones.
#[derive(Clone)]
pub(crate) struct Steps(Arc<Inner>);

struct Inner {
    printer: Printer,
    state: Mutex<State>,
}

struct State {
    tree: Tree,
    /// None where nobody watches.
    live: Option<Live>,
    start: Instant,
    timings: Vec<(&'static str, Duration)>,
}

/// How a condition stands that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    Fine,
    Failed,
}

impl Steps {
    /// With the names of its stages, as far as they are known; each can still be given another one when it starts.
    pub(crate) fn new(printer: Printer, stages: &[&'static str]) -> Self {
        let live = printer.is_terminal().then(Live::new);
        let (tree, start) = (Tree::new(stages), Instant::now());
        Self(Arc::new(Inner { printer, state: Mutex::new(State { tree, live, start, timings: Vec::new() }) }))
    }

    /// A write, and the wait for what it leads to unless only the write is asked for.
    pub(crate) fn of_write(printer: Printer, title: &'static str, is_alone: bool) -> Self {
        let stages = [title, "wait"];
        Self::new(printer, if is_alone { &stages[..1] } else { &stages })
    }

    /// Without stages: what happens is told as plain lines.
    pub(crate) fn none(printer: Printer) -> Self {
        Self::new(printer, &[])
    }

    /// Begins a stage.
    pub(crate) fn start(&self, name: &'static str, what: &str) {
        let mut state = self.state();
        state.start = Instant::now();
        let number = state.tree.start(name, what);
        if state.live.is_none() {
            self.0.printer.talk(format_args!("[{number}/{}] {name:<8} {what}", state.tree.len()));
        }
        state.draw();
    }

    /// Something that passes within the stage.
    pub(crate) fn detail(&self, text: &str) {
        self.within(text, |tree| tree.remark(text));
    }

    /// How a part of the stage stands that has a name.
    pub(crate) fn part(&self, name: &str, progress: Progress, text: &str) {
        let mark = match progress {
            Progress::UnderWay => Mark::Active,
            Progress::Fine => Mark::Done,
            Progress::Failed => Mark::Failed,
        };
        self.within(text, |tree| tree.part(name, mark, text));
    }

    /// Something that happened within the stage and stays to be read.
    pub(crate) fn keep(&self, text: &str) {
        self.within(text, |tree| tree.keep(text));
    }

    /// What is said between two stages, in a line of its own.
    pub(crate) fn say(&self, text: &str) {
        let state = self.state();
        let say = || self.0.printer.talk(format_args!("{text}"));
        match &state.live {
            Some(live) => live.above(say),
            None => say(),
        }
    }

    fn within(&self, text: &str, change: impl FnOnce(&mut Tree)) {
        let mut state = self.state();
        let printer = self.0.printer;
        let say = || printer.talk(format_args!("      {text}"));
        match &state.live {
            None => say(),
            Some(live) if !state.tree.is_active() => live.above(say),
            Some(_) => {
                change(&mut state.tree);
                state.draw();
            }
        }
    }

    /// Ends the stage well.
    pub(crate) fn done(&self, outcome: &str) {
        self.end(Mark::Done, outcome);
    }

    /// Ends the stage, if there is one, without success.
    pub(crate) fn abandon(&self, outcome: &str) {
        self.end(Mark::Failed, outcome);
    }

    /// Ends the stage, if there is one, while what it was about goes on.
    pub(crate) fn leave(&self, outcome: &str) {
        self.end(Mark::Left, outcome);
    }

    fn end(&self, mark: Mark, outcome: &str) {
        let mut state = self.state();
        let took = state.start.elapsed();
        let Some(name) = state.tree.end(mark, outcome, took) else { return };
        state.timings.push((name, took));
        if state.live.is_none() {
            self.0.printer.talk(format_args!("      {} {outcome} ({} ms)", mark.sign(), took.as_millis()));
        } else if state.tree.is_over() {
            state.settle(self.0.printer);
        }
        state.draw();
    }

    /// The stages that have ended, and how long each took.
    #[cfg(feature = "emulator")]
    pub(crate) fn timings(&self) -> Vec<(&'static str, Duration)> {
        self.state().timings.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn draw(&mut self) {
        if let Some(live) = self.live.as_mut() {
            live.show(&self.tree.lines());
        }
    }

    /// Leaves what the tree came to on the screen, as lines that nothing redraws.
    fn settle(&mut self, printer: Printer) {
        let Some(mut live) = self.live.take() else { return };
        live.clear();
        for line in self.tree.remains() {
            printer.talk(line);
        }
    }
}

/// A command may end without a word on its last stage.
impl Drop for Inner {
    fn drop(&mut self) {
        let printer = self.printer;
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).settle(printer);
    }
}
