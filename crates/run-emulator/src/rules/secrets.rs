//! Secrets by name: in variables and in volumes.

use std::collections::BTreeSet;

use run_api::known::annotations;
use run_api::types::EnvVar;

use super::parts::Parts;
use super::violation::Violations;

/// (Seen: the fields and the text for the names of variables, of secrets that are written as paths; for the names of
/// volumes the text. Seen for v2: versions.)
const WRONG: &str = "should have only alphanumeric characters, hyphens, or underscores";

/// The annotation that gives secrets of other projects a name.
const ALIASES: &str = annotations::SECRETS;

/// The name and the version of a secret behind a variable. (That both are required is documented.)
pub(super) fn of_variables(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        of_environment(&container.env, &format!("{path}.env"), found);
    }
}

/// The same of one container, or of one override.
pub(super) fn of_environment(env: &[EnvVar], field: &str, found: &mut Violations) {
    for (at, variable) in env.iter().enumerate() {
        let Some(secret) = variable.value_from.as_ref().and_then(|from| from.secret_key_ref.as_ref()) else {
            continue;
        };
        for (part, given) in [("name", &secret.name), ("key", &secret.key)] {
            if !fits(given.as_deref().unwrap_or_default()) {
                found.add(format!("{field}[{at}].value_from.secret_key_ref.{part}"), WRONG);
            }
        }
    }
}

/// Those of volumes, and the modes of their files. (Seen for v2: versions and modes. Documented: that an item has both
/// a key and a path, which is relative.)
pub(super) fn of_volumes(parts: &Parts<'_>, found: &mut Violations) {
    for (at, volume) in parts.spec.volumes.iter().enumerate() {
        let Some(secret) = &volume.secret else { continue };
        let field = format!("{}.volumes[{at}].secret", parts.at);
        if !fits(secret.secret_name.as_deref().unwrap_or_default()) {
            found.add(format!("{field}.secret_name"), WRONG);
        }
        check_mode(secret.default_mode, format!("{field}.default_mode"), found);
        for (at, item) in secret.items.iter().enumerate() {
            let field = format!("{field}.items[{at}]");
            if !fits(item.key.as_deref().unwrap_or_default()) {
                found.add(format!("{field}.key"), WRONG);
            }
            let path = item.path.as_deref().unwrap_or_default();
            if path.is_empty() || path.starts_with('/') {
                found.add(format!("{field}.path"), "must be a relative path");
            }
            check_mode(item.mode, format!("{field}.mode"), found);
        }
    }
}

fn check_mode(mode: Option<i32>, field: String, found: &mut Violations) {
    if mode.is_some_and(|mode| !(0..=0o777).contains(&mode)) {
        found.add(field, "if present, must be a supported unix chmod bitmask");
    }
}

/// An alias is a name like that of a secret, and stands once. (Inferred from the names that stand for it.)
pub(super) fn aliases(parts: &Parts<'_>, found: &mut Violations) {
    let mut seen = BTreeSet::new();
    let aliases = parts.annotation(ALIASES).into_iter().flat_map(|text| text.split(','));
    for alias in aliases.filter_map(|one| Some(one.trim().split_once(':')?.0)) {
        if !fits(alias) {
            found.add(parts.annotation_field(ALIASES), format!("'{alias}' {WRONG}"));
        } else if !seen.insert(alias) {
            found.add(parts.annotation_field(ALIASES), format!("Multiple definitions for alias '{alias}'."));
        }
    }
}

fn fits(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused_in_job, service, task, violations, with_container};
    use super::*;
    use serde_json::{Value, json};

    fn variable(name: &str, key: &str) -> Vec<(String, String)> {
        let from = json!({"secretKeyRef": {"name": name, "key": key}});
        violations(&with_container(json!({"env": [{"name": "A", "valueFrom": from}]})))
    }

    /// <https://github.com/hashicorp/terraform-provider-google/issues/14517>, and its 13830 and 11385
    #[test]
    fn a_secret_is_named_without_its_project() {
        let at = "spec.template.spec.containers[0].env[0].value_from.secret_key_ref";
        let wrong = (format!("{at}.name"), WRONG.to_owned());
        assert_eq!(variable("projects/p/secrets/s", "1"), [wrong]);
        assert_eq!(variable("db_password-2", "latest"), []);
        assert_eq!(variable("", "1").len(), 1);
        assert_eq!(variable("s", "?"), [(format!("{at}.key"), WRONG.to_owned())]);
        assert_eq!(variable("s", ""), [(format!("{at}.key"), WRONG.to_owned())]);
    }

    #[test]
    fn volumes_of_secrets() {
        let at = "spec.template.spec.volumes[0].secret";
        let item = |patch: Value| {
            let mut item = json!({"key": "latest", "path": "config.yaml"});
            item.as_object_mut().unwrap().extend(patch.as_object().cloned().unwrap());
            json!({"secretName": "s", "items": [item]})
        };
        for (secret, field) in [
            (json!({"secretName": "s", "defaultMode": 0o777}), None),
            (json!({"secretName": "projects/p/secrets/s"}), Some("secret_name")),
            (json!({"secretName": "s", "defaultMode": 0o1000}), Some("default_mode")),
            (item(json!({"mode": 0o400})), None),
            // Seen for v2: accepted, although the document says otherwise.
            (item(json!({"path": "../x"})), None),
            (item(json!({"key": "?"})), Some("items[0].key")),
            (item(json!({"key": ""})), Some("items[0].key")),
            (item(json!({"path": "/x"})), Some("items[0].path")),
            (item(json!({"path": ""})), Some("items[0].path")),
            (item(json!({"mode": 512})), Some("items[0].mode")),
        ] {
            let volumes = json!([{"name": "v", "secret": secret}]);
            let found = violations(&service(json!({"spec": {"template": {"spec": {"volumes": volumes}}}})));
            let fields: Vec<String> = found.into_iter().map(|(field, _)| field).collect();
            assert_eq!(
                fields,
                field.map(|field| format!("{at}.{field}")).into_iter().collect::<Vec<_>>(),
                "{secret}"
            );
        }
        let job = task(json!({
            "containers": [{"image": "a/b"}],
            "volumes": [{"name": "v", "secret": {"secretName": "projects/p/secrets/s"}}],
        }));
        let field = "spec.template.spec.template.spec.volumes[0].secret.secret_name";
        assert_eq!(refused_in_job(job), [field]);
    }

    #[test]
    fn aliases_of_secrets_of_other_projects() {
        let with = |aliases: &str| {
            let template = json!({"metadata": {"annotations": {ALIASES: aliases}}});
            violations(&service(json!({"spec": {"template": template}}))).len()
        };
        assert_eq!(with("a:projects/1/secrets/s, b:projects/2/secrets/t"), 0);
        assert_eq!(with("a b:projects/1/secrets/s"), 1);
        assert_eq!(with("a:projects/1/secrets/s,a:projects/2/secrets/t"), 1);
        assert_eq!(with("a:s"), 1, "only the form is wrong");
    }
}
