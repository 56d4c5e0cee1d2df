//! Objects in the formats for programs. Pure.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::table;
use crate::query::{Align, Format, Kind, Projection, Record, order, text};
use crate::terminal::{ExitStatus, Failure};

/// The value of a column of an object's list, by its heading or its name.
type Alias<'a> = Box<dyn Fn(&str) -> Option<Value> + 'a>;

/// An object with the values of its list's columns.
pub(super) struct Row<'a> {
    pub(super) object: &'a Value,
    pub(super) alias: Alias<'a>,
}

impl<'a> Row<'a> {
    pub(super) fn plain(object: &'a Value) -> Self {
        Self { object, alias: Box::new(|_| None) }
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record { object: self.object, alias: &*self.alias }
    }
}

/// The rows in a format; `many` says whether they are a list, which one object may be as well.
pub(super) fn render(rows: &[Row<'_>], format: &Format, many: bool) -> Result<String, Failure> {
    let projection = format.projection.as_ref();
    let cut = |row: &Row<'_>| match projection {
        Some(projection) if !projection.columns.is_empty() => projection.cut_out(&row.record()),
        _ => row.object.clone(),
    };
    match format.kind {
        Kind::Text | Kind::Nothing => Ok(String::new()),
        Kind::Json => {
            let objects: Vec<Value> = rows.iter().map(cut).collect();
            let value =
                if many { Value::Array(objects) } else { objects.into_iter().next().unwrap_or_default() };
            serde_json::to_string_pretty(&value).map_err(|error| bad(&error))
        }
        Kind::Yaml => documents(rows.iter().map(cut), many),
        Kind::Export => documents(
            rows.iter().map(cut).map(|mut object| {
                strip(&mut object);
                object
            }),
            many,
        ),
        Kind::Flattened => {
            Ok(rows.iter().map(|row| flattened(&cut(row))).collect::<Vec<_>>().join("\n---\n"))
        }
        Kind::Value | Kind::Csv | Kind::Table => match projection {
            Some(projection) if !projection.columns.is_empty() => Ok(columns(rows, projection, format)),
            _ => Err(Failure::usage("`table` needs keys here, as in `table(metadata.name)`")),
        },
    }
}

fn bad(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(ExitStatus::Failed, format!("the result cannot be written: {error}"))
}

/// YAML; a list is several documents, each with its mark before it, as gcloud writes them.
fn documents(objects: impl Iterator<Item = Value>, many: bool) -> Result<String, Failure> {
    let mark = if many { "---\n" } else { "" };
    let documents: Vec<String> = objects
        .map(|object| match serde_saphyr::to_string(&object) {
            Ok(text) => Ok(format!("{mark}{}", text.trim_end())),
            Err(error) => Err(bad(&error)),
        })
        .collect::<Result<_, _>>()?;
    Ok(documents.join("\n"))
}

/// What `export` leaves out: what the server fills in, and who wrote with what.
fn strip(object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    fields.remove("status");
    // What runctl itself added to a result.
    fields.remove("deployment");
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["uid", "resourceVersion", "generation", "selfLink", "creationTimestamp"] {
            metadata.remove(field);
        }
        strip_annotations(metadata);
    }
    let template = fields.get_mut("spec").and_then(|spec| spec.pointer_mut("/template/metadata"));
    if let Some(metadata) = template.and_then(Value::as_object_mut) {
        strip_annotations(metadata);
    }
}

fn strip_annotations(metadata: &mut Map<String, Value>) {
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    annotations.retain(|key, _| {
        let name = key.rsplit('/').next().unwrap_or_default();
        let by_server = [
            "client-name",
            "client-version",
            "creator",
            "lastModifier",
            "operation-id",
            "urls",
            "ingress-status",
            "user-image",
        ];
        !by_server.contains(&name) && !key.starts_with("run-rs.dev/")
    });
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

fn flattened(object: &Value) -> String {
    let mut lines = Vec::new();
    flatten(object, String::new(), &mut lines);
    let width = lines.iter().map(|(key, _)| key.chars().count() + 1).max().unwrap_or(0);
    let line = |(key, value): &(String, String)| format!("{:<width$} {value}", format!("{key}:"));
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn flatten(value: &Value, path: String, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = if key.contains(['.', '/']) { format!("'{key}'") } else { key.clone() };
                let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                flatten(value, path, lines);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(item, format!("{path}[{at}]"), lines);
            }
        }
        plain => lines.push((path, text(plain, ";"))),
    }
}

