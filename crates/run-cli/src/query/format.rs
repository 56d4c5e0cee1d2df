//! The argument of `--format`: a name, attributes in `[…]`, and a projection in `(…)`.

use std::str::FromStr;

use serde_json::Value;

use super::key::Flatten;
use super::lexer::{InvalidQuery, Lexer};
use super::projection::Projection;

/// How data is written to stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) kind: Kind,
    pub(crate) projection: Option<Projection>,
    attributes: Vec<(String, Option<String>)>,
    /// Lists whose items become records of their own; a flag of its own says so.
    pub(crate) flatten: Vec<Flatten>,
}

/// The kind of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For people, as without the flag.
    Text,
    Json,
    Yaml,
    /// YAML without what the server fills in, to be applied again.
    Export,
    /// The columns of each object on a line, with tabs between them.
    Value,
    Csv,
    Table,
    /// A line for each value.
    Flattened,
    /// Nothing.
    Nothing,
}

const KINDS: [(&str, Kind); 12] = [
    ("text", Kind::Text),
    ("default", Kind::Text),
    ("json", Kind::Json),
    ("yaml", Kind::Yaml),
    ("export", Kind::Export),
    ("value", Kind::Value),
    ("get", Kind::Value),
    ("csv", Kind::Csv),
    ("table", Kind::Table),
    ("flattened", Kind::Flattened),
    ("none", Kind::Nothing),
    ("disable", Kind::Nothing),
];

const ATTRIBUTES: [&str; 14] = [
    "all-box",
    "box",
    "delimiter",
    "heading",
    "margin",
    "no-heading",
    "no-undefined",
    "null",
    "pad",
    "quote",
    "separator",
    "terminator",
    "title",
    "no-pad",
];

impl Format {
    /// A format without projection and attributes.
    pub(crate) fn plain(kind: Kind) -> Self {
        Self { kind, projection: None, attributes: Vec::new(), flatten: Vec::new() }
    }

    /// The records of an object: more than one if lists in it are flattened.
    pub(crate) fn records(&self, object: Value) -> Vec<Value> {
        self.flatten.iter().fold(vec![object], |records, flatten| {
            records.into_iter().flat_map(|record| flatten.apply(record)).collect()
        })
    }

    /// The value of an attribute that has one.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.as_deref())
    }

    /// Whether an attribute is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|(key, _)| key == name)
    }
}

impl FromStr for Format {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, InvalidQuery> {
        let mut lexer = Lexer::new(text.trim());
        let name = lexer.take_until(|next| "[(".contains(next)).trim().to_lowercase();
        let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            return Err(InvalidQuery::new(format!(
                "there is no format `{name}` (there are: {})",
                known.join(", ")
            )));
        };
        let mut format = Self::plain(*kind);
        if lexer.eat("[") {
            format.attributes = attributes(&mut lexer)?;
        }
        if lexer.rest().starts_with('(') {
            format.projection = Some(Projection::read(&mut lexer)?);
        }
        // gcloud takes attributes behind the projection as well.
        if lexer.eat("[") {
            format.attributes.extend(attributes(&mut lexer)?);
        }
        if !lexer.is_at_end() {
            return Err(lexer.error("the format should end"));
        }
        let needs_columns = matches!(format.kind, Kind::Value | Kind::Csv);
        if needs_columns && format.projection.as_ref().is_none_or(|projection| projection.columns.is_empty())
        {
            return Err(InvalidQuery::new(format!("`{name}` needs keys, as in `{name}(metadata.name)`")));
        }
        Ok(format)
    }
}

fn attributes(lexer: &mut Lexer<'_>) -> Result<Vec<(String, Option<String>)>, InvalidQuery> {
    let mut attributes = Vec::new();
    loop {
        lexer.skip_space();
        if lexer.eat("]") {
            return Ok(attributes);
        }
        let name = lexer.take_until(|next| ",=]".contains(next)).trim().to_owned();
        if !ATTRIBUTES.contains(&name.as_str()) {
            let message = format!("there is no attribute `{name}` (there are: {})", ATTRIBUTES.join(", "));
            return Err(lexer.error(&message));
        }
        let value = if lexer.eat("=") {
            match lexer.quoted()? {
                Some(text) => Some(text.replace("\\n", "\n").replace("\\t", "\t")),
                None => Some(lexer.take_until(|next| ",]".contains(next)).to_owned()),
            }
        } else {
            None
        };
        attributes.push((name, value));
        lexer.skip_space();
        if !lexer.eat(",") && !lexer.rest().starts_with(']') {
            return Err(lexer.error("`,` or `]` is expected"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        for (text, kind, columns) in [
            ("json", Kind::Json, None),
            ("JSON", Kind::Json, None),
            ("yaml(metadata.name)", Kind::Yaml, Some(1)),
            ("value(status.url, metadata.name)", Kind::Value, Some(2)),
            ("csv[no-heading](a,b)", Kind::Csv, Some(2)),
            ("table[box,title=\"Mine\"](a:label=A)", Kind::Table, Some(1)),
            ("get(a)", Kind::Value, Some(1)),
            ("value(a)[separator=,]", Kind::Value, Some(1)),
            ("text", Kind::Text, None),
            ("none", Kind::Nothing, None),
        ] {
            let format: Format = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(format.kind, kind, "{text}");
            assert_eq!(format.projection.map(|projection| projection.columns.len()), columns, "{text}");
        }
        let format: Format = "csv[no-heading,separator=';'](a)".parse().unwrap();
        assert!(format.has("no-heading") && !format.has("box"));
        assert_eq!(format.attribute("separator"), Some(";"));
    }

    #[test]
    fn errors() {
        for (text, message) in [
            ("xml", "there is no format `xml` (there are: text,"),
            ("", "there is no format ``"),
            ("value", "`value` needs keys, as in `value(metadata.name)`"),
            ("value()", "`value` needs keys"),
            ("json(a", "`,` or `)` is expected at the end"),
            ("json)", "there is no format `json)`"),
            ("json(a)b", "the format should end at `b`"),
            ("table[colour](a)", "there is no attribute `colour`"),
        ] {
            let error = text.parse::<Format>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
