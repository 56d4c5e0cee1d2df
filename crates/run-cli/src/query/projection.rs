//! Projections: the columns of a table, the fields of a line.

use serde_json::Value;

use super::key::{Key, Record};
use super::lexer::{InvalidQuery, Lexer};
use super::transform::Transform;

/// On which side of a column its cells stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Align {
    #[default]
    Left,
    Center,
    Right,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    key: Key,
    transforms: Vec<Transform>,
    label: Option<String>,
    /// Its rank among the columns by which rows are sorted, from 1.
    pub(crate) sort: Option<u32>,
    pub(crate) reverse: bool,
    pub(crate) align: Align,
}

/// Some columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Projection {
    pub(crate) columns: Vec<Column>,
}

impl Projection {
    /// Reads what stands between `(` and `)`.
    pub(super) fn read(lexer: &mut Lexer<'_>) -> Result<Self, InvalidQuery> {
        lexer.expect("(")?;
        let mut columns = Vec::new();
        loop {
            lexer.skip_space();
            if lexer.eat(")") {
                return Ok(Self { columns });
            }
            columns.push(Column::read(lexer)?);
            lexer.skip_space();
            if !lexer.eat(",") && !lexer.rest().starts_with(')') {
                return Err(lexer.error("`,` or `)` is expected"));
            }
        }
    }

    /// The headings; a name that stands there twice gets the one above it in front.
    pub(crate) fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for column in &self.columns {
            let label = column.label.clone().unwrap_or_else(|| {
                let mut label = String::new();
                for name in column.key.names() {
                    let name = snake(name);
                    label = if label.is_empty() { name } else { format!("{name}_{label}") };
                    if !labels.contains(&label) {
                        break;
                    }
                }
                label
            });
            labels.push(label);
        }
        labels
    }

    /// The parts of an object that the columns name, with all that is around them on the way.
    pub(crate) fn cut_out(&self, record: &Record<'_>) -> Value {
        let mut cut = Value::Object(serde_json::Map::new());
        for (column, label) in self.columns.iter().zip(self.labels()) {
            if column.transforms.is_empty() {
                column.key.copy(record.object, &mut cut);
            } else if let Value::Object(fields) = &mut cut {
                let name = column.key.names().next().map_or(label, str::to_owned);
                fields.insert(name, column.value(record));
            }
        }
        cut
    }
}

impl Column {
    fn read(lexer: &mut Lexer<'_>) -> Result<Self, InvalidQuery> {
        let mut column = Self::default();
        let (key, mut function) = Key::read(lexer)?;
        column.key = key;
        while let Some(name) = function.take() {
            column.transforms.push(Transform::read(&name, lexer)?);
            if lexer.eat(".") {
                let (deeper, next) = Key::read(lexer)?;
                if !deeper.is_empty() {
                    return Err(lexer.error("a function is expected"));
                }
                function = next;
            }
        }
        while lexer.eat(":") {
            column.attribute(lexer)?;
        }
        Ok(column)
    }

    fn attribute(&mut self, lexer: &mut Lexer<'_>) -> Result<(), InvalidQuery> {
        let name = lexer.name()?.ok_or_else(|| lexer.error("an attribute is expected"))?;
        let value = if lexer.eat("=") {
            match lexer.quoted()? {
                Some(text) => Some(text),
                None => Some(lexer.take_until(|character| ",:)".contains(character)).trim().to_owned()),
            }
        } else {
            None
        };
        match (name.as_str(), value.as_deref()) {
            ("label" | "alias", Some(label)) => self.label = Some(label.to_owned()),
            ("sort", Some(rank)) => {
                self.sort = Some(rank.parse().map_err(|_| lexer.error("`sort` needs a number"))?);
            }
            ("reverse", _) => self.reverse = true,
            ("align", Some("left")) => self.align = Align::Left,
            ("align", Some("center")) => self.align = Align::Center,
            ("align", Some("right")) => self.align = Align::Right,
            // What these say about the width of a terminal and about other commands of gcloud changes nothing here.
            ("wrap" | "optional" | "width" | "min" | "max", _) => {}
            _ => return Err(lexer.error(&format!("there is no attribute `{name}` of this form"))),
        }
        Ok(())
    }

    /// The value of the column.
    pub(crate) fn value(&self, record: &Record<'_>) -> Value {
        let start = if self.key.is_empty() { record.object.clone() } else { self.key.value(record) };
        let mut depth = 0;
        let mut value = start;
        for transform in &self.transforms {
            let here = std::mem::replace(&mut depth, transform.map_depth());
            value = mapped(value, here, &|item| transform.apply(item, record));
        }
        value
    }
}