fn columns(rows: &[Row<'_>], projection: &Projection, format: &Format) -> String {
    let mut values: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| projection.columns.iter().map(|column| column.value(&row.record())).collect())
        .collect();
    sort(&mut values, projection);
    let between_items =
        format.attribute("delimiter").unwrap_or(if format.kind == Kind::Table { "," } else { ";" });
    let mut cells: Vec<Vec<String>> =
        values.iter().map(|row| row.iter().map(|value| text(value, between_items)).collect()).collect();
    let labels = projection.labels();
    let heading = !format.has("no-heading");
    match format.kind {
        Kind::Csv => {
            let separator = format.attribute("separator").unwrap_or(",");
            let terminator = format.attribute("terminator").unwrap_or("\n");
            if heading {
                cells.insert(0, labels.iter().map(|label| label.to_lowercase()).collect());
            }
            let always = format.has("quote");
            let quoted = |cell: &String| quote(cell, separator, always);
            let lines = cells.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(separator));
            lines.collect::<Vec<_>>().join(terminator)
        }
        Kind::Value => {
            let separator = format.attribute("separator").unwrap_or("\t");
            let terminator = format.attribute("terminator").unwrap_or("\n");
            cells.iter().map(|row| row.join(separator)).collect::<Vec<_>>().join(terminator)
        }
        _ => {
            if cells.is_empty() {
                return String::new();
            }
            let aligns: Vec<Align> = projection.columns.iter().map(|column| column.align).collect();
            let labels = heading.then_some(labels);
            let mut shown = String::new();
            if let Some(title) = format.attribute("title") {
                let _ = writeln!(shown, "{title}");
            }
            let boxed = format.has("box") || format.has("all-box");
            let pad = format.attribute("pad").and_then(|pad| pad.parse().ok()).unwrap_or(2);
            shown.push_str(&table::draw(labels, &cells, &aligns, boxed, pad));
            shown
        }
    }
}

/// By the columns that have a rank, in the order of the ranks.
fn sort(rows: &mut [Vec<Value>], projection: &Projection) {
    let mut ranked: Vec<(u32, usize, bool)> = projection
        .columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((column.sort?, at, column.reverse)))
        .collect();
    ranked.sort_unstable();
    for (_, at, reverse) in ranked.into_iter().rev() {
        rows.sort_by(|left, right| {
            let order = order(&left[at], &right[at]);
            if reverse { order.reverse() } else { order }
        });
    }
}

fn quote(cell: &str, separator: &str, always: bool) -> String {
    if always || cell.contains(separator) || cell.contains(['"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(format: &str) -> String {
        let objects = [
            json!({"metadata": {"name": "b", "annotations": {"x/creator": "me", "mine": "1"}, "uid": "u"}, "tags": ["x", "y"], "n": 9, "status": {}}),
            json!({"metadata": {"name": "a", "labels": {"k": "v,w"}}, "n": 10}),
        ];
        let rows: Vec<Row> = objects.iter().map(Row::plain).collect();
        render(&rows, &format.parse().unwrap_or_else(|error| panic!("{error}")), true).unwrap()
    }

    #[test]
    fn columns_in_lines() {
        for (format, expected) in [
            ("value(metadata.name)", "b\na"),
            ("value(metadata.name, tags, n)", "b\tx;y\t9\na\t\t10"),
            ("value[separator=' ', delimiter=+](metadata.name, tags)", "b x+y\na "),
            ("value[terminator=' '](metadata.name:sort=1)", "a b"),
            ("csv(metadata.name, metadata.labels.k:label=LABEL)", "name,label\nb,\na,\"v,w\""),
            ("csv[no-heading,separator=';'](n:sort=1:reverse, metadata.name)", "10;a\n9;b"),
            ("table(metadata.name:sort=1, n:align=right)", "NAME   N\na     10\nb      9"),
            ("table[no-heading](metadata.name, tags)", "b  x,y\na"),
            ("table[box](n:label=NO)", "┌────┐\n│ NO │\n├────┤\n│ 9  │\n│ 10 │\n└────┘"),
        ] {
            assert_eq!(rendered(format), expected, "{format}");
        }
    }

    #[test]
    fn documents_and_parts_of_them() {
        assert_eq!(rendered("json(n)"), "[\n  {\n    \"n\": 9\n  },\n  {\n    \"n\": 10\n  }\n]");
        assert_eq!(rendered("yaml(metadata.name)"), "---\nmetadata:\n  name: b\n---\nmetadata:\n  name: a");
        assert_eq!(
            rendered("flattened(metadata.labels, n)"),
            "n: 9\n---\nmetadata.labels.k: v,w\nn:                 10"
        );
        let exported = rendered("export");
        assert!(exported.contains("mine: ") && exported.contains("name: b"), "{exported}");
        assert!(
            !exported.contains("creator") && !exported.contains("uid") && !exported.contains("status"),
            "{exported}"
        );
        assert_eq!(rendered("none"), "");
    }
}
