//! YAML and JSON as values that know their lines.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Options, Spanned};

use super::error::Fault;

/// A value and the line on which it begins.
#[derive(Debug)]
pub(super) struct Node {
    line: u64,
    tree: Tree,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map, and its line.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) line: u64,
}

/// Reads all documents of a text.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, Fault> {
    // JSON is YAML, but several objects without a line between them are not.
    if !text.trim_start().starts_with('{') {
        return yaml(text, 0, 1);
    }
    let mut nodes = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut start = 0;
    while let Some(item) = stream.next() {
        if let Err(error) = item {
            // A flow of YAML may be meant: it needs no quotes.
            return yaml(text, 0, 1).map_err(|_| {
                let line = u64::try_from(error.line()).unwrap_or(1);
                Fault::new(nodes.len() + 1, line, "", without_place(&error.to_string()))
            });
        }
        let end = stream.byte_offset();
        let before = text.get(..start).unwrap_or_default();
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let number = nodes.len() + 1;
        nodes.extend(yaml(text.get(start..end).unwrap_or_default(), lines, number)?);
        start = end;
    }
    Ok(nodes)
}

/// Reads documents that begin after some lines.
fn yaml(text: &str, lines_before: usize, number: usize) -> Result<Vec<Node>, Fault> {
    let mut options = Options::default();
    options.legacy_octal_numbers = true;
    options.strict_booleans = true;
    let offset = u64::try_from(lines_before).unwrap_or_default();
    match serde_saphyr::from_multiple_with_options::<Node>(text, options) {
        Ok(mut nodes) => {
            for node in &mut nodes {
                node.move_down(offset);
            }
            nodes.retain(|node| !matches!(node.tree, Tree::Null));
            Ok(nodes)
        }
        Err(error) => {
            let line = error.location().map_or(1, |location| location.line());
            let before = text.lines().take(usize::try_from(line).unwrap_or(1).saturating_sub(1));
            // A separator at the very beginning separates nothing.
            let separators = before.skip_while(|line| line.starts_with("---") || line.trim().is_empty());
            let number = number + separators.filter(|line| line.starts_with("---")).count();
            Err(Fault::new(number, line + offset, "", without_place(&error.without_snippet().to_string())))
        }
    }
}

/// A message without its line, which is told apart from it, and without advice for programmers.
fn without_place(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    message.split_once(", set ").map_or(message, |(message, _)| message).to_owned()
}

impl Node {
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.tree, Tree::Map(_))
    }

    fn fields(&self) -> &[(Key, Node)] {
        match &self.tree {
            Tree::Map(fields) => fields,
            _ => &[],
        }
    }

    /// A field of a map that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields().iter().find(|(key, _)| key.name == name).and_then(|(_, node)| match &node.tree {
            Tree::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The line of a field, or of the map itself.
    pub(super) fn line_of(&self, name: &str) -> u64 {
        self.fields().iter().find(|(key, _)| key.name == name).map_or(self.line, |(key, _)| key.line)
    }

    /// The items of a list of objects; itself if it has none.
    pub(super) fn into_items(self) -> Result<Vec<Self>, Self> {
        let is_list = self.text("kind").is_some_and(|kind| kind.ends_with("List"));
        match self.tree {
            Tree::Map(fields) if is_list => {
                let items = fields.into_iter().find(|(key, _)| key.name == "items");
                Ok(items.map_or_else(Vec::new, |(_, node)| match node.tree {
                    Tree::List(items) => items,
                    _ => Vec::new(),
                }))
            }
            tree => Err(Self { line: self.line, tree }),
        }
    }

    /// The value without lines.
    pub(super) fn to_value(&self) -> Value {
        match &self.tree {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(number) => Value::Number(number.clone()),
            Tree::Text(text) => Value::String(text.clone()),
            Tree::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Tree::Map(fields) => {
                Value::Object(fields.iter().map(|(key, node)| (key.name.clone(), node.to_value())).collect())
            }
        }
    }

    fn move_down(&mut self, lines: u64) {
        self.line += lines;
        match &mut self.tree {
            Tree::List(items) => items.iter_mut().for_each(|item| item.move_down(lines)),
            Tree::Map(fields) => {
                for (key, node) in fields {
                    key.line += lines;
                    node.move_down(lines);
                }
            }
            _ => {}
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tree>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), tree: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), name: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree, E> {
        Number::from_f64(value).map(Tree::Number).ok_or_else(|| E::custom("a number without an end"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = access.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Map(fields))
    }
}
