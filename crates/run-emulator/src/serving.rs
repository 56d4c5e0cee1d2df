//! What answers for services: programs on this machine, started when they are needed, or a text; and which host leads
//! to what.
//!
//! One process for each container of a revision, however many instances the real one would have.

mod health;
mod hello;
mod instance;
mod plan;
mod probe;
mod programs;
mod said;
mod server;
mod servers;
mod table;

pub(crate) use instance::Trouble;
pub(crate) use plan::keeps_instances;
pub(crate) use server::{Lease, Refusal, Server};
pub(crate) use servers::Servers;
pub(crate) use table::{Backend, Table, Target};
