//! Functions on values: `.basename()`, `.list()`, `firstof(a, b)` and others.

use serde_json::Value;

use super::key::{Key, Record};
use super::lexer::{InvalidQuery, Lexer};
use super::text::text;

/// A function with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transform {
    function: Function,
    arguments: Vec<String>,
    named: Vec<(String, String)>,
    keys: Vec<Key>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Always,
    Basename,
    Date,
    Extract,
    FirstOf,
    Join,
    Len,
    List,
    Lower,
    Map,
    Segment,
    Slice,
    Sort,
    Split,
    Sub,
    Upper,
    YesNo,
}

const FUNCTIONS: [(&str, Function); 20] = [
    ("always", Function::Always),
    ("basename", Function::Basename),
    ("date", Function::Date),
    ("extract", Function::Extract),
    ("firstof", Function::FirstOf),
    ("flatten", Function::List),
    ("join", Function::Join),
    ("len", Function::Len),
    ("list", Function::List),
    ("lower", Function::Lower),
    ("map", Function::Map),
    ("scope", Function::Basename),
    ("segment", Function::Segment),
    ("slice", Function::Slice),
    ("sort", Function::Sort),
    ("split", Function::Split),
    ("sub", Function::Sub),
    ("trailoff", Function::Always),
    ("upper", Function::Upper),
    ("yesno", Function::YesNo),
];

