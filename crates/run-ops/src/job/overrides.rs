//! What one run of a job has otherwise than the job.

use std::time::Duration;

use run_api::types::{ContainerOverride, EnvVar, Overrides};

/// Puts the overrides of a run together.
///
/// ```
/// use std::time::Duration;
/// use run_api::types::Overrides;
/// use run_ops::OverridesEdit;
///
/// let overrides = Overrides::default().args(["--since", "yesterday"]).env("DRY_RUN", "1").tasks(5);
/// assert_eq!(overrides.container_overrides.len(), 1);
/// assert_eq!(overrides.timeout(Duration::from_secs(90)).timeout_seconds, Some(90));
/// ```
pub trait OverridesEdit: Sized {
    /// Other arguments for the only container; none takes the job's away.
    #[must_use]
    fn args<T: Into<String>>(self, args: impl IntoIterator<Item = T>) -> Self {
        self.args_of("", args)
    }

    /// Other arguments for a container by name; none takes the job's away.
    #[must_use]
    fn args_of<T: Into<String>>(self, container: &str, args: impl IntoIterator<Item = T>) -> Self;

    /// A variable for the only container, besides the job's, or in place of the job's of the same name.
    #[must_use]
    fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env_of("", name, value)
    }

    /// A variable for a container by name.
    #[must_use]
    fn env_of(self, container: &str, name: impl Into<String>, value: impl Into<String>) -> Self;

    /// How many tasks, from 1.
    #[must_use]
    fn tasks(self, count: u16) -> Self;

    /// How long an attempt at a task may take, in whole seconds; a part of one counts as one.
    #[must_use]
    fn timeout(self, timeout: Duration) -> Self;

    /// Whether the execution waits until there is capacity for it.
    #[must_use]
    fn delay(self, delay: bool) -> Self;
}

impl OverridesEdit for Overrides {
    fn args_of<T: Into<String>>(mut self, container: &str, args: impl IntoIterator<Item = T>) -> Self {
        let of = container_mut(&mut self, container);
        of.args = args.into_iter().map(Into::into).collect();
        of.clear_args = of.args.is_empty().then_some(true);
        self
    }

    fn env_of(mut self, container: &str, name: impl Into<String>, value: impl Into<String>) -> Self {
        let variable = EnvVar { name: Some(name.into()), value: Some(value.into()), ..EnvVar::default() };
        let env = &mut container_mut(&mut self, container).env;
        env.retain(|known| known.name != variable.name);
        env.push(variable);
        self
    }

    fn tasks(mut self, count: u16) -> Self {
        self.task_count = Some(count.into());
        self
    }

    fn timeout(mut self, timeout: Duration) -> Self {
        let seconds = timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0));
        self.timeout_seconds = Some(i32::try_from(seconds).unwrap_or(i32::MAX));
        self
    }

    fn delay(mut self, delay: bool) -> Self {
        self.delay_execution = Some(delay);
        self
    }
}

fn container_mut<'a>(overrides: &'a mut Overrides, name: &str) -> &'a mut ContainerOverride {
    let all = &mut overrides.container_overrides;
    let at = match all.iter().position(|one| one.name.as_deref().unwrap_or_default() == name) {
        Some(at) => at,
        None => {
            let name = Some(name.to_owned()).filter(|name| !name.is_empty());
            all.push(ContainerOverride { name, ..ContainerOverride::default() });
            all.len() - 1
        }
    };
    &mut all[at]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_container_has_one_entry() {
        let none: [&str; 0] = [];
        let overrides = Overrides::default()
            .env("A", "1")
            .args(["x"])
            .env("A", "2")
            .args_of("side", none)
            .tasks(3)
            .timeout(Duration::from_millis(1500))
            .delay(true);
        assert_eq!(
            serde_json::to_value(&overrides).unwrap(),
            json!({
                "containerOverrides": [
                    {"args": ["x"], "env": [{"name": "A", "value": "2"}]},
                    {"name": "side", "clearArgs": true},
                ],
                "taskCount": 3, "timeoutSeconds": 2, "delayExecution": true,
            })
        );
    }
}
