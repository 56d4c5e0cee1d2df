//! Values as text, in cells of tables and lines of `value`.

use std::cmp::Ordering;

use serde_json::Value;

/// A value as text. Items of lists stand between `separator`s; truths are written as gcloud does.
pub(crate) fn text(value: &Value, separator: &str) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| match item {
                    Value::Object(_) | Value::Array(_) => item.to_string(),
                    plain => text(plain, separator),
                })
                .collect();
            items.join(separator)
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| match value {
                    Value::Object(_) | Value::Array(_) => format!("{key}={value}"),
                    plain => format!("{key}={}", text(plain, separator)),
                })
                .collect();
            fields.join(separator)
        }
    }
}

/// Numbers by value, all else as text.
pub(crate) fn order(left: &Value, right: &Value) -> Ordering {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => text(left, ";").cmp(&text(right, ";")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts() {
        for (value, expected) in [
            (json!(null), ""),
            (json!(true), "True"),
            (json!(3), "3"),
            (json!(["a", 1, null]), "a;1;"),
            (json!({"a": 1, "b": [1]}), "a=1;b=[1]"),
            (json!([{"a": 1}]), r#"{"a":1}"#),
        ] {
            assert_eq!(text(&value, ";"), expected);
        }
    }
}
