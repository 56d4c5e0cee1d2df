//! Objects, as `--format` wants them.

use serde::Serialize;
use serde_json::Value;

use super::render;
use crate::query::{Format, Kind};
use crate::terminal::{ExitStatus, Failure, Printer};

/// Writes an object as `--format` wants it, and for people as `text` says.
pub(crate) fn show<T: Serialize>(
    object: &T,
    format: Option<&Format>,
    printer: Printer,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    let shown = match structured(object, format)? {
        Some(shown) => shown,
        None => text(),
    };
    if shown.is_empty() { Ok(()) } else { printer.data(shown) }
}

/// An object in one of the formats for programs; none if it is to be written for people.
fn structured<T: Serialize>(object: &T, format: Option<&Format>) -> Result<Option<String>, Failure> {
    match format {
        None => Ok(None),
        Some(format) if format.kind == Kind::Text => Ok(None),
        Some(format) => {
            let value = value_of(object)?;
            let many = value.is_array() || !format.flatten.is_empty();
            let objects = match value {
                Value::Array(objects) => objects,
                object => vec![object],
            };
            let records: Vec<Value> = objects.into_iter().flat_map(|object| format.records(object)).collect();
            let rows: Vec<render::Row> = records.iter().map(render::Row::plain).collect();
            render::render(&rows, format, many).map(Some)
        }
    }
}

/// Through a JSON value, so that all formats have the same fields in the same order.
pub(crate) fn value_of<T: Serialize>(object: &T) -> Result<Value, Failure> {
    serde_json::to_value(object)
        .map_err(|error| Failure::new(ExitStatus::Failed, format!("the result cannot be written: {error}")))
}
