//! What a policy must become so that members have a role.

use run_api::types::{Binding, Policy};

use super::Member;

/// What is known of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It gives access, and can be repeated.
    Grants,
    /// It takes access away, and can be repeated.
    Revokes,
    /// Nothing.
    Unknown,
}

/// The policy with the members added to the role's unconditional binding, or none if they all are there.
///
/// A conditional binding of the same role is another binding: a member of it has the role only sometimes.
pub(super) fn with_members(policy: &Policy, role: &str, members: &[Member]) -> Option<Policy> {
    let plain = |binding: &Binding| binding.role.as_deref() == Some(role) && binding.condition.is_none();
    let has = |member: &Member| {
        policy
            .bindings
            .iter()
            .filter(|binding| plain(binding))
            .any(|b| b.members.iter().any(|m| m == member.as_str()))
    };
    let mut missing: Vec<String> = Vec::new();
    for member in members.iter().filter(|member| !has(member)) {
        if !missing.iter().any(|name| name == member.as_str()) {
            missing.push(member.to_string());
        }
    }
    if missing.is_empty() {
        return None;
    }
    let mut after = policy.clone();
    match after.bindings.iter_mut().find(|binding| plain(binding)) {
        Some(binding) => binding.members.extend(missing),
        None => after.bindings.push(Binding {
            role: Some(role.to_owned()),
            members: missing,
            ..Binding::default()
        }),
    }
    Some(after)
}

/// The policy without the members in the role's unconditional bindings, or none if none of them is there. A
/// binding that is left without members goes.
pub(super) fn without_members(policy: &Policy, role: &str, members: &[Member]) -> Option<Policy> {
    let mut after = policy.clone();
    let named = |name: &String| members.iter().any(|member| member.as_str() == name);
    for binding in &mut after.bindings {
        if binding.role.as_deref() == Some(role) && binding.condition.is_none() {
            binding.members.retain(|name| !named(name));
        }
    }
    if after == *policy {
        return None;
    }
    after.bindings.retain(|binding| !binding.members.is_empty());
    Some(after)
}

/// A policy with conditions is only accepted as version 3. (Documented:
/// <https://cloud.google.com/iam/docs/policies#versions>.)
pub(super) fn set_version(policy: &mut Policy) {
    if policy.bindings.iter().any(|binding| binding.condition.is_some()) {
        policy.version = Some(3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn add(policy: Value, members: &[&str]) -> Option<Value> {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let members: Vec<Member> = members.iter().map(|member| member.parse().unwrap()).collect();
        with_members(&policy, "r", &members).map(|after| serde_json::to_value(after).unwrap())
    }

    #[test]
    fn a_new_binding_is_appended_and_the_rest_is_kept() {
        let conditional =
            json!({"role": "r", "members": ["allUsers"], "condition": {"expression": "e", "title": "t"}});
        let before = json!({
            "etag": "e", "version": 3, "bindings": [conditional], "future": [1],
            "auditConfigs": [{"service": "allServices", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}],
        });
        let mut expected = before.clone();
        expected["bindings"].as_array_mut().unwrap().push(json!({"role": "r", "members": ["allUsers"]}));
        assert_eq!(add(before, &["allUsers", "allUsers"]), Some(expected));
    }

    #[test]
    fn members_join_the_binding_of_their_role() {
        let before = json!({"etag": "e", "bindings": [{"role": "q", "members": ["user:a"]}, {"role": "r", "members": ["user:b"]}]});
        let after = add(before, &["user:b", "user:a"]).unwrap();
        assert_eq!(after["bindings"][1]["members"], json!(["user:b", "user:a"]));
        assert_eq!(after["bindings"][0]["members"], json!(["user:a"]));
    }

    #[test]
    fn members_leave_their_role_only() {
        let before: Policy = serde_json::from_value(json!({"etag": "e", "bindings": [
            {"role": "r", "members": ["user:a", "user:b"]},
            {"role": "q", "members": ["user:a"]},
            {"role": "r", "members": ["user:a"], "condition": {"expression": "x"}},
        ]}))
        .unwrap();
        let remove = |members: &[&str]| {
            let members: Vec<Member> = members.iter().map(|member| member.parse().unwrap()).collect();
            let after = without_members(&before, "r", &members);
            after.map(|after| serde_json::to_value(after.bindings).unwrap())
        };
        let conditional = json!({"role": "r", "members": ["user:a"], "condition": {"expression": "x"}});
        let other = json!({"role": "q", "members": ["user:a"]});
        assert_eq!(
            remove(&["user:a"]),
            Some(json!([{"role": "r", "members": ["user:b"]}, other, conditional]))
        );
        assert_eq!(remove(&["user:a", "user:b"]), Some(json!([other, conditional])));
        assert_eq!(remove(&["user:c"]), None);
    }

    #[test]
    fn conditions_need_version_3() {
        let version = |policy: Value| {
            let mut policy: Policy = serde_json::from_value(policy).unwrap();
            set_version(&mut policy);
            policy.version
        };
        assert_eq!(version(json!({"version": 1, "bindings": [{"role": "r"}]})), Some(1));
        let conditional = json!({"role": "r", "condition": {"expression": "e"}});
        assert_eq!(version(json!({"version": 1, "bindings": [{"role": "r"}, conditional]})), Some(3));
    }

    #[test]
    fn nothing_to_add_is_none() {
        let before = json!({"etag": "e", "bindings": [{"role": "r", "members": ["user:b"]}]});
        assert_eq!(add(before, &["user:b"]), None);
    }
}
