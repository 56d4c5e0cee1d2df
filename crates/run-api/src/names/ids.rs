//! What a name may look like: one type for each kind.

use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

use super::rules;

/// A name that breaks the rules of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{name}` is not valid: {problem}")]
pub struct InvalidName {
    kind: &'static str,
    name: String,
    problem: String,
}

impl InvalidName {
    /// What the name was meant for, for example `service name`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The name as it was given (control characters escaped, cut after 80 characters).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn new(kind: &'static str, name: &str, problem: impl Into<String>) -> Self {
        let mut shown: String = name.chars().take(80).flat_map(char::escape_debug).collect();
        if name.chars().count() > 80 {
            shown.push('…');
        }
        Self { kind, name: shown, problem: problem.into() }
    }
}

/// What the name of a resource can do: the names of all kinds can.
pub trait ResourceName:
    AsRef<str>
    + Clone
    + fmt::Debug
    + fmt::Display
    + Ord
    + Hash
    + FromStr<Err = InvalidName>
    + Send
    + Sync
    + 'static
{
}

macro_rules! name_types {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $rule:path;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks the name.
            ///
            /// # Errors
            /// [`InvalidName`] says which rule it breaks.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                match $rule(&name) {
                    Ok(()) => Ok(Self(name)),
                    Err(problem) => Err(InvalidName::new($kind, &name, problem)),
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(name: &str) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

name_types! {
    /// A project id such as `my-project`, a legacy one with a domain such as `example.com:my-project`, or a
    /// project number. The API accepts id and number alike and always answers with the number.
    ProjectId, "project", rules::project;
    /// A region such as `us-central1`. Only the form is checked: regions come and go.
    Region, "region", rules::region;
    /// The name of a service: at most 63 lower-case letters, digits and hyphens, starting with a letter and
    /// not ending with a hyphen. (The v2 API wants fewer than 50 characters; v1 has accepted more.)
    ServiceName, "service name", rules::label;
    /// The name of a revision: the service's name, a hyphen and a suffix, at most 63 characters in all.
    RevisionName, "revision name", rules::label;
    /// The name of a configuration, which is the name of its service.
    ConfigurationName, "configuration name", rules::label;
    /// The name of a route, which is the name of its service.
    RouteName, "route name", rules::label;
    /// The name of a job.
    JobName, "job name", rules::label;
    /// The name of an execution of a job.
    ExecutionName, "execution name", rules::label;
    /// The name of a task of an execution.
    TaskName, "task name", rules::label;
    /// The name of a worker pool.
    WorkerPoolName, "worker pool name", rules::label;
    /// The name of an instance.
    InstanceName, "instance name", rules::label;
    /// The name of a domain mapping, which is the mapped domain, such as `www.example.com`.
    DomainName, "domain", rules::domain;
    /// The id of a long-running operation.
    OperationId, "operation id", rules::operation;
    /// The tag of a traffic target, a DNS label that becomes the first part of a URL. (Rule: Knative Serving,
    /// the tag is a DNS-1035 label.)
    Tag, "tag", rules::label;
}
