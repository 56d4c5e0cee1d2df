//! Finding what a change is about, and naming it in errors.

use run_api::Workload;
use run_api::types::Container;

/// Which container changes are made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The one with a port, or else the first.
    Main,
    /// The one of this name.
    Named(String),
}

impl Scope {
    /// Where the container is.
    pub(super) fn find(&self, containers: &[Container]) -> Option<usize> {
        match self {
            Self::Main if containers.is_empty() => None,
            Self::Main => Some(containers.iter().position(|c| !c.ports.is_empty()).unwrap_or(0)),
            Self::Named(name) => containers.iter().position(|c| c.name.as_ref() == Some(name)),
        }
    }

    /// Where the container is, after it was added if it was missing.
    pub(super) fn find_or_add(&self, containers: &mut Vec<Container>) -> usize {
        self.find(containers).unwrap_or_else(|| {
            let name = match self {
                Self::Main => None,
                Self::Named(name) => Some(name.clone()),
            };
            containers.push(Container { name, ..Container::default() });
            containers.len() - 1
        })
    }
}

/// The main container, which is added if there is none.
pub(crate) fn main_container<W: Workload>(workload: &mut W) -> &mut Container {
    let containers = workload.pod_mut().containers;
    let index = Scope::Main.find_or_add(containers);
    &mut containers[index]
}

/// The path of a field of a container.
pub(super) fn container_path<W: Workload>(index: usize, field: &str) -> String {
    format!("{}.containers[{index}].{field}", W::POD_PATH)
}

/// Whose annotations: those of the object, or of its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Object,
    Template,
}

impl Level {
    pub(super) fn annotation<'a, W: Workload>(self, workload: &'a W, key: &str) -> Option<&'a str> {
        match self {
            Self::Object => workload.annotation(key),
            Self::Template => workload.template_annotation(key),
        }
    }

    /// Sets an annotation, or takes it away.
    pub(super) fn annotate<W: Workload>(self, workload: &mut W, key: &str, value: Option<&str>) {
        if self.annotation(workload, key) == value {
            return;
        }
        let annotations = match self {
            Self::Object => workload.annotations_mut(),
            Self::Template => workload.template_annotations_mut(),
        };
        match value {
            Some(value) => annotations.insert(key.to_owned(), value.to_owned()),
            None => annotations.remove(key),
        };
    }

    /// Sets an annotation that is true or false, which gcloud writes with capitals.
    pub(super) fn switch<W: Workload>(self, workload: &mut W, key: &str, value: Option<bool>) {
        let text = value.map(|value| if value { "true" } else { "false" });
        let same = match (self.annotation(workload, key), text) {
            (Some(present), Some(text)) => present.eq_ignore_ascii_case(text),
            _ => false,
        };
        if !same {
            self.annotate(workload, key, text);
        }
    }

    /// Switches something off by an annotation, or leaves it on by the lack of it.
    pub(super) fn disable<W: Workload>(self, workload: &mut W, key: &str, disabled: bool) {
        let is_disabled = self.annotation(workload, key).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        if is_disabled != disabled {
            self.annotate(workload, key, disabled.then_some("true"));
        }
    }

    /// The path of an annotation.
    pub(super) fn path<W: Workload>(self, key: &str) -> String {
        match self {
            Self::Template if W::KIND != "Instance" => format!("spec.template.metadata.annotations[{key}]"),
            _ => format!("metadata.annotations[{key}]"),
        }
    }
}

/// The text of a value that may be none.
pub(super) fn text<'a>(value: impl Into<Option<&'a str>>) -> Option<String> {
    value.into().map(str::to_owned)
}

/// The texts of a list.
pub(super) fn texts<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(Into::into).collect()
}
