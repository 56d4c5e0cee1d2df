//! What the emulator remembers.

mod changes;
mod file;
mod jobs;
mod key;
mod kinds;
mod ledger;
mod memory;
pub(crate) mod operations;
mod owners;
mod records;
mod references;
mod saved;
mod scope;
mod table;

pub(crate) use changes::Subject;
pub(crate) use file::StateFile;
pub(crate) use jobs::{index, task_key};
pub(crate) use key::Key;
pub(crate) use kinds::{Kind, Object, Stored, Tables, of_kind, same, touch};
pub(crate) use memory::Store;
pub(crate) use owners::{Guarded, Owner};
pub(crate) use records::{
    Awaited, ExecutionRecord, InstanceRecord, JobRecord, Revisions, ServiceRecord, WorkerPoolRecord,
};
pub(crate) use scope::Scope;
pub(crate) use table::Table;
