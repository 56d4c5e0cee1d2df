//! Environment variables with plain values.

use run_api::Workload;
use run_api::types::EnvVar;

use super::error::Problem;
use super::list::Edit;

impl<W: Workload> Edit<W> {
    /// Gives an environment variable a value: `env[].value`. Others stay. (gcloud: `--update-env-vars`)
    ///
    /// A variable that takes its value from a secret is refused, as gcloud does:
    /// [remove](Self::remove_secret) it first.
    #[must_use]
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.on_container("env", move |container| set(&mut container.env, &name, &value))
    }

    /// Gives environment variables their values and takes away all others that have plain values; secrets stay:
    /// `env[].value`. (gcloud: `--set-env-vars`)
    #[must_use]
    pub fn set_env<N: Into<String>, V: Into<String>>(
        self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables: Vec<(String, String)> =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        if variables.is_empty() {
            return self.clear_env();
        }
        self.on_container("env", move |container| {
            let named = |variable: &EnvVar| variables.iter().any(|(name, _)| is_called(variable, name));
            container.env.retain(|variable| !is_plain(variable) || named(variable));
            variables.iter().try_for_each(|(name, value)| set(&mut container.env, name, value))
        })
    }

    /// Takes an environment variable with a plain value away. (gcloud: `--remove-env-vars`)
    #[must_use]
    pub fn remove_env(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.on_present_container(move |container| {
            container.env.retain(|variable| !is_plain(variable) || !is_called(variable, &name));
        })
    }

    /// Takes all environment variables with plain values away; secrets stay. (gcloud: `--clear-env-vars`)
    #[must_use]
    pub fn clear_env(self) -> Self {
        self.on_present_container(|container| container.env.retain(|variable| !is_plain(variable)))
    }
}

pub(super) fn is_called(variable: &EnvVar, name: &str) -> bool {
    variable.name.as_deref() == Some(name)
}

/// Whether the value stands in the object, not elsewhere.
pub(super) fn is_plain(variable: &EnvVar) -> bool {
    variable.value_from.is_none()
}

/// Sets a variable, unless its value comes from a secret.
fn set(env: &mut Vec<EnvVar>, name: &str, value: &str) -> Result<(), Problem> {
    if env.iter().any(|variable| is_called(variable, name) && !is_plain(variable)) {
        return Err(Problem::VariableIsSecret(name.to_owned()));
    }
    put(env, name, value);
    Ok(())
}

/// Sets a variable, also one whose value came from a secret.
pub(crate) fn replace(env: &mut Vec<EnvVar>, name: &str, value: &str) {
    for variable in env.iter_mut().filter(|variable| is_called(variable, name)) {
        variable.value_from = None;
    }
    put(env, name, value);
}

/// Sets a variable where it counts: of several with one name that is the last.
fn put(env: &mut Vec<EnvVar>, name: &str, value: &str) {
    match env.iter_mut().rfind(|variable| is_called(variable, name)) {
        Some(variable) if variable.value.as_deref().unwrap_or_default() == value => {}
        Some(variable) => variable.value = Some(value.to_owned()),
        None => {
            let (name, value) = (Some(name.to_owned()), Some(value.to_owned()));
            env.push(EnvVar { name, value, ..EnvVar::default() });
        }
    }
}
