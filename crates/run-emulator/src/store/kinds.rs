//! The kinds of stored objects: one list, from which the tables, what is saved of them, the subjects of the work over
//! time and the log follow.

use run_api::types::{
    Condition, DomainMapping, Execution, Instance, Job, ObjectMeta, Revision, Service, Task, WorkerPool,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::saved::Rows;
use super::{ExecutionRecord, InstanceRecord, JobRecord, Key, ServiceRecord, Store, Table, WorkerPoolRecord};

/// An object of the API, whatever its kind.
pub(crate) trait Object:
    Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    const API_VERSION: &'static str;
    const KIND: &'static str;
    /// As paths name it.
    const COLLECTION: &'static str;
    /// As sentences name it.
    const NOUN: &'static str;
    /// The condition that says how it stands with an object.
    const TERMINAL_CONDITION: &'static str;

    fn metadata(&self) -> Option<&ObjectMeta>;
    fn metadata_mut(&mut self) -> &mut Option<ObjectMeta>;
    fn conditions(&self) -> &[Condition];
    /// The conditions of its status, which is made if there is none.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;
    /// Takes over the status of another one; an empty one from nobody.
    fn take_status_of(&mut self, other: Option<&Self>);
    /// Whether the specs say the same. Compared as JSON, absent and empty are the same.
    fn has_same_spec(&self, other: &Self) -> bool;

    fn generation(&self) -> Option<i32> {
        self.metadata()?.generation
    }

    fn is_being_deleted(&self) -> bool {
        self.metadata().is_some_and(|metadata| metadata.deletion_timestamp.is_some())
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.metadata()?.labels.get(key).map(String::as_str)
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata()?.annotations.get(key).map(String::as_str)
    }
}

/// Compared as JSON, absent and empty are the same.
pub(crate) fn same<T: Serialize>(a: &T, b: &T) -> bool {
    serde_json::to_value(a).ok() == serde_json::to_value(b).ok()
}

/// A kind whose objects are stored, each in a row with what belongs to it but is not part of the object.
pub(crate) trait Stored: Object {
    type Record: super::table::Row;
    const NAME: Kind;

    fn table(store: &Store) -> &Table<Self::Record>;
    fn table_mut(store: &mut Store) -> &mut Table<Self::Record>;
    fn object(record: &Self::Record) -> &Self;
    fn object_mut(record: &mut Self::Record) -> &mut Self;

    /// The object with this key.
    fn find<'a>(store: &'a Store, key: &Key) -> Option<&'a Self> {
        Some(Self::object(Self::table(store).get(key)?))
    }
}

macro_rules! objects {
    ($($kind:ident, $group:literal, $collection:literal, $noun:literal, $terminal:literal;)*) => {
        $(impl Object for run_api::types::$kind {
            const API_VERSION: &'static str = concat!($group, "/v1");
            const KIND: &'static str = stringify!($kind);
            const COLLECTION: &'static str = $collection;
            const NOUN: &'static str = $noun;
            const TERMINAL_CONDITION: &'static str = $terminal;

            fn metadata(&self) -> Option<&ObjectMeta> {
                self.metadata.as_ref()
            }

            fn metadata_mut(&mut self) -> &mut Option<ObjectMeta> {
                &mut self.metadata
            }

            fn conditions(&self) -> &[Condition] {
                self.status.as_ref().map_or(&[], |status| &status.conditions)
            }

            fn conditions_mut(&mut self) -> &mut Vec<Condition> {
                &mut self.status.get_or_insert_default().conditions
            }

            fn take_status_of(&mut self, other: Option<&Self>) {
                self.status = other.map_or_else(|| Some(Default::default()), |other| other.status.clone());
            }

            fn has_same_spec(&self, other: &Self) -> bool {
                same(&self.spec, &other.spec)
            }
        })*
    };
}

objects! {
    Service, "serving.knative.dev", "services", "service", "Ready";
    Revision, "serving.knative.dev", "revisions", "revision", "Ready";
    Configuration, "serving.knative.dev", "configurations", "configuration", "Ready";
    Route, "serving.knative.dev", "routes", "route", "Ready";
    Job, "run.googleapis.com", "jobs", "job", "Ready";
    Execution, "run.googleapis.com", "executions", "execution", "Completed";
    Task, "run.googleapis.com", "tasks", "task", "Completed";
    WorkerPool, "run.googleapis.com", "workerpools", "worker pool", "Ready";
    Instance, "run.googleapis.com", "instances", "instance", "Running";
    DomainMapping, "domains.cloudrun.com", "domainmappings", "domain mapping", "Ready";
}

macro_rules! kinds {
    ($($kind:ident in $table:ident: $record:ident $(. $object:ident)?;)*) => {
        /// A kind of stored objects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind {
            $($kind,)*
        }

        impl Kind {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$kind,)*];
        }

        /// All objects by their kinds.
        #[derive(Debug, Default)]
        pub(crate) struct Tables {
            $(pub(crate) $table: Table<$record>,)*
        }

        impl Tables {
            /// Visits every table, by the name that it has in a saved state.
            pub(super) fn each(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn Rows)) {
                $(visit(stringify!($table), &mut self.$table);)*
            }
        }

        $(impl Stored for $kind {
            type Record = $record;
            const NAME: Kind = Kind::$kind;

            fn table(store: &Store) -> &Table<$record> {
                &store.tables.$table
            }

            fn table_mut(store: &mut Store) -> &mut Table<$record> {
                &mut store.tables.$table
            }

            fn object(record: &$record) -> &Self {
                &(*record) $(. $object)?
            }

            fn object_mut(record: &mut $record) -> &mut Self {
                &mut (*record) $(. $object)?
            }
        })*

        /// Does for the kind that a value says what is written for any kind.
        macro_rules! of_kind {
            ($value:expr, $any:ident => $work:expr) => {
                match $value {
                    $($crate::store::Kind::$kind => {
                        type $any = run_api::types::$kind;
                        $work
                    })*
                }
            };
        }
        pub(crate) use of_kind;
    };
}

// A new kind is a line here, with the table's name (which saved states have, too) and what a row of it is.
kinds! {
    Service in services: ServiceRecord.object;
    Revision in revisions: Revision;
    Job in jobs: JobRecord.object;
    Execution in executions: ExecutionRecord.object;
    Task in tasks: Task;
    WorkerPool in worker_pools: WorkerPoolRecord.object;
    Instance in instances: InstanceRecord.object;
    DomainMapping in domain_mappings: DomainMapping;
}
