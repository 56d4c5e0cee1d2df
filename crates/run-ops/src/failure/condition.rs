//! From a condition's reason and message to a cause.

use std::fmt;

use run_api::types::Condition;

use super::Cause;

/// A condition that is False, in the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCondition {
    /// The condition's type, for example `Ready` or `ContainerHealthy`.
    pub kind: String,
    /// The server's reason, a CamelCase word.
    pub reason: Option<String>,
    /// The server's message; empty if it gave none.
    pub message: String,
}

impl FailedCondition {
    /// The conditions that are False, without those that are there for information only. `Ready` comes first.
    pub(crate) fn all(conditions: &[Condition]) -> Vec<Self> {
        let failed = |condition: &&Condition| {
            let is_false =
                condition.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("False"));
            // Rule: the API's description of `severity`; a severity other than `Error` does not count.
            is_false && matches!(condition.severity.as_deref(), None | Some("" | "Error"))
        };
        let mut found: Vec<Self> = conditions
            .iter()
            .filter(failed)
            .map(|condition| Self {
                kind: condition.type_.clone().unwrap_or_default(),
                reason: condition.reason.clone().filter(|reason| !reason.is_empty()),
                message: condition.message.clone().unwrap_or_default(),
            })
            .collect();
        found.sort_by_key(|condition| condition.kind != "Ready");
        found
    }

    /// What the reason, or where it says nothing the message, tells.
    #[must_use]
    pub fn cause(&self) -> Cause {
        cause_of(self.reason.as_deref(), &self.message)
    }
}

impl fmt::Display for FailedCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(reason) = &self.reason {
            write!(f, " ({reason})")?;
        }
        match self.message.as_str() {
            "" => Ok(()),
            message => write!(f, ": {message}"),
        }
    }
}

/// Reasons are the API's (v1 writes the words of v2's enumeration of reasons); the fragments of messages stand in
/// recorded answers. An older server gives a revision's reason, a newer one often `RevisionFailed` with the
/// revision's message inside the service's.
pub(super) fn cause_of(reason: Option<&str>, message: &str) -> Cause {
    match reason.unwrap_or_default() {
        "ContainerMissing" => Cause::ImageMissing { image: quoted_after(message, "Image '") },
        "ContainerPermissionDenied" | "ContainerImageUnauthorized" => {
            Cause::ImageNotReadable { image: quoted_after(message, "image '") }
        }
        "SecretsAccessCheckFailed" => Cause::SecretNotReadable { secret: secret(message) },
        "HealthCheckContainerError" => container(message),
        // (Seen in recorded executions; the second is inferred.)
        "NonZeroExitCode" => Cause::TaskFailed { exit_code: exit_code(message) },
        "DeadlineExceeded" => Cause::TaskTimeout,
        "ProgressDeadlineExceeded" => Cause::ProgressDeadline,
        "MinInstancesNotProvisioned" => Cause::MinInstances,
        "ActiveRevisionLimitReached" => Cause::RevisionLimit,
        "RevisionMissing" => Cause::RevisionMissing { revision: revision(message) },
        other => by_message(other, message),
    }
}

fn by_message(reason: &str, message: &str) -> Cause {
    let says = |fragment: &str| message.contains(fragment);
    if says("does not exist or is deleted") {
        Cause::RevisionMissing { revision: revision(message) }
    } else if says("Image '") && says("not found") {
        Cause::ImageMissing { image: quoted_after(message, "Image '") }
    } else if says("permission to read the image") || says("container image URL is correct") {
        Cause::ImageNotReadable { image: quoted_after(message, "image '") }
    } else if says("Permission denied on secret") || says("/secrets/") {
        Cause::SecretNotReadable { secret: secret(message) }
    } else if says("failed to start and listen") || says("container exited") {
        container(message)
    } else if says("Quota violated") || says("Quota exceeded") {
        quota(message)
    } else if reason == "RevisionFailed" || says("is not ready and cannot serve traffic") {
        Cause::RevisionFailed { revision: revision(message) }
    } else {
        Cause::Unknown { reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()) }
    }
}

fn container(message: &str) -> Cause {
    let lower = message.to_ascii_lowercase();
    if lower.contains("memory limit of") || lower.contains("too much memory") {
        return Cause::OutOfMemory;
    }
    let code = exit_code(message);
    if code.is_some() || lower.contains("container exited") {
        return Cause::ContainerExited { exit_code: code };
    }
    if lower.contains("failed to start and listen") {
        let port = number_after(message, "PORT=").and_then(|port| u16::try_from(port).ok());
        return Cause::ContainerNotListening { port };
    }
    Cause::HealthCheckFailed
}

fn exit_code(message: &str) -> Option<i32> {
    let lower = message.to_ascii_lowercase();
    let code = ["exited with code ", "exit code: ", "exit("]
        .into_iter()
        .find_map(|before| number_after(&lower, before));
    i32::try_from(code?).ok()
}

/// The revision that a message speaks of.
pub(crate) fn revision(message: &str) -> Option<String> {
    quoted_after(message, "Revision '").or_else(|| quoted_after(message, "Revision named '"))
}

