//! The tree on a terminal, redrawn in place.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::tree::{Line, Mark};

/// As many bars as the tree has lines; what is under way has a spinner, and a stage its time.
pub(super) struct Live {
    all: MultiProgress,
    bars: Vec<(ProgressBar, Option<Line>)>,
}

impl Live {
    pub(super) fn new() -> Self {
        Self { all: MultiProgress::new(), bars: Vec::new() }
    }

    /// Shows these lines in place of those before; what has not changed is left alone, so that its time goes on.
    pub(super) fn show(&mut self, lines: &[Line]) {
        for (bar, _) in self.bars.drain(lines.len().min(self.bars.len())..) {
            self.all.remove(&bar);
        }
        for (index, line) in lines.iter().enumerate() {
            if index == self.bars.len() {
                self.bars.push((self.all.add(ProgressBar::new_spinner()), None));
            }
            let (bar, shown) = &mut self.bars[index];
            if shown.as_ref() == Some(line) {
                continue;
            }
            let is_same = shown.as_ref().is_some_and(|shown| head(shown) == head(line));
            if !is_same {
                bar.reset_elapsed();
                bar.set_style(style(line));
                match line.mark {
                    Mark::Active => bar.enable_steady_tick(Duration::from_millis(80)),
                    _ => bar.disable_steady_tick(),
                }
            }
            bar.set_message(line.text.clone());
            bar.tick();
            *shown = Some(line.clone());
        }
    }

    /// Lets something else write above the tree.
    pub(super) fn above(&self, write: impl FnOnce()) {
        self.all.suspend(write);
    }

    /// Takes everything off the screen.
    pub(super) fn clear(&mut self) {
        self.show(&[]);
        let _ = self.all.clear();
    }
}

/// What decides how a line is drawn.
fn head(line: &Line) -> (bool, Mark) {
    (line.is_below, line.mark)
}

fn style(line: &Line) -> ProgressStyle {
    let indent = if line.is_below { "  " } else { "" };
    let template = match (line.mark, line.is_below) {
        (Mark::Active, false) => "{spinner} {wide_msg} {elapsed:.dim}".to_owned(),
        (Mark::Active, true) => format!("{indent}{{spinner}} {{wide_msg}}"),
        (mark @ (Mark::Pending | Mark::Remark), _) => format!("{indent}{} {{wide_msg:.dim}}", mark.sign()),
        (mark, _) => format!("{indent}{} {{wide_msg}}", mark.sign()),
    };
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
