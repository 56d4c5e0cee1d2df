//! From a refused request to a cause.

use run_api::{Error, ErrorKind, FieldViolation};

use super::Cause;
use super::condition::{quota, quoted_after, revision};

/// What a request's error tells. The texts are the server's, see the table of [`Cause`].
pub(super) fn cause_of(error: &Error) -> Cause {
    let message = error.message();
    if error.reason() == Some("SERVICE_DISABLED") {
        return Cause::ApiDisabled;
    }
    if error.kind() == ErrorKind::Untrusted {
        return Cause::EndpointNotTrusted;
    }
    if error.is_foreign_answer() {
        return Cause::ForeignAnswer;
    }
    if error.is_unauthenticated() {
        return Cause::Unauthenticated;
    }
    if error.is_permission_denied() {
        return denied(message);
    }
    if error.is_conflict() {
        return Cause::VersionConflict;
    }
    if error.is_already_exists() {
        return match message.contains("with different configuration") {
            true => Cause::RevisionNameTaken { revision: revision(message) },
            false => Cause::AlreadyExists,
        };
    }
    if error.is_not_found() {
        return Cause::NotFound;
    }
    if error.is_rate_limited() {
        return Cause::RateLimited;
    }
    if error.is_failed_precondition() {
        return match message.contains("permitted customer") || message.contains("organization policy") {
            true => Cause::OrganisationPolicy,
            false => Cause::FailedPrecondition,
        };
    }
    if error.is_invalid_argument() && error.http_status().is_some() {
        return refused(message, error.field_violations());
    }
    if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Unreachable) {
        return Cause::NoConnection { lasts: error.kind() == ErrorKind::Unreachable };
    }
    if error.is_retryable() {
        return Cause::ServerFault;
    }
    Cause::Unknown { reason: error.reason().map(str::to_owned) }
}

fn denied(message: &str) -> Cause {
    if message.to_ascii_lowercase().contains("iam.serviceaccounts.actas") {
        let after = message.split_once("service account ").map(|(_, rest)| rest);
        let account =
            after.and_then(|rest| rest.split_whitespace().next()).map(|name| name.trim_end_matches('.'));
        return Cause::ActAsDenied {
            service_account: account.filter(|name| name.contains('@')).map(str::to_owned),
        };
    }
    if message.contains("Service Agent does not have permission") {
        return Cause::ServiceAgentDenied;
    }
    Cause::PermissionDenied { permission: quoted_after(message, "Permission '") }
}

/// The violation that says most; the older error shape has none, and then the message must do.
fn refused(message: &str, violations: &[FieldViolation]) -> Cause {
    let named =
        violations.iter().map(|violation| violation.description.as_str()).chain([message]).find_map(known);
    named.unwrap_or_else(|| Cause::InvalidField {
        field: violations.first().map(|violation| violation.field.clone()).unwrap_or_default(),
    })
}

