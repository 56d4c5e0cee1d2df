//! Secrets as environment variables and as files.

use std::collections::BTreeSet;

use run_api::Workload;
use run_api::known::annotations::SECRETS;
use run_api::types::{Container, EnvVar, EnvVarSource, SecretKeySelector};
use serde_json::Value;

use super::aliases::Aliases;
use super::env::is_called;
use super::error::{InvalidEdit, Problem};
use super::list::Edit;
use super::place::{Level, Scope, container_path};
use super::secret::{InvalidSecret, Secret};
use super::secret_files as files;

impl<W: Workload> Edit<W> {
    /// Takes an environment variable from a secret: `env[].valueFrom.secretKeyRef`. Others stay. (gcloud:
    /// `--update-secrets NAME=SECRET:VERSION`)
    ///
    /// A secret of another project gets a name in the template annotation `run.googleapis.com/secrets`; one that
    /// stands there already is used again. A variable with a plain value is refused, as gcloud does.
    ///
    /// ```
    /// use run_ops::edit;
    /// use run_api::{Workload, known::annotations};
    ///
    /// let mut job = run_api::types::Job::default();
    /// edit::job().secret_env("TOKEN", "projects/123/secrets/token:latest").apply(&mut job)?;
    /// assert_eq!(job.template_annotation(annotations::SECRETS), Some("token-123:projects/123/secrets/token"));
    /// edit::job().remove_secret("TOKEN").apply(&mut job)?;
    /// assert_eq!(job.template_annotation(annotations::SECRETS), None);
    /// # Ok::<(), edit::InvalidEdit>(())
    /// ```
    #[must_use]
    pub fn secret_env<S>(self, name: impl Into<String>, secret: S) -> Self
    where
        S: TryInto<Secret>,
        InvalidSecret: From<S::Error>,
    {
        self.set_secret(name.into(), secret)
    }

    /// Shows a version of a secret as a file: a secret volume with the file in its `items`, mounted at the file's
    /// directory. (gcloud: `--update-secrets /DIRECTORY/FILE=SECRET:VERSION`)
    ///
    /// A directory holds one secret, but several versions of it. A new volume is called `SECRET-xxx-xxx`, as gcloud
    /// does it, but here the same secret in the same directory always gets the same name. A volume that is mounted
    /// elsewhere, too, is left as it is, and a copy of it is changed.
    #[must_use]
    pub fn secret_file<S>(self, path: impl Into<String>, secret: S) -> Self
    where
        S: TryInto<Secret>,
        InvalidSecret: From<S::Error>,
    {
        let path = path.into();
        // A name without a slash would be taken for a variable.
        let path = if path.starts_with('/') { path } else { format!("./{path}") };
        self.set_secret(path, secret)
    }

    fn set_secret<S>(self, target: String, secret: S) -> Self
    where
        S: TryInto<Secret>,
        InvalidSecret: From<S::Error>,
    {
        let secret = secret.try_into().map_err(InvalidSecret::from);
        self.on_secrets(true, move |secrets| {
            let secret = secret.clone().map_err(|error| secrets.error("env", error))?;
            secrets.set(&target, &secret)
        })
    }

    /// Sets the container's secrets and takes away all others that it has: targets with a slash are files, others
    /// environment variables. (gcloud: `--set-secrets`)
    ///
    /// ```
    /// use run_ops::edit;
    ///
    /// let secrets = [("TOKEN", "token:3".parse()?), ("/etc/keys/signing", "signing-key:latest".parse()?)];
    /// edit::service().set_secrets(secrets).apply(&mut run_api::types::Service::default())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn set_secrets<T: Into<String>>(self, secrets: impl IntoIterator<Item = (T, Secret)>) -> Self {
        let wanted: Vec<(String, Secret)> =
            secrets.into_iter().map(|(target, secret)| (target.into(), secret)).collect();
        self.on_secrets(!wanted.is_empty(), move |secrets| {
            for target in secrets.targets() {
                if !wanted.iter().any(|(wanted, _)| *wanted == target) {
                    secrets.remove(&target);
                }
            }
            wanted.iter().try_for_each(|(target, secret)| secrets.set(target, secret))
        })
    }

    /// Takes a secret away from the container, by the path of its file or the name of its environment variable. A
    /// volume that nothing mounts any more goes as well. (gcloud: `--remove-secrets`)
    #[must_use]
    pub fn remove_secret(self, target: impl Into<String>) -> Self {
        let target = target.into();
        self.on_secrets(false, move |secrets| {
            secrets.remove(&target);
            Ok(())
        })
    }

    /// Takes all secrets away from the container, variables and files. (gcloud: `--clear-secrets`)
    #[must_use]
    pub fn clear_secrets(self) -> Self {
        self.set_secrets::<String>([])
    }

    /// A change of the secrets of the container in scope.
    fn on_secrets(
        self,
        add: bool,
        change: impl Fn(&mut Secrets<'_, W>) -> Result<(), InvalidEdit> + Send + Sync + 'static,
    ) -> Self {
        let scope = self.scope.clone();
        self.with(move |workload| {
            let Some(index) = find(workload, &scope, add) else { return Ok(()) };
            prune_aliases(workload, |workload| change(&mut Secrets { workload, index }))
        })
    }
}

