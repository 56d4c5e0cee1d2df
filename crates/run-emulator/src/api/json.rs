//! Request bodies, read as strictly as the API reads them.

use run_api::schema::{self, Kind, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::FutureFields;
use crate::error::{ApiError, MOST_VIOLATIONS, Violation};

/// Reads a body as an object of a schema.
///
/// Unknown fields and wrong types are refused by name, as the API's JSON transcoder does it; null is the same as
/// absent; integers may be numbers or strings, as in protobuf's JSON mapping.
pub(crate) fn parse<T: DeserializeOwned>(
    body: &[u8],
    schema: &'static str,
    future: &FutureFields,
) -> Result<T, ApiError> {
    let mut value: Value = if body.is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(body).map_err(|error| {
            ApiError::invalid(format!("Invalid JSON payload received. {}", first_up(&error.to_string())))
        })?
    };
    let mut check = Check { future, violations: Vec::new() };
    check.value(&mut value, Kind::Object(schema), "", "");
    if let Some(first) = check.violations.first() {
        let message = check.violations.iter().map(|v| v.description.as_str()).collect::<Vec<_>>().join("\n");
        debug_assert!(!first.description.is_empty());
        return Err(ApiError::invalid(message).with_violations(&check.violations));
    }
    serde_json::from_value(value).map_err(|error| ApiError::invalid(format!("Invalid value: {error}")))
}

struct Check<'a> {
    future: &'a FutureFields,
    violations: Vec<Violation>,
}

impl Check<'_> {
    /// Checks a value and brings it into the form that the models read. `path` is for messages, with indices;
    /// `plain` is the same without.
    fn value(&mut self, value: &mut Value, kind: Kind, path: &str, plain: &str) {
        let fits = match kind {
            Kind::Any => true,
            Kind::Bool => value.is_boolean(),
            Kind::Int32 => match integer(value) {
                Some(number) if i32::try_from(number).is_ok() => {
                    *value = number.into();
                    true
                }
                _ => false,
            },
            Kind::Int64 => match integer(value) {
                Some(number) => {
                    *value = number.to_string().into();
                    true
                }
                None => false,
            },
            Kind::Float32 | Kind::Float64 => value.is_number(),
            Kind::String | Kind::Bytes | Kind::Timestamp | Kind::Duration => value.is_string(),
            Kind::Object(name) => match (value, schema::find(name)) {
                (Value::Object(object), Some(schema)) => {
                    self.object(object, schema, path, plain);
                    return;
                }
                (other, _) => return self.wrong(other, path, kind),
            },
            Kind::List(item) => match value {
                Value::Array(items) => {
                    for (at, entry) in items.iter_mut().enumerate() {
                        self.value(entry, *item, &format!("{path}[{at}]"), plain);
                    }
                    return;
                }
                other => return self.wrong(other, path, kind),
            },
            Kind::Map(item) => match value {
                Value::Object(entries) => {
                    // (Seen: a map is a list of pairs to the API. The order here is that of the keys.)
                    for (at, entry) in entries.values_mut().enumerate() {
                        self.value(entry, *item, &format!("{path}[{at}].value"), plain);
                    }
                    return;
                }
                other => return self.wrong(other, path, kind),
            },
            _ => true,
        };
        if !fits {
            self.wrong(value, path, kind);
        }
    }

    fn refuse(&mut self, field: &str, description: impl FnOnce() -> String) {
        if self.violations.len() < MOST_VIOLATIONS {
            self.violations.push(Violation { field: field.to_owned(), description: description() });
        }
    }

    fn object(&mut self, object: &mut Map<String, Value>, schema: &Schema, path: &str, plain: &str) {
        object.retain(|_, value| !value.is_null());
        for (name, value) in object.iter_mut() {
            let below = join(path, name);
            let below_plain = join(plain, name);
            match schema.field(name) {
                Some(field) => self.value(value, field.kind, &below, &below_plain),
                None if self.future.contains(&below_plain) => {}
                None => {
                    let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
                    self.refuse(path, || {
                        format!(
                            "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
                        )
                    });
                }
            }
        }
    }

    fn wrong(&mut self, value: &Value, path: &str, kind: Kind) {
        self.refuse(path, || {
            let shown: String = value.to_string().chars().take(80).collect();
            format!("Invalid value at '{path}' ({}), {shown}", type_name(kind))
        });
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        // `1.0` is an integer in protobuf's JSON, too.
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0).then(|| format!("{number:.0}").parse().ok()).flatten()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "TYPE_BOOL",
        Kind::Int32 => "TYPE_INT32",
        Kind::Int64 => "TYPE_INT64",
        Kind::Float32 => "TYPE_FLOAT",
        Kind::Float64 => "TYPE_DOUBLE",
        Kind::Bytes => "TYPE_BYTES",
        Kind::String | Kind::Timestamp | Kind::Duration => "TYPE_STRING",
        _ => "TYPE_MESSAGE",
    }
}

