#![doc = include_str!("../README.md")]

mod api;
mod builder;
mod clock;
mod conditions;
mod config;
mod data_plane;
mod emulator;
mod engine;
mod error;
mod faults;
mod http;
mod images;
mod log;
mod page;
mod pages;
mod process;
mod project;
mod reconcile;
mod regions;
mod rules;
mod serving;
mod state;
mod store;
mod tasks;
mod urls;
mod world;

pub use builder::{EmulatorBuilder, Setting, StartError};
pub use emulator::Emulator;
pub use faults::{ActiveFault, Fault, FaultKind, Faults, InvalidFaults, Pause, Scenario, StatusFault};
pub use images::{ImageBehaviour, InvalidBehaviour};
pub use log::{ConditionChange, LogEntry, LoggedRequest, ObjectChange};
pub use process::{CommandError, LocalCommand, ProcessLine, Stream};
pub use reconcile::{Delays, FailureStyle};
pub use world::World;
