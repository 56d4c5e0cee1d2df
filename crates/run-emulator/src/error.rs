//! What the API answers when it refuses.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A field that is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) field: String,
    pub(crate) description: String,
}

/// A refusal: a status, a message, and details.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) status: Cow<'static, str>,
    pub(crate) message: String,
    details: Vec<Value>,
}

/// How many violations one answer names, so that it is not much larger than the request. (Ours to choose.)
pub(crate) const MOST_VIOLATIONS: usize = 100;

impl ApiError {
    fn new(code: u16, status: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code, status: status.into(), message: message.into(), details: Vec::new() }
    }

    /// The request itself cannot be understood.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    /// Fields have values that the API refuses. (Seen: the message says only this, the details say what.)
    pub(crate) fn violations(violations: &[Violation]) -> Self {
        Self::invalid("The request has errors").with_violations(violations)
    }

    pub(crate) fn with_violations(mut self, violations: &[Violation]) -> Self {
        let list: Vec<Value> = violations
            .iter()
            .take(MOST_VIOLATIONS)
            .map(|violation| json!({"field": violation.field, "description": violation.description}))
            .collect();
        self.details
            .push(json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list}));
        self
    }

    /// The request is too large.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(413, "INVALID_ARGUMENT", format!("Request payload size exceeds the limit: {limit} bytes."))
    }

    pub(crate) fn too_slow(limit: std::time::Duration) -> Self {
        let message = format!("Nothing of the request body has come for {} seconds.", limit.as_secs());
        Self::new(408, "DEADLINE_EXCEEDED", message)
    }

    /// The request is fine, but not in the present state.
    pub(crate) fn failed_precondition(message: impl Into<String>) -> Self {
        Self::new(400, "FAILED_PRECONDITION", message)
    }

    /// There is no such object. (Seen, word for word.)
    pub(crate) fn not_found(kind: &str, name: &str, region: &str, project: &str) -> Self {
        let message = format!(
            "Resource '{name}' of kind '{kind}' in region '{region}' in project '{project}' does not exist."
        );
        Self::new(404, "NOT_FOUND", message)
    }

    /// The object's name is taken. (Seen for v2; the wording for v1 is inferred.)
    pub(crate) fn already_exists(name: &str) -> Self {
        Self::new(409, "ALREADY_EXISTS", format!("Resource '{name}' already exists."))
    }

    /// A revision's name is taken. (Seen.)
    pub(crate) fn revision_exists(name: &str) -> Self {
        let message = format!("Revision named '{name}' with different configuration already exists.");
        Self::new(409, "ALREADY_EXISTS", message)
    }

    /// The object changed since it was read. (Seen; the numbers are the decoded resource versions.)
    pub(crate) fn conflict(name: &str, given: u64, current: u64) -> Self {
        let message = format!(
            "Conflict for resource '{name}': version '{given}' was specified but current version is '{current}'."
        );
        Self::new(409, "ABORTED", message)
    }

    /// The policy changed since it was read. (Seen on other APIs.)
    pub(crate) fn policy_conflict() -> Self {
        let message = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.";
        Self::new(409, "ABORTED", message)
    }

    /// Too many executions run. (From gcloud's source: the status; the text is inferred.)
    pub(crate) fn too_many_executions(most: usize) -> Self {
        let message =
            format!("Quota exceeded for total running executions: at most {most} may run in a region.");
        Self::new(429, "RESOURCE_EXHAUSTED", message)
    }

    /// The credential is missing or has expired. (Inferred: the common form of Google's APIs.)
    pub(crate) fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                       other valid authentication credential.";
        Self::new(401, "UNAUTHENTICATED", message)
    }

    /// The quota of requests is used up. (Seen, but for the number.)
    pub(crate) fn quota_exceeded() -> Self {
        let message = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per region' \
                       of service 'run.googleapis.com' for consumer 'project_number:0'.";
        let mut error = Self::new(429, "RESOURCE_EXHAUSTED", message);
        error.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "RATE_LIMIT_EXCEEDED",
            "domain": "googleapis.com",
            "metadata": {
                "service": "run.googleapis.com",
                "quota_metric": "run.googleapis.com/read_regional",
                "quota_limit": "ReadPerMinutePerProjectRegion",
            },
        }));
        error
    }

    /// The caller may not use a service account. (Seen, word for word.)
    pub(crate) fn may_not_act_as(account: &str) -> Self {
        let message = format!(
            "Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
        );
        Self::new(403, "PERMISSION_DENIED", message)
    }

    /// The caller may not do this. (Seen.)
    pub(crate) fn forbidden(permission: &str, resource: &str) -> Self {
        let message =
            format!("Permission '{permission}' denied on resource '{resource}' (or resource may not exist).");
        Self::new(403, "PERMISSION_DENIED", message)
    }

    /// Any refusal; without a word of its own it has the usual one of its code.
    pub(crate) fn with_code(code: u16, status: Option<&str>, message: &str) -> Self {
        let usual = match code {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            408 | 504 => "DEADLINE_EXCEEDED",
            409 => "ABORTED",
            429 => "RESOURCE_EXHAUSTED",
            500 => "INTERNAL",
            501 => "UNIMPLEMENTED",
            502 | 503 => "UNAVAILABLE",
            _ => "UNKNOWN",
        };
        Self::new(code, status.unwrap_or(usual).to_owned(), message)
    }

    /// Something that is nobody's fault but the emulator's.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "INTERNAL", message)
    }

    /// The body of the answer, in the present shape or in the older one, which has reason words and no details.
    pub(crate) fn body(&self, legacy: bool) -> Value {
        let mut error = json!({"code": self.code, "message": self.message, "status": self.status});
        if legacy {
            error["errors"] =
                json!([{"message": self.message, "domain": "global", "reason": self.legacy_reason()}]);
        } else if !self.details.is_empty() {
            error["details"] = self.details.clone().into();
        }
        json!({"error": error})
    }

    fn legacy_reason(&self) -> &'static str {
        match &*self.status {
            "INVALID_ARGUMENT" => "badRequest",
            "FAILED_PRECONDITION" => "failedPrecondition",
            "PERMISSION_DENIED" => "forbidden",
            "NOT_FOUND" => "notFound",
            "ALREADY_EXISTS" => "alreadyExists",
            "ABORTED" => "aborted",
            "RESOURCE_EXHAUSTED" => "rateLimitExceeded",
            _ => "backendError",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes() {
        let violation = Violation { field: "spec.traffic".to_owned(), description: "bad".to_owned() };
        let error = ApiError::violations(&[violation]);
        let body = error.body(false);
        assert_eq!(body["error"]["details"][0]["fieldViolations"][0]["field"], "spec.traffic");
        let legacy = error.body(true);
        assert_eq!(legacy["error"]["errors"][0]["reason"], "badRequest");
        assert_eq!(legacy["error"].get("details"), None);
    }
}
