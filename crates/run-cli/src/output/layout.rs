//! Labels and values below each other, with the values in one column, as gcloud lays out what it describes.

/// Lines with labels; what is nested stands further to the right.
#[derive(Debug, Default)]
pub(crate) struct Layout(Vec<Line>);

#[derive(Debug)]
struct Line {
    indent: usize,
    text: String,
    value: Option<String>,
}

/// The widest label that the column of values gives way to.
const WIDEST: usize = 20;

impl Layout {
    /// A line of its own.
    pub(crate) fn text(&mut self, indent: usize, text: impl Into<String>) {
        self.0.push(Line { indent, text: text.into(), value: None });
    }

    /// A label and its value, unless there is none or it is empty.
    pub(crate) fn value(&mut self, indent: usize, label: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value.map(Into::into).filter(|value: &String| !value.is_empty()) {
            self.0.push(Line { indent, text: format!("{label}:"), value: Some(value) });
        }
    }

    /// A name and its value, which may be empty.
    pub(crate) fn entry(&mut self, indent: usize, name: impl Into<String>, value: impl Into<String>) {
        self.0.push(Line { indent, text: name.into(), value: Some(value.into()) });
    }

    /// A heading, and what is below it if there is anything.
    pub(crate) fn section(&mut self, indent: usize, heading: &str, below: Self) {
        if !below.0.is_empty() {
            self.text(indent, format!("{heading}:"));
            self.0.extend(below.0);
        }
    }

    /// The lines, each with an end, with the values where the widest label lets them stand.
    pub(crate) fn render(&self) -> String {
        let width = |line: &Line| line.indent + line.text.chars().count();
        let labels = self.0.iter().filter(|line| line.value.is_some()).map(width);
        self.render_at(labels.max().unwrap_or(0).min(WIDEST) + 1)
    }

    /// The same with the values where they stand at most.
    pub(crate) fn render_wide(&self) -> String {
        self.render_at(WIDEST + 1)
    }

    fn render_at(&self, column: usize) -> String {
        let mut text = String::new();
        for line in &self.0 {
            let mut written = format!("{:indent$}{}", "", line.text, indent = line.indent);
            if let Some(value) = &line.value {
                // A label that is wider than the column pushes its own value only.
                let missing = column.saturating_sub(written.chars().count()).max(1);
                written.extend(std::iter::repeat_n(' ', missing));
                written.push_str(value);
            }
            text.push_str(written.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_a_column() {
        let mut layout = Layout::default();
        layout.value(0, "URL", Some("u"));
        layout.value(0, "Ingress", Some("all"));
        layout.value(0, "Nothing", Some(""));
        layout.value(0, "None", None::<String>);
        let mut below = Layout::default();
        below.entry(2, "A", "1");
        below.entry(2, "EMPTY", "");
        layout.section(0, "Env vars", below);
        layout.section(0, "Empty", Layout::default());
        assert_eq!(layout.render(), "URL:     u\nIngress: all\nEnv vars:\n  A      1\n  EMPTY\n");
        layout.value(4, "Failure threshold (long)", Some("3"));
        assert!(layout.render().starts_with("URL:                 u\n"), "{}", layout.render());
        assert!(layout.render().ends_with("    Failure threshold (long): 3\n"));
    }
}
