//! Who may do what, by a policy. Pure.

use std::collections::BTreeMap;

use run_api::known::annotations;
use run_api::types::Policy;

/// Whether everybody may send requests: the binding, or the annotation that switches the check off.
pub(crate) fn is_public(policy: &Policy, annotations: &BTreeMap<String, String>) -> bool {
    annotations.get(annotations::INVOKER_IAM_DISABLED).is_some_and(|value| value == "true")
        || policy.bindings.iter().any(|binding| {
            binding.role.as_deref() == Some("roles/run.invoker")
                && binding.condition.is_none()
                && binding.members.iter().any(|member| member == "allUsers")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_condition_is_not_everybody() {
        let policy = |binding| serde_json::from_value(json!({"bindings": [binding]})).unwrap();
        let mut binding = json!({"role": "roles/run.invoker", "members": ["allUsers"]});
        assert!(is_public(&policy(binding.clone()), &BTreeMap::new()));
        binding["condition"] = json!({"expression": "true"});
        assert!(!is_public(&policy(binding), &BTreeMap::new()));
        let disabled = BTreeMap::from([(annotations::INVOKER_IAM_DISABLED.to_owned(), "true".to_owned())]);
        assert!(is_public(&Policy::default(), &disabled));
    }
}
