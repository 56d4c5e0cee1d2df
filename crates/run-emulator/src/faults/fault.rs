//! One fault: when it strikes, and what it does.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Something that goes wrong with requests to the API, on purpose.
///
/// ```
/// use run_emulator::{Fault, FaultKind};
///
/// // The second replacement of `hello` is applied, and its answer lost.
/// let lost = Fault::new(FaultKind::ResetAfter).on("replace_service").of("hello").after(1).times(1);
/// assert_eq!(lost.to_string(), "reset-after on replace_service of hello, after 1, times 1");
///
/// // The same from a file.
/// let text = r#"[{"fault": "reset-after", "on": "replace_service", "of": "hello", "after": 1, "times": 1}]"#;
/// assert_eq!(Fault::list_from_json(text)?, [lost]);
/// # Ok::<(), run_emulator::InvalidFaults>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub fault: FaultKind,
    /// The name that logs and lists show; that of the kind by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The operation that is struck, as [`run_api::methods`] names it, for example `replace_service`; one that ends
    /// with `*` stands for all that begin with the rest. All operations by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The collection that is struck, for example `services`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The object that is struck, by its name; requests about no one object (lists, creations) have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The region that is struck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How many requests that match are spared at first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u32,
    /// How many requests are struck then; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a fault does. *Before* means that the request has no effect, *after* that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// `reset-before`: the connection is reset before the request has an effect.
    ResetBefore,
    /// `reset-after`: the request is carried out, and the connection reset instead of an answer.
    ResetAfter,
    /// `hang-before`: no answer ever comes, and nothing is done.
    HangBefore,
    /// `hang-after`: the request is carried out, and no answer ever comes.
    HangAfter,
    /// `truncated`: the request is carried out, and the connection ends in the middle of the answer's body.
    Truncated,
    /// `garbage`: the request is carried out, and the answer is a 200 with a page instead of an object.
    Garbage,
    /// `stale-read`: a read of one object answers with the state before the last write to it. Writes are remembered
    /// from the moment on that such a fault is active; without one, the answer is the present state.
    StaleRead,
    /// `conflict`: 409 ABORTED, in the API's words, as if somebody had written in between.
    Conflict,
    /// `token-expired`: 401 UNAUTHENTICATED.
    TokenExpired,
    /// `quota-exceeded`: 429 RESOURCE_EXHAUSTED, in the API's words and without `Retry-After`, as it was seen.
    QuotaExceeded,
    /// `unavailable`: 503 UNAVAILABLE.
    Unavailable,
    /// `status`: any refusal.
    Status(StatusFault),
    /// `slow-drip`: the body of the answer comes in sixteen pieces, with a pause before each.
    SlowDrip(Pause),
    /// `delay`: the request is carried out only after a while.
    Delay(Pause),
}

/// A refusal of your choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusFault {
    /// The HTTP status, from 400 to 599.
    pub code: u16,
    /// The word of Google's APIs, for example `UNAVAILABLE`; by default the usual one of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The seconds of a `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pause {
    /// In milliseconds.
    pub milliseconds: u64,
}

impl Pause {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }
}

impl FaultKind {
    /// A refusal with this HTTP status and the usual word.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status(StatusFault { code, status: None, message: None, retry_after_seconds: None })
    }

    /// Whether no answer ever comes.
    pub(crate) fn hangs(&self) -> bool {
        matches!(self, Self::HangBefore | Self::HangAfter)
    }

    /// Its name, in kebab-case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::HangBefore => "hang-before",
            Self::HangAfter => "hang-after",
            Self::Truncated => "truncated",
            Self::Garbage => "garbage",
            Self::StaleRead => "stale-read",
            Self::Conflict => "conflict",
            Self::TokenExpired => "token-expired",
            Self::QuotaExceeded => "quota-exceeded",
            Self::Unavailable => "unavailable",
            Self::Status(_) => "status",
            Self::SlowDrip(_) => "slow-drip",
            Self::Delay(_) => "delay",
        }
    }
}

impl Fault {
    /// A fault that strikes every request, until it is narrowed.
    #[must_use]
    pub fn new(fault: FaultKind) -> Self {
        Self { fault, name: None, on: None, collection: None, of: None, region: None, after: 0, times: None }
    }

