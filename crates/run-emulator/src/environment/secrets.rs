//! Secrets that are not there, or may not be read.

use run_api::known;
use std::collections::{BTreeMap, BTreeSet};

use super::needs::Needs;
use super::settings::Environment;

/// The reason of the conditions. (Seen.)
pub(crate) const ACCESS_CHECK_FAILED: &str = "SecretsAccessCheckFailed";

/// The annotation that gives secrets of other projects a name: `name:projects/P/secrets/S`, with commas. (From gcloud's
/// source.)
const ALIASES: &str = known::annotations::SECRETS;

impl Environment {
    /// Why an object cannot have the secrets that it needs: a line for each of them. (Seen for variables: both texts,
    /// and the paths, which are those of a service for jobs, too. The path of volumes is inferred.)
    pub(crate) fn secret_trouble(&self, needs: &Needs<'_>) -> Option<String> {
        if self.missing_secrets.is_empty() && self.unreadable_secrets.is_empty() {
            return None;
        }
        let aliases = needs.metadata.and_then(|metadata| metadata.annotations.get(ALIASES));
        let aliases = aliases.map(|text| parse(text)).unwrap_or_default();
        let lines: Vec<String> = wanted(needs)
            .into_iter()
            .filter_map(|wanted| {
                let path = match aliases.get(wanted.name) {
                    Some(path) => (*path).to_owned(),
                    None => format!("projects/{}/secrets/{}", needs.project, wanted.name),
                };
                let why = self.trouble_of(&path, wanted.version, needs.account)?;
                Some(format!("spec.template.spec.{}: {why}", wanted.field))
            })
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn trouble_of(&self, path: &str, version: &str, account: &str) -> Option<String> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let listed = |secrets: &BTreeSet<String>| {
            secrets.contains(name) || secrets.contains(&format!("{name}:{version}"))
        };
        if listed(&self.missing_secrets) {
            Some(format!("Secret {path}/versions/{version} was not found"))
        } else if listed(&self.unreadable_secrets) {
            Some(format!(
                "Permission denied on secret: {path}/versions/{version} for Revision service account {account}. The \
                 service account used must be granted the 'Secret Manager Secret Accessor' role \
                 (roles/secretmanager.secretAccessor) at the secret, project or higher level."
            ))
        } else {
            None
        }
    }
}

fn parse(aliases: &str) -> BTreeMap<&str, &str> {
    aliases.split(',').filter_map(|one| one.trim().split_once(':')).collect()
}

/// A version of a secret that an object names, and where it does.
struct Wanted<'a> {
    name: &'a str,
    version: &'a str,
    field: String,
}

const LATEST: &str = "latest";

fn wanted<'a>(needs: &Needs<'a>) -> Vec<Wanted<'a>> {
    let mut all = Vec::new();
    for (container, at) in needs.containers.iter().zip(0..) {
        for (variable, position) in container.env.iter().zip(0..) {
            let source = variable.value_from.as_ref().and_then(|source| source.secret_key_ref.as_ref());
            let Some(source) = source else { continue };
            all.push(Wanted {
                name: source.name.as_deref().unwrap_or_default(),
                version: source.key.as_deref().unwrap_or(LATEST),
                field: format!("containers[{at}].env[{position}].value_from.secret_key_ref.name"),
            });
        }
    }
    for (volume, at) in needs.volumes.iter().zip(0..) {
        let Some(source) = &volume.secret else { continue };
        let name = source.secret_name.as_deref().unwrap_or_default();
        let version = |key: Option<&'a String>| Wanted {
            name,
            version: key.map_or(LATEST, String::as_str),
            field: format!("volumes[{at}].secret.secret_name"),
        };
        if source.items.is_empty() {
            all.push(version(None));
        }
        all.extend(source.items.iter().map(|item| version(item.key.as_ref())));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::types::RevisionTemplate;
    use serde_json::json;

    fn template() -> RevisionTemplate {
        let variable = |name: &str, secret: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}});
        serde_json::from_value(json!({
            "metadata": {"annotations": {"run.googleapis.com/secrets": "far:projects/99/secrets/theirs"}},
            "spec": {
                "serviceAccountName": "me@example.com",
                "containers": [{"image": "a/b", "env": [
                    {"name": "PLAIN", "value": "x"}, variable("A", "token", "latest"), variable("B", "token", "3"),
                    variable("C", "far", "1"),
                ]}],
                "volumes": [
                    {"name": "files", "secret": {"secretName": "files", "items": [{"key": "2", "path": "p"}]}},
                    {"name": "whole", "secret": {"secretName": "whole"}},
                ],
            },
        }))
        .unwrap()
    }

    fn trouble(environment: &Environment) -> Vec<String> {
        let template = template();
        let trouble = environment.secret_trouble(&Needs::of_template(7, Some(&template)));
        trouble.map(|lines| lines.lines().map(str::to_owned).collect()).unwrap_or_default()
    }

    #[test]
    fn what_is_there_is_no_trouble() {
        assert_eq!(trouble(&Environment::new()), [""; 0]);
        assert_eq!(trouble(&Environment::new().missing_secret("other").missing_secret("token:4")), [""; 0]);
    }

    #[test]
    fn each_that_is_missing_has_a_line() {
        let environment = Environment::new()
            .missing_secret("token:3")
            .missing_secret("theirs")
            .missing_secret("files:2")
            .missing_secret("whole:latest");
        assert_eq!(
            trouble(&environment),
            [
                "spec.template.spec.containers[0].env[2].value_from.secret_key_ref.name: Secret \
                 projects/7/secrets/token/versions/3 was not found",
                "spec.template.spec.containers[0].env[3].value_from.secret_key_ref.name: Secret \
                 projects/99/secrets/theirs/versions/1 was not found",
                "spec.template.spec.volumes[0].secret.secret_name: Secret projects/7/secrets/files/versions/2 was not \
                 found",
                "spec.template.spec.volumes[1].secret.secret_name: Secret projects/7/secrets/whole/versions/latest was \
                 not found",
            ]
        );
    }

    #[test]
    fn what_may_not_be_read_names_the_account() {
        let lines = trouble(&Environment::new().unreadable_secret("token"));
        assert_eq!(lines.len(), 2);
        let part = "secrets/token/versions/latest for Revision service account me@example.com.";
        assert!(lines[0].contains(part), "{lines:?}");
    }
}
