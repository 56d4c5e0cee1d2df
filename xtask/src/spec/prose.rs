//! The descriptions of a specification, apart from its structure.
//!
//! They are kept by key, so that an import can replace the structure and leave the texts:
//! `Service`, `Service.metadata`, `operation get_service`, `parameter dryRun`.

use std::collections::BTreeMap;

use openapiv3::{OpenAPI, Parameter, PathItem, ReferenceOr, SchemaKind, Type};

use super::outline::{operation_key, parameter_key, property_key};
use super::renames::Renames;

/// Descriptions by key.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Prose(BTreeMap<String, String>);

impl Prose {
    /// The descriptions that a specification has.
    pub(crate) fn of(spec: &OpenAPI) -> Self {
        let mut texts = BTreeMap::new();
        let mut spec = spec.clone();
        visit(&mut spec, |key, text| {
            if let Some(text) = text {
                texts.insert(key, text.clone());
            }
        });
        Self(texts)
    }

    /// Writes these descriptions into a specification wherever it has none.
    pub(crate) fn fill(&self, spec: &mut OpenAPI) {
        visit(spec, |key, text| {
            if text.is_none() {
                *text = self.0.get(&key).cloned();
            }
        });
    }

    /// The same with texts that rustdoc takes as they are meant.
    pub(crate) fn safe_for_rustdoc(self) -> Self {
        let texts = self.0.into_iter().map(|(key, text)| (key, for_rustdoc(&text)));
        Self(texts.collect())
    }

    /// The same, with the text of what has another name now under that name, too.
    pub(crate) fn renamed(mut self, renames: &Renames) -> Self {
        for (old, new) in renames.pairs() {
            if let Some(text) = self.0.get(old).cloned() {
                self.0.entry(new.to_owned()).or_insert(text);
            }
        }
        self
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub(super) fn set_schema(&mut self, schema: &str, text: Option<&str>) {
        self.set(schema.to_owned(), text);
    }

    pub(super) fn set_property(&mut self, schema: &str, property: &str, text: Option<&str>) {
        self.set(property_key(schema, property), text);
    }

    pub(super) fn set_operation(&mut self, operation: &str, text: Option<&str>) {
        self.set(operation_key(operation), text);
    }

    pub(super) fn set_parameter(&mut self, parameter: &str, text: Option<&str>) {
        self.set(parameter_key(parameter), text);
    }

    fn set(&mut self, key: String, text: Option<&str>) {
        if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
            self.0.insert(key, text.to_owned());
        }
    }
}

/// Shows every place that can have a description, with its key.
fn visit(spec: &mut OpenAPI, mut see: impl FnMut(String, &mut Option<String>)) {
    for (_, item) in &mut spec.paths.paths {
        let ReferenceOr::Item(PathItem { get, put, post, delete, .. }) = item else { continue };
        for operation in [get, put, post, delete].into_iter().flatten() {
            let id = operation.operation_id.clone().unwrap_or_default();
            see(operation_key(&id), &mut operation.description);
        }
    }
    let Some(components) = &mut spec.components else { return };
    for (key, parameter) in &mut components.parameters {
        let ReferenceOr::Item(
            Parameter::Path { parameter_data, .. } | Parameter::Query { parameter_data, .. },
        ) = parameter
        else {
            continue;
        };
        see(parameter_key(key), &mut parameter_data.description);
    }
    for (name, schema) in &mut components.schemas {
        let ReferenceOr::Item(schema) = schema else { continue };
        see(name.clone(), &mut schema.schema_data.description);
        let SchemaKind::Type(Type::Object(object)) = &mut schema.schema_kind else { continue };
        for (property, inner) in &mut object.properties {
            let ReferenceOr::Item(inner) = inner else { continue };
            see(property_key(name, property), &mut inner.schema_data.description);
        }
    }
}

/// Texts written for a web page, made safe for rustdoc: bare addresses become links, brackets
/// do not, and indented lines are no code.
fn for_rustdoc(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split(' ').map(word_for_rustdoc).collect::<Vec<_>>().join(" "))
        .map(|line| line.trim().to_owned())
        .collect();
    lines.join("\n")
}

fn word_for_rustdoc(word: &str) -> String {
    let is_address = |text: &str| text.starts_with("http://") || text.starts_with("https://");
    let start = word.find("http").unwrap_or(word.len());
    if is_address(&word[start..]) {
        let end = word[start..].find([')', ']', '>', '"', '\'', ',']).map_or(word.len(), |at| start + at);
        let end = start + word[start..end].trim_end_matches(['.', ';', ':']).len();
        let (before, address, after) = (&word[..start], &word[start..end], &word[end..]);
        let before = before.trim_end_matches('<');
        let after = after.trim_start_matches('>');
        return format!("{}<{address}>{}", escaped(before), escaped(after));
    }
    escaped(word)
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        if matches!(letter, '[' | ']' | '<' | '>') {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_web_pages_are_safe_in_rustdoc() {
        for (text, safe) in [
            ("plain `code` text", "plain `code` text"),
            ("see https://a.example/b.", "see <https://a.example/b>."),
            ("see (https://a.example/b), or", "see (<https://a.example/b>), or"),
            ("already <https://a.example>", "already <https://a.example>"),
            ("arrays [in] Vec<String>", "arrays \\[in\\] Vec\\<String\\>"),
            ("one\n\n    looks like code", "one\n\nlooks like code"),
        ] {
            assert_eq!(for_rustdoc(text), safe);
        }
    }

    #[test]
    fn empty_texts_are_no_texts() {
        let mut prose = Prose::default();
        prose.set_schema("Service", Some("  "));
        prose.set_schema("Job", None);
        assert_eq!(prose, Prose::default());
    }
}
