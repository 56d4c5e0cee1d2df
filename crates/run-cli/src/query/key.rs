//! Keys: paths into an object, as in `status.traffic[0].revisionName` and `metadata.annotations."run.googleapis.com/urls"`.

use serde_json::Value;

use super::lexer::{InvalidQuery, Lexer};

/// An object, and what its list calls by shorter names.
pub(crate) struct Record<'a> {
    pub(crate) object: &'a Value,
    /// The value of a column, by its heading or its short name.
    pub(crate) alias: &'a dyn Fn(&str) -> Option<Value>,
}

impl<'a> Record<'a> {
    /// An object without short names.
    #[cfg(test)]
    pub(crate) fn plain(object: &'a Value) -> Self {
        Self { object, alias: &|_| None }
    }
}

/// One step of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A field of an object; of a list, that field of each item.
    Name(String),
    /// An item of a list; from its end if negative.
    Index(i64),
    /// Each item of a list.
    Each,
}

/// A path into an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key(Vec<Step>);

impl Key {
    /// Reads a key, and the name of a function if a `(` follows its last name.
    pub(super) fn read(lexer: &mut Lexer<'_>) -> Result<(Self, Option<String>), InvalidQuery> {
        let mut steps = Vec::new();
        // A single dot is the whole object.
        let mut expects_name = !(lexer.eat(".") && lexer.peek().is_none_or(|next| " ,):".contains(next)));
        while expects_name {
            if !lexer.rest().starts_with('[') {
                let name = lexer.name()?.ok_or_else(|| lexer.error("a key is expected"))?;
                if lexer.rest().starts_with('(') {
                    return Ok((Self(steps), Some(name)));
                }
                steps.push(Step::Name(name));
            }
            while lexer.eat("[") {
                steps.push(Self::index(lexer)?);
            }
            expects_name = lexer.eat(".");
        }
        Ok((Self(steps), None))
    }

    fn index(lexer: &mut Lexer<'_>) -> Result<Step, InvalidQuery> {
        if lexer.eat("]") {
            return Ok(Step::Each);
        }
        let step = match lexer.quoted()? {
            Some(name) => Step::Name(name),
            None => {
                let inside = lexer.take_until(|character| character == ']').trim();
                inside.parse().map_or_else(|_| Step::Name(inside.to_owned()), Step::Index)
            }
        };
        lexer.expect("]")?;
        Ok(step)
    }

    /// The value that the key leads to; null if there is none.
    pub(crate) fn value(&self, record: &Record<'_>) -> Value {
        let value = lookup(record.object, &self.0);
        match self.0.as_slice() {
            [Step::Name(name)] if value.is_null() => (record.alias)(name).unwrap_or(value),
            _ => value,
        }
    }

    /// The names on the way, from the last to the first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().rev().filter_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) | Step::Each => None,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Copies the part of an object that the key leads to, with all that is around it on the way.
    pub(super) fn copy(&self, from: &Value, into: &mut Value) {
        if !lookup(from, &self.0).is_null() {
            copy(from, into, &self.0);
        }
    }
}

fn lookup(value: &Value, steps: &[Step]) -> Value {
    let Some((step, rest)) = steps.split_first() else { return value.clone() };
    let each = |items: &[Value], steps: &[Step]| -> Value {
        items.iter().map(|item| lookup(item, steps)).filter(|value| !value.is_null()).collect()
    };
    match (step, value) {
        (Step::Name(name), Value::Object(fields)) => fields
            .get(name)
            .or_else(|| fields.get(&camel(name)))
            .map_or(Value::Null, |value| lookup(value, rest)),
        (Step::Name(_), Value::Array(items)) => each(items, steps),
        (Step::Each, Value::Array(items)) => each(items, rest),
        (Step::Index(index), Value::Array(items)) => {
            let index = if *index < 0 { index + i64::try_from(items.len()).unwrap_or(0) } else { *index };
            let item = usize::try_from(index).ok().and_then(|index| items.get(index));
            item.map_or(Value::Null, |item| lookup(item, rest))
        }
        (Step::Each, other) => lookup(other, rest),
        _ => Value::Null,
    }
}