fn secret(message: &str) -> Option<String> {
    let start = message.find("projects/").filter(|_| message.contains("/secrets/"))?;
    let name =
        message[start..].split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ',' | ')')).next()?;
    Some(name.trim_end_matches(['.', ':']).to_owned())
}

pub(super) fn quoted_after(message: &str, before: &str) -> Option<String> {
    let (_, rest) = message.split_once(before)?;
    rest.split_once('\'').map(|(name, _)| name.to_owned())
}

fn number_after(message: &str, before: &str) -> Option<u64> {
    let (_, rest) = message.split_once(before)?;
    let rest = rest.trim_start();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// `Quota violated: ID requested: N allowed: M`
pub(super) fn quota(text: &str) -> Cause {
    let after = text.split_once("Quota violated:").map(|(_, rest)| rest.trim_start());
    Cause::CapacityQuota {
        quota: after.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned),
        requested: number_after(text, "requested:"),
        allowed: number_after(text, "allowed:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_and_what_only_the_message_tells() {
        let text = |text: &str| Some(text.to_owned());
        let start = "The user-provided container failed to start and listen on the port defined provided by the \
                     PORT=8080 environment variable within the allocated timeout.";
        let denied = "Permission denied on secret: projects/7/secrets/key/versions/latest for Revision service account x.";
        for (reason, message, cause) in [
            ("ContainerMissing", "Image 'a/b:1' not found.", Cause::ImageMissing { image: text("a/b:1") }),
            ("ContainerMissing", "", Cause::ImageMissing { image: None }),
            (
                "RevisionFailed",
                "Revision 's-1' is not ready and cannot serve traffic. Image 'a/b' not found.",
                Cause::ImageMissing { image: text("a/b") },
            ),
            (
                "ContainerPermissionDenied",
                "may not read the image 'a/b'.",
                Cause::ImageNotReadable { image: text("a/b") },
            ),
            ("ContainerImageUnauthorized", "", Cause::ImageNotReadable { image: None }),
            (
                "SecretsAccessCheckFailed",
                denied,
                Cause::SecretNotReadable { secret: text("projects/7/secrets/key/versions/latest") },
            ),
            ("", denied, Cause::SecretNotReadable { secret: text("projects/7/secrets/key/versions/latest") }),
            ("HealthCheckContainerError", start, Cause::ContainerNotListening { port: Some(8080) }),
            ("RevisionFailed", start, Cause::ContainerNotListening { port: Some(8080) }),
            (
                "HealthCheckContainerError",
                "The container exited with code 3.",
                Cause::ContainerExited { exit_code: Some(3) },
            ),
            (
                "HealthCheckContainerError",
                "The container exited with an error.",
                Cause::ContainerExited { exit_code: None },
            ),
            ("HealthCheckContainerError", "Memory limit of 512 MiB exceeded.", Cause::OutOfMemory),
            ("HealthCheckContainerError", "The startup probe got 500.", Cause::HealthCheckFailed),
            (
                "NonZeroExitCode",
                "Task x-task0 failed with exit code: 3 and message: The container exited with an error.",
                Cause::TaskFailed { exit_code: Some(3) },
            ),
            ("DeadlineExceeded", "The configured timeout was reached.", Cause::TaskTimeout),
            ("ProgressDeadlineExceeded", "", Cause::ProgressDeadline),
            ("MinInstancesNotProvisioned", "", Cause::MinInstances),
            ("ActiveRevisionLimitReached", "", Cause::RevisionLimit),
            (
                "RevisionMissing",
                "Revision 's-9' does not exist or is deleted. Update all traffic …",
                Cause::RevisionMissing { revision: text("s-9") },
            ),
            (
                "",
                "Revision 's-9' does not exist or is deleted.",
                Cause::RevisionMissing { revision: text("s-9") },
            ),
            (
                "RevisionFailed",
                "Revision 's-2' is not ready and cannot serve traffic.",
                Cause::RevisionFailed { revision: text("s-2") },
            ),
            (
                "",
                "Quota violated: MemAllocPerProjectRegion requested: 5 allowed: 4",
                Cause::CapacityQuota {
                    quota: text("MemAllocPerProjectRegion"),
                    requested: Some(5),
                    allowed: Some(4),
                },
            ),
            ("Mystery", "who knows", Cause::Unknown { reason: text("Mystery") }),
            ("", "", Cause::Unknown { reason: None }),
        ] {
            assert_eq!(cause_of(Some(reason), message), cause, "{reason}: {message}");
        }
    }

    #[test]
    fn information_is_no_failure_and_ready_comes_first() {
        let condition = |kind: &str, status: &str, severity: Option<&str>| Condition {
            type_: Some(kind.to_owned()),
            status: Some(status.to_owned()),
            severity: severity.map(str::to_owned),
            ..Condition::default()
        };
        let failed = FailedCondition::all(&[
            condition("Active", "False", Some("Info")),
            condition("ContainerHealthy", "False", None),
            condition("ContainerReady", "True", None),
            condition("Ready", "false", Some("Error")),
        ]);
        assert_eq!(
            failed.iter().map(|condition| condition.kind.as_str()).collect::<Vec<_>>(),
            ["Ready", "ContainerHealthy"]
        );
    }
}