fn first_up(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::types::{Job, Service};

    fn refused(body: &str) -> String {
        parse::<Service>(body.as_bytes(), "Service", &FutureFields::new()).unwrap_err().message
    }

    #[test]
    fn unknown_fields_are_named() {
        assert_eq!(
            refused(r#"{"spec":{"template":{"spec":{"containers":[{"image":"a"},{"foo":1}]}}}}"#),
            "Invalid JSON payload received. Unknown name \"foo\" at 'spec.template.spec.containers[1]': Cannot find field."
        );
        assert_eq!(
            refused(r#"{"foo":1}"#),
            "Invalid JSON payload received. Unknown name \"foo\": Cannot find field."
        );
    }

    /// A recorded answer counts the entries of a map: `[0].value`.
    #[test]
    fn wrong_types_are_named() {
        for (body, message) in [
            (
                r#"{"spec":{"traffic":[{"percent":"x"}]}}"#,
                "Invalid value at 'spec.traffic[0].percent' (TYPE_INT32), \"x\"",
            ),
            (
                r#"{"spec":{"traffic":[{"percent":1.5}]}}"#,
                "Invalid value at 'spec.traffic[0].percent' (TYPE_INT32), 1.5",
            ),
            (r#"{"spec":{"traffic":{}}}"#, "Invalid value at 'spec.traffic' (TYPE_MESSAGE), {}"),
            (
                r#"{"metadata":{"labels":{"a":1}}}"#,
                "Invalid value at 'metadata.labels[0].value' (TYPE_STRING), 1",
            ),
            ("[]", "Invalid value at '' (TYPE_MESSAGE), []"),
        ] {
            assert_eq!(refused(body), message);
        }
        assert!(refused("{").starts_with("Invalid JSON payload received. EOF while parsing"));
        assert!(
            refused(&"[".repeat(1000)).contains("Recursion limit exceeded"),
            "{}",
            refused(&"[".repeat(1000))
        );
    }

    #[test]
    fn null_is_absent_and_integers_may_be_text() {
        let none = FutureFields::new();
        for (number, expected) in
            [(1.0, Some(1)), (-2e3, Some(-2000)), (1.5, None), (1e300, None), (f64::NAN, None)]
        {
            assert_eq!(whole(number), expected, "{number}");
        }
        let body =
            br#"{"spec":{"traffic":[{"percent":"100","latestRevision":true,"tag":null}]},"status":null}"#;
        let service: Service = parse(body, "Service", &none).unwrap();
        assert_eq!(service.spec.unwrap().traffic[0].percent, Some(100));
        let text = r#"{"spec":{"template":{"spec":{"template":{"spec":{"timeoutSeconds":"600"}}}}}}"#;
        for body in [text.to_owned(), text.replace("\"600\"", "600"), text.replace("\"600\"", "6e2")] {
            let job: Job = parse(body.as_bytes(), "Job", &none).unwrap();
            assert_eq!(serde_json::to_string(&job).unwrap(), text, "{body}");
        }
        for (wrong, shown) in [("\"soon\"", "\"soon\""), ("1.5", "1.5"), ("\"\"", "\"\"")] {
            let body = text.replace("\"600\"", wrong);
            let refused = parse::<Job>(body.as_bytes(), "Job", &none).unwrap_err().message;
            assert_eq!(
                refused,
                format!(
                    "Invalid value at 'spec.template.spec.template.spec.timeoutSeconds' (TYPE_INT64), {shown}"
                )
            );
        }
    }

    #[test]
    fn declared_future_fields_are_kept() {
        let future = FutureFields::from(["spec.template.spec.containers.newThing".to_owned()]);
        let body = br#"{"spec":{"template":{"spec":{"containers":[{"newThing":[1]}]}}}}"#;
        let service: Service = parse(body, "Service", &future).unwrap();
        let containers = service.spec.unwrap().template.unwrap().spec.unwrap().containers;
        assert_eq!(containers[0].extra["newThing"], serde_json::json!([1]));
    }
}
