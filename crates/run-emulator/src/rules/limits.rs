//! Concurrency, timeouts and accounts.

use super::parts::Parts;
use super::violation::Violations;

/// (Seen for v2, and documented.)
pub(super) fn concurrency_and_timeout(parts: &Parts<'_>, found: &mut Violations) {
    if parts.spec.container_concurrency.is_some_and(|value| !(0..=1000).contains(&value)) {
        found.add("spec.template.spec.containerConcurrency", "Must be a number between 0 and 1000");
    }
    if parts.spec.timeout_seconds.is_some_and(|value| !(1..=3600).contains(&value)) {
        found.add(
            "spec.template.spec.timeoutSeconds",
            "must be positive, and the maximum allowed time is one hour",
        );
    }
}

/// (Seen for v2: what is no address is refused. What exactly is one is inferred.)
pub(super) fn service_account(parts: &Parts<'_>, found: &mut Violations) {
    let account = parts.spec.service_account_name.as_deref().unwrap_or_default();
    let mut halves = account.split('@');
    let is_one = match (halves.next(), halves.next(), halves.next()) {
        (Some(_), None, _) => !account.contains(char::is_whitespace),
        (Some(name), Some(domain), None) => {
            !name.is_empty() && domain.contains('.') && !account.contains(char::is_whitespace)
        }
        _ => false,
    };
    if !is_one {
        found.add(
            format!("{}.serviceAccountName", parts.at),
            format!("Unsupported service account '{account}'."),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service};
    use serde_json::json;

    #[test]
    fn numbers() {
        for (spec, fine) in [
            (json!({"containerConcurrency": 1000, "timeoutSeconds": 3600}), true),
            (json!({"containerConcurrency": 1001}), false),
            (json!({"containerConcurrency": -1}), false),
            (json!({"timeoutSeconds": 3601}), false),
            (json!({"timeoutSeconds": 0}), false),
        ] {
            let found = refused(&service(json!({"spec": {"template": {"spec": spec}}})));
            assert_eq!(found.is_empty(), fine, "{spec}");
        }
    }

    #[test]
    fn accounts() {
        for (account, fine) in [
            ("1-compute@developer.gserviceaccount.com", true),
            ("me@example.com", true),
            ("", true),
            ("bad@@example", false),
            ("@example.com", false),
            ("me@example", false),
            ("me @example.com", false),
        ] {
            let template = json!({"spec": {"serviceAccountName": account}});
            assert_eq!(
                refused(&service(json!({"spec": {"template": template}}))).is_empty(),
                fine,
                "{account}"
            );
        }
    }
}