fn copy(from: &Value, into: &mut Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else {
        *into = from.clone();
        return;
    };
    match (step, from) {
        (Step::Name(name), Value::Object(fields)) => {
            let Some((name, inner)) = [name.clone(), camel(name)].into_iter().find_map(|name| {
                let inner = fields.get(&name)?;
                Some((name, inner))
            }) else {
                return;
            };
            if !into.is_object() {
                *into = Value::Object(serde_json::Map::new());
            }
            copy(inner, &mut into[name.as_str()], rest);
        }
        (Step::Name(_), Value::Array(items)) => copy_items(items, into, steps),
        (Step::Each | Step::Index(_), Value::Array(items)) => copy_items(items, into, rest),
        _ => {}
    }
}

fn copy_items(items: &[Value], into: &mut Value, steps: &[Step]) {
    let mut copied = match into.take() {
        Value::Array(copied) if copied.len() == items.len() => copied,
        _ => vec![Value::Null; items.len()],
    };
    items.iter().zip(&mut copied).for_each(|(item, into)| copy(item, into, steps));
    *into = Value::Array(copied);
}

/// gcloud takes `revision_name` for `revisionName`.
fn camel(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut characters = word.chars();
        text.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        text.push_str(characters.as_str());
    }
    text
}

/// A key by which a list is sorted; `~` before it turns the order around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SortKey {
    pub(crate) key: Key,
    pub(crate) descending: bool,
}

impl std::str::FromStr for SortKey {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, InvalidQuery> {
        let text = text.trim();
        let (text, descending) = text.strip_prefix('~').map_or((text, false), |rest| (rest, true));
        let mut lexer = Lexer::new(text);
        match Key::read(&mut lexer)? {
            (key, None) if lexer.is_at_end() => Ok(Self { key, descending }),
            _ => Err(lexer.error("a key is expected")),
        }
    }
}

/// A list, or lists in lists, whose items become records of their own: what `--flatten` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flatten(Key);

impl Flatten {
    /// An object for each item, with the item in the place of its list. What is no list stays one object, and an empty list
    /// leaves none.
    pub(crate) fn apply(&self, object: Value) -> Vec<Value> {
        let (mut records, mut path) = (vec![object], Vec::new());
        for step in &self.0.0 {
            match step {
                Step::Each => records = records.into_iter().flat_map(|record| split(record, &path)).collect(),
                step => path.push(step),
            }
        }
        match self.0.0.last() {
            Some(Step::Each) => records,
            _ => records.into_iter().flat_map(|record| split(record, &path)).collect(),
        }
    }
}

impl std::str::FromStr for Flatten {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, InvalidQuery> {
        let mut lexer = Lexer::new(text.trim());
        match Key::read(&mut lexer)? {
            (key, None) if lexer.is_at_end() && !key.is_empty() => Ok(Self(key)),
            _ => Err(lexer.error("a key is expected")),
        }
    }
}

fn split(mut record: Value, path: &[&Step]) -> Vec<Value> {
    let items = match place(&mut record, path) {
        Some(Value::Array(items)) => std::mem::take(items),
        _ => return vec![record],
    };
    let with = |item| {
        let mut copy = record.clone();
        if let Some(place) = place(&mut copy, path) {
            *place = item;
        }
        copy
    };
    items.into_iter().map(with).collect()
}