    /// Gives it a name for logs and lists.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Strikes one operation, for example `replace_service`, or several: `get_*`.
    #[must_use]
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.on = Some(operation.into());
        self
    }

    /// Strikes one collection, for example `services`.
    #[must_use]
    pub fn collection(mut self, collection: impl Into<String>) -> Self {
        self.collection = Some(collection.into());
        self
    }

    /// Strikes requests about the object with this name.
    #[must_use]
    pub fn of(mut self, name: impl Into<String>) -> Self {
        self.of = Some(name.into());
        self
    }

    /// Spares so many requests at first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Strikes so many requests, and no more.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = Some(requests);
        self
    }

    /// Faults from JSON: one object, or a list of them.
    ///
    /// # Errors
    /// If the text is not JSON, a field is unknown, or a fault could never strike.
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, InvalidFaults> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| InvalidFaults(error.to_string()))?;
        let values = match value {
            serde_json::Value::Array(values) => values,
            one => vec![one],
        };
        let parsed = values.into_iter().enumerate().map(|(at, value)| {
            let fault: Self = serde_json::from_value(value)
                .map_err(|error| error.to_string())
                .and_then(|fault: Self| fault.check().map(|()| fault))
                .map_err(|error| InvalidFaults(format!("fault {}: {error}", at + 1)))?;
            Ok(fault)
        });
        parsed.collect()
    }

    /// Whether it can ever strike.
    fn check(&self) -> Result<(), String> {
        if let FaultKind::Status(StatusFault { code, .. }) = &self.fault
            && !(400..600).contains(code)
        {
            return Err(format!("a status must be from 400 to 599, not {code}"));
        }
        let Some(on) = &self.on else { return Ok(()) };
        let known = run_api::methods::all().iter().any(|method| covers(on, method.operation.as_str()));
        if known {
            Ok(())
        } else {
            Err(format!("there is no operation `{on}`, such as `replace_service` or `get_*`"))
        }
    }

    /// The name that logs and lists show.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.fault.name())
    }
}

/// Whether a pattern stands for an operation. The twins of methods in the other tree of paths are the same.
pub(super) fn covers(pattern: &str, operation: &str) -> bool {
    let operation = operation.trim_end_matches("_in_location");
    match pattern.strip_suffix('*') {
        Some(start) => operation.starts_with(start),
        None => pattern.trim_end_matches("_in_location") == operation,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())?;
        let texts = [("on", &self.on), ("in", &self.collection), ("of", &self.of), ("in", &self.region)];
        for (word, text) in texts {
            if let Some(text) = text {
                write!(f, " {word} {text}")?;
            }
        }
        if self.after > 0 {
            write!(f, ", after {}", self.after)?;
        }
        match self.times {
            Some(times) => write!(f, ", times {times}"),
            None => Ok(()),
        }
    }
}

/// Why faults could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFaults(String);

impl fmt::Display for InvalidFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidFaults {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_has_its_name_in_json() {
        for kind in [
            FaultKind::ResetBefore,
            FaultKind::ResetAfter,
            FaultKind::HangBefore,
            FaultKind::HangAfter,
            FaultKind::Truncated,
            FaultKind::Garbage,
            FaultKind::StaleRead,
            FaultKind::Conflict,
            FaultKind::TokenExpired,
            FaultKind::QuotaExceeded,
            FaultKind::Unavailable,
        ] {
            assert_eq!(serde_json::to_value(&kind).unwrap(), json!(kind.name()));
        }
        for (kind, value) in [
            (FaultKind::status(502), json!({"status": {"code": 502}})),
            (FaultKind::SlowDrip(Pause { milliseconds: 5 }), json!({"slow-drip": {"milliseconds": 5}})),
            (FaultKind::Delay(Pause { milliseconds: 5 }), json!({"delay": {"milliseconds": 5}})),
        ] {
            assert_eq!(serde_json::to_value(&kind).unwrap(), value);
            assert!(value.get(kind.name()).is_some());
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, said) in [
            ("[", "EOF"),
            (r#"{"fault": "nonsense"}"#, "fault 1: unknown variant `nonsense`"),
            (r#"[{"fault": "conflict"}, {"fault": "conflict", "time": 1}]"#, "fault 2: unknown field `time`"),
            (r#"{"fault": "conflict", "on": "replace_servic"}"#, "there is no operation `replace_servic`"),
            (r#"{"fault": {"status": {"code": 200}}}"#, "from 400 to 599, not 200"),
            (r#"{"on": "get_service"}"#, "missing field `fault`"),
        ] {
            let error = Fault::list_from_json(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, operation, expected) in [
            ("get_service", "get_service", true),
            ("get_service", "get_service_in_location", true),
            ("get_service", "get_service_iam_policy", false),
            ("get_*", "get_service_iam_policy", true),
            ("*", "run_job", true),
            ("get_*", "list_services", false),
        ] {
            assert_eq!(covers(pattern, operation), expected, "{pattern} {operation}");
        }
    }
}
