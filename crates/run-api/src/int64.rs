//! 64-bit integers on the wire: the API writes them as text, since JSON's numbers have 53 bits in many languages, and
//! takes both. (Source: <https://protobuf.dev/programming-guides/json/>.)

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

/// The largest integer up to which a floating point number has all.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes the number as text. (`None` is left out by the model.)
pub(crate) fn serialize<S: Serializer>(number: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(number),
        None => serializer.serialize_none(),
    }
}

/// Reads text or a number; `null` is none.
///
/// # Errors
/// If it is something else, has a fraction, or needs more than 64 bits.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Int64)
}

struct Int64;

impl<'de> Visitor<'de> for Int64 {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of 64 bits, or text with one")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(Some).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    #[allow(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.fract() == 0.0 && number.abs() <= EXACT {
            Ok(Some(number as i64))
        } else {
            Err(E::invalid_value(Unexpected::Float(number), &self))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Some).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use crate::types::TaskSpec;

    #[test]
    fn text_and_numbers_are_read_and_text_is_written() {
        for (read, number, written) in [
            (r#"{"timeoutSeconds":"600"}"#, Some(600), r#"{"timeoutSeconds":"600"}"#),
            (r#"{"timeoutSeconds":600}"#, Some(600), r#"{"timeoutSeconds":"600"}"#),
            (r#"{"timeoutSeconds":6e2}"#, Some(600), r#"{"timeoutSeconds":"600"}"#),
            (r#"{"timeoutSeconds":"-1"}"#, Some(-1), r#"{"timeoutSeconds":"-1"}"#),
            (
                r#"{"timeoutSeconds":"9223372036854775807"}"#,
                Some(i64::MAX),
                r#"{"timeoutSeconds":"9223372036854775807"}"#,
            ),
            (r#"{"timeoutSeconds":null}"#, None, "{}"),
            ("{}", None, "{}"),
        ] {
            let task: TaskSpec = serde_json::from_str(read).unwrap_or_else(|error| panic!("{read}: {error}"));
            assert_eq!(task.timeout_seconds, number, "{read}");
            assert_eq!(serde_json::to_string(&task).unwrap(), written, "{read}");
            let value: TaskSpec = serde_json::from_value(serde_json::from_str(read).unwrap()).unwrap();
            assert_eq!(value, task, "{read}");
        }
    }

    #[test]
    fn what_is_no_integer_is_refused_and_named() {
        for (read, said) in [
            (r#"{"timeoutSeconds":"ten"}"#, "string \"ten\""),
            (r#"{"timeoutSeconds":""}"#, "string \"\""),
            (r#"{"timeoutSeconds":1.5}"#, "floating point `1.5`"),
            (r#"{"timeoutSeconds":1e300}"#, "floating point"),
            (r#"{"timeoutSeconds":9223372036854775808}"#, "integer `9223372036854775808`"),
            (r#"{"timeoutSeconds":"9223372036854775808"}"#, "string \"9223372036854775808\""),
            (r#"{"timeoutSeconds":true}"#, "boolean `true`"),
            (r#"{"timeoutSeconds":["600"]}"#, "sequence"),
        ] {
            let error = serde_json::from_str::<TaskSpec>(read).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("a whole number of 64 bits"), "{read}: {error}");
        }
    }
}
