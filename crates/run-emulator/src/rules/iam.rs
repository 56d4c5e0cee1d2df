//! IAM policies.

use run_api::types::Policy;

use super::violation::Violations;
use crate::error::Violation;

/// The first version of policies that can have conditions.
const WITH_CONDITIONS: i32 = 3;

/// (Documented.)
const VERSIONS: [i32; 3] = [0, 1, WITH_CONDITIONS];
const MOST_MEMBERS: usize = 1500;

/// Predefined roles that can be granted besides those of Cloud Run. (Inferred: the basic ones, and those that are about
/// policies.)
const OTHER_ROLES: [&str; 6] =
    ["browser", "editor", "iam.securityAdmin", "iam.securityReviewer", "owner", "viewer"];

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
        } else if !is_grantable(role) {
            let text = format!("Role {role} is not supported for this resource.");
            found.add(format!("policy.bindings[{at}].role"), text);
        }
        for (number, member) in binding.members.iter().enumerate() {
            if !is_member(member) {
                let text = format!(
                    "The member {member} is of an unknown type. Please set a valid type prefix for the member."
                );
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
    if policy.version.is_some_and(|version| !VERSIONS.contains(&version)) {
        found.add("policy.version", "must be 0, 1 or 3");
    }
    if policy.bindings.iter().map(|binding| binding.members.len()).sum::<usize>() > MOST_MEMBERS {
        found.add("policy.bindings", format!("must have at most {MOST_MEMBERS} members"));
    }
    found.0
}

/// Whether a role says something of Cloud Run. Roles of projects and organisations may.
fn is_grantable(role: &str) -> bool {
    role.strip_prefix("roles/").is_none_or(|id| id.starts_with("run.") || OTHER_ROLES.contains(&id))
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

    /// <https://github.com/GoogleCloudPlatform/cloud-foundation-fabric/issues/1605>
    #[test]
    fn a_role_that_says_nothing_of_cloud_run() {
        let with = |role: &str| {
            let policy = json!({"bindings": [{"role": role, "members": ["allUsers"]}]});
            let found = check_policy(&serde_json::from_value(policy).unwrap());
            found.into_iter().map(|violation| violation.description).collect::<Vec<_>>()
        };
        assert_eq!(with("roles/nope.nope"), ["Role roles/nope.nope is not supported for this resource."]);
        for fine in
            ["roles/run.invoker", "roles/viewer", "projects/p/roles/mine", "organizations/1/roles/ours"]
        {
            assert_eq!(with(fine), [""; 0], "{fine}");
        }
    }

    /// The text about a member is that of recorded answers.
    #[test]
    fn members_and_versions() {
        let with = |version: i32, count: usize, member: &str| {
            let members = vec![member; count];
            let policy =
                json!({"version": version, "bindings": [{"role": "roles/run.invoker", "members": members}]});
            let found = check_policy(&serde_json::from_value(policy).unwrap());
            found.into_iter().map(|violation| violation.description).collect::<Vec<_>>()
        };
        assert_eq!(with(1, 1500, "user:a@b.c"), [""; 0]);
        assert_eq!(with(2, 1, "user:a@b.c"), ["must be 0, 1 or 3"]);
        assert_eq!(with(1, 1501, "user:a@b.c"), ["must have at most 1500 members"]);
        let text = "The member a@b.c is of an unknown type. Please set a valid type prefix for the member.";
        assert_eq!(with(1, 1, "a@b.c"), [text]);
    }

    #[test]
    fn conditions() {
        let with = |version: i32, expression: &str| {
            refused(json!({"version": version, "bindings": [
                {"role": "roles/run.viewer", "members": ["allUsers"], "condition": {"expression": expression}},
            ]}))
        };
        assert!(with(3, "true").is_empty());
        assert_eq!(with(1, "true"), ["policy.version"]);
        assert_eq!(with(3, ""), ["policy.bindings[0].condition.expression"]);
    }
}
