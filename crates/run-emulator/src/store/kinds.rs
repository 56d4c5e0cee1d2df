//! The kinds of stored objects: one list, from which the tables, what is saved of them, the subjects of the work over
//! time and the log follow.

use run_api::Resource;
use run_api::types::{
    Condition, DomainMapping, Execution, Instance, Job, ObjectMeta, Revision, Service, Task, WorkerPool,
};
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::ledger::Rows;
use super::records::{ExecutionRecord, InstanceRecord, JobRecord, ServiceRecord, WorkerPoolRecord};
use super::table::{Row, Table};
use crate::clock::Moment;
pub(crate) use crate::rules::same;

/// An object of the API that the server may change in every part.
pub(crate) trait Object: Resource {
    /// The conditions of its status, which is made if there is none.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;
    /// Takes over the status of another one; an empty one from nobody.
    fn take_status_of(&mut self, other: Option<&Self>);
    /// Whether the specs say the same.
    fn has_same_spec(&self, other: &Self) -> bool;
}

/// Marks an object as written now. The API's resource version moves with status changes, too.
pub(crate) fn touch(metadata: &mut Option<ObjectMeta>, now: Moment) {
    metadata.get_or_insert_default().resource_version = Some(now.resource_version());
}

/// A kind whose objects are stored, each in a row with what belongs to it but is not part of the object.
pub(crate) trait Stored: Object {
    type Record: Row;
    const NAME: Kind;

    fn table(tables: &Tables) -> &Table<Self::Record>;
    fn table_mut(tables: &mut Tables) -> &mut Table<Self::Record>;
    fn object(record: &Self::Record) -> &Self;
    fn object_mut(record: &mut Self::Record) -> &mut Self;

    /// The object with this key.
    fn find<'a>(tables: &'a Tables, key: &Key) -> Option<&'a Self> {
        Some(Self::object(Self::table(tables).get(key)?))
    }
}

macro_rules! objects {
    ($($kind:ident),*) => {
        $(impl Object for $kind {
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

macro_rules! kinds {
    ($($kind:ident in $table:ident: $record:ident $(. $object:ident)?;)*) => {
        /// A kind of stored objects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub(crate) enum Kind {
            $($kind,)*
        }

        impl Kind {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$kind,)*];
        }

        objects!($($kind),*);

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

            fn table(tables: &Tables) -> &Table<$record> {
                &tables.$table
            }

            fn table_mut(tables: &mut Tables) -> &mut Table<$record> {
                &mut tables.$table
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
