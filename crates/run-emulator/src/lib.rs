#![doc = include_str!("../README.md")]
// Which feature brings an item shows on docs.rs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod api;
mod body;
mod builder;
mod clock;
mod conditions;
mod config;
mod dashboard;
mod data_plane;
mod emulator;
mod engine;
mod environment;
mod error;
mod faults;
mod http;
mod images;
mod log;
mod process;
mod project;
mod reconcile;
mod regions;
mod rules;
mod serving;
mod store;
mod tasks;
mod urls;

pub use access::Caller;
pub use builder::{EmulatorBuilder, Setting, StartError};
pub use config::Delays;
pub use emulator::Emulator;
pub use environment::{Environment, FailureStyle, Quirk};
pub use faults::{ActiveFault, Fault, FaultKind, Faults, InvalidFaults, Pause, Scenario, StatusFault};
pub use images::{ImageBehaviour, InvalidBehaviour};
pub use log::{ConditionChange, LogEntry, LoggedRequest, ObjectChange};
pub use process::{CommandError, LocalCommand, ProcessLine, Stream};
