//! From values as they were written to JSON in the API's form, by the tables of the API document.

use run_api::schema::{self, Kind, Schema};
use serde_json::{Map, Value};

use super::error::Fault;
use super::node::{Node, Tree};

/// A field that the API document does not know. The server refuses such fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownField {
    /// The field, as a path in the object's JSON.
    pub field: String,
    /// The line of the manifest.
    pub line: u64,
}

/// An object in the API's form.
pub(super) struct Decoded {
    pub(super) value: Value,
    pub(super) unknown: Vec<UnknownField>,
}

/// Brings an object of a schema into the API's form.
pub(super) fn object(number: usize, node: &Node, schema: &'static str) -> Result<Decoded, Vec<Fault>> {
    let mut decoder = Decoder { number, faults: Vec::new(), unknown: Vec::new() };
    let value = decoder.value(node, Kind::Object(schema), "").unwrap_or_default();
    if decoder.faults.is_empty() {
        Ok(Decoded { value, unknown: decoder.unknown })
    } else {
        Err(decoder.faults)
    }
}

struct Decoder {
    number: usize,
    faults: Vec<Fault>,
    unknown: Vec<UnknownField>,
}

impl Decoder {
    /// The value in the API's form; none if it is none, or does not fit.
    fn value(&mut self, node: &Node, kind: Kind, path: &str) -> Option<Value> {
        let decoded = match (kind, node.tree()) {
            (_, Tree::Null) => return None,
            (Kind::Any, _) => Some(node.to_value()),
            (Kind::Bool, Tree::Bool(value)) => Some(Value::Bool(*value)),
            (Kind::Int32, tree) => {
                integer(tree).and_then(|number| i32::try_from(number).ok()).map(Value::from)
            }
            // The API writes these as text.
            (Kind::Int64, tree) => integer(tree).map(|number| Value::String(number.to_string())),
            (Kind::Float32 | Kind::Float64, Tree::Number(number)) => Some(Value::Number(number.clone())),
            (Kind::String | Kind::Bytes | Kind::Timestamp | Kind::Duration, Tree::Text(text)) => {
                Some(Value::String(text.clone()))
            }
            (Kind::Object(name), Tree::Map(fields)) => {
                let schema = schema::find(name);
                let decoded = fields.iter().filter_map(|(key, field)| {
                    let below =
                        if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                    let value = match schema.and_then(|schema: &Schema| schema.field(&key.name)) {
                        Some(known) => self.value(field, known.kind, &below)?,
                        None => {
                            self.unknown.push(UnknownField { field: below, line: key.line });
                            field.to_value()
                        }
                    };
                    Some((key.name.clone(), value))
                });
                return Some(Value::Object(decoded.collect()));
            }
            (Kind::List(kind), Tree::List(items)) => {
                let items = items.iter().enumerate();
                let decoded =
                    items.filter_map(|(index, item)| self.value(item, *kind, &format!("{path}[{index}]")));
                return Some(Value::Array(decoded.collect()));
            }
            (Kind::Map(kind), Tree::Map(fields)) => {
                let decoded: Map<String, Value> = fields
                    .iter()
                    .filter_map(|(key, field)| {
                        let value = self.value(field, *kind, &format!("{path}[{}]", key.name))?;
                        Some((key.name.clone(), value))
                    })
                    .collect();
                return Some(Value::Object(decoded));
            }
            _ => None,
        };
        if decoded.is_none() {
            let expected = expected(kind);
            let quotes = match (kind, node.tree()) {
                (Kind::String, Tree::Number(_) | Tree::Bool(_)) => ": put it in quotes",
                _ => "",
            };
            let message = format!("it is {}, but {expected} is expected{quotes}", found(node.tree()));
            self.faults.push(Fault::new(self.number, node.line(), path, message));
        }
        decoded
    }
}

/// A whole number, written as one, as text, or as `1.0`, as protobuf takes it.
fn integer(tree: &Tree) -> Option<i64> {
    match tree {
        Tree::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Tree::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0).then(|| format!("{number:.0}").parse().ok()).flatten()
}

fn found(tree: &Tree) -> &'static str {
    match tree {
        Tree::Null => "nothing",
        Tree::Bool(_) => "a boolean",
        Tree::Number(_) => "a number",
        Tree::Text(_) => "text",
        Tree::List(_) => "a list",
        Tree::Map(_) => "a map",
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "a boolean",
        Kind::Int32 => "a whole number",
        Kind::Int64 => "a whole number of 64 bits",
        Kind::Float32 | Kind::Float64 => "a number",
        Kind::List(_) => "a list",
        Kind::Object(_) | Kind::Map(_) => "a map",
        _ => "text",
    }
}
