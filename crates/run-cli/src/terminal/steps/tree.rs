//! What a terminal shows of a long command: all its stages, what is under way in them, and how each ended. Pure.

use std::fmt;
use std::time::Duration;

/// How a stage stands, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It has not begun.
    Pending,
    /// It is under way.
    Active,
    /// It ended well.
    Done,
    /// It failed.
    Failed,
    /// The command ended before it did; it goes on.
    Left,
    /// Nothing can be said: a remark.
    Remark,
}

impl Mark {
    /// The character before the line; none is drawn for what moves.
    pub(super) fn sign(self) -> char {
        match self {
            Self::Pending => '·',
            Self::Done => '✔',
            Self::Failed => '✘',
            Self::Active | Self::Left => '…',
            Self::Remark => ' ',
        }
    }
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Whether it belongs to the stage above it.
    pub(super) is_below: bool,
    pub(super) mark: Mark,
    pub(super) text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = if self.is_below { "  " } else { "" };
        write!(f, "{indent}{} {}", self.mark.sign(), self.text)
    }
}

/// The stages of a command, in their order.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    stages: Vec<Stage>,
}

#[derive(Clone, Debug)]
struct Stage {
    name: &'static str,
    mark: Mark,
    /// What it is about, and then what came of it.
    about: String,
    /// What is reported by name, such as conditions: the last word of each, in the order of their first.
    parts: Vec<(String, Mark, String)>,
    /// What stays to be read.
    kept: Vec<String>,
    /// The last word of what is passing.
    remark: Option<String>,
}

impl Stage {
    fn pending(name: &'static str) -> Self {
        let (about, parts, kept) = (String::new(), Vec::new(), Vec::new());
        Self { name, mark: Mark::Pending, about, parts, kept, remark: None }
    }

    fn lines(&self) -> Vec<Line> {
        let text = format!("{:<8} {}", self.name, self.about).trim_end().to_owned();
        let mut lines = vec![Line { is_below: false, mark: self.mark, text }];
        let mut below = |mark, text: &str| lines.push(Line { is_below: true, mark, text: text.to_owned() });
        // What came of it says the outcome, or the error.
        let is_active = self.mark == Mark::Active;
        for (_, mark, text) in self.parts.iter().filter(|_| is_active) {
            below(*mark, text);
        }
        for text in &self.kept {
            below(Mark::Remark, text);
        }
        if let Some(text) = self.remark.as_ref().filter(|_| is_active) {
            below(Mark::Remark, text);
        }
        lines
    }
}

impl Tree {
    /// With stages that have not begun.
    pub(super) fn new(names: &[&'static str]) -> Self {
        Self { stages: names.iter().map(|name| Stage::pending(name)).collect() }
    }

    /// The number of stages.
    pub(super) fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whether a stage is under way.
    pub(super) fn is_active(&self) -> bool {
        self.active().is_some()
    }

    /// Whether nothing is left to be shown as it happens.
    pub(super) fn is_over(&self) -> bool {
        let ended = |stage: &Stage| matches!(stage.mark, Mark::Done | Mark::Failed | Mark::Left);
        self.stages.iter().all(ended)
            || self.stages.iter().any(|stage| ended(stage) && stage.mark != Mark::Done)
    }

    /// Begins the next stage, under the name that it has by now, and returns its number, from 1. A stage that is under way
    /// begins again: what it tried first was not to be.
    pub(super) fn start(&mut self, name: &'static str, what: &str) -> usize {
        let next = |stage: &Stage| matches!(stage.mark, Mark::Active | Mark::Pending);
        let index = self.stages.iter().position(next).unwrap_or_else(|| {
            self.stages.push(Stage::pending(name));
            self.stages.len() - 1
        });
        let stage = &mut self.stages[index];
        (stage.name, stage.mark, stage.about) = (name, Mark::Active, what.to_owned());
        index + 1
    }

    /// How a part of the stage stands that has a name.
    pub(super) fn part(&mut self, name: &str, mark: Mark, text: &str) {
        let Some(stage) = self.active_mut() else { return };
        stage.remark = None;
        match stage.parts.iter_mut().find(|part| part.0 == name) {
            Some(part) => (part.1, part.2) = (mark, text.to_owned()),
            None => stage.parts.push((name.to_owned(), mark, text.to_owned())),
        }
    }

    /// Something that passes.
    pub(super) fn remark(&mut self, text: &str) {
        if let Some(stage) = self.active_mut() {
            stage.remark = Some(text.to_owned());
        }
    }

    /// Something that stays to be read.
    pub(super) fn keep(&mut self, text: &str) {
        if let Some(stage) = self.active_mut() {
            stage.kept.push(text.to_owned());
        }
    }

    /// Ends the stage that is under way, and returns its name.
    pub(super) fn end(&mut self, mark: Mark, outcome: &str, took: Duration) -> Option<&'static str> {
        let stage = self.active_mut()?;
        stage.mark = mark;
        stage.about = format!("{}: {outcome} ({} ms)", stage.about, took.as_millis());
        Some(stage.name)
    }