/// Makes a change, and takes the names for secrets of other projects that it leaves unused out of the annotation.
pub(super) fn prune_aliases<W: Workload>(
    workload: &mut W,
    change: impl FnOnce(&mut W) -> Result<(), InvalidEdit>,
) -> Result<(), InvalidEdit> {
    let before = used_secrets(workload);
    change(workload)?;
    let after = used_secrets(workload);
    let unused: BTreeSet<&str> = before.difference(&after).map(String::as_str).collect();
    if unused.is_empty() {
        return Ok(());
    }
    let mut aliases = read_aliases(workload)?;
    let present = aliases.clone();
    aliases.retain(|alias| !unused.contains(alias));
    if aliases != present {
        Level::Template.annotate(workload, SECRETS, aliases.text().as_deref());
    }
    Ok(())
}

fn find<W: Workload>(workload: &mut W, scope: &Scope, add: bool) -> Option<usize> {
    if add {
        return Some(scope.find_or_add(workload.pod_mut().containers));
    }
    workload.pod().and_then(|pod| scope.find(pod.containers))
}

/// The secrets of one container.
struct Secrets<'a, W> {
    workload: &'a mut W,
    index: usize,
}

impl<W: Workload> Secrets<'_, W> {
    fn container(&mut self) -> &mut Container {
        &mut self.workload.pod_mut().containers[self.index]
    }

    fn error(&self, field: &str, problem: impl Into<Problem>) -> InvalidEdit {
        InvalidEdit::new(container_path::<W>(self.index, field), problem.into())
    }

    /// All that the container has: names of variables, paths of files.
    fn targets(&mut self) -> Vec<String> {
        let variables = self.container().env.iter().filter(|variable| is_secret(variable));
        let mut targets: Vec<String> = variables.filter_map(|variable| variable.name.clone()).collect();
        let pod = self.workload.pod_mut();
        targets.extend(files::paths(&pod.containers[self.index], pod.volumes));
        targets
    }

    fn set(&mut self, target: &str, secret: &Secret) -> Result<(), InvalidEdit> {
        let mut aliases = read_aliases(self.workload)?;
        let present = aliases.clone();
        let used = used_secrets(self.workload);
        let name = aliases.name_of(secret, |name| used.contains(name));
        let name = name.map_err(|problem| self.error("env", problem))?;
        if target.contains('/') {
            let index = self.index;
            files::set(self.workload, index, target, &name, secret.version())
                .map_err(|problem| self.error("volumeMounts", problem))?;
        } else {
            set_variable(&mut self.container().env, target, &name, secret.version())
                .map_err(|problem| self.error("env", problem))?;
        }
        if aliases != present {
            Level::Template.annotate(self.workload, SECRETS, aliases.text().as_deref());
        }
        Ok(())
    }

    fn remove(&mut self, target: &str) {
        if target.contains('/') {
            files::remove(self.workload, self.index, target);
        } else {
            self.container().env.retain(|variable| !is_called(variable, target) || !is_secret(variable));
        }
    }
}

fn is_secret(variable: &EnvVar) -> bool {
    variable.value_from.as_ref().is_some_and(|source| source.secret_key_ref.is_some())
}

fn set_variable(env: &mut Vec<EnvVar>, name: &str, secret: &str, version: &str) -> Result<(), Problem> {
    if env.iter().any(|variable| is_called(variable, name) && !is_secret(variable)) {
        return Err(Problem::VariableIsPlain(name.to_owned()));
    }
    let variable = match env.iter_mut().rposition(|variable| is_called(variable, name)) {
        Some(at) => &mut env[at],
        None => {
            env.push(EnvVar { name: Some(name.to_owned()), ..EnvVar::default() });
            let last = env.len() - 1;
            &mut env[last]
        }
    };
    let source: &mut EnvVarSource = variable.value_from.get_or_insert_default();
    let reference: &mut SecretKeySelector = source.secret_key_ref.get_or_insert_default();
    reference.name = Some(secret.to_owned());
    reference.key = Some(version.to_owned());
    Ok(())
}

fn read_aliases<W: Workload>(workload: &W) -> Result<Aliases, InvalidEdit> {
    Aliases::read(workload.template_annotation(SECRETS))
        .map_err(|problem| InvalidEdit::new(Level::Template.path::<W>(SECRETS), problem))
}

/// The names of all secrets that the object refers to, in parts that the models do not know as well.
fn used_secrets<W: Workload>(workload: &W) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // An object that cannot be written refers to nothing.
    collect(&serde_json::to_value(workload).unwrap_or_default(), &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let reference = fields.get("secretKeyRef").and_then(|reference| reference.get("name"));
            for name in [reference, fields.get("secretName")].into_iter().flatten() {
                found.extend(name.as_str().map(str::to_owned));
            }
            fields.values().for_each(|field| collect(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}
