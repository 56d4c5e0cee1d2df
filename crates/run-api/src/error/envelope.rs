//! The two shapes in which the API says what went wrong.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

/// A field that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// The path of the field, for example `spec.template.spec.containers[0].env`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

impl fmt::Display for FieldViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str(&self.description);
        }
        write!(f, "{}: {}", self.field, self.description)
    }
}

/// What the body of a failed answer says: the present shape (`status`, `details`) or the older one
/// (`errors` with reason words, and no details).
pub(super) struct Envelope {
    pub(super) status: Option<String>,
    pub(super) message: String,
    pub(super) reason: Option<String>,
    pub(super) violations: Vec<FieldViolation>,
}

impl Envelope {
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let error = body.get("error")?.as_object()?;
        let code = error.get("code").and_then(Value::as_u64);
        let details = error.get("details").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let legacy = error.get("errors").and_then(Value::as_array).and_then(|errors| errors.first());
        let legacy_reason = legacy.and_then(|first| text(first, "reason"));
        let message = error.get("message").and_then(Value::as_str).unwrap_or("(no message)");
        let status = error.get("status").and_then(Value::as_str).map(str::to_owned).or_else(|| {
            legacy_reason.as_deref().and_then(|reason| status_of_reason(reason, message)).map(str::to_owned)
        });
        if code.is_none() && status.is_none() {
            return None;
        }
        Some(Self {
            status,
            message: message.to_owned(),
            reason: details
                .iter()
                .filter(|detail| is_type(detail, "google.rpc.ErrorInfo"))
                .find_map(|detail| text(detail, "reason"))
                .or(legacy_reason),
            violations: details
                .iter()
                .filter(|detail| is_type(detail, "google.rpc.BadRequest"))
                .flat_map(violations)
                .collect(),
        })
    }
}

/// Reason words of the older shape. (Seen: `badRequest`, `forbidden`, `failedPrecondition`; the others follow
/// the convention of Google's older APIs, some of which have one word for both meanings of 409.)
fn status_of_reason(reason: &str, message: &str) -> Option<&'static str> {
    Some(match reason {
        "badRequest" | "invalid" => "INVALID_ARGUMENT",
        "failedPrecondition" => "FAILED_PRECONDITION",
        "authError" | "required" => "UNAUTHENTICATED",
        "forbidden" => "PERMISSION_DENIED",
        "notFound" => "NOT_FOUND",
        "conflict" if message.contains("already exists") => "ALREADY_EXISTS",
        "aborted" | "conflict" => "ABORTED",
        "alreadyExists" | "duplicate" => "ALREADY_EXISTS",
        "rateLimitExceeded" | "quotaExceeded" => "RESOURCE_EXHAUSTED",
        "backendError" => "UNAVAILABLE",
        "internalError" => "INTERNAL",
        _ => return None,
    })
}

fn is_type(detail: &Value, name: &str) -> bool {
    detail.get("@type").and_then(Value::as_str).and_then(|full| full.rsplit('/').next()) == Some(name)
}

fn violations(detail: &Value) -> Vec<FieldViolation> {
    let list = detail.get("fieldViolations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter()
        .map(|violation| FieldViolation {
            field: text(violation, "field").unwrap_or_default(),
            description: text(violation, "description").unwrap_or_default(),
        })
        .collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// `Retry-After` in seconds. (The other form, a date, is for pages rather than APIs and is ignored.)
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The beginning of a body in one line, for a message.
pub(super) fn excerpt(body: &[u8]) -> String {
    const LONGEST: usize = 160;
    if body.is_empty() {
        return "(empty)".to_owned();
    }
    let head = String::from_utf8_lossy(body.get(..4 * LONGEST).unwrap_or(body)).into_owned();
    let line = head.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if cut.len() < line.len() || head.len() < body.len() { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_shape() {
        let body = br#"{"error":{"code":403,"message":"off","status":"PERMISSION_DENIED","details":[
            {"@type":"type.googleapis.com/google.rpc.Help"},
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com"}]}}"#;
        let envelope = Envelope::parse(body).unwrap();
        assert_eq!(envelope.status.as_deref(), Some("PERMISSION_DENIED"));
        assert_eq!(envelope.reason.as_deref(), Some("SERVICE_DISABLED"));
        assert!(envelope.violations.is_empty());
    }

    #[test]
    fn older_shape() {
        let body = br#"{"error":{"code":400,"message":"m","errors":[{"message":"m","domain":"global","reason":"badRequest"}]}}"#;
        let envelope = Envelope::parse(body).unwrap();
        assert_eq!(envelope.status.as_deref(), Some("INVALID_ARGUMENT"));
        assert_eq!(envelope.reason.as_deref(), Some("badRequest"));
    }

    #[test]
    fn older_shape_of_a_409() {
        let status = |message: &str| {
            let body = serde_json::json!({"error": {"code": 409, "message": message, "errors": [{"reason": "conflict"}]}});
            Envelope::parse(body.to_string().as_bytes()).unwrap().status.unwrap()
        };
        assert_eq!(
            status("Conflict for resource 's': version '1' was specified but current version is '2'."),
            "ABORTED"
        );
        assert_eq!(
            status("Revision named 'r' with different configuration already exists."),
            "ALREADY_EXISTS"
        );
    }

    #[test]
    fn anything_else_is_not_an_envelope() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"error":"x"}"#,
            r#"{"error":{}}"#,
            r#"{"error":{"message":"x"}}"#,
        ] {
            assert!(Envelope::parse(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn excerpts_are_one_short_line() {
        assert_eq!(excerpt(b"  <html>\n <b>x</b>"), "<html> <b>x</b>");
        assert_eq!(excerpt(b""), "(empty)");
        assert_eq!(excerpt("ä".repeat(5000).as_bytes()).chars().count(), 161);
    }

    #[test]
    fn retry_after_is_seconds() {
        let with = |value: &'static str| {
            retry_after(&HeaderMap::from_iter([(
                http::header::RETRY_AFTER,
                http::HeaderValue::from_static(value),
            )]))
        };
        assert_eq!(with("7"), Some(Duration::from_secs(7)));
        assert_eq!(with("soon"), None);
    }
}
