//! IAM policies.

use run_api::types::Policy;

use super::{Violation, Violations};

/// The first version of policies that can have conditions.
const WITH_CONDITIONS: i32 = 3;

/// What is refused in a policy. (Documented: <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>)
pub(crate) fn check_policy(policy: &Policy) -> Vec<Violation> {
    let mut found = Violations::default();
    for (at, binding) in policy.bindings.iter().enumerate() {
        let role = binding.role.as_deref().unwrap_or_default();
        if !is_role(role) {
            found.add(
                format!("policy.bindings[{at}].role"),
                format!("Role '{role}' is not a valid role name."),
            );
        }
        for (number, member) in binding.members.iter().enumerate() {
            if !is_member(member) {
                let text = format!("The member '{member}' is of an unknown type.");
                found.add(format!("policy.bindings[{at}].members[{number}]"), text);
            }
        }
        if let Some(condition) = &binding.condition {
            if policy.version != Some(WITH_CONDITIONS) {
                found.add("policy.version", "Policies with conditions must have version 3.");
            }
            if condition.expression.as_deref().is_none_or(str::is_empty) {
                found.add(format!("policy.bindings[{at}].condition.expression"), "must not be empty");
            }
        }
    }
    found.0
}

fn is_role(role: &str) -> bool {
    let custom = |rest: &str| matches!(rest.split('/').collect::<Vec<_>>()[..], [owner, "roles", id] if !owner.is_empty() && !id.is_empty());
    role.strip_prefix("roles/").is_some_and(|id| !id.is_empty() && !id.contains('/'))
        || ["projects/", "organizations/"].iter().any(|prefix| role.strip_prefix(prefix).is_some_and(custom))
}

fn is_member(member: &str) -> bool {
    const PREFIXES: [&str; 9] = [
        "user:",
        "serviceAccount:",
        "group:",
        "domain:",
        "principal://",
        "principalSet://",
        "projectOwner:",
        "projectEditor:",
        "projectViewer:",
    ];
    let member = member.strip_prefix("deleted:").unwrap_or(member);
    matches!(member, "allUsers" | "allAuthenticatedUsers")
        || PREFIXES.iter().any(|prefix| member.strip_prefix(prefix).is_some_and(|id| !id.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refused(policy: Value) -> Vec<String> {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        check_policy(&policy).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn policies() {
        let binding = json!({"role": "roles/run.invoker", "members": ["allUsers", "user:a@b.c", "deleted:user:a@b.c?uid=1"]});
        assert!(refused(json!({"bindings": [binding]})).is_empty());
        let bad = json!({"role": "run.invoker", "members": ["everybody", "user:"]});
        let at = "policy.bindings[0]";
        let fields = [format!("{at}.role"), format!("{at}.members[0]"), format!("{at}.members[1]")];
        assert_eq!(refused(json!({"bindings": [bad]})), fields);
        assert!(is_role("projects/p/roles/custom") && !is_role("projects/p/custom") && !is_role("roles/"));
    }

    #[test]
    fn conditions() {
        let with = |version: i32, expression: &str| {
            refused(json!({"version": version, "bindings": [
                {"role": "roles/x", "members": ["allUsers"], "condition": {"expression": expression}},
            ]}))
        };
        assert!(with(3, "true").is_empty());
        assert_eq!(with(1, "true"), ["policy.version"]);
        assert_eq!(with(3, ""), ["policy.bindings[0].condition.expression"]);
    }
}