/// Reads a key and functions on it, as the left side of a filter's term.
pub(super) fn operand(lexer: &mut Lexer<'_>) -> Result<Column, InvalidQuery> {
    let mut column = Column::default();
    let (key, mut function) = Key::read(lexer)?;
    column.key = key;
    while let Some(name) = function.take() {
        column.transforms.push(Transform::read(&name, lexer)?);
        if lexer.eat(".") {
            function = Key::read(lexer)?.1;
        }
    }
    Ok(column)
}

fn mapped(value: Value, depth: usize, apply: &dyn Fn(Value) -> Value) -> Value {
    match value {
        Value::Array(items) if depth > 0 => {
            items.into_iter().map(|item| mapped(item, depth - 1, apply)).collect()
        }
        value => apply(value),
    }
}

/// `latestReadyRevisionName` becomes `LATEST_READY_REVISION_NAME`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    let mut last = None;
    for character in name.chars() {
        if character.is_uppercase() && last.is_some_and(|last: char| last.is_lowercase() || last.is_numeric())
        {
            text.push('_');
        }
        text.extend(character.to_uppercase());
        last = Some(character);
    }
    text.replace(['-', '.', '/'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Projection, InvalidQuery> {
        Projection::read(&mut Lexer::new(text))
    }

    #[test]
    fn labels() {
        let labels = |text| read(text).unwrap().labels().join("|");
        assert_eq!(
            labels("(metadata.name, status.latestReadyRevisionName)"),
            "NAME|LATEST_READY_REVISION_NAME"
        );
        assert_eq!(labels("(metadata.name, spec.template.metadata.name)"), "NAME|METADATA_NAME");
        assert_eq!(labels("(metadata.name:label=SERVICE, status.url:label='THE URL')"), "SERVICE|THE URL");
        assert_eq!(labels("(status.traffic[0].percent, status.url.basename())"), "PERCENT|URL");
    }

    #[test]
    fn functions() {
        let object = json!({
            "name": "projects/p/locations/r", "time": "2026-11-25T08:09:10.5Z",
            "labels": {"a": "1", "b": "2"}, "list": ["x/1", "y/2"], "no": false, "text": "Ab",
        });
        for (column, expected) in [
            ("name.basename()", json!("r")),
            ("name.segment(1)", json!("p")),
            ("name.segment(9, undefined=none)", json!("none")),
            ("name.split('/').slice(0:2).join(-)", json!("projects-p")),
            ("labels.list()", json!("a=1,b=2")),
            ("labels.list(show=keys, separator=';')", json!("a;b")),
            ("labels.list(show=\"values\")", json!("1,2")),
            ("list.map().basename()", json!(["1", "2"])),
            ("list.map().basename().list()", json!("1,2")),
            ("list.len()", json!(2)),
            ("missing.len()", json!(0)),
            ("firstof(missing, no, text)", json!(false)),
            ("firstof(missing, text)", json!("Ab")),
            ("labels.extract(b, a)", json!(["2", "1"])),
            ("text.lower()", json!("ab")),
            ("text.sub('A', 'x')", json!("xb")),
            ("no.yesno(yes=Yes, no=No)", json!("No")),
            ("text.yesno(yes=\"Yes\")", json!("Yes")),
            ("time.date('%Y-%m-%d')", json!("2026-11-25")),
            ("time.date()", json!("2026-11-25T08:09:10")),
            ("name.date(undefined='-')", json!("-")),
        ] {
            let read = read(&format!("({column})")).unwrap();
            assert_eq!(read.columns[0].value(&Record::plain(&object)), expected, "{column}");
        }
    }

    #[test]
    fn attributes_and_errors() {
        let column = read("(a:sort=2:reverse:align=right:wrap)").unwrap().columns.remove(0);
        assert_eq!((column.sort, column.reverse, column.align), (Some(2), true, Align::Right));
        for (text, message) in [
            ("(a:colour=red)", "there is no attribute `colour` of this form"),
            ("(a.shout())", "there is no function `shout`"),
            ("(a b)", "`,` or `)` is expected at `b)`"),
            ("(a", "`,` or `)` is expected at the end"),
            ("a", "`(` is expected at `a`"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn cutting_out_keeps_what_is_around() {
        let object = json!({"metadata": {"name": "a", "uid": "u"}, "status": {"traffic": [{"tag": "t", "percent": 1}]}});
        let cut = read("(metadata.name, status.traffic[].percent)").unwrap().cut_out(&Record::plain(&object));
        assert_eq!(cut, json!({"metadata": {"name": "a"}, "status": {"traffic": [{"percent": 1}]}}));
    }
}
