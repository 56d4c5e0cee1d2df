//! Instances: what is refused in them alone, and what the server fills in.

use run_api::Resource;
use run_api::types::Instance;

use super::annotations;
use super::defaults::{self, Defaults};
use super::parts::Parts;
use super::violation::Violations;

const KIND: &str = Instance::KIND;

/// (Documented.)
const RESTART_POLICIES: [&str; 3] = ["Always", "OnFailure", "Never"];
/// (Documented for gcloud's flag.)
const DEFAULT_POLICY: &str = "OnFailure";

/// Completes an instance before it is checked and stored. Doing it twice changes nothing. (Inferred from what
/// services get.)
pub(crate) fn fill_in_instance(instance: &mut Instance, defaults: &Defaults) {
    defaults::or_else(&mut instance.api_version, defaults::RUN_API_VERSION);
    defaults::or_else(&mut instance.kind, KIND);
    let metadata = instance.metadata.get_or_insert_default();
    annotations::normalise(&mut metadata.annotations);
    let name = metadata.name.clone().unwrap_or_default();
    let spec = instance.spec.get_or_insert_default();
    defaults::limits_and_probes(&mut spec.containers);
    defaults::name_containers(&mut spec.containers, &name);
    defaults::or_else(&mut spec.service_account_name, &defaults.service_account);
    defaults::or_else(&mut spec.restart_policy, DEFAULT_POLICY);
}

pub(super) fn restart_policy(parts: &Parts<'_>, found: &mut Violations) {
    if let Some(policy) = parts.restart_policy.filter(|policy| !RESTART_POLICIES.contains(policy)) {
        let choices = RESTART_POLICIES.join(", ");
        found.add("spec.restartPolicy", format!("'{policy}' is not a valid value, should be {choices}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_instance;
    use super::*;
    use serde_json::{Value, json};

    fn instance(spec: Value) -> Instance {
        serde_json::from_value(json!({"metadata": {"name": "worker"}, "spec": spec})).unwrap()
    }

    #[test]
    fn what_is_filled_in_is_fine() {
        let defaults = Defaults { service_account: "me@example.com".to_owned() };
        let mut given = instance(json!({"containers": [{"image": "a/b"}]}));
        fill_in_instance(&mut given, &defaults);
        let once = given.clone();
        fill_in_instance(&mut given, &defaults);
        assert_eq!(given, once, "filling in twice changes nothing");
        assert_eq!(check_instance(&given), []);
        let spec = given.spec.unwrap();
        assert_eq!(spec.restart_policy.as_deref(), Some("OnFailure"));
        assert_eq!(spec.containers[0].name.as_deref(), Some("worker-1"));
    }

    #[test]
    fn fields_have_the_paths_of_instances() {
        for (spec, fields) in [
            (json!({}), vec!["spec.containers"]),
            (json!({"containers": [{"image": ""}]}), vec!["spec.containers[0].image"]),
            (
                json!({"containers": [{"image": "a/b"}], "restartPolicy": "Sometimes"}),
                vec!["spec.restartPolicy"],
            ),
        ] {
            let found: Vec<String> =
                check_instance(&instance(spec)).into_iter().map(|violation| violation.field).collect();
            assert_eq!(found, fields);
        }
    }
}