fn known(text: &str) -> Option<Cause> {
    Some(if text.contains("Quota violated") || text.contains("Quota exceeded") {
        quota(text)
    } else if text.contains("reserved env names") {
        let names = text.split_once("provided:").map_or("", |(_, rest)| rest);
        let names = names.split('.').next().unwrap_or_default().split(',');
        let names = names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        Cause::ReservedEnv { names: names.collect() }
    } else if text.contains("Expected an image path like") {
        Cause::ImageHost
    } else if text.contains("is not a supported annotation") {
        Cause::UnknownAnnotation { key: quoted_after(text, "'") }
    } else if text.contains("declared launch stage") {
        Cause::LaunchStage { feature: quoted_after(text, "feature '") }
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let text = |text: &str| Some(text.to_owned());
        let quota = "Max instances must be set to 2 or fewer to set the requested total CPU. \
                     Quota violated: CpuAllocPerProjectRegion requested: 32000 allowed: 20000";
        for (code, status, message, cause) in [
            (
                403,
                "PERMISSION_DENIED",
                "Permission 'iam.serviceaccounts.actAs' denied on service account 1-compute@developer.gserviceaccount.com (or it may not exist).",
                Cause::ActAsDenied { service_account: text("1-compute@developer.gserviceaccount.com") },
            ),
            (
                403,
                "PERMISSION_DENIED",
                "Permission 'run.services.update' denied on resource 'namespaces/p/services/s' (or resource may not exist).",
                Cause::PermissionDenied { permission: text("run.services.update") },
            ),
            (
                403,
                "PERMISSION_DENIED",
                "Google Cloud Run Service Agent does not have permission to get access tokens for the service account x.",
                Cause::ServiceAgentDenied,
            ),
            (401, "UNAUTHENTICATED", "", Cause::Unauthenticated),
            (
                400,
                "INVALID_ARGUMENT",
                quota,
                Cause::CapacityQuota {
                    quota: text("CpuAllocPerProjectRegion"),
                    requested: Some(32000),
                    allowed: Some(20000),
                },
            ),
            (
                400,
                "INVALID_ARGUMENT",
                "The following reserved env names were provided: PORT, K_SERVICE. These values are automatically set by the system.",
                Cause::ReservedEnv { names: vec!["PORT".to_owned(), "K_SERVICE".to_owned()] },
            ),
            (400, "INVALID_ARGUMENT", "Expected an image path like [host/]repo-path …", Cause::ImageHost),
            (
                400,
                "INVALID_ARGUMENT",
                "'a/b' is not a supported annotation.",
                Cause::UnknownAnnotation { key: text("a/b") },
            ),
            (
                400,
                "INVALID_ARGUMENT",
                "The feature 'minimum instances' is not supported in the declared launch stage …",
                Cause::LaunchStage { feature: text("minimum instances") },
            ),
            (400, "INVALID_ARGUMENT", "The request has errors", Cause::InvalidField { field: String::new() }),
            (
                400,
                "FAILED_PRECONDITION",
                "One or more users named in the policy do not belong to a permitted customer, perhaps due to an organization policy.",
                Cause::OrganisationPolicy,
            ),
            (
                400,
                "FAILED_PRECONDITION",
                "Revision \"r\" cannot be directly deleted",
                Cause::FailedPrecondition,
            ),
            (
                409,
                "ALREADY_EXISTS",
                "Revision named 's-2' with different configuration already exists.",
                Cause::RevisionNameTaken { revision: text("s-2") },
            ),
            (409, "ALREADY_EXISTS", "Resource 's' already exists.", Cause::AlreadyExists),
            (409, "ABORTED", "Conflict for resource 's'", Cause::VersionConflict),
            (404, "NOT_FOUND", "", Cause::NotFound),
            (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric", Cause::RateLimited),
            (503, "UNAVAILABLE", "", Cause::ServerFault),
            (418, "TEAPOT", "", Cause::Unknown { reason: None }),
        ] {
            assert_eq!(cause_of(&Error::from_status(code, status, message)), cause, "{message}");
        }
        assert_eq!(cause_of(&Error::from_kind(ErrorKind::Timeout, "")), Cause::ServerFault);
        assert_eq!(cause_of(&Error::from_kind(ErrorKind::Decode, "")), Cause::ForeignAnswer);
    }

    #[test]
    fn the_violation_that_says_most_is_the_cause() {
        let violation = |field: &str, description: &str| FieldViolation {
            field: field.to_owned(),
            description: description.to_owned(),
        };
        let plain = violation("spec.x", "must be set");
        let host =
            violation("spec.image", "Expected an image path like [host/]repo-path but obtained ghcr.io/a");
        assert_eq!(refused("The request has errors", &[plain.clone(), host]), Cause::ImageHost);
        assert_eq!(
            refused("The request has errors", &[plain]),
            Cause::InvalidField { field: "spec.x".to_owned() }
        );
    }
}
