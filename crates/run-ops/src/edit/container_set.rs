//! Which containers there are, and which starts after which.

use std::collections::BTreeMap;

use run_api::Workload;
use run_api::known::annotations::CONTAINER_DEPENDENCIES;

use super::error::{InvalidEdit, Problem};
use super::list::Edit;
use super::place::{Level, Scope, texts};

/// Each container, with those that must have started before it.
type Dependencies = BTreeMap<String, Vec<String>>;

impl<W: Workload> Edit<W> {
    /// Makes what follows a change of the container with this name, which is added by the first such change if
    /// there is none. (gcloud: `--container`)
    ///
    /// A container without a name is not taken for it: give it its name first, with
    /// [`container_name`](Self::container_name).
    ///
    /// ```
    /// use run_ops::edit;
    /// use run_api::Workload;
    ///
    /// let mut service = run_api::types::Service::default();
    /// edit::service()
    ///     .container_name("app").image("docker.io/me/app").port(8080)
    ///     .container("cache").image("docker.io/me/cache").memory("256Mi").startup_probe(edit::probe::tcp(6379))
    ///     .container("app").depends_on(["cache"])
    ///     .apply(&mut service)?;
    /// assert_eq!(service.pod().unwrap().containers.len(), 2);
    /// # Ok::<(), edit::InvalidEdit>(())
    /// ```
    #[must_use]
    pub fn container(mut self, name: impl Into<String>) -> Self {
        self.scope = Scope::Named(name.into());
        self
    }

    /// Makes what follows a change of the main container again: the one with a port, or else the first.
    #[must_use]
    pub fn main_container(mut self) -> Self {
        self.scope = Scope::Main;
        self
    }

    /// Names the container: `name`. Where others wait for it, they go on to do so.
    #[must_use]
    pub fn container_name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let scope = self.scope.clone();
        let renamed = Scope::Named(name.clone());
        let mut edit = self.with(move |workload| {
            let containers = workload.pod_mut().containers;
            let index = scope.find_or_add(containers);
            let old = containers[index].name.replace(name.clone());
            match old {
                Some(old) if old != name => change_dependencies(workload, |dependencies| {
                    if let Some(waits_for) = dependencies.remove(&old) {
                        dependencies.insert(name.clone(), waits_for);
                    }
                    for other in dependencies.values_mut().flatten().filter(|other| **other == old) {
                        other.clone_from(&name);
                    }
                    Ok(())
                }),
                _ => Ok(()),
            }
        });
        if matches!(edit.scope, Scope::Named(_)) {
            edit.scope = renamed;
        }
        edit
    }

    /// Takes the container with this name away, and out of the dependencies of the others. Volumes stay. (gcloud:
    /// `--remove-containers`)
    #[must_use]
    pub fn remove_container(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.with(move |workload| {
            let is_it =
                |container: &run_api::types::Container| container.name.as_deref() == Some(name.as_str());
            if !workload.pod().is_some_and(|pod| pod.containers.iter().any(is_it)) {
                return Ok(());
            }
            workload.pod_mut().containers.retain(|container| !is_it(container));
            change_dependencies(workload, |dependencies| {
                dependencies.remove(&name);
                for waits_for in dependencies.values_mut() {
                    waits_for.retain(|other| *other != name);
                }
                dependencies.retain(|_, waits_for| !waits_for.is_empty());
                Ok(())
            })
        })
    }

    /// The containers that must have started before this one, in place of those that were named before: template
    /// annotation `run.googleapis.com/container-dependencies`. (gcloud: `--depends-on`)
    ///
    /// The server wants each of them to have a startup probe, unless it has the port.
    #[must_use]
    pub fn depends_on<T: Into<String>>(self, containers: impl IntoIterator<Item = T>) -> Self {
        let waits_for = texts(containers);
        let scope = self.scope.clone();
        self.at_last(move |workload| {
            let all = workload.pod().map_or(&[][..], |pod| pod.containers);
            let known = |name: &String| all.iter().any(|container| container.name.as_ref() == Some(name));
            if let Some(unknown) = waits_for.iter().find(|name| !known(name)) {
                return Err(at::<W>(Problem::NoContainer(unknown.clone())));
            }
            let name = match &scope {
                Scope::Named(name) => Some(name.clone()).filter(known),
                Scope::Main => scope.find(all).and_then(|index| all[index].name.clone()),
            };
            let Some(name) = name else {
                return if waits_for.is_empty() { Ok(()) } else { Err(at::<W>(Problem::UnnamedContainer)) };
            };
            change_dependencies(workload, |dependencies| {
                if waits_for.is_empty() {
                    dependencies.remove(&name);
                } else {
                    dependencies.insert(name.clone(), waits_for.clone());
                }
                Ok(())
            })
        })
    }
}

fn at<W: Workload>(problem: Problem) -> InvalidEdit {
    InvalidEdit::new(Level::Template.path::<W>(CONTAINER_DEPENDENCIES), problem)
}

/// Changes the annotation if that changes what it says.
fn change_dependencies<W: Workload>(
    workload: &mut W,
    change: impl FnOnce(&mut Dependencies) -> Result<(), Problem>,
) -> Result<(), InvalidEdit> {
    let present = workload.template_annotation(CONTAINER_DEPENDENCIES);
    let before: Dependencies = match present {
        None | Some("") => Dependencies::new(),
        // YAML is more than JSON, and public examples have the one for the other.
        Some(text) => {
            serde_saphyr::from_str(text).map_err(|error| at::<W>(Problem::Unreadable(error.to_string())))?
        }
    };
    let mut after = before.clone();
    change(&mut after).map_err(at::<W>)?;
    if after != before {
        let text = if after.is_empty() {
            None
        } else {
            Some(serde_json::to_string(&after).map_err(|error| at::<W>(Problem::Other(error.to_string())))?)
        };
        Level::Template.annotate(workload, CONTAINER_DEPENDENCIES, text.as_deref());
    }
    Ok(())
}
