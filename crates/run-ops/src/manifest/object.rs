//! An object of any kind.

use run_api::Resource;
use run_api::known::labels::LOCATION;
use run_api::types::{
    Configuration, DomainMapping, Execution, Instance, Job, ObjectMeta, Revision, Route, Service, Task,
    WorkerPool,
};
use serde::{Serialize, Serializer};
use serde_json::Value;

macro_rules! kinds {
    ($($kind:ident),*) => {
        /// An object of one of the kinds of Cloud Run.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Object {
            $(
                #[doc = concat!("A ", stringify!($kind), ".")]
                $kind(Box<$kind>),
            )*
        }

        /// The kind of this name, and its `apiVersion`.
        pub(super) fn find(kind: &str) -> Option<(&'static str, &'static str)> {
            match kind {
                $(stringify!($kind) => Some(($kind::KIND, $kind::API_VERSION)),)*
                _ => None,
            }
        }

        /// All kinds, for messages.
        pub(super) fn kinds() -> String {
            [$(stringify!($kind)),*].join(", ")
        }

        impl Object {
            pub(super) fn from_raw(kind: &str, raw: Value) -> Result<Self, serde_json::Error> {
                match kind {
                    $(stringify!($kind) => Ok(Self::$kind(Box::new(serde_json::from_value(raw)?))),)*
                    _ => Err(serde::de::Error::custom("a kind that is not one of Cloud Run's")),
                }
            }

            /// Its kind, for example `Service`.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $kind::KIND,)*
                }
            }

            /// What its kind is called in messages, for example `worker pool`.
            #[must_use]
            pub fn noun(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => <$kind as run_api::Named>::NOUN,)*
                }
            }

            /// `metadata`
            #[must_use]
            pub fn metadata(&self) -> Option<&ObjectMeta> {
                match self {
                    $(Self::$kind(object) => Resource::metadata(object.as_ref()),)*
                }
            }
        }

        impl Serialize for Object {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$kind(object) => object.serialize(serializer),)*
                }
            }
        }

        $(
            impl From<$kind> for Object {
                fn from(object: $kind) -> Self {
                    Self::$kind(Box::new(object))
                }
            }

            impl TryFrom<Object> for $kind {
                type Error = Object;

                /// The object, if it is of this kind; else what it was.
                fn try_from(object: Object) -> Result<Self, Object> {
                    match object {
                        Object::$kind(object) => Ok(*object),
                        other => Err(other),
                    }
                }
            }
        )*
    };
}

kinds!(Service, Job, WorkerPool, Instance, DomainMapping, Revision, Configuration, Route, Execution, Task);

impl Object {
    /// `metadata.name`
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.metadata()?.name.as_deref()
    }

    /// `metadata.namespace`: the project, by id or number.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.metadata()?.namespace.as_deref()
    }

    /// The label `cloud.googleapis.com/location`: the region. (gcloud's `replace` goes by it.)
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.metadata()?.labels.get(LOCATION).map(String::as_str)
    }
}