    /// All that there is to be seen.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.stages.iter().flat_map(Stage::lines).collect()
    }

    /// What stays on the screen when the command goes on to something else: the stages that have begun.
    pub(super) fn remains(&self) -> Vec<Line> {
        let begun = self.stages.iter().filter(|stage| stage.mark != Mark::Pending);
        begun.flat_map(Stage::lines).collect()
    }

    fn active(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.mark == Mark::Active)
    }

    fn active_mut(&mut self) -> Option<&mut Stage> {
        self.stages.iter_mut().find(|stage| stage.mark == Mark::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(7);

    fn text(lines: &[Line]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn waiting() -> Tree {
        let mut tree = Tree::new(&["deploy", "access", "wait"]);
        assert_eq!(tree.start("update", "service `app`"), 1);
        tree.end(Mark::Done, "generation 2", MOMENT);
        assert_eq!(tree.start("access", "let everybody invoke it"), 2);
        tree.end(Mark::Done, "done", MOMENT);
        assert_eq!(tree.start("wait", "until it is ready"), 3);
        tree
    }

    #[test]
    fn all_stages_are_seen_from_the_beginning() {
        let mut tree = Tree::new(&["deploy", "access", "wait"]);
        assert_eq!(text(&tree.lines()), "· deploy\n· access\n· wait\n");
        assert_eq!(text(&tree.remains()), "");
        tree.start("create", "service `app`");
        assert_eq!(text(&tree.lines()), "… create   service `app`\n· access\n· wait\n");
        tree.end(Mark::Done, "generation 1", MOMENT);
        tree.start("access", "let everybody invoke it");
        assert_eq!(
            text(&tree.lines()),
            "✔ create   service `app`: generation 1 (7 ms)\n… access   let everybody invoke it\n· wait\n"
        );
        assert!(!tree.is_over());
    }

    #[test]
    fn what_is_under_way_stands_below_its_stage_until_that_went_well() {
        let mut tree = waiting();
        tree.part("ConfigurationsReady", Mark::Active, "ConfigurationsReady Unknown");
        tree.part("RoutesReady", Mark::Active, "RoutesReady Unknown");
        tree.remark("looking again after: reset");
        let head = "✔ update   service `app`: generation 2 (7 ms)\n\
                    ✔ access   let everybody invoke it: done (7 ms)\n";
        assert_eq!(
            text(&tree.lines()),
            format!(
                "{head}… wait     until it is ready\n  … ConfigurationsReady Unknown\n  … RoutesReady Unknown\n    looking again after: reset\n"
            )
        );
        tree.part("ConfigurationsReady", Mark::Done, "ConfigurationsReady True");
        tree.keep("task 3 failed");
        assert_eq!(
            text(&tree.lines()),
            format!(
                "{head}… wait     until it is ready\n  ✔ ConfigurationsReady True\n  … RoutesReady Unknown\n    task 3 failed\n"
            ),
            "a word on a part ends what is passing"
        );
        tree.end(Mark::Done, "app-00002", MOMENT);
        assert_eq!(
            text(&tree.lines()),
            format!("{head}✔ wait     until it is ready: app-00002 (7 ms)\n    task 3 failed\n")
        );
        assert!(tree.is_over());
    }

    #[test]
    fn a_deadline_is_no_failure_and_a_failure_is() {
        for (mark, sign) in [(Mark::Left, '…'), (Mark::Failed, '✘')] {
            let mut tree = waiting();
            tree.part("Ready", Mark::Failed, "Ready False (it does not listen)");
            tree.part("RoutesReady", Mark::Active, "RoutesReady Unknown");
            tree.keep("task 3 failed");
            tree.end(mark, "ended", MOMENT);
            let lines = text(&tree.lines());
            let end = format!("\n{sign} wait     until it is ready: ended (7 ms)\n    task 3 failed\n");
            assert!(lines.ends_with(&end), "the error says why: {lines}");
            assert!(tree.is_over());
        }
    }

    #[test]
    fn a_failure_ends_the_tree_without_the_stages_that_never_began() {
        let mut tree = Tree::new(&["deploy", "wait"]);
        tree.start("create", "service `app`");
        tree.end(Mark::Failed, "failed", MOMENT);
        assert!(tree.is_over());
        assert_eq!(text(&tree.lines()), "✘ create   service `app`: failed (7 ms)\n· wait\n");
        assert_eq!(text(&tree.remains()), "✘ create   service `app`: failed (7 ms)\n");
    }

    #[test]
    fn a_stage_that_begins_again_keeps_its_place() {
        let mut tree = Tree::new(&["deploy", "wait"]);
        assert_eq!(tree.start("create", "service `app`"), 1);
        assert_eq!(tree.start("update", "service `app`"), 1, "somebody else was faster");
        assert_eq!(text(&tree.lines()), "… update   service `app`\n· wait\n");
        assert_eq!(tree.len(), 2);
    }

    #[test]
    fn what_nobody_planned_is_shown_all_the_same() {
        let mut tree = Tree::new(&[]);
        tree.remark("lost: no stage");
        tree.keep("lost");
        tree.part("Ready", Mark::Done, "Ready True");
        assert_eq!(tree.end(Mark::Done, "done", MOMENT), None);
        assert_eq!(text(&tree.lines()), "");
        assert_eq!(tree.start("wait", "until it is ready"), 1);
        assert_eq!(text(&tree.lines()), "… wait     until it is ready\n");
    }
}