impl Transform {
    /// Reads the arguments of a function, from its `(` to its `)`.
    pub(super) fn read(name: &str, lexer: &mut Lexer<'_>) -> Result<Self, InvalidQuery> {
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no function `{name}` (there are: {})", known.join(", "));
            return Err(lexer.error(&message));
        };
        let mut transform =
            Self { function: *function, arguments: Vec::new(), named: Vec::new(), keys: Vec::new() };
        lexer.expect("(")?;
        loop {
            lexer.skip_space();
            if lexer.eat(")") {
                return Ok(transform);
            }
            transform.argument(lexer)?;
            lexer.skip_space();
            if !lexer.eat(",") && !lexer.rest().starts_with(')') {
                return Err(lexer.error("`,` or `)` is expected"));
            }
        }
    }

    fn argument(&mut self, lexer: &mut Lexer<'_>) -> Result<(), InvalidQuery> {
        if matches!(self.function, Function::FirstOf | Function::Extract) {
            let (key, function) = Key::read(lexer)?;
            return match function {
                Some(_) => Err(lexer.error("a key is expected")),
                None => {
                    self.keys.push(key);
                    Ok(())
                }
            };
        }
        let word = |lexer: &mut Lexer<'_>| -> Result<String, InvalidQuery> {
            match lexer.quoted()? {
                Some(text) => Ok(text),
                None => Ok(lexer.take_until(|character| ",)=".contains(character)).trim().to_owned()),
            }
        };
        let first = word(lexer)?;
        if lexer.eat("=") {
            let value = word(lexer)?;
            self.named.push((first, value));
        } else {
            self.arguments.push(first);
        }
        Ok(())
    }

    /// An argument by its place or its name.
    fn get(&self, at: usize, name: &str) -> Option<&str> {
        let named = self.named.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        named.or_else(|| self.arguments.get(at)).map(String::as_str)
    }

    /// How many times the next function goes into a list; 0 if this is not `map`.
    pub(super) fn map_depth(&self) -> usize {
        match self.function {
            Function::Map => self.get(0, "depth").and_then(|depth| depth.parse().ok()).unwrap_or(1),
            _ => 0,
        }
    }

    /// Applies the function.
    pub(super) fn apply(&self, value: Value, record: &Record<'_>) -> Value {
        let undefined = |at| self.get(at, "undefined").unwrap_or_default();
        match self.function {
            Function::Always | Function::Map => value,
            Function::Basename => match &value {
                Value::String(path) => path.rsplit('/').next().unwrap_or_default().into(),
                _ => undefined(0).into(),
            },
            Function::Date => date(&value, self.get(0, "format")).unwrap_or_else(|| undefined(2).into()),
            Function::Extract => {
                self.keys.iter().map(|key| key_of(key, &value, record)).filter(is_set).collect()
            }
            Function::FirstOf => {
                self.keys.iter().map(|key| key_of(key, &value, record)).find(is_set).unwrap_or(Value::Null)
            }
            Function::Join => match &value {
                Value::Array(_) => text(&value, self.get(0, "sep").unwrap_or("/")).into(),
                _ => value,
            },
            Function::Len => match &value {
                Value::Array(items) => items.len().into(),
                Value::Object(fields) => fields.len().into(),
                Value::String(text) => text.chars().count().into(),
                _ => 0.into(),
            },
            Function::List => self.list(&value).into(),
            Function::Lower => text(&value, ";").to_lowercase().into(),
            Function::Upper => text(&value, ";").to_uppercase().into(),
            Function::Segment => {
                let index = self.get(0, "index").and_then(|index| index.parse().ok()).unwrap_or(-1);
                let parts: Vec<&str> = value.as_str().unwrap_or_default().split('/').collect();
                at(&parts, index).map_or_else(|| undefined(1).into(), |part| (*part).into())
            }
            Function::Slice => self.slice(value),
            Function::Sort => match value {
                Value::Array(mut items) => {
                    items.sort_by_key(|item| text(item, ";"));
                    Value::Array(items)
                }
                other => other,
            },
            Function::Split => match value.as_str() {
                Some(text) => text.split(self.get(0, "sep").unwrap_or("/")).map(Value::from).collect(),
                None => value,
            },
            Function::Sub => match (value.as_str(), self.get(0, "pattern"), self.get(1, "replacement")) {
                (Some(text), Some(pattern), Some(with)) => match regex_lite::Regex::new(pattern) {
                    Ok(pattern) => pattern.replace_all(text, with).into_owned().into(),
                    Err(_) => value,
                },
                _ => value,
            },
            Function::YesNo => {
                let (yes, no) = (self.get(0, "yes"), self.get(1, "no").unwrap_or("No"));
                match (is_set(&value) && value != Value::Bool(false), yes) {
                    (false, _) => no.into(),
                    (true, Some(yes)) => yes.into(),
                    (true, None) => value,
                }
            }
        }
    }

    fn list(&self, value: &Value) -> String {
        let separator = self.get(2, "separator").unwrap_or(",");
        match (value, self.get(0, "show")) {
            (Value::Object(fields), Some("keys")) => {
                fields.keys().map(String::as_str).collect::<Vec<_>>().join(separator)
            }
            (Value::Object(fields), Some("values")) => {
                let values: Vec<String> = fields.values().map(|value| text(value, separator)).collect();
                values.join(separator)
            }
            (value, _) => text(value, separator),
        }
    }

    fn slice(&self, value: Value) -> Value {
        let slice = self.get(0, "op").unwrap_or(":").to_owned();
        let (from, to) = slice.split_once(':').unwrap_or((&slice, ""));
        let cut = |length: usize| {
            let place = |text: &str, default: usize| match text.trim().parse::<i64>() {
                Ok(index) if index < 0 => length.saturating_sub(usize::try_from(-index).unwrap_or(length)),
                Ok(index) => usize::try_from(index).unwrap_or(0).min(length),
                Err(_) => default,
            };
            (place(from, 0), place(to, length))
        };
        match value {
            Value::Array(items) => {
                let (from, to) = cut(items.len());
                items.into_iter().take(to).skip(from).collect()
            }
            Value::String(text) => {
                let (from, to) = cut(text.chars().count());
                text.chars().take(to).skip(from).collect::<String>().into()
            }
            other => other,
        }
    }
}

fn key_of(key: &Key, value: &Value, record: &Record<'_>) -> Value {
    // At the beginning of a projection the value is the whole object, whose columns can be named.
    key.value(&Record { object: value, alias: record.alias })
}

pub(super) fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn at<T>(items: &[T], index: i64) -> Option<&T> {
    let index = if index < 0 { index + i64::try_from(items.len()).ok()? } else { index };
    items.get(usize::try_from(index).ok()?)
}

/// A time of the API's, written as `strftime` does; always in UTC.
fn date(value: &Value, format: Option<&str>) -> Option<Value> {
    let time: jiff::Timestamp = value.as_str()?.parse().ok()?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC);
    let text = jiff::fmt::strtime::format(format.unwrap_or("%Y-%m-%dT%H:%M:%S"), &zoned).ok()?;
    Some(text.into())
}
