//! How objects and lists are written to stdout.

pub(crate) mod describe;
pub(crate) mod table;

use serde::Serialize;

use crate::arguments::Format;
use crate::terminal::{ExitStatus, Failure};

/// An object in one of the formats for programs; none if it is to be written for people.
pub(crate) fn structured<T: Serialize>(value: &T, format: Option<Format>) -> Result<Option<String>, Failure> {
    let bad = |error: &dyn std::fmt::Display| {
        Failure::new(ExitStatus::Failed, format!("the result can not be written: {error}"))
    };
    Ok(match format {
        None | Some(Format::Text) => None,
        Some(Format::Json) => Some(serde_json::to_string_pretty(value).map_err(|error| bad(&error))?),
        Some(Format::Yaml) => {
            // Through a JSON value, so that both formats have the same fields in the same order.
            let value = serde_json::to_value(value).map_err(|error| bad(&error))?;
            Some(serde_saphyr::to_string(&value).map_err(|error| bad(&error))?.trim_end().to_owned())
        }
    })
}
