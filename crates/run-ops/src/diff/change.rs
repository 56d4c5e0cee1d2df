//! One difference.

use std::fmt;

use serde_json::Value;

/// One thing that would change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The field, as a path in the object's JSON, where things with names go by these:
    /// `spec.template.spec.containers[app].env[TIER].value`.
    pub field: String,
    /// The present value; none if there is none.
    pub before: Option<Value>,
    /// The value that would be; none if it would be gone.
    pub after: Option<Value>,
}

impl Change {
    /// Whether the values may be secrets: those of environment variables and of command lines.
    #[must_use]
    pub fn may_be_secret(&self) -> bool {
        let segments = self.field.split('.').filter_map(|segment| segment.split('[').next());
        segments.into_iter().any(is_secret)
            || [&self.before, &self.after].into_iter().flatten().any(holds_secrets)
    }
}

/// Whether the values of a field may be secrets.
fn is_secret(field: &str) -> bool {
    ["env", "args", "command"].contains(&field)
}

/// Whether there is such a field in a value, as in a container as a whole.
fn holds_secrets(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| is_secret(key) || holds_secrets(value)),
        Value::Array(items) => items.iter().any(holds_secrets),
        _ => false,
    }
}

impl fmt::Display for Change {
    /// `+`, `-` or `~`, the field, and the values unless they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Value| match value {
            _ if self.may_be_secret() => "(not shown)".to_owned(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        match (&self.before, &self.after) {
            (Some(_), Some(_)) if self.may_be_secret() => write!(f, "~ {} (not shown)", self.field),
            (Some(before), Some(after)) => write!(f, "~ {}: {} → {}", self.field, text(before), text(after)),
            (Some(before), None) => write!(f, "- {}: {}", self.field, text(before)),
            (None, Some(after)) => write!(f, "+ {}: {}", self.field, text(after)),
            (None, None) => write!(f, "  {}", self.field),
        }
    }
}
