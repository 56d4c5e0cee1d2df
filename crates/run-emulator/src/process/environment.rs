//! The environment of a container.

use std::collections::BTreeMap;
use std::fmt;

use run_api::types::{Container, EnvVar};

/// The values of secrets by name. They are never shown.
#[derive(Clone, Default)]
pub(crate) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    pub(crate) fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A secret that a container needs and that nobody gave a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingSecret {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// The variables that a container asks for. Of several with the same name the last one counts. (Documented.)
pub(crate) fn variables(
    container: &Container,
    secrets: &Secrets,
) -> Result<BTreeMap<String, String>, MissingSecret> {
    let named = container.env.iter().filter_map(|variable| Some((variable.name.clone()?, variable)));
    named.map(|(name, variable)| Ok((name, value(variable, secrets)?))).collect()
}

/// A secret has one value here, whatever its version.
fn value(variable: &EnvVar, secrets: &Secrets) -> Result<String, MissingSecret> {
    let Some(wanted) = variable.value_from.as_ref().and_then(|source| source.secret_key_ref.as_ref()) else {
        return Ok(variable.value.clone().unwrap_or_default());
    };
    let name = wanted.name.clone().unwrap_or_default();
    let version = wanted.key.clone().unwrap_or_default();
    secrets.0.get(&name).cloned().ok_or(MissingSecret { name, version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_and_secrets() {
        let container: Container = serde_json::from_value(json!({"env": [
            {"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "EMPTY"},
            {"name": "S", "valueFrom": {"secretKeyRef": {"name": "token", "key": "3"}}},
        ]}))
        .unwrap();
        let missing = MissingSecret { name: "token".to_owned(), version: "3".to_owned() };
        let mut secrets = Secrets::default();
        assert_eq!(variables(&container, &secrets), Err(missing));
        secrets.insert("token".to_owned(), "hidden".to_owned());
        let all = variables(&container, &secrets).unwrap();
        let all: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(all, ["A=2", "EMPTY=", "S=hidden"]);
        assert_eq!(format!("{secrets:?}"), r#"{"token"}"#);
    }
}