fn place<'a>(value: &'a mut Value, path: &[&Step]) -> Option<&'a mut Value> {
    let Some((step, rest)) = path.split_first() else { return Some(value) };
    let inner = match (step, value) {
        (Step::Name(name), Value::Object(fields)) => {
            let name = if fields.contains_key(name) { name.clone() } else { camel(name) };
            fields.get_mut(&name)?
        }
        (Step::Index(index), Value::Array(items)) => items.get_mut(usize::try_from(*index).ok()?)?,
        _ => return None,
    };
    place(inner, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_lead_to_values() {
        let object = json!({
            "metadata": {"name": "hello", "annotations": {"run.googleapis.com/urls": "[]", "a.b": "c"}},
            "status": {"traffic": [
                {"revisionName": "a", "percent": 90}, {"revisionName": "b", "percent": 10, "tag": "t"},
            ]},
        });
        for (key, expected) in [
            ("metadata.name", json!("hello")),
            ("metadata.annotations.\"run.googleapis.com/urls\"", json!("[]")),
            ("metadata.annotations.'a.b'", json!("c")),
            ("metadata.annotations[\"a.b\"]", json!("c")),
            ("metadata.annotations[a.b]", json!("c")),
            ("status.traffic[0].revisionName", json!("a")),
            ("status.traffic[-1].revisionName", json!("b")),
            ("status.traffic[7].revisionName", json!(null)),
            ("status.traffic[].revisionName", json!(["a", "b"])),
            ("status.traffic.revision_name", json!(["a", "b"])),
            ("status.traffic.tag", json!(["t"])),
            ("status.traffic[].percent", json!([90, 10])),
            ("status.nothing.there", json!(null)),
            ("metadata.name.deeper", json!(null)),
        ] {
            let (read, function) = Key::read(&mut Lexer::new(key)).unwrap();
            assert_eq!((read.value(&Record::plain(&object)), function), (expected, None), "{key}");
        }
        let (whole, _) = Key::read(&mut Lexer::new(".")).unwrap();
        assert_eq!(whole.value(&Record::plain(&object)), object);
    }

    #[test]
    fn a_column_is_a_key_if_the_object_has_no_such_field() {
        let object = json!({"kind": "Service"});
        let alias = |name: &str| (name == "REGION" || name == "kind").then(|| json!("us-central1"));
        let value = |key| {
            let (key, _) = Key::read(&mut Lexer::new(key)).unwrap();
            key.value(&Record { object: &object, alias: &alias })
        };
        assert_eq!(value("REGION"), "us-central1");
        assert_eq!(value("kind"), "Service");
        assert_eq!(value("other"), Value::Null);
    }

    #[test]
    fn items_become_records() {
        let object = json!({"name": "a", "spec": {"list": [
            {"n": 1, "env": [{"k": "A"}, {"k": "B"}]}, {"n": 2, "env": [{"k": "C"}]}, {"n": 3, "env": []},
        ], "text": "t"}});
        for (flatten, key, expected) in [
            ("spec.list[]", "spec.list.n", json!([1, 2, 3])),
            ("spec.list", "spec.list.n", json!([1, 2, 3])),
            ("spec.list[]", "spec.list[].n", json!([1, 2, 3])),
            ("spec.list[]", "name", json!(["a", "a", "a"])),
            ("spec.list[].env[]", "spec.list.env.k", json!(["A", "B", "C"])),
            ("spec.list[].env", "spec.list.n", json!([1, 1, 2])),
            ("spec.list[0].env[]", "spec.list[0].env.k", json!(["A", "B"])),
            ("spec.text", "spec.text", json!(["t"])),
            ("spec.nothing[]", "name", json!(["a"])),
        ] {
            let records = flatten.parse::<Flatten>().unwrap().apply(object.clone());
            let key = Key::read(&mut Lexer::new(key)).unwrap().0;
            let values: Vec<Value> = records.iter().map(|record| key.value(&Record::plain(record))).collect();
            assert_eq!(Value::Array(values), expected, "{flatten}");
        }
        assert!("".parse::<Flatten>().is_err() && "a.list()".parse::<Flatten>().is_err());
    }

    #[test]
    fn what_is_no_key_is_told() {
        for (key, message) in [
            ("", "``: a key is expected at the end"),
            ("a..b", "`a..b`: a key is expected at `.b`"),
            ("a[0", "`a[0`: `]` is expected at the end"),
            ("a.'b", "`a.'b`: a quote is not closed at the end"),
        ] {
            assert_eq!(Key::read(&mut Lexer::new(key)).unwrap_err().to_string(), message);
        }
        assert!("~a,b".parse::<SortKey>().is_err());
    }
}
